# One load balancer with TLS in front of all components, which share it by path and host name.

locals {
  # A target group cannot change its port or protocol, so a changed one is another group with another name.
  group_names = { for name, target in var.targets : name => join("-", [
    trimsuffix(substr("${var.name}-${name}", 0, 24), "-"),
    substr(sha1("${name} ${target.port} ${target.protocol} ${target.version} ${var.vpc_id}"), 0, 6),
  ]) }
  rules = merge([for name, target in var.targets : {
    for route in target.routes : tostring(route.priority) => merge(route, { target = name })
  }]...)
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = var.internal
  subnets            = var.subnet_ids
  security_groups    = [var.security_group_id]

  enable_deletion_protection = var.deletion_protection
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  idle_timeout               = var.idle_timeout
  tags                       = merge(var.tags, { Name = var.name })

  access_logs {
    bucket  = var.log_bucket
    prefix  = "balancer/access"
    enabled = true
  }
  connection_logs {
    bucket  = var.log_bucket
    prefix  = "balancer/connections"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  for_each             = var.targets
  name                 = local.group_names[each.key]
  vpc_id               = var.vpc_id
  target_type          = "ip"
  port                 = each.value.port
  protocol             = each.value.protocol
  protocol_version     = each.value.version
  deregistration_delay = each.value.drain_seconds
  slow_start           = each.value.slow_start_seconds
  tags                 = merge(var.tags, { Name = "${var.name}-${each.key}" })

  health_check {
    path                = each.value.health.path
    matcher             = coalesce(each.value.health.matcher, each.value.version == "GRPC" ? "0" : "200-299")
    protocol            = each.value.protocol
    interval            = each.value.health.interval
    timeout             = each.value.health.timeout
    healthy_threshold   = 2
    unhealthy_threshold = each.value.health.failures
  }
  stickiness {
    type    = "lb_cookie"
    enabled = each.value.sticky
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  tags              = merge(var.tags, { Name = "${var.name}-http" })

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# What no rule leads to does not exist.
resource "aws_lb_listener" "https" {
  load_balancer_arn                                            = aws_lb.this.arn
  port                                                         = 443
  protocol                                                     = "HTTPS"
  ssl_policy                                                   = var.tls_policy
  certificate_arn                                              = var.certificate_arn
  routing_http_response_server_enabled                         = false
  routing_http_response_strict_transport_security_header_value = var.strict_transport_security
  tags                                                         = merge(var.tags, { Name = "${var.name}-https" })

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "not found"
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_certificate" "more" {
  for_each        = var.more_certificate_arns
  listener_arn    = aws_lb_listener.https.arn
  certificate_arn = each.value
}

# While the product is closed to its users, all of them are told so; health checks do not come this way.
resource "aws_lb_listener_rule" "closed" {
  count        = var.closed == null ? 0 : 1
  listener_arn = aws_lb_listener.https.arn
  priority     = 1
  tags         = var.tags

  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = var.closed
      status_code  = "503"
    }
  }
  condition {
    path_pattern {
      values = ["*"]
    }
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each     = local.rules
  listener_arn = aws_lb_listener.https.arn
  priority     = tonumber(each.key)
  tags         = merge(var.tags, { Name = "${var.name}-${each.value.target}" })

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.value.target].arn
  }
  condition {
    path_pattern {
      values = each.value.paths
    }
  }
  dynamic "condition" {
    for_each = length(each.value.hosts) == 0 ? [] : [each.value.hosts]
    content {
      host_header {
        values = condition.value
      }
    }
  }
}

resource "aws_route53_record" "this" {
  for_each = var.domains
  zone_id  = var.zone_id
  name     = each.key
  type     = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count        = var.web_acl == null ? 0 : 1
  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.web_acl.arn
}
