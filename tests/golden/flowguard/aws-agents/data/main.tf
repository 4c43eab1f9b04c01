# FlowGuard: what must not be lost. No change of the application can touch it.

module "secrets" {
  source      = "../modules/secrets"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["secrets"]
  values      = var.secret_values
  secrets = { for name, description in local.secrets : name => {
    description = description
    revision    = lookup(var.secret_revisions, name, 1)
  } }
}

# Their values come in as TF_VAR_secret_values in the environment, and are in no state and no plan.
locals {
  secrets = {
    cache_password    = "cache_password of FlowGuard"
    database_password = "database_password of FlowGuard"
    license_token     = "license_token of FlowGuard"
    signing_key       = "signing_key of FlowGuard"
  }
}

# RDS keeps the master user's password; the product connects as a user of its own.
module "database" {
  source               = "../modules/aurora"
  name                 = var.name
  subnet_ids           = var.foundation.data_subnet_ids
  security_group_id    = var.foundation.security_group_ids["database"]
  engine_version       = var.database.engine_version
  database_name        = var.database.name
  instances            = var.database.instances
  capacity             = var.database.capacity
  kms_key_arn          = var.foundation.key_arns["data"]
  log_kms_key_arn      = var.foundation.key_arns["logs"]
  generations          = var.generations
  active               = var.active_generation
  deletion_protection  = var.protected
  permissions_boundary = var.permissions_boundary
}

module "cache" {
  source            = "../modules/cache"
  name              = var.name
  subnet_ids        = var.foundation.data_subnet_ids
  security_group_id = var.foundation.security_group_ids["cache"]
  engine            = var.cache.engine
  engine_version    = var.cache.engine_version
  node_type         = var.cache.node_type
  nodes             = var.cache.nodes
  eviction          = var.cache.eviction
  kms_key_arn       = var.foundation.key_arns["data"]
  log_kms_key_arn   = var.foundation.key_arns["logs"]
  password = {
    secret_arn = module.secrets.secret_arns["cache_password"]
    version_id = module.secrets.version_ids["cache_password"]
  }
}

module "objects" {
  source        = "../modules/objects"
  name          = "${var.name}-objects"
  bucket        = var.bucket
  kms_key_arn   = var.foundation.key_arns["data"]
  access_log    = { bucket = var.foundation.log_bucket }
  force_destroy = !var.protected
}

module "backup" {
  source               = "../modules/backup"
  name                 = var.name
  kms_key_arn          = var.foundation.key_arns["backup"]
  resource_arns        = concat(values(module.database.arns), [module.objects.bucket_arn])
  has_buckets          = true
  permissions_boundary = var.permissions_boundary
}
