mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name        = "shop"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "private_and_versioned" {
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
}

run "encrypted_with_our_key" {
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "Objects must be encrypted with the key that was given."
  }
  assert {
    condition     = length(setsubtract(["TlsOnly", "NewTlsOnly", "OwnKeyOnly", "NoKeyOfTheCaller"], jsondecode(aws_s3_bucket_policy.this.policy).Statement[*].Sid)) == 0
    error_message = "Requests without TLS, with an old one or with another key must be refused."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Effect == "Deny"])
    error_message = "The policy of the bucket gives nobody a right."
  }
}

run "from_the_vpc_only" {
  variables {
    vpc_endpoint_id = "vpce-1"
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Condition.StringNotEquals["aws:SourceVpce"] if statement.Sid == "FromTheVpcOnly"] == [["vpce-1"]]
    error_message = "Objects must be reached through the endpoint alone."
  }
}

run "rights_are_for_this_bucket" {
  assert {
    condition     = alltrue(flatten([for statement in output.statements : [for resource in statement.resources : startswith(resource, "arn:")]])) && !anytrue(flatten([for statement in output.statements : [for action in statement.actions : strcontains(action, "*")]]))
    error_message = "Components get named actions on this bucket and its key."
  }
}

run "refuses_a_name_with_dots" {
  command = plan
  variables {
    bucket = "files.example.com"
  }
  expect_failures = [var.bucket]
}

run "refuses_an_alias_for_a_key" {
  command = plan
  variables {
    kms_key_arn = "alias/shop"
  }
  expect_failures = [var.kms_key_arn]
}

run "refuses_every_origin" {
  command = plan
  variables {
    cors_origins = ["*"]
  }
  expect_failures = [var.cors_origins]
}
