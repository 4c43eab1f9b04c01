mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name  = "shop"
  cidr  = "10.40.0.0/16"
  zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
}

run "a_gateway_for_each_zone" {
  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.nat) == 3 && length(aws_route.nat) == 3
    error_message = "There must be three gateways, addresses and routes."
  }
  assert {
    condition     = length(aws_subnet.public) == 3 && length(aws_subnet.private) == 3 && length(aws_subnet.isolated) == 3
    error_message = "There must be three subnets of each kind."
  }
  assert {
    condition     = length(distinct(concat(values(aws_subnet.public)[*].cidr_block, values(aws_subnet.private)[*].cidr_block, values(aws_subnet.isolated)[*].cidr_block))) == 9
    error_message = "No two subnets may have the same addresses."
  }
}

run "one_gateway_for_all" {
  variables {
    nat = "one"
  }
  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"] && length(aws_route.nat) == 3
    error_message = "One gateway in the first zone must serve three."
  }
}

run "no_gateway" {
  variables {
    nat = "none"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_route.nat) == 0
    error_message = "Nothing may lead out of private subnets."
  }
}

run "nothing_is_public_by_itself" {
  assert {
    condition     = !anytrue(concat(values(aws_subnet.public)[*].map_public_ip_on_launch, values(aws_subnet.private)[*].map_public_ip_on_launch, values(aws_subnet.isolated)[*].map_public_ip_on_launch))
    error_message = "No subnet may give out public addresses by itself."
  }
  assert {
    condition     = length(aws_default_security_group.this) == 1 && length(aws_default_security_group.this[0].ingress) == 0 && length(aws_default_security_group.this[0].egress) == 0
    error_message = "The default security group must have no rules."
  }
  assert {
    condition     = length(aws_flow_log.this) == 1
    error_message = "There must be a flow log."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.flow[0].policy).Statement : !contains(statement.Resource, "*")])
    error_message = "The flow log may write nowhere else."
  }
}

run "refuses_one_zone" {
  command = plan
  variables {
    zones = ["eu-west-1a"]
  }
  expect_failures = [var.zones]
}

run "refuses_a_block_that_is_too_small" {
  command = plan
  variables {
    cidr = "10.40.0.0/24"
  }
  expect_failures = [var.cidr]
}

run "refuses_host_bits" {
  command = plan
  variables {
    cidr = "10.40.3.0/16"
  }
  expect_failures = [var.cidr]
}

run "refuses_an_overlap" {
  command = plan
  variables {
    other_cidrs = ["192.168.0.0/16", "10.0.0.0/8"]
  }
  expect_failures = [var.other_cidrs]
}

run "takes_neighbours" {
  command = plan
  variables {
    other_cidrs = ["10.41.0.0/16", "10.39.0.0/16"]
  }
}

run "refuses_another_nat" {
  command = plan
  variables {
    nat = "two"
  }
  expect_failures = [var.nat]
}
