# A VPC that is there is looked at and refused where the product could not run in it; nothing of it is changed.

locals {
  # A subnet that is private and isolated at once is held to what both must be.
  existing_subnets = local.is_new ? {} : merge(
    { for id in var.existing.isolated_subnet_ids : id => "isolated" },
    { for id in var.existing.private_subnet_ids : id => "private" },
    { for id in var.existing.public_subnet_ids : id => "public" },
  )
  existing_zones = { for kind, ids in local.subnets : kind => length(distinct([
    for id in ids : data.aws_subnet.existing[id].availability_zone
  ])) if !local.is_new && length(ids) > 0 }
  # What a subnet routes to the internet through, or nothing.
  way_out = { for id in keys(local.existing_subnets) : id => one([
    for route in data.aws_route_table.existing[id].routes : coalesce(
      route.nat_gateway_id, route.transit_gateway_id, route.network_interface_id, route.vpc_endpoint_id,
      route.vpc_peering_connection_id, route.gateway_id, "other",
    ) if route.cidr_block == "0.0.0.0/0"
  ]) }
}

data "aws_vpc" "existing" {
  count = local.is_new ? 0 : 1
  id    = var.existing.vpc_id

  lifecycle {
    postcondition {
      condition     = self.enable_dns_support && self.enable_dns_hostnames
      error_message = "The VPC needs DNS support and DNS host names: the database and private endpoints are reached by name."
    }
  }
}

data "aws_subnet" "existing" {
  for_each = local.existing_subnets
  id       = each.key

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.existing.vpc_id
      error_message = "Subnet ${each.key} is not in ${var.existing.vpc_id}."
    }
    postcondition {
      condition     = self.available_ip_address_count >= var.existing.free_addresses
      error_message = "Subnet ${each.key} has too few free addresses: ${self.available_ip_address_count} of at least ${var.existing.free_addresses}."
    }
    postcondition {
      condition     = each.value == "public" || !self.map_public_ip_on_launch
      error_message = "Subnet ${each.key} gives public addresses to what starts in it, so it is not ${each.value}."
    }
  }
}

# A subnet without an association of its own uses the VPC's main table.
data "aws_route_tables" "own" {
  for_each = local.existing_subnets
  vpc_id   = var.existing.vpc_id
  filter {
    name   = "association.subnet-id"
    values = [each.key]
  }
}

data "aws_route_tables" "main" {
  count  = local.is_new ? 0 : 1
  vpc_id = var.existing.vpc_id
  filter {
    name   = "association.main"
    values = ["true"]
  }
}

data "aws_route_table" "existing" {
  for_each       = local.existing_subnets
  route_table_id = one(concat(data.aws_route_tables.own[each.key].ids, length(data.aws_route_tables.own[each.key].ids) == 0 ? data.aws_route_tables.main[0].ids : []))
}
