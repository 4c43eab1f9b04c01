output "arn" {
  description = "ARN of the cluster, known once it has its capacity providers."
  value       = aws_ecs_cluster.this.arn
  depends_on  = [aws_ecs_cluster_capacity_providers.this]
}

output "name" {
  description = "Name of the cluster."
  value       = aws_ecs_cluster.this.name
}

output "namespace_arn" {
  description = "ARN of the namespace for Service Connect."
  value       = aws_service_discovery_http_namespace.this.arn
}
