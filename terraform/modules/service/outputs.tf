output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "arn" {
  description = "ARN of the service."
  value       = aws_ecs_service.this.id
}

output "running_task_definition" {
  description = "Revision that the service runs, as it was last seen."
  value       = aws_ecs_service.this.task_definition
}
