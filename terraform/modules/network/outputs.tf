output "vpc_id" {
  description = "Id of the VPC."
  value       = local.vpc_id

  precondition {
    condition     = alltrue([for kind, zones in local.existing_zones : zones >= 2])
    error_message = "Every kind of subnet must be in at least two zones: ${jsonencode(local.existing_zones)}."
  }
  precondition {
    condition = alltrue([for id, kind in local.existing_subnets :
      kind != "public" || startswith(coalesce(local.way_out[id], "none"), "igw-")
    ])
    error_message = "A public subnet has no default route to an internet gateway: ${jsonencode(local.way_out)}."
  }
  precondition {
    condition = alltrue([for id, kind in local.existing_subnets :
      kind == "public" || !startswith(coalesce(local.way_out[id], "none"), "igw-")
    ])
    error_message = "A private or isolated subnet has a default route to an internet gateway: ${jsonencode(local.way_out)}."
  }
  precondition {
    condition = alltrue([for id, kind in local.existing_subnets :
      kind != "private" || var.nat == "none" || local.way_out[id] != null
    ])
    error_message = "A private subnet has no default route; set `nat` to none when endpoints are all that is needed: ${jsonencode(local.way_out)}."
  }
}

output "cidr" {
  description = "Addresses of the VPC."
  value       = local.cidr
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer; none for one that is internal."
  value       = local.subnets.public
}

output "private_subnet_ids" {
  description = "Subnets of the tasks."
  value       = local.subnets.private
}

output "isolated_subnet_ids" {
  description = "Subnets of database and cache, without a way out."
  value       = local.subnets.isolated
}

output "private_route_table_ids" {
  description = "Route tables of private and isolated subnets, for gateway endpoints."
  value = local.is_new ? concat([for zone in var.zones : aws_route_table.private[zone].id], aws_route_table.isolated[*].id) : distinct([
    for id, kind in local.existing_subnets : data.aws_route_table.existing[id].route_table_id if kind != "public"
  ])
}

output "nat_addresses" {
  description = "Public addresses that the product's own requests come from, for other people's firewalls."
  value       = [for zone in sort(keys(aws_eip.nat)) : aws_eip.nat[zone].public_ip]
}
