mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "shop-data"
  purpose = "data"
}

run "rotates_and_waits_before_it_goes" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "A key rotates, and can be brought back for thirty days."
  }
  assert {
    condition     = !strcontains(aws_kms_key.this.policy, "\"AWS\":\"*\"") && !strcontains(aws_kms_key.this.policy, "[\"*\"]")
    error_message = "Nobody unnamed may use the key."
  }
  assert {
    condition     = length(jsondecode(aws_kms_key.this.policy).Statement) == 1
    error_message = "No service may use the key that was not named."
  }
}

run "administrators_do_not_use_the_key" {
  variables {
    administrators = ["arn:aws:iam::123456789012:role/admin"]
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      !contains(statement.Action, "kms:*") && (statement.Sid != "Administrators" || !anytrue([for action in statement.Action : startswith(action, "kms:Decrypt")]))
    ])
    error_message = "Who administers the key must not read with it, and nobody may do everything."
  }
}

run "services_act_for_this_account_alone" {
  variables {
    services = ["logs", "cloudwatch"]
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      strcontains(jsonencode(statement.Condition), "123456789012") if startswith(statement.Sid, "Service")
    ])
    error_message = "A service is bound to the account by a condition."
  }
  assert {
    condition     = contains([for statement in jsondecode(aws_kms_key.this.policy).Statement : try(statement.Principal.Service, "")], "logs.eu-west-1.amazonaws.com")
    error_message = "CloudWatch Logs is named with its region."
  }
}

run "refuses_everybody_as_administrator" {
  command = plan
  variables {
    administrators = ["*"]
  }
  expect_failures = [var.administrators]
}

run "refuses_to_go_at_once" {
  command = plan
  variables {
    deletion_window_in_days = 0
  }
  expect_failures = [var.deletion_window_in_days]
}
