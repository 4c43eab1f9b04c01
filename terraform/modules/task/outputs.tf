output "task_definition_arn" {
  description = "ARN of the newest revision; what runs is moved to it by an upgrade."
  value       = aws_ecs_task_definition.this.arn
}

output "family" {
  description = "Family of the task definition."
  value       = aws_ecs_task_definition.this.family
}

output "container" {
  description = "Name of the container, whose exit code is the task's."
  value       = var.component
}

output "image" {
  description = "Image by its digest."
  value       = var.image
}

output "log_group" {
  description = "Log group; its streams begin with the component's name."
  value       = aws_cloudwatch_log_group.this.name
}

output "task_role_arn" {
  description = "Role of the component itself."
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "Role that ECS starts it with."
  value       = aws_iam_role.execution.arn
}
