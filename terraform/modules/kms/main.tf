# One customer managed key for one class of data.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
  root      = "arn:${local.partition}:iam::${local.account}:root"

  # Without named administrators the account's own IAM policies decide, which no one can lock themselves out of. With
  # them, the account still says who uses the key, but not who changes it.
  uses = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
  account_statement = {
    Sid       = "Account"
    Effect    = "Allow"
    Principal = { AWS = [local.root] }
    Action    = length(var.administrators) == 0 ? ["kms:*"] : local.uses
    Resource  = "*"
  }
  administrator_statements = [for administrators in [var.administrators] : {
    Sid       = "Administrators"
    Effect    = "Allow"
    Principal = { AWS = administrators }
    Action = [
      "kms:CancelKeyDeletion", "kms:Create*", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*",
      "kms:List*", "kms:Put*", "kms:ReplicateKey", "kms:Revoke*", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
      "kms:TagResource", "kms:UntagResource", "kms:Update*",
    ]
    Resource = "*"
  } if length(administrators) > 0]

  # A log group names itself in the encryption context. EventBridge says of no request for whom it is; every other
  # service acts for this account alone.
  conditions = { for service in var.services : service => merge(
    service != "logs" ? {} : { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account}:*" } },
    contains(["events", "logs"], service) ? {} : { StringEquals = { "aws:SourceAccount" = local.account } },
  ) }
  service_statements = [for service in var.services : merge(
    {
      Sid       = "Service${replace(title(replace(service, "/[^a-z0-9]/", " ")), " ", "")}"
      Effect    = "Allow"
      Principal = { Service = service == "logs" ? "logs.${local.region}.amazonaws.com" : "${service}.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      Resource  = "*"
    },
    { for name, condition in { Condition = local.conditions[service] } : name => condition if length(condition) > 0 },
  )]
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: ${var.purpose}"
  enable_key_rotation     = true
  rotation_period_in_days = var.rotation_period_in_days
  deletion_window_in_days = var.deletion_window_in_days
  multi_region            = var.multi_region
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.account_statement], local.administrator_statements, local.service_statements)
  })
  tags = merge(var.tags, { Name = var.name })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
