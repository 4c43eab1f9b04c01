mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name        = "shop"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "sessions_are_encrypted_and_logged" {
  assert {
    condition     = aws_ecs_cluster.this.configuration[0].execute_command_configuration[0].kms_key_id == var.kms_key_arn && aws_ecs_cluster.this.configuration[0].execute_command_configuration[0].log_configuration[0].cloud_watch_encryption_enabled
    error_message = "Sessions inside containers must be encrypted and logged."
  }
  assert {
    condition     = one(aws_ecs_cluster.this.setting).value == "enhanced"
    error_message = "Container Insights must be on: an alarm counts on it."
  }
}

run "nothing_is_taken_away_by_default" {
  assert {
    condition     = one(aws_ecs_cluster_capacity_providers.this.default_capacity_provider_strategy).capacity_provider == "FARGATE"
    error_message = "What says nothing must not run on spot capacity."
  }
}

run "refuses_insights_that_are_none" {
  command = plan
  variables {
    insights = "some"
  }
  expect_failures = [var.insights]
}
