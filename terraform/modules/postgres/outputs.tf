output "identifier" {
  description = "Identifier of the active instance."
  value       = aws_db_instance.this[var.active].identifier
}

output "arn" {
  description = "ARN of the active instance."
  value       = aws_db_instance.this[var.active].arn
}

output "arns" {
  description = "ARNs of all instances by generation."
  value       = { for generation, instance in aws_db_instance.this : generation => instance.arn }
}

output "resource_id" {
  description = "Id that IAM policies for database users name the active instance by."
  value       = aws_db_instance.this[var.active].resource_id
}

output "host" {
  description = "Host of the active instance."
  value       = aws_db_instance.this[var.active].address
}

output "port" {
  description = "Port of the database."
  value       = var.port
}

output "database_name" {
  description = "Name of the database."
  value       = var.database_name
}

output "master_username" {
  description = "Name of the master user."
  value       = var.master_username
}

output "master_secret_arn" {
  description = "Secret with name and password of the master user, kept and changed by RDS."
  value       = one(aws_db_instance.this[var.active].master_user_secret[*].secret_arn)
}

output "final_snapshot_identifiers" {
  description = "The snapshots that a destroy leaves, by generation."
  value       = { for generation, instance in aws_db_instance.this : generation => instance.final_snapshot_identifier }
}
