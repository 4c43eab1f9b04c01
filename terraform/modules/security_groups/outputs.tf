output "balancer_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.this["balancer"].id
}

output "database_id" {
  description = "Security group of the database."
  value       = aws_security_group.this["database"].id
}

output "cache_id" {
  description = "Security group of the cache."
  value       = aws_security_group.this["cache"].id
}

output "endpoints_id" {
  description = "Security group of private endpoints."
  value       = aws_security_group.this["endpoints"].id
}

