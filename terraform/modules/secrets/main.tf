# Secrets of the product. Their values come in as an ephemeral variable and leave as write-only arguments: they are in
# no state and in no plan.

data "aws_caller_identity" "this" {}

resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets
  # A secret that was deleted keeps its name until its time is over, so a new one gets another.
  name_prefix             = "${var.name}/${each.key}-"
  description             = each.value.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_in_days
  tags                    = merge(var.tags, { Name = each.key })

  dynamic "replica" {
    for_each = var.replicas
    content {
      region     = replica.key
      kms_key_id = replica.value
    }
  }
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each  = var.secrets
  secret_id = aws_secretsmanager_secret.this[each.key].id
  # The provider asks for a text in any case and writes it with a new revision alone; AWS refuses an empty one.
  secret_string_wo         = lookup(var.values, each.key, "")
  secret_string_wo_version = each.value.revision
}

# Whatever other policies say, nobody of another account reads a secret.
resource "aws_secretsmanager_secret_policy" "this" {
  for_each            = var.secrets
  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnAccountOnly"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
      Condition = {
        StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.this.account_id }
        BoolIfExists    = { "aws:PrincipalIsAWSService" = "false" }
      }
    }]
  })
}
