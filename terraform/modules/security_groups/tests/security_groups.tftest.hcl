mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name          = "shop"
  vpc_id        = "vpc-0aaa"
  allowed_cidrs = ["203.0.113.0/24", "2001:db8::/32"]
}

run "people_reach_the_balancer_and_nothing_else" {
  assert {
    condition     = alltrue([for rule in values(aws_vpc_security_group_ingress_rule.balancer) : rule.security_group_id == aws_security_group.this["balancer"].id && contains([80, 443], rule.from_port) && rule.from_port == rule.to_port])
    error_message = "Networks may reach ports 80 and 443 of the load balancer alone."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.balancer) == 4
    error_message = "There must be a rule for each network and port."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.balancer["443 2001:db8::/32"].cidr_ipv6 == "2001:db8::/32" && aws_vpc_security_group_ingress_rule.balancer["443 2001:db8::/32"].cidr_ipv4 == null
    error_message = "A network of IPv6 must be one."
  }
}

run "refuses_nobody" {
  command = plan
  variables {
    allowed_cidrs = []
  }
  expect_failures = [var.allowed_cidrs]
}

run "refuses_what_is_no_network" {
  command = plan
  variables {
    allowed_cidrs = ["example.com"]
  }
  expect_failures = [var.allowed_cidrs]
}
