# What changes rarely and what data and application stand on: network, keys, security groups, logs, registry.

module "keys" {
  source   = "../../modules/kms"
  for_each = local.keys
  name     = "${var.name}-${each.key}"
  purpose  = each.value.purpose
  services = each.value.services
}

locals {
  keys = {
    data    = { purpose = "database, cache and objects", services = [] }
    secrets = { purpose = "secrets", services = [] }
    backup  = { purpose = "backups", services = [] }
    logs    = { purpose = "logs, alarms and sessions", services = ["budgets", "cloudwatch", "events", "events.rds", "logs"] }
    images  = { purpose = "images", services = [] }
  }
}

module "network" {
  source    = "../../modules/network"
  name      = var.name
  cidr      = var.existing == null ? var.cidr : null
  zones     = var.existing == null ? var.zones : []
  nat       = var.nat
  existing  = var.existing
  flow_logs = { kms_key_arn = module.keys["logs"].key_arn }
}

module "security_groups" {
  source        = "../../modules/security_groups"
  name          = var.name
  vpc_id        = module.network.vpc_id
  allowed_cidrs = var.allowed_cidrs
}

module "endpoints" {
  source            = "../../modules/endpoints"
  name              = var.name
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.private_subnet_ids
  route_table_ids   = module.network.private_route_table_ids
  security_group_id = module.security_groups.endpoints_id
  services          = var.nat == "none" ? ["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"] : []
}

module "log_bucket" {
  source        = "../../modules/log_bucket"
  name          = var.name
  force_destroy = !var.protected
}

module "registry" {
  source        = "../../modules/registry"
  name          = var.name
  repositories  = var.repositories
  kms_key_arn   = module.keys["images"].key_arn
  force_destroy = !var.protected
}

output "foundation" {
  description = "What the layers above need."
  value = {
    vpc_id             = module.network.vpc_id
    public_subnet_ids  = module.network.public_subnet_ids
    private_subnet_ids = module.network.private_subnet_ids
    data_subnet_ids    = module.network.isolated_subnet_ids
    nat                = var.nat
    s3_prefix_list_id  = module.endpoints.s3_prefix_list_id
    key_arns           = { for name, key in module.keys : name => key.key_arn }
    log_bucket         = module.log_bucket.bucket
    repository_arns    = values(module.registry.arns)
    security_group_ids = {
      balancer  = module.security_groups.balancer_id
      database  = module.security_groups.database_id
      cache     = module.security_groups.cache_id
      endpoints = module.security_groups.endpoints_id
    }
  }
}
