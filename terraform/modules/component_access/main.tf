# A security group for each component, and the rules that say who reaches whom: always group to group.

locals {
  # Every pair of a component and one of its ports that somebody else may reach.
  served = { for rule in flatten([for name, component in var.components : concat(
    [for port in component.public_ports : { key = "${name} ${port} balancer", to = name, port = port, from = null }],
    [for pair in setproduct(component.callers, component.ports) : { key = "${name} ${pair[1]} ${pair[0]}", to = name, port = pair[1], from = pair[0] }],
  )]) : rule.key => rule }

  # Every pair of a component and something shared that it uses.
  used = { for rule in flatten([for name, component in var.components : [
    for target in component.uses : { key = "${name} ${target}", from = name, target = target }
  ]]) : rule.key => rule }

  egress = { for rule in flatten([for name, component in var.components : [
    for rule in concat(component.egress, var.egress) : merge(rule, { key = "${name} ${rule.port} ${coalesce(rule.cidr, rule.prefix_list_id)}", from = name })
  ]]) : rule.key => rule }
}

resource "aws_security_group" "component" {
  for_each    = var.components
  name_prefix = "${var.name}-${each.key}-"
  description = "Component ${each.key}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-${each.key}" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "served" {
  for_each                     = local.served
  security_group_id            = aws_security_group.component[each.value.to].id
  description                  = each.value.from == null ? "From the load balancer" : "From ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.from == null ? var.balancer_security_group_id : aws_security_group.component[each.value.from].id
  tags                         = merge(var.tags, { Name = "${var.name} in ${each.key}" })
}

resource "aws_vpc_security_group_egress_rule" "served" {
  for_each                     = local.served
  security_group_id            = each.value.from == null ? var.balancer_security_group_id : aws_security_group.component[each.value.from].id
  description                  = "To ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = aws_security_group.component[each.value.to].id
  tags                         = merge(var.tags, { Name = "${var.name} out ${each.key}" })
}

resource "aws_vpc_security_group_ingress_rule" "used" {
  for_each                     = local.used
  security_group_id            = var.shared[each.value.target].security_group_id
  description                  = "From ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = var.shared[each.value.target].port
  to_port                      = var.shared[each.value.target].port
  referenced_security_group_id = aws_security_group.component[each.value.from].id
  tags                         = merge(var.tags, { Name = "${var.name} in ${each.key}" })
}

resource "aws_vpc_security_group_egress_rule" "used" {
  for_each                     = local.used
  security_group_id            = aws_security_group.component[each.value.from].id
  description                  = "To the ${each.value.target}"
  ip_protocol                  = "tcp"
  from_port                    = var.shared[each.value.target].port
  to_port                      = var.shared[each.value.target].port
  referenced_security_group_id = var.shared[each.value.target].security_group_id
  tags                         = merge(var.tags, { Name = "${var.name} out ${each.key}" })
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each          = local.egress
  security_group_id = aws_security_group.component[each.value.from].id
  description       = each.value.description
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr
  prefix_list_id    = each.value.prefix_list_id
  tags              = merge(var.tags, { Name = "${var.name} out ${each.key}" })
}
