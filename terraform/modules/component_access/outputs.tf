output "security_group_ids" {
  description = "Security groups by component."
  value       = { for name, group in aws_security_group.component : name => group.id }
}
