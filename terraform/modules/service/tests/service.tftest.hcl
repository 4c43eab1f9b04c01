mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  component           = "api"
  cluster_arn         = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
  cluster_name        = "shop"
  namespace_arn       = "arn:aws:servicediscovery:eu-west-1:123456789012:namespace/ns-1"
  task_definition_arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-api:1"
  log_group           = "/shop/api"
  subnet_ids          = ["subnet-1", "subnet-2"]
  security_group_id   = "sg-1"
  offers              = { http = 8081 }
  scaling             = { min = 2, max = 6, requests = 1000 }
  target = {
    arn                 = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-api/0123456789abcdef"
    arn_suffix          = "targetgroup/shop-api/0123456789abcdef"
    balancer_arn_suffix = "app/shop/0123456789abcdef"
    port                = 8081
  }
}

run "a_bad_rollout_goes_back_and_nobody_waits" {
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "The circuit breaker must be on, and go back."
  }
  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200
    error_message = "New tasks come before old ones go."
  }
  assert {
    condition     = !aws_ecs_service.this.network_configuration[0].assign_public_ip && !aws_ecs_service.this.enable_execute_command
    error_message = "Tasks have no public address, and nobody gets in."
  }
}

run "scales_by_load" {
  assert {
    condition     = toset(keys(aws_appautoscaling_policy.this)) == toset(["cpu", "requests"])
    error_message = "CPU and requests must decide."
  }
  assert {
    condition     = aws_appautoscaling_policy.this["requests"].target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].resource_label == "app/shop/0123456789abcdef/targetgroup/shop-api/0123456789abcdef"
    error_message = "Requests are counted by load balancer and target group."
  }
}

run "terraform_leaves_what_upgrades_move" {
  variables {
    task_definition_arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-api:2"
    scaling             = { min = 3, max = 6 }
  }
  assert {
    condition     = aws_ecs_service.this.task_definition == "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-api:1" && aws_ecs_service.this.desired_count == 0
    error_message = "A new revision must not roll by an apply, nor the count change."
  }
  assert {
    condition     = aws_appautoscaling_target.this.min_capacity == 3
    error_message = "The limits are Terraform's."
  }
}

run "holds_still" {
  variables {
    scaling_suspended = true
  }
  assert {
    condition     = aws_appautoscaling_target.this.suspended_state[0].dynamic_scaling_out_suspended
    error_message = "Autoscaling must not start tasks while a migration runs."
  }
}

run "never_twice" {
  variables {
    replace_before_start = true
  }
  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 0 && aws_ecs_service.this.deployment_maximum_percent == 100 && aws_ecs_service.this.availability_zone_rebalancing == "DISABLED"
    error_message = "The old task must go before the new one comes; AWS refuses rebalancing then."
  }
}

run "spot_only_above_the_base" {
  variables {
    spot = true
  }
  assert {
    condition     = [for strategy in aws_ecs_service.this.capacity_provider_strategy : strategy.base if strategy.capacity_provider == "FARGATE"] == [2]
    error_message = "As many as there are at least must be safe."
  }
}

run "refuses_less_at_most_than_at_least" {
  command = plan
  variables {
    scaling = { min = 3, max = 2 }
  }
  expect_failures = [var.scaling]
}

run "refuses_one_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-1"]
  }
  expect_failures = [var.subnet_ids]
}
