# FlowGuard 1.0.0: how what runs is run. Nothing is lost when it goes: data has a layer of its own.

data "aws_partition" "this" {}

locals {
  # Where every component may go, beside what it needs itself.
  egress = [{ description = "HTTPS: registries, AWS, and the product itself", port = 443, cidr = "0.0.0.0/0" }]

  # ECR is the one registry that asks for rights.
  repository_arns = distinct(flatten([for image in values(var.images) : [
    for it in regexall("^([0-9]{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?/([^@:]+)", image) :
    "arn:${data.aws_partition.this.partition}:ecr:${it[1]}:${it[0]}:repository/${it[2]}"
  ]]))

  database_ca = file(coalesce(var.database_ca_file, "${path.module}/database-ca.pem"))
}

module "access" {
  source                     = "../modules/component_access"
  name                       = var.name
  vpc_id                     = var.foundation.vpc_id
  balancer_security_group_id = var.foundation.security_group_ids["balancer"]
  egress                     = local.egress
  shared = {
    database  = { security_group_id = var.foundation.security_group_ids["database"], port = var.data.database.port }
    cache     = { security_group_id = var.foundation.security_group_ids["cache"], port = var.data.cache.port }
    endpoints = { security_group_id = var.foundation.security_group_ids["endpoints"], port = 443 }
  }
  components = merge(
    { for name, component in local.components : name => {
      ports        = [for port in values(component.ports) : port.number]
      public_ports = component.target[*].port
      callers      = component.callers
      uses         = component.uses
      egress       = component.egress
    } },
    { database-user = { uses = ["database"] } },
  )
}

module "certificate" {
  source  = "../modules/certificate"
  domain  = var.domain
  zone_id = var.zone_id
}

module "waf" {
  source          = "../modules/waf"
  name            = var.name
  log_kms_key_arn = var.foundation.key_arns["logs"]
}

module "load_balancer" {
  source              = "../modules/load_balancer"
  name                = var.name
  vpc_id              = var.foundation.vpc_id
  subnet_ids          = var.foundation.public_subnet_ids
  internal            = false
  security_group_id   = var.foundation.security_group_ids["balancer"]
  certificate_arn     = module.certificate.certificate_arn
  domains             = [var.domain]
  zone_id             = var.zone_id
  log_bucket          = var.foundation.log_bucket
  web_acl             = { arn = module.waf.arn }
  closed              = var.closed
  deletion_protection = var.protected
  targets             = { for name, component in local.components : name => component.target if component.target != null }
}

module "cluster" {
  source      = "../modules/cluster"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["logs"]
}

module "task" {
  source                   = "../modules/task"
  for_each                 = local.components
  name                     = var.name
  component                = each.key
  image                    = var.images[each.key]
  prepare_image            = var.images["tools"]
  architecture             = var.architecture
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  user                     = each.value.user
  command                  = each.value.command
  ports                    = each.value.ports
  health                   = each.value.health
  stop_seconds             = each.value.stop_seconds
  environment              = each.value.environment
  secrets                  = each.value.secrets
  files                    = each.value.files
  statements               = each.value.statements
  repository_arns          = local.repository_arns
  registry_credentials_arn = var.registry_credentials_arn
  secret_kms_key_arns      = [var.foundation.key_arns["secrets"]]
  log_kms_key_arn          = var.foundation.key_arns["logs"]
  permissions_boundary     = var.permissions_boundary
}

# Which revision runs, and how many tasks, is not Terraform's: an upgrade moves services, autoscaling counts.
module "service" {
  source              = "../modules/service"
  for_each            = local.components
  component           = each.key
  cluster_arn         = module.cluster.arn
  cluster_name        = module.cluster.name
  namespace_arn       = each.value.connected ? module.cluster.namespace_arn : null
  offers              = each.value.offers
  task_definition_arn = module.task[each.key].task_definition_arn
  log_group           = module.task[each.key].log_group
  subnet_ids          = var.foundation.private_subnet_ids
  security_group_id   = module.access.security_group_ids[each.key]
  scaling             = each.value.scaling
  scaling_suspended   = var.scaling_suspended
  grace_seconds       = each.value.grace_seconds
  target = each.value.target == null ? null : {
    arn                 = module.load_balancer.target_groups[each.key].arn
    arn_suffix          = module.load_balancer.target_groups[each.key].arn_suffix
    balancer_arn_suffix = module.load_balancer.arn_suffix
    port                = each.value.target.port
  }
}

# Makes the user that the product connects as. It alone is given the master user's password.
module "database_user" {
  source        = "../modules/task"
  name          = var.name
  component     = "database-user"
  image         = var.images["tools"]
  prepare_image = var.images["tools"]
  architecture  = var.architecture
  user          = "65532:65532"
  entrypoint    = ["/bin/sh", "-c"]
  command       = [file("${path.module}/database-user.sh")]
  environment = {
    PGHOST        = var.data.database.host
    PGPORT        = var.data.database.port
    PGDATABASE    = var.data.database.name
    PGSSLMODE     = "verify-full"
    PGSSLROOTCERT = "/run/certificates/database.pem"
    PRODUCT_USER  = "flowguard"
  }
  secrets = {
    PGUSER           = "${var.data.database.master}:username::"
    PGPASSWORD       = "${var.data.database.master}:password::"
    PRODUCT_PASSWORD = var.data.secret_arns["database_password"]
  }
  files                    = { "/run/certificates/database.pem" = { text = local.database_ca } }
  repository_arns          = local.repository_arns
  registry_credentials_arn = var.registry_credentials_arn
  secret_kms_key_arns      = [var.foundation.key_arns["secrets"], var.foundation.key_arns["data"]]
  log_kms_key_arn          = var.foundation.key_arns["logs"]
  permissions_boundary     = var.permissions_boundary
}

module "alarms" {
  source      = "../modules/alarms"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["logs"]
  emails      = var.alarm_emails
  cluster     = { name = module.cluster.name, arn = module.cluster.arn }
  services    = keys(local.components)
  running     = { for name, component in local.components : name => component.scaling.min if component.scaling.min > 0 }
  certificate = { arn = module.certificate.certificate_arn }
  balancer = {
    arn_suffix    = module.load_balancer.arn_suffix
    target_groups = { for name, group in module.load_balancer.target_groups : name => group.arn_suffix }
  }
  database = {
    kind            = var.data.database.kind
    identifier      = var.data.database.identifier
    max_connections = var.data.database.max_connections
  }
  cache = {
    member_ids = var.data.cache.member_ids
  }
  backup_vault = {
    name = var.data.backup.vault
  }
}
