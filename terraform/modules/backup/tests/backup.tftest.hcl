mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name          = "shop"
  kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  resource_arns = ["arn:aws:rds:eu-west-1:123456789012:cluster:shop-1"]
}

run "locked_and_encrypted" {
  assert {
    condition     = aws_backup_vault.this.kms_key_arn == var.kms_key_arn && !aws_backup_vault.this.force_destroy
    error_message = "The vault must be encrypted, and stay while it holds something."
  }
  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].min_retention_days == 7 && aws_backup_vault_lock_configuration.this[0].changeable_for_days == null
    error_message = "Backups must be safe for a week; that nobody can ever undo it is for the customer to say."
  }
}

run "what_was_named_and_no_more" {
  assert {
    condition     = aws_backup_selection.this.resources == toset(var.resource_arns) && length(aws_iam_role_policy_attachment.this) == 2
    error_message = "Only what was named is backed up, and buckets take rights of their own."
  }
}

run "refuses_the_whole_account" {
  command = plan
  variables {
    resource_arns = ["*"]
  }
  expect_failures = [var.resource_arns]
}

run "refuses_what_the_lock_would" {
  command = plan
  variables {
    schedules = { daily = { schedule = "cron(0 1 * * ? *)", keep_days = 3 } }
  }
  expect_failures = [var.lock]
}
