mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name        = "shop"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  secrets     = { session_key = { description = "Signs sessions" }, token = { description = "Token", revision = 3 } }
  values      = { session_key = "canary-1", token = "canary-2" }
}

run "values_are_in_no_state" {
  assert {
    condition     = alltrue([for version in values(aws_secretsmanager_secret_version.this) : version.secret_string == null && version.secret_string_wo == null])
    error_message = "A value must be written and not kept."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.this["token"].secret_string_wo_version == 3
    error_message = "A raised revision must be what writes a new value."
  }
}

run "encrypted_and_brought_back" {
  assert {
    condition     = alltrue([for secret in values(aws_secretsmanager_secret.this) : secret.kms_key_id == var.kms_key_arn && secret.recovery_window_in_days == 30])
    error_message = "A secret is encrypted with our key and can be brought back."
  }
  assert {
    condition     = alltrue([for policy in values(aws_secretsmanager_secret_policy.this) : policy.block_public_policy && jsondecode(policy.policy).Statement[0].Effect == "Deny"])
    error_message = "Other accounts must be refused."
  }
}

run "what_is_not_changed_need_not_be_known" {
  variables {
    values = {}
  }
  assert {
    condition     = aws_secretsmanager_secret_version.this["token"].secret_string_wo_version == 3
    error_message = "A secret stays as it is when nobody gives its value."
  }
}

run "refuses_to_go_at_once" {
  command = plan
  variables {
    recovery_window_in_days = 0
  }
  expect_failures = [var.recovery_window_in_days]
}

run "refuses_a_half_revision" {
  command = plan
  variables {
    secrets = { token = { description = "Token", revision = 1.5 } }
  }
  expect_failures = [var.secrets]
}
