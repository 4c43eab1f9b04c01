mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "shop"
  vpc_id            = "vpc-0aaa"
  subnet_ids        = ["subnet-1", "subnet-2"]
  route_table_ids   = ["rtb-1"]
  security_group_id = "sg-1"
}

run "private_tasks_reach_all_they_need" {
  assert {
    condition     = length(setsubtract(["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"], keys(aws_vpc_endpoint.interface))) == 0
    error_message = "Without one of these a task cannot start where there is no NAT."
  }
  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.interface) : endpoint.private_dns_enabled])
    error_message = "Endpoints must be found under AWS's own names."
  }
}

run "endpoints_are_for_this_account" {
  assert {
    condition = alltrue([for endpoint in values(aws_vpc_endpoint.interface) :
      jsondecode(endpoint.policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
    ])
    error_message = "Nobody of another account may come through."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement :
      can(statement.Condition) || statement.Resource == "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
    ])
    error_message = "Only our buckets and ECR's layers may be reached."
  }
}

run "refuses_to_pay_for_s3" {
  command = plan
  variables {
    services = ["s3"]
  }
  expect_failures = [var.services]
}
