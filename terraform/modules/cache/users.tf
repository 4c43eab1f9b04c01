# Who may use the cache. The provider keeps a user's passwords in its state; CloudFormation takes a reference to the
# secret and reads it by itself, so the password is in no state.

resource "aws_cloudformation_stack" "user" {
  count = var.authentication == "password" ? 1 : 0
  name  = "${var.name}-cache-user"
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "User of the cache ${var.name}; its password is read from Secrets Manager"
    Resources = {
      User = {
        Type = "AWS::ElastiCache::User"
        Properties = {
          UserId       = local.user_id
          UserName     = var.user_name
          Engine       = var.engine
          AccessString = var.access
          Passwords    = ["{{resolve:secretsmanager:${var.password.secret_arn}:SecretString:::${var.password.version_id}}}"]
        }
      }
    }
  })
  tags = var.tags
}

resource "aws_elasticache_user" "iam" {
  count         = var.authentication == "iam" ? 1 : 0
  user_id       = local.user_id
  user_name     = var.user_name
  engine        = var.engine
  access_string = var.access
  tags          = var.tags

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user" "closed_default" {
  count         = local.needs_default ? 1 : 0
  user_id       = "${var.name}-default"
  user_name     = "default"
  engine        = var.engine
  access_string = "off ~* -@all"
  tags          = var.tags

  authentication_mode {
    type = "no-password-required"
  }
}

resource "aws_elasticache_user_group" "this" {
  count         = var.authentication == "none" ? 0 : 1
  user_group_id = var.name
  engine        = var.engine
  user_ids      = concat([local.user_id], aws_elasticache_user.closed_default[*].user_id)
  tags          = var.tags
  depends_on    = [aws_cloudformation_stack.user, aws_elasticache_user.iam]
}
