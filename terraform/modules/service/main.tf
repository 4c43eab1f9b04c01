# Keeps a component's task running, behind the load balancer and beside the others. Which revision runs and how many of
# it is not Terraform's: upgrades move the one through ECS, autoscaling the other. It is made with no task: whoever makes
# it starts it, when what it needs is there.

locals {
  # Above the base all of it may be taken away by AWS within two minutes, where that does no harm.
  strategy = { for provider, it in {
    FARGATE      = { base = var.scaling.min, weight = 0 }
    FARGATE_SPOT = { base = 0, weight = 1 }
  } : provider => it if var.spot }

  metrics = merge(
    { cpu = { metric = "ECSServiceAverageCPUUtilization", target = var.scaling.cpu, label = null } },
    var.scaling.memory == null ? {} : { memory = { metric = "ECSServiceAverageMemoryUtilization", target = var.scaling.memory, label = null } },
    var.scaling.requests == null || var.target == null ? {} : { requests = {
      metric = "ALBRequestCountPerTarget"
      target = var.scaling.requests
      label  = try("${var.target.balancer_arn_suffix}/${var.target.arn_suffix}", null)
    } },
  )
}

resource "aws_ecs_service" "this" {
  name             = var.component
  cluster          = var.cluster_arn
  task_definition  = var.task_definition_arn
  desired_count    = 0
  launch_type      = var.spot ? null : "FARGATE"
  platform_version = "LATEST"
  propagate_tags   = "SERVICE"
  tags             = var.tags

  deployment_minimum_healthy_percent = var.replace_before_start ? 0 : 100
  deployment_maximum_percent         = var.replace_before_start ? 100 : 200
  availability_zone_rebalancing      = var.replace_before_start ? "DISABLED" : "ENABLED"
  health_check_grace_period_seconds  = var.target == null ? null : var.grace_seconds
  enable_execute_command             = var.exec
  enable_ecs_managed_tags            = true
  wait_for_steady_state              = var.wait

  deployment_controller {
    type = "ECS"
  }
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  dynamic "alarms" {
    for_each = length(var.rollback_alarms) == 0 ? [] : [1]
    content {
      enable      = true
      rollback    = true
      alarm_names = var.rollback_alarms
    }
  }
  dynamic "capacity_provider_strategy" {
    for_each = local.strategy
    content {
      capacity_provider = capacity_provider_strategy.key
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }
  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }
  dynamic "load_balancer" {
    for_each = var.target[*]
    content {
      target_group_arn = load_balancer.value.arn
      container_name   = var.component
      container_port   = load_balancer.value.port
    }
  }
  dynamic "service_connect_configuration" {
    for_each = var.namespace_arn[*]
    content {
      enabled   = true
      namespace = service_connect_configuration.value

      dynamic "service" {
        for_each = var.offers
        content {
          port_name      = service.key
          discovery_name = "${var.component}-${service.key}"

          client_alias {
            dns_name = var.component
            port     = service.value
          }
          dynamic "tls" {
            for_each = var.internal_tls[*]
            content {
              kms_key  = tls.value.kms_key_arn
              role_arn = tls.value.role_arn
              issuer_cert_authority {
                aws_pca_authority_arn = tls.value.authority_arn
              }
            }
          }
        }
      }
      log_configuration {
        log_driver = "awslogs"
        options = {
          "awslogs-group"         = var.log_group
          "awslogs-region"        = data.aws_region.this.name
          "awslogs-stream-prefix" = "connect"
        }
      }
    }
  }
  lifecycle {
    ignore_changes = [desired_count, task_definition]
  }
}

data "aws_region" "this" {}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.scaling.min
  max_capacity       = var.scaling.max
  tags               = var.tags

  dynamic "suspended_state" {
    for_each = var.scaling_suspended ? [1] : []
    content {
      dynamic_scaling_in_suspended  = true
      dynamic_scaling_out_suspended = true
      scheduled_scaling_suspended   = true
    }
  }
}

resource "aws_appautoscaling_policy" "this" {
  for_each           = var.scaling.max > var.scaling.min ? local.metrics : {}
  name               = each.key
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_in_cooldown  = var.scaling.cooldown_in
    scale_out_cooldown = var.scaling.cooldown_out
    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label         = each.value.label
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each           = var.schedules
  name               = each.key
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = each.value.max
  }
}
