# The groups that layers share. What the product's components may reach is added to them by component_access.

locals {
  groups = {
    balancer  = "Load balancer"
    database  = "Database"
    cache     = "Cache"
    endpoints = "Private endpoints of AWS services"
  }
  ports = { for pair in setproduct(["80", "443"], var.allowed_cidrs) : "${pair[0]} ${pair[1]}" => {
    port = tonumber(pair[0])
    cidr = pair[1]
  } }
}

resource "aws_security_group" "this" {
  for_each    = local.groups
  name_prefix = "${var.name}-${each.key}-"
  description = each.value
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-${each.key}" })

  lifecycle {
    create_before_destroy = true
  }
}

# Port 80 is there to send people on to 443.
resource "aws_vpc_security_group_ingress_rule" "balancer" {
  for_each          = local.ports
  security_group_id = aws_security_group.this["balancer"].id
  description       = "People, ${each.value.port == 443 ? "HTTPS" : "redirected to HTTPS"}"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = strcontains(each.value.cidr, ":") ? null : each.value.cidr
  cidr_ipv6         = strcontains(each.value.cidr, ":") ? each.value.cidr : null
  tags              = merge(var.tags, { Name = "${var.name} in ${each.key}" })
}
