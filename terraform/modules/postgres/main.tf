# PostgreSQL of RDS, with the outputs of the aurora module. A restore is a new generation beside the old one: an instance
# from a snapshot or to a time, which becomes the active one while the old one stays.

locals {
  major = split(".", var.engine_version)[0]
  parameters = merge({
    "rds.force_ssl"                       = "1"
    "log_connections"                     = "1"
    "log_disconnections"                  = "1"
    "log_statement"                       = "ddl"
    "log_min_duration_statement"          = "1000"
    "idle_in_transaction_session_timeout" = "300000"
    "shared_preload_libraries"            = "pg_stat_statements"
  }, var.parameters)
  # Read when the server starts, so they wait for that.
  static = ["shared_preload_libraries", "max_connections"]
  logs   = merge([for generation in keys(var.generations) : { for log in ["postgresql", "upgrade"] : "${generation}/${log}" => "${var.name}-${generation}/${log}" }]...)
}

data "aws_partition" "this" {}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Isolated subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
  tags        = var.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-${local.major}-"
  family      = "postgres${local.major}"
  description = "${var.name}: TLS only, slow statements and changes of the schema in the log"
  tags        = var.tags

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(local.static, parameter.key) ? "pending-reboot" : "immediate"
    }
  }
  lifecycle {
    create_before_destroy = true
  }
}

# The moment a generation was made; it tells its final snapshot from that of another one of the same name.
resource "terraform_data" "made" {
  for_each = var.generations
  input    = formatdate("YYYYMMDDhhmmss", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = local.logs
  name              = "/aws/rds/instance/${each.value}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_db_instance" "this" {
  for_each       = var.generations
  identifier     = "${var.name}-${each.key}"
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  db_name        = each.value.snapshot_identifier == null && each.value.restore_from == null ? var.database_name : null
  port           = var.port

  username                            = each.value.snapshot_identifier == null && each.value.restore_from == null ? var.master_username : null
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.kms_key_arn
  iam_database_authentication_enabled = true

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.security_group_id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = var.multi_az
  ca_cert_identifier     = var.ca_certificate

  storage_type          = "gp3"
  allocated_storage     = var.storage.initial_gib
  max_allocated_storage = var.storage.max_gib
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  backup_retention_period     = var.backup_retention_in_days
  backup_window               = var.backup_window
  maintenance_window          = var.maintenance_window
  copy_tags_to_snapshot       = true
  delete_automated_backups    = false
  apply_immediately           = var.apply_immediately
  auto_minor_version_upgrade  = var.auto_minor_version_upgrade
  allow_major_version_upgrade = var.allow_major_version_upgrade
  engine_lifecycle_support    = var.extended_support ? "open-source-rds-extended-support" : "open-source-rds-extended-support-disabled"

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-${each.key}-final-${terraform_data.made[each.key].output}"

  snapshot_identifier             = each.value.snapshot_identifier
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  tags                            = merge(var.tags, { Name = "${var.name}-${each.key}" })

  dynamic "restore_to_point_in_time" {
    for_each = each.value.restore_from[*]
    content {
      source_db_instance_identifier = restore_to_point_in_time.value
      restore_time                  = each.value.restore_to_time
      use_latest_restorable_time    = each.value.restore_to_time == null ? true : null
    }
  }
  lifecycle {
    # A snapshot goes its way; the instance that was made from it stays.
    ignore_changes = [snapshot_identifier, restore_to_point_in_time, db_name, username]
  }
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_iam_role" "monitoring" {
  name        = "${var.name}-rds-monitoring"
  description = "Lets RDS write what the system under the database does."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

