mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "shop"
  kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  emails       = ["ops@example.com"]
  cluster      = { name = "shop", arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop" }
  services     = ["api"]
  running      = { api = 2 }
  balancer     = { arn_suffix = "app/shop/1", target_groups = { api = "targetgroup/shop-api/1" } }
  database     = { kind = "aurora", identifier = "shop-1", max_connections = 1000 }
  cache        = { member_ids = ["shop-001", "shop-002"] }
  certificate  = { arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555" }
  backup_vault = { name = "shop" }
}

run "everything_is_watched" {
  assert {
    condition = length(setsubtract([
      "balancer-5xx", "api-5xx", "api-unhealthy", "api-slow", "api-cpu", "api-memory", "api-missing", "database-cpu", "database-connections",
      "database-capacity", "database-lag", "cache-shop-001-memory", "cache-shop-002-evictions", "cache-shop-002-lag", "certificate-expires", "backup-failed",
    ], keys(output.alarm_names))) == 0
    error_message = "Something is not watched: ${jsonencode(keys(output.alarm_names))}"
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.above), values(aws_cloudwatch_metric_alarm.below)) : length(alarm.alarm_actions) == 1 && alarm.alarm_description != ""])
    error_message = "Every alarm must tell somebody, in words."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.above["api-slow"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.above["api-slow"].statistic == null
    error_message = "A percentile is no plain statistic."
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_event_rule.this)) == toset(["deployment-failed", "task-failed"])
    error_message = "ECS tells of failed rollouts and tasks by events alone."
  }
}

run "nobody_else_publishes" {
  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.kms_key_arn && !strcontains(aws_sns_topic_policy.this.policy, "\"AWS\":\"*\"")
    error_message = "The topic must be encrypted, and closed to others."
  }
}

run "rds_runs_out_of_disk" {
  variables {
    database = { kind = "postgres", identifier = "shop-1", max_connections = 100 }
  }
  assert {
    condition     = contains(keys(output.alarm_names), "database-storage") && !contains(keys(output.alarm_names), "database-capacity")
    error_message = "An instance has a disk and no capacity units."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.above["database-connections"].threshold == 80
    error_message = "Four of five connections are too many."
  }
}

run "nothing_there_nothing_watched" {
  variables {
    cluster      = null
    services     = []
    running      = {}
    balancer     = null
    database     = null
    cache        = null
    certificate  = null
    backup_vault = null
  }
  assert {
    condition     = length(output.alarm_names) == 0 && length(aws_cloudwatch_event_rule.this) == 0 && length(aws_cloudwatch_dashboard.this) == 0
    error_message = "What is not there needs no alarm: ${jsonencode(keys(output.alarm_names))}"
  }
}

run "refuses_services_of_no_cluster" {
  command = plan
  variables {
    cluster = null
  }
  expect_failures = [var.services]
}

run "refuses_what_is_no_address" {
  command = plan
  variables {
    emails = ["ops"]
  }
  expect_failures = [var.emails]
}
