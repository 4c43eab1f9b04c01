# The new VPC: in each zone a public subnet for the load balancer, a private one for tasks and an isolated one for data.

locals {
  zones = local.is_new ? { for index, zone in var.zones : zone => index } : {}
  # Sixteen blocks of equal size: four a kind, and four left over.
  blocks = {
    private  = 0
    public   = 4
    isolated = 8
  }
  block = { for kind, first in local.blocks : kind => {
    for zone, index in local.zones : zone => cidrsubnet(var.cidr, 4, first + index)
  } }
  gateways = {
    per_zone = local.zones
    one      = { for zone, index in local.zones : zone => index if index == 0 }
    none     = {}
  }[var.nat]
}

resource "aws_vpc" "this" {
  count                = local.is_new ? 1 : 0
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })

  lifecycle {
    precondition {
      condition     = var.cidr != null && length(var.zones) >= 2
      error_message = "A new VPC needs `cidr` and at least two `zones`."
    }
  }
}

# A group without rules, so that what is put nowhere can reach nothing.
resource "aws_default_security_group" "this" {
  count  = local.is_new ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_subnet" "public" {
  for_each                = local.zones
  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = local.block.public[each.key]
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-public-${each.key}" })
}

resource "aws_subnet" "private" {
  for_each                = local.zones
  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = local.block.private[each.key]
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_subnet" "isolated" {
  for_each                = local.zones
  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = local.block.isolated[each.key]
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-isolated-${each.key}" })
}

resource "aws_internet_gateway" "this" {
  count  = local.is_new ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_route_table" "public" {
  count  = local.is_new ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-public" })
}

resource "aws_route" "public" {
  count                  = local.is_new ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each       = local.zones
  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  for_each = local.gateways
  domain   = "vpc"
  tags     = merge(var.tags, { Name = "${var.name}-nat-${each.key}" })
}

resource "aws_nat_gateway" "this" {
  for_each      = local.gateways
  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags          = merge(var.tags, { Name = "${var.name}-${each.key}" })
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "private" {
  for_each = local.zones
  vpc_id   = aws_vpc.this[0].id
  tags     = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route" "nat" {
  for_each               = var.nat == "none" ? {} : local.zones
  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat == "one" ? var.zones[0] : each.key].id
}

resource "aws_route_table_association" "private" {
  for_each       = local.zones
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table" "isolated" {
  count  = local.is_new ? 1 : 0
  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-isolated" })
}

resource "aws_route_table_association" "isolated" {
  for_each       = local.zones
  subnet_id      = aws_subnet.isolated[each.key].id
  route_table_id = aws_route_table.isolated[0].id
}
