mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                       = "shop"
  vpc_id                     = "vpc-0aaa"
  balancer_security_group_id = "sg-balancer"
  shared = {
    database = { security_group_id = "sg-database", port = 5432 }
    cache    = { security_group_id = "sg-cache", port = 6379 }
  }
  components = {
    api    = { ports = [8081, 9090], public_ports = [8081], callers = ["web"], uses = ["database", "cache"] }
    web    = { ports = [8082], public_ports = [8082] }
    worker = { uses = ["database"] }
  }
  egress = [{ description = "HTTPS", port = 443, cidr = "0.0.0.0/0" }]
}

run "who_reaches_whom" {
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.served)) == toset(["api 8081 balancer", "api 8081 web", "api 9090 web", "web 8082 balancer"])
    error_message = "Components are reached by those that were named: ${jsonencode(keys(aws_vpc_security_group_ingress_rule.served))}"
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.used)) == toset(["api database", "api cache", "worker database"])
    error_message = "Only who uses the database or the cache reaches it: ${jsonencode(keys(aws_vpc_security_group_ingress_rule.used))}"
  }
  assert {
    condition     = alltrue([for rule in concat(values(aws_vpc_security_group_ingress_rule.served), values(aws_vpc_security_group_ingress_rule.used)) : rule.referenced_security_group_id != null && rule.cidr_ipv4 == null])
    error_message = "Inside, rules are from group to group."
  }
}

run "nobody_goes_everywhere" {
  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_egress_rule.out) : rule.ip_protocol == "tcp" && rule.from_port == 443])
    error_message = "Components may leave on the ports that were named."
  }
}

run "refuses_a_caller_that_is_none" {
  command = plan
  variables {
    components = { api = { ports = [1], callers = ["ghost"] } }
  }
  expect_failures = [var.components]
}

run "refuses_a_use_that_is_none" {
  command = plan
  variables {
    components = { api = { uses = ["queue"] } }
  }
  expect_failures = [var.components]
}

run "refuses_a_public_port_that_is_none" {
  command = plan
  variables {
    components = { api = { ports = [1], public_ports = [2] } }
  }
  expect_failures = [var.components]
}

run "refuses_egress_to_nowhere" {
  command = plan
  variables {
    egress = [{ description = "x", port = 443 }]
  }
  expect_failures = [var.egress]
}
