# Backups in a vault of their own, which outlive what they were made of and cannot be deleted before their time.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

resource "aws_backup_vault" "this" {
  name          = var.name
  kms_key_arn   = var.kms_key_arn
  force_destroy = false
  tags          = var.tags
}

resource "aws_backup_vault_lock_configuration" "this" {
  count               = var.lock == null ? 0 : 1
  backup_vault_name   = aws_backup_vault.this.name
  min_retention_days  = var.lock.min_days
  max_retention_days  = var.lock.max_days
  changeable_for_days = var.lock.final_after_days
}

resource "aws_backup_plan" "this" {
  name = var.name
  tags = var.tags

  dynamic "rule" {
    for_each = var.schedules
    content {
      rule_name         = rule.key
      target_vault_name = aws_backup_vault.this.name
      schedule          = rule.value.schedule
      start_window      = 60
      completion_window = 480

      lifecycle {
        delete_after = rule.value.keep_days
      }
      dynamic "copy_action" {
        for_each = var.copy_to_vault_arn[*]
        content {
          destination_vault_arn = copy_action.value
          lifecycle {
            delete_after = rule.value.keep_days
          }
        }
      }
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = var.name
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.this.arn
  resources    = var.resource_arns
}

resource "aws_iam_role" "this" {
  name        = "${var.name}-backup"
  description = "Makes the backups and puts them back."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = toset(concat(
    ["service-role/AWSBackupServiceRolePolicyForBackup", "service-role/AWSBackupServiceRolePolicyForRestores"],
    var.has_buckets ? ["AWSBackupServiceRolePolicyForS3Backup", "AWSBackupServiceRolePolicyForS3Restore"] : [],
  ))
  role       = aws_iam_role.this.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/${each.key}"
}
