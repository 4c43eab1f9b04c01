# Valkey or Redis of ElastiCache: over TLS, encrypted, with a user of the product's own.

locals {
  major  = split(".", var.engine_version)[0]
  family = "${var.engine}${local.major}"
  logs   = ["slow-log", "engine-log"]
  # A group of Redis users must have one named `default`; where the product's user is another, that one can do nothing.
  needs_default = var.authentication != "none" && var.engine == "redis" && var.user_name != "default"
  user_id       = var.authentication == "iam" ? var.user_name : "${var.name}-product"
}

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Isolated subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
  tags        = var.tags
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${var.name}-${local.family}"
  family      = local.family
  description = "${var.name}: ${var.eviction}"
  tags        = var.tags

  parameter {
    name  = "maxmemory-policy"
    value = var.eviction
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(local.logs)
  name              = "/${var.name}/cache/${each.key}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

# The moment the cache was made; it tells its final snapshot from that of another one of the same name.
resource "terraform_data" "made" {
  input = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Cache of ${var.name}"
  engine               = var.engine
  engine_version       = var.engine_version
  parameter_group_name = aws_elasticache_parameter_group.this.name
  node_type            = var.node_type
  port                 = var.port

  num_cache_clusters         = var.nodes
  automatic_failover_enabled = var.nodes > 1
  multi_az_enabled           = var.nodes > 1
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [var.security_group_id]

  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  user_group_ids             = aws_elasticache_user_group.this[*].user_group_id

  auto_minor_version_upgrade = var.auto_minor_version_upgrade
  apply_immediately          = var.apply_immediately
  maintenance_window         = var.maintenance_window
  snapshot_window            = var.snapshot_window
  snapshot_retention_limit   = var.snapshot_retention_in_days
  final_snapshot_identifier  = var.final_snapshot ? "${var.name}-final-${terraform_data.made.output}" : null
  tags                       = merge(var.tags, { Name = var.name })

  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.this
    content {
      destination      = log_delivery_configuration.value.name
      destination_type = "cloudwatch-logs"
      log_format       = "json"
      log_type         = log_delivery_configuration.key
    }
  }
}
