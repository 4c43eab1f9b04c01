mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "shop"
}

run "private_and_over_tls" {
  assert {
    condition = (aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
    aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets)
    error_message = "The bucket must not be public in any of four ways."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced" && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Access lists must be off and versions on."
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket that is not empty must stay."
  }
  assert {
    condition = anytrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"] == "false", false)
    ])
    error_message = "Requests without TLS must be refused."
  }
}

run "services_write_to_their_place_for_this_account" {
  assert {
    condition = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Action == "s3:PutObject" && (can(statement.Condition.StringEquals["aws:SourceAccount"]) || endswith(statement.Resource, "/AWSLogs/123456789012/*")) && !endswith(statement.Resource, "shop-logs-123456789012/*")
      if statement.Effect == "Allow"
    ])
    error_message = "A service may write below its own prefix, for this account."
  }
}

run "logs_go" {
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 365
    error_message = "Logs must not be kept for ever."
  }
}

run "refuses_no_retention" {
  command = plan
  variables {
    retention_in_days = 0
  }
  expect_failures = [var.retention_in_days]
}
