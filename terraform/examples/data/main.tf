# What must not be lost. No change of the application can touch it: it has a state of its own.

module "secrets" {
  source      = "../../modules/secrets"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["secrets"]
  values      = var.secret_values
  secrets = {
    session_key    = { description = "Key that signs sessions" }
    database_user  = { description = "Password of the product's user of the database" }
    migration_user = { description = "Password of the user that migrations run as" }
    cache_user     = { description = "Password of the product's user of the cache" }
  }
}

module "database" {
  source              = "../../modules/aurora"
  name                = var.name
  subnet_ids          = var.foundation.data_subnet_ids
  security_group_id   = var.foundation.security_group_ids["database"]
  engine_version      = var.database_version
  database_name       = "shop"
  kms_key_arn         = var.foundation.key_arns["data"]
  log_kms_key_arn     = var.foundation.key_arns["logs"]
  generations         = var.generations
  active              = var.active_generation
  deletion_protection = var.protected
}

module "cache" {
  source            = "../../modules/cache"
  name              = var.name
  subnet_ids        = var.foundation.data_subnet_ids
  security_group_id = var.foundation.security_group_ids["cache"]
  engine            = var.cache_engine
  engine_version    = var.cache_version
  eviction          = "noeviction"
  authentication    = var.cache_authentication
  kms_key_arn       = var.foundation.key_arns["data"]
  log_kms_key_arn   = var.foundation.key_arns["logs"]
  password = var.cache_authentication != "password" ? null : {
    secret_arn = module.secrets.secret_arns["cache_user"]
    version_id = module.secrets.version_ids["cache_user"]
  }
}

module "objects" {
  source        = "../../modules/objects"
  name          = "${var.name}-objects"
  kms_key_arn   = var.foundation.key_arns["data"]
  access_log    = { bucket = var.foundation.log_bucket }
  force_destroy = !var.protected
}

module "backup" {
  source        = "../../modules/backup"
  name          = var.name
  kms_key_arn   = var.foundation.key_arns["backup"]
  resource_arns = concat(values(module.database.arns), [module.objects.bucket_arn])
  has_buckets   = true
}

output "data" {
  description = "What the application needs."
  value = {
    database = {
      identifier = module.database.identifier
      host       = module.database.host
      port       = module.database.port
      name       = module.database.database_name
      master     = module.database.master_secret_arn
    }
    cache = {
      host       = module.cache.host
      port       = module.cache.port
      member_ids = module.cache.member_ids
    }
    bucket            = module.objects.bucket
    bucket_statements = module.objects.statements
    secret_arns       = module.secrets.secret_arns
    backup_vault      = module.backup.vault_name
  }
}

output "left" {
  description = "What a destroy leaves."
  value = {
    database = module.database.final_snapshot_identifiers
    cache    = module.cache.final_snapshot_identifier
  }
}
