# FlowGuard: what changes rarely, and what data and application stand on: network, keys, logs, repositories for images.

locals {
  keys = {
    backup = { purpose = "backups", services = [] }
    data   = { purpose = "database, cache and objects", services = [] }
    images = { purpose = "images", services = [] }
    logs = {
      purpose  = "logs, alarms and sessions"
      services = ["budgets", "cloudwatch", "events", "events.rds", "logs"]
    }
    secrets = { purpose = "secrets", services = [] }
  }
}

module "keys" {
  source   = "../modules/kms"
  for_each = local.keys
  name     = "${var.name}-${each.key}"
  purpose  = each.value.purpose
  services = each.value.services
}

module "network" {
  source               = "../modules/network"
  name                 = var.name
  existing             = var.existing
  nat                  = var.nat
  flow_logs            = { kms_key_arn = module.keys["logs"].key_arn }
  permissions_boundary = var.permissions_boundary
}

module "security_groups" {
  source        = "../modules/security_groups"
  name          = var.name
  vpc_id        = module.network.vpc_id
  allowed_cidrs = var.allowed_cidrs
}

# S3 has a gateway in any case: it costs nothing. Interfaces cost by the hour.
module "endpoints" {
  source            = "../modules/endpoints"
  name              = var.name
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.private_subnet_ids
  route_table_ids   = module.network.private_route_table_ids
  security_group_id = module.security_groups.endpoints_id
  services          = var.endpoints
}

module "log_bucket" {
  source        = "../modules/log_bucket"
  name          = var.name
  force_destroy = !var.protected
}

module "registry" {
  source        = "../modules/registry"
  name          = var.name
  repositories  = var.repositories
  kms_key_arn   = module.keys["images"].key_arn
  force_destroy = !var.protected
}
