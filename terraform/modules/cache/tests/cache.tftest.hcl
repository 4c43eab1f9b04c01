mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "shop"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  engine_version    = "8.0"
  kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  password = {
    secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/cache-AbCdEf"
    version_id = "11111111-2222-3333-4444-555555555555"
  }
}

run "encrypted_on_disk_and_on_the_way" {
  assert {
    condition     = aws_elasticache_replication_group.this.at_rest_encryption_enabled == "true" && aws_elasticache_replication_group.this.kms_key_id == var.kms_key_arn
    error_message = "Data must be encrypted with our key."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    error_message = "Connections without TLS must be refused."
  }
}

run "another_zone_takes_over" {
  assert {
    condition     = aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_replication_group.this.multi_az_enabled && aws_elasticache_replication_group.this.num_cache_clusters == 2
    error_message = "With two nodes one must take over from the other."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.snapshot_retention_limit == 7 && can(regex("^shop-final-[0-9]{14}$", aws_elasticache_replication_group.this.final_snapshot_identifier))
    error_message = "There must be snapshots, and a last one with a name that no other has."
  }
}

run "the_password_is_a_reference" {
  assert {
    condition     = jsondecode(aws_cloudformation_stack.user[0].template_body).Resources.User.Properties.Passwords == ["{{resolve:secretsmanager:${var.password.secret_arn}:SecretString:::${var.password.version_id}}}"]
    error_message = "CloudFormation must read the password by itself: ${aws_cloudformation_stack.user[0].template_body}"
  }
  assert {
    condition     = aws_elasticache_replication_group.this.auth_token == null && length(aws_elasticache_replication_group.this.user_group_ids) == 1
    error_message = "Users sign in, and no token is kept."
  }
  assert {
    condition     = strcontains(jsondecode(aws_cloudformation_stack.user[0].template_body).Resources.User.Properties.AccessString, "-@dangerous")
    error_message = "The product must not be able to do what endangers the server."
  }
}

run "redis_has_a_default_user_that_can_do_nothing" {
  variables {
    engine         = "redis"
    engine_version = "7.1"
    user_name      = "shop"
  }
  assert {
    condition     = aws_elasticache_user.closed_default[0].access_string == "off ~* -@all" && length(aws_elasticache_user_group.this[0].user_ids) == 2
    error_message = "Whoever gives no name must be refused."
  }
}

run "iam_needs_no_password" {
  variables {
    authentication = "iam"
    user_name      = "shop"
    password       = null
  }
  assert {
    condition     = aws_elasticache_user.iam[0].user_id == "shop" && length(aws_cloudformation_stack.user) == 0
    error_message = "With IAM the id is the name, and there is no password."
  }
}

run "one_node_cannot_fail_over" {
  variables {
    nodes = 1
  }
  assert {
    condition     = !aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "AWS refuses a failover of one node."
  }
}

run "refuses_a_password_that_is_nowhere" {
  command = plan
  variables {
    password = null
  }
  expect_failures = [var.authentication]
}

run "refuses_iam_for_nobody" {
  command = plan
  variables {
    authentication = "iam"
  }
  expect_failures = [var.authentication]
}

run "refuses_an_eviction_that_is_none" {
  command = plan
  variables {
    eviction = "oldest"
  }
  expect_failures = [var.eviction]
}
