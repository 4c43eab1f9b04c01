output "secret_arns" {
  description = "ARNs by name, known once there is a value; a task reads them by reference."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
  depends_on  = [aws_secretsmanager_secret_version.this]
}

output "version_ids" {
  description = "Ids of the present versions by name, for what reads a secret once."
  value       = { for name, version in aws_secretsmanager_secret_version.this : name => version.version_id }
}
