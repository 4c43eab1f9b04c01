mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "shop"
  kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  repositories = ["api", "web"]
}

run "what_was_pushed_stays_what_it_was" {
  assert {
    condition     = alltrue([for repository in values(aws_ecr_repository.this) : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && !repository.force_delete])
    error_message = "Tags must not move, and what is pushed is scanned."
  }
  assert {
    condition     = alltrue([for repository in values(aws_ecr_repository.this) : repository.encryption_configuration[0].kms_key == var.kms_key_arn])
    error_message = "Images must be encrypted with our key."
  }
  assert {
    condition     = alltrue([for policy in values(aws_ecr_lifecycle_policy.this) : jsondecode(policy.policy).rules[*].selection.tagStatus == ["untagged"]])
    error_message = "What has a tag is a release, and stays."
  }
}

run "refuses_a_name_that_is_none" {
  command = plan
  variables {
    repositories = ["Api"]
  }
  expect_failures = [var.repositories]
}
