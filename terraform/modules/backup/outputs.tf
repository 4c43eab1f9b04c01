output "vault_name" {
  description = "Name of the vault."
  value       = aws_backup_vault.this.name
}

output "vault_arn" {
  description = "ARN of the vault."
  value       = aws_backup_vault.this.arn
}
