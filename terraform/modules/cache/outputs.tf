output "identifier" {
  description = "Id of the replication group."
  value       = aws_elasticache_replication_group.this.id
}

output "arn" {
  description = "ARN of the replication group."
  value       = aws_elasticache_replication_group.this.arn
}

output "member_ids" {
  description = "Ids of the nodes, which metrics are kept by."
  value       = [for index in range(var.nodes) : format("%s-%03d", var.name, index + 1)]
}

output "host" {
  description = "Host of the primary."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "reader_host" {
  description = "Host that spreads reading over the replicas."
  value       = aws_elasticache_replication_group.this.reader_endpoint_address
}

output "port" {
  description = "Port of the cache."
  value       = var.port
}

output "user_name" {
  description = "User that the product signs in as."
  value       = var.user_name
}

output "final_snapshot_identifier" {
  description = "The snapshot that a destroy leaves."
  value       = aws_elasticache_replication_group.this.final_snapshot_identifier
}
