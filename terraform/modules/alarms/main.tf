# What somebody is told about: one topic, alarms for each thing that is there, and what ECS and RDS say by themselves.

data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  actions = [aws_sns_topic.this.arn]

  # Each alarm: where, which metric, how it is taken, from what on, for how many minutes.
  balancer = var.balancer == null ? {} : merge(
    {
      "balancer-5xx" = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum", over = var.limits.balancer_5xx, minutes = 5, dimensions = { LoadBalancer = var.balancer.arn_suffix }, says = "The load balancer itself answers with errors." }
    },
    merge([for name, group in var.balancer.target_groups : {
      "${name}-5xx"       = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", statistic = "Sum", over = var.limits.target_5xx, minutes = 5, dimensions = { LoadBalancer = var.balancer.arn_suffix, TargetGroup = group }, says = "${name} answers with errors." }
      "${name}-unhealthy" = { namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Maximum", over = 0, minutes = 5, dimensions = { LoadBalancer = var.balancer.arn_suffix, TargetGroup = group }, says = "A task of ${name} is not healthy." }
      "${name}-slow"      = { namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p95", over = var.limits.latency_seconds, minutes = 10, dimensions = { LoadBalancer = var.balancer.arn_suffix, TargetGroup = group }, says = "One of twenty requests to ${name} is slow." }
    }]...),
  )

  services = merge([for name in var.services : {
    "${name}-cpu"    = { namespace = "AWS/ECS", metric = "CPUUtilization", statistic = "Average", over = 90, minutes = 15, dimensions = { ClusterName = try(var.cluster.name, "none"), ServiceName = name }, says = "${name} has had no CPU left for a while." }
    "${name}-memory" = { namespace = "AWS/ECS", metric = "MemoryUtilization", statistic = "Maximum", over = 90, minutes = 10, dimensions = { ClusterName = try(var.cluster.name, "none"), ServiceName = name }, says = "${name} is about to run out of memory." }
  }]...)

  database_dimensions = var.database == null ? {} : { (var.database.kind == "aurora" ? "DBClusterIdentifier" : "DBInstanceIdentifier") = var.database.identifier }
  database = var.database == null ? {} : merge(
    {
      "database-cpu"         = { namespace = "AWS/RDS", metric = "CPUUtilization", statistic = "Average", over = 85, minutes = 15, dimensions = local.database_dimensions, says = "The database has had no CPU left for a while." }
      "database-connections" = { namespace = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum", over = var.database.max_connections * 0.8, minutes = 5, dimensions = local.database_dimensions, says = "Four of five connections to the database are taken." }
    },
    var.database.kind == "aurora" ? {
      "database-capacity" = { namespace = "AWS/RDS", metric = "ACUUtilization", statistic = "Average", over = 90, minutes = 15, dimensions = local.database_dimensions, says = "The database has grown to its largest size." }
      "database-lag"      = { namespace = "AWS/RDS", metric = "AuroraReplicaLagMaximum", statistic = "Maximum", over = 2000, minutes = 5, dimensions = local.database_dimensions, says = "Readers are more than two seconds behind." }
    } : {}
  )

  cache = var.cache == null ? {} : merge([for id in var.cache.member_ids : {
    "cache-${id}-memory"    = { namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", statistic = "Maximum", over = 85, minutes = 10, dimensions = { CacheClusterId = id }, says = "The cache is nearly full." }
    "cache-${id}-evictions" = { namespace = "AWS/ElastiCache", metric = "Evictions", statistic = "Sum", over = var.limits.evictions, minutes = 10, dimensions = { CacheClusterId = id }, says = "The cache throws things away for want of memory." }
    "cache-${id}-lag"       = { namespace = "AWS/ElastiCache", metric = "ReplicationLag", statistic = "Maximum", over = 5, minutes = 5, dimensions = { CacheClusterId = id }, says = "A replica of the cache is more than five seconds behind." }
  }]...)

  backup = var.backup_vault == null ? {} : {
    "backup-failed" = { namespace = "AWS/Backup", metric = "NumberOfBackupJobsFailed", statistic = "Sum", over = 0, minutes = 60, dimensions = { BackupVaultName = var.backup_vault.name }, says = "A backup failed." }
  }

  above = merge(local.balancer, local.services, local.database, local.cache, local.backup)

  # What must not be less.
  below = merge(
    { for name, count in var.running : "${name}-missing" => { namespace = "ECS/ContainerInsights", metric = "RunningTaskCount", statistic = "Minimum", under = count, minutes = 5, dimensions = { ClusterName = try(var.cluster.name, "none"), ServiceName = name }, says = "Fewer tasks of ${name} run than there should at least be.", missing = "breaching" } },
    var.certificate == null ? {} : { "certificate-expires" = { namespace = "AWS/CertificateManager", metric = "DaysToExpiry", statistic = "Minimum", under = 30, minutes = 1440, dimensions = { CertificateArn = var.certificate.arn }, says = "The certificate ends in less than thirty days; AWS did not renew it.", missing = "ignore" } },
    try(var.database.kind, "aurora") == "aurora" ? {} : { "database-storage" = { namespace = "AWS/RDS", metric = "FreeStorageSpace", statistic = "Minimum", under = 5368709120, minutes = 15, dimensions = local.database_dimensions, says = "The database has less than five GiB left.", missing = "missing" } },
  )
}

locals {
  # ECS tells of a rollout that failed and of tasks that ended for a reason; nothing of that is a metric.
  events = {
    deployment-failed = {
      says = "A rollout failed."
      pattern = jsonencode({
        source      = ["aws.ecs"]
        detail-type = ["ECS Deployment State Change"]
        detail      = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
        resources   = [{ prefix = "${replace(try(var.cluster.arn, "none"), ":cluster/", ":service/")}/" }]
      })
    }
    task-failed = {
      says = "A task could not start, or its container ended with an error."
      pattern = jsonencode({
        source      = ["aws.ecs"]
        detail-type = ["ECS Task State Change"]
        detail = {
          clusterArn = [try(var.cluster.arn, "none")]
          lastStatus = ["STOPPED"]
          stopCode   = ["TaskFailedToStart", "EssentialContainerExited"]
        }
      })
    }
  }
}

resource "aws_sns_topic" "this" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for service in ["budgets", "cloudwatch", "events.rds"] : {
        Sid       = "From${replace(title(replace(service, ".", " ")), " ", "")}"
        Effect    = "Allow"
        Principal = { Service = "${service}.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      }],
      # EventBridge names no account when it publishes.
      [{
        Sid       = "FromEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
      }],
    )
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = var.emails
  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "above" {
  for_each            = local.above
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  dimensions          = each.value.dimensions
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "below" {
  for_each            = local.below
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = "LessThanThreshold"
  threshold           = each.value.under
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  dimensions          = each.value.dimensions
  treat_missing_data  = each.value.missing
  alarm_actions       = local.actions
  ok_actions          = local.actions
  tags                = var.tags
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each      = var.cluster == null ? {} : local.events
  name          = "${var.name}-${each.key}"
  description   = each.value.says
  event_pattern = each.value.pattern
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = aws_cloudwatch_event_rule.this
  rule     = each.value.name
  arn      = aws_sns_topic.this.arn
}

resource "aws_db_event_subscription" "this" {
  count            = var.database == null ? 0 : 1
  name             = "${var.name}-database"
  sns_topic        = aws_sns_topic.this.arn
  source_type      = var.database.kind == "aurora" ? "db-cluster" : "db-instance"
  source_ids       = [var.database.identifier]
  event_categories = var.database.kind == "aurora" ? ["deletion", "failover", "failure", "maintenance"] : ["deletion", "failover", "failure", "low storage", "maintenance"]
  tags             = var.tags
  depends_on       = [aws_sns_topic_policy.this]
}

resource "aws_cloudwatch_dashboard" "this" {
  count          = length(local.above) == 0 ? 0 : 1
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 4
        properties = { title = "Alarms", alarms = concat(values(aws_cloudwatch_metric_alarm.above)[*].arn, values(aws_cloudwatch_metric_alarm.below)[*].arn) }
      }],
      [for index, name in keys(local.above) : {
        type   = "metric"
        x      = (index % 3) * 8
        y      = 4 + floor(index / 3) * 6
        width  = 8
        height = 6
        properties = {
          title  = name
          region = data.aws_region.this.name
          period = 300
          stat   = local.above[name].statistic
          metrics = [concat([local.above[name].namespace, local.above[name].metric], flatten([
            for key, value in local.above[name].dimensions : [key, value]
          ]))]
        }
      }],
    )
  })
}

data "aws_region" "this" {}
