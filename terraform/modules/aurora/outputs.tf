output "identifier" {
  description = "Identifier of the active cluster."
  value       = aws_rds_cluster.this[var.active].cluster_identifier
}

output "arn" {
  description = "ARN of the active cluster."
  value       = aws_rds_cluster.this[var.active].arn
}

output "arns" {
  description = "ARNs of all clusters by generation."
  value       = { for generation, cluster in aws_rds_cluster.this : generation => cluster.arn }
}

output "resource_id" {
  description = "Id that IAM policies for database users name the active cluster by."
  value       = aws_rds_cluster.this[var.active].cluster_resource_id
}

output "host" {
  description = "Host of the active cluster's writer."
  value       = aws_rds_cluster.this[var.active].endpoint
}

output "reader_host" {
  description = "Host that spreads reading over the active cluster's readers."
  value       = aws_rds_cluster.this[var.active].reader_endpoint
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
  value       = one(aws_rds_cluster.this[var.active].master_user_secret[*].secret_arn)
}

output "final_snapshot_identifiers" {
  description = "The snapshots that a destroy leaves, by generation."
  value       = { for generation, cluster in aws_rds_cluster.this : generation => cluster.final_snapshot_identifier }
}
