output "for_data" {
  description = "What the data layer takes: written as JSON, it is a file of its variables."
  value = {
    foundation = {
      data_subnet_ids    = module.network.isolated_subnet_ids
      key_arns           = local.key_arns
      log_bucket         = module.log_bucket.bucket
      security_group_ids = local.security_group_ids
    }
  }
}

output "for_application" {
  description = "What the application layer takes."
  value = {
    foundation = {
      vpc_id             = module.network.vpc_id
      public_subnet_ids  = module.network.public_subnet_ids
      private_subnet_ids = module.network.private_subnet_ids
      s3_prefix_list_id  = module.endpoints.s3_prefix_list_id
      key_arns           = local.key_arns
      log_bucket         = module.log_bucket.bucket
      security_group_ids = local.security_group_ids
    }
  }
}

output "nat_addresses" {
  description = "Addresses that requests of Notes come from, for other people's firewalls."
  value       = module.network.nat_addresses
}

locals {
  key_arns = { for name, key in module.keys : name => key.key_arn }
  security_group_ids = {
    balancer  = module.security_groups.balancer_id
    database  = module.security_groups.database_id
    cache     = module.security_groups.cache_id
    endpoints = module.security_groups.endpoints_id
  }
}
