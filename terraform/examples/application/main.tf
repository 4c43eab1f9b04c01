# A shop of two components, as an application layer is rendered: everything for each component, from one map.

locals {
  components = {
    api = {
      image   = var.images["api"]
      number  = 8081
      routes  = [{ priority = 100, paths = ["/api", "/api/*"] }]
      health  = { path = "/healthz/readiness" }
      scaling = { min = 2, max = 6 }
      callers = ["web"]
      uses    = ["database", "cache", "endpoints"]
      environment = {
        DATABASE_HOST = var.data.database.host
        DATABASE_NAME = var.data.database.name
        CACHE_HOST    = var.data.cache.host
        BUCKET        = var.data.bucket
      }
      secrets    = { DATABASE_PASSWORD = var.data.secret_arns["database_user"], CACHE_PASSWORD = var.data.secret_arns["cache_user"] }
      files      = {}
      statements = var.data.bucket_statements
    }
    web = {
      image       = var.images["web"]
      number      = 8082
      routes      = [{ priority = 200, paths = ["/*"] }]
      health      = { path = "/healthz/readiness" }
      scaling     = { min = 2, max = 4 }
      callers     = []
      uses        = ["endpoints"]
      environment = { API_URL = "http://api:8081" }
      secrets     = {}
      files       = { "/run/secrets/session_key" = { secret = var.data.secret_arns["session_key"] } }
      statements  = []
    }
  }
  out = var.foundation.nat == "none" ? [
    { description = "S3 through its gateway, images among it", port = 443, prefix_list_id = var.foundation.s3_prefix_list_id },
    ] : [
    { description = "Registries, AWS and the product's own requests", port = 443, cidr = "0.0.0.0/0" },
  ]
}

module "access" {
  source                     = "../../modules/component_access"
  name                       = var.name
  vpc_id                     = var.foundation.vpc_id
  balancer_security_group_id = var.foundation.security_group_ids["balancer"]
  egress                     = local.out
  shared = {
    database  = { security_group_id = var.foundation.security_group_ids["database"], port = var.data.database.port }
    cache     = { security_group_id = var.foundation.security_group_ids["cache"], port = var.data.cache.port }
    endpoints = { security_group_id = var.foundation.security_group_ids["endpoints"], port = 443 }
  }
  components = merge(
    { for name, component in local.components : name => {
      ports        = [component.number]
      public_ports = [component.number]
      callers      = component.callers
      uses         = component.uses
    } },
    { migration = { uses = ["database", "endpoints"] } },
  )
}

module "waf" {
  source          = "../../modules/waf"
  name            = var.name
  log_kms_key_arn = var.foundation.key_arns["logs"]
}

module "load_balancer" {
  source              = "../../modules/load_balancer"
  name                = var.name
  vpc_id              = var.foundation.vpc_id
  subnet_ids          = var.foundation.public_subnet_ids
  security_group_id   = var.foundation.security_group_ids["balancer"]
  certificate_arn     = var.certificate_arn
  log_bucket          = var.foundation.log_bucket
  web_acl             = { arn = module.waf.arn }
  closed              = var.closed
  deletion_protection = var.protected
  targets = { for name, component in local.components : name => {
    port   = component.number
    health = component.health
    routes = component.routes
  } }
}

module "cluster" {
  source      = "../../modules/cluster"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["logs"]
}

module "task" {
  source              = "../../modules/task"
  for_each            = local.components
  name                = var.name
  component           = each.key
  image               = each.value.image
  prepare_image       = var.images["tools"]
  user                = "65532:65532"
  ports               = { http = { number = each.value.number } }
  environment         = each.value.environment
  secrets             = each.value.secrets
  files               = each.value.files
  statements          = each.value.statements
  repository_arns     = var.foundation.repository_arns
  secret_kms_key_arns = [var.foundation.key_arns["secrets"]]
  log_kms_key_arn     = var.foundation.key_arns["logs"]
}

module "service" {
  source              = "../../modules/service"
  for_each            = local.components
  component           = each.key
  cluster_arn         = module.cluster.arn
  cluster_name        = module.cluster.name
  namespace_arn       = module.cluster.namespace_arn
  offers              = { http = each.value.number }
  task_definition_arn = module.task[each.key].task_definition_arn
  log_group           = module.task[each.key].log_group
  subnet_ids          = var.foundation.private_subnet_ids
  security_group_id   = module.access.security_group_ids[each.key]
  scaling             = each.value.scaling
  target = {
    arn                 = module.load_balancer.target_groups[each.key].arn
    arn_suffix          = module.load_balancer.target_groups[each.key].arn_suffix
    balancer_arn_suffix = module.load_balancer.arn_suffix
    port                = each.value.number
  }
}

# The migration is a task of its own: another role, another user of the database, started and waited for by an upgrade.
module "migration" {
  source              = "../../modules/task"
  name                = var.name
  component           = "migration"
  image               = var.images["api"]
  command             = ["migrate"]
  prepare_image       = var.images["tools"]
  user                = "65532:65532"
  environment         = { DATABASE_HOST = var.data.database.host, DATABASE_NAME = var.data.database.name }
  secrets             = { DATABASE_PASSWORD = var.data.secret_arns["migration_user"] }
  repository_arns     = var.foundation.repository_arns
  secret_kms_key_arns = [var.foundation.key_arns["secrets"]]
  log_kms_key_arn     = var.foundation.key_arns["logs"]
}

module "alarms" {
  source       = "../../modules/alarms"
  name         = var.name
  kms_key_arn  = var.foundation.key_arns["logs"]
  emails       = var.told
  cluster      = { name = module.cluster.name, arn = module.cluster.arn }
  services     = keys(local.components)
  running      = { for name, component in local.components : name => component.scaling.min }
  certificate  = { arn = var.certificate_arn }
  backup_vault = { name = var.data.backup_vault }
  database     = { kind = "aurora", identifier = var.data.database.identifier, max_connections = 1000 }
  cache        = { member_ids = var.data.cache.member_ids }
  balancer = {
    arn_suffix    = module.load_balancer.arn_suffix
    target_groups = { for name, group in module.load_balancer.target_groups : name => group.arn_suffix }
  }
}

module "budget" {
  source    = "../../modules/budget"
  name      = var.name
  monthly   = var.monthly_budget
  cost_tag  = { key = "product", value = var.name }
  topic_arn = module.alarms.topic_arn
}

output "application" {
  description = "What an upgrade works with."
  value = {
    cluster  = module.cluster.name
    address  = module.load_balancer.dns_name
    services = { for name, task in module.task : name => task.task_definition_arn }
    migration = {
      task_definition   = module.migration.task_definition_arn
      container         = module.migration.container
      log_group         = module.migration.log_group
      subnet_ids        = var.foundation.private_subnet_ids
      security_group_id = module.access.security_group_ids["migration"]
    }
  }
}
