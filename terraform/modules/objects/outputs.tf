output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "statements" {
  description = "What a component needs to work with the objects, as statements for the `task` module."
  value = [
    { sid = "Objects", actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], resources = ["${aws_s3_bucket.this.arn}/*"] },
    { sid = "ListObjects", actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [aws_s3_bucket.this.arn] },
    { sid = "ObjectsKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [var.kms_key_arn] },
  ]
}
