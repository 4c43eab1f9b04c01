# A bucket for a product's objects, or for the states of Terraform: private, versioned, encrypted, over TLS alone.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  bucket  = coalesce(var.bucket, "${var.name}-${local.account}")
  arn     = "arn:${data.aws_partition.this.partition}:s3:::${local.bucket}"

  statements = concat(
    [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:*"]
        Resource  = [local.arn, "${local.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = ["false"] } }
      },
      {
        Sid       = "NewTlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:*"]
        Resource  = [local.arn, "${local.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = ["1.2"] } }
      },
      # Who names a key names ours; who names none gets it as the default.
      {
        Sid       = "OwnKeyOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:PutObject"]
        Resource  = ["${local.arn}/*"]
        Condition = { StringNotEqualsIfExists = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = [var.kms_key_arn] } }
      },
      {
        Sid       = "NoKeyOfTheCaller"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = ["s3:PutObject"]
        Resource  = ["${local.arn}/*"]
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = ["false"] } }
      },
    ],
    # Administrators outside of the VPC keep the bucket's settings, but not its objects.
    [for endpoint in var.vpc_endpoint_id[*] : {
      Sid       = "FromTheVpcOnly"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*"]
      Resource  = ["${local.arn}/*"]
      Condition = { StringNotEquals = { "aws:SourceVpce" = [endpoint] } }
    }],
  )
}

resource "aws_s3_bucket" "this" {
  bucket        = local.bucket
  force_destroy = var.force_destroy
  tags          = merge(var.tags, { Name = local.bucket })
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days           = var.old_versions.days
      newer_noncurrent_versions = var.old_versions.keep
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  dynamic "rule" {
    for_each = var.expire_after_days[*]
    content {
      id     = "expire"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  count         = var.access_log == null ? 0 : 1
  bucket        = aws_s3_bucket.this.id
  target_bucket = var.access_log.bucket
  target_prefix = "buckets/"
}

resource "aws_s3_bucket_cors_configuration" "this" {
  count  = length(var.cors_origins) == 0 ? 0 : 1
  bucket = aws_s3_bucket.this.id
  cors_rule {
    allowed_methods = ["GET", "HEAD", "PUT"]
    allowed_origins = var.cors_origins
    allowed_headers = ["content-type", "content-md5", "x-amz-*"]
    expose_headers  = ["etag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  policy     = jsonencode({ Version = "2012-10-17", Statement = local.statements })
  depends_on = [aws_s3_bucket_public_access_block.this]
}
