# Two roles: what ECS does to start the task, and what the component itself may do. Both name what they are for.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name

  # A reference may go on after the ARN with key, stage and version.
  references = concat(values(var.secrets), [for file in values(var.files) : file.secret if file.secret != null], var.registry_credentials_arn[*])
  secrets    = distinct([for reference in local.references : join(":", slice(split(":", reference), 0, 7)) if strcontains(reference, ":secretsmanager:")])
  parameters = distinct([for reference in local.references : reference if strcontains(reference, ":ssm:")])

  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
      }
    }]
  })

  execution = concat(
    [{
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    }],
    length(var.repository_arns) == 0 ? [] : [
      {
        Sid      = "Images"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arns
      },
      # The one action of ECR that knows no resources.
      { Sid = "SignInToImages", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
    ],
    length(local.secrets) == 0 ? [] : [{ Sid = "Secrets", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = local.secrets }],
    length(local.parameters) == 0 ? [] : [{ Sid = "Parameters", Effect = "Allow", Action = ["ssm:GetParameters"], Resource = local.parameters }],
    length(var.secret_kms_key_arns) == 0 ? [] : [{
      Sid      = "SecretKeys"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.secret_kms_key_arns
    }],
  )

  own = concat(
    [for statement in var.statements : { Sid = statement.sid, Effect = "Allow", Action = statement.actions, Resource = statement.resources }],
    # Sessions inside the container; none of these four actions knows resources.
    !var.exec ? [] : [{
      Sid      = "Sessions"
      Effect   = "Allow"
      Action   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
      Resource = ["*"]
    }],
  )
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-${var.component}-start"
  description          = "What ECS needs to start ${var.component}."
  assume_role_policy   = local.trust
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution })
}

resource "aws_iam_role" "task" {
  name                 = "${var.name}-${var.component}"
  description          = "What ${var.component} itself may do."
  assume_role_policy   = local.trust
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "task" {
  count  = length(local.own) == 0 ? 0 : 1
  name   = "own"
  role   = aws_iam_role.task.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.own })
}
