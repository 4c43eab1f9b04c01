mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "shop"
  vpc_id            = "vpc-0aaa"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  certificate_arn   = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  log_bucket        = "shop-logs"
  targets = {
    api = { port = 8081, health = { path = "/ready" }, routes = [{ priority = 10, paths = ["/api", "/api/*"] }, { priority = 11, paths = ["/hubs/*"] }] }
    rpc = { port = 9090, version = "GRPC", health = { path = "/grpc.health.v1.Health/Check" }, routes = [{ priority = 20, paths = ["/shop.v1.*"], hosts = ["rpc.example.com"] }] }
    web = { port = 8082, health = { path = "/" }, routes = [{ priority = 30, paths = ["/*"] }] }
  }
}

run "tls_only" {
  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "People come over TLS 1.2 or 1.3."
  }
  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "HTTP must lead to HTTPS and nowhere else."
  }
}

run "protected_and_logged" {
  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields && aws_lb.this.desync_mitigation_mode == "defensive"
    error_message = "It must be protected from deletion and from malformed requests."
  }
  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.connection_logs[0].enabled
    error_message = "Requests and connections must be logged."
  }
}

run "a_rule_for_each_route" {
  assert {
    condition     = toset(keys(aws_lb_listener_rule.this)) == toset(["10", "11", "20", "30"]) && length(aws_lb_listener_rule.closed) == 0
    error_message = "Every route needs its rule: ${jsonencode(keys(aws_lb_listener_rule.this))}"
  }
  assert {
    condition     = length(aws_lb_listener_rule.this["20"].condition) == 2
    error_message = "A route with a host name needs both conditions."
  }
  assert {
    condition     = aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404"
    error_message = "What no route leads to must not be found."
  }
}

run "grpc_is_asked_as_grpc" {
  assert {
    condition     = aws_lb_target_group.this["rpc"].protocol_version == "GRPC" && aws_lb_target_group.this["rpc"].health_check[0].matcher == "0" && aws_lb_target_group.this["api"].health_check[0].matcher == "200-299"
    error_message = "gRPC answers 0 where HTTP answers 200."
  }
}

run "closed_to_users" {
  variables {
    closed = "back at noon"
  }
  assert {
    condition     = aws_lb_listener_rule.closed[0].priority == 1 && aws_lb_listener_rule.closed[0].action[0].fixed_response[0].status_code == "503"
    error_message = "While it is closed the first rule must answer everybody."
  }
}

run "another_port_is_another_group" {
  variables {
    targets = { api = { port = 8099, health = { path = "/ready" }, routes = [{ priority = 10, paths = ["/*"] }] } }
  }
  assert {
    condition     = aws_lb_target_group.this["api"].name != "shop-api-${substr(sha1("api 8081 HTTP HTTP1 vpc-0aaa"), 0, 6)}"
    error_message = "A group with another port needs another name, or it could not come before the old one goes."
  }
}

run "refuses_two_routes_of_one_priority" {
  command = plan
  variables {
    targets = {
      api = { port = 8081, health = { path = "/" }, routes = [{ priority = 10, paths = ["/api"] }] }
      web = { port = 8082, health = { path = "/" }, routes = [{ priority = 10, paths = ["/*"] }] }
    }
  }
  expect_failures = [var.targets]
}

run "refuses_the_priority_of_closed" {
  command = plan
  variables {
    targets = { api = { port = 8081, health = { path = "/" }, routes = [{ priority = 1, paths = ["/api"] }] } }
  }
  expect_failures = [var.targets]
}

run "refuses_old_tls" {
  command = plan
  variables {
    tls_policy = "ELBSecurityPolicy-2016-08"
  }
  expect_failures = [var.tls_policy]
}

run "refuses_records_without_a_zone" {
  command = plan
  variables {
    domains = ["shop.example.com"]
  }
  expect_failures = [var.domains]
}
