output "for_application" {
  description = "What the application layer takes: written as JSON, it is a file of its variables."
  value = {
    data = {
      secret_arns = module.secrets.secret_arns
      database = {
        kind            = "aurora"
        identifier      = module.database.identifier
        host            = module.database.host
        port            = module.database.port
        name            = module.database.database_name
        master          = module.database.master_secret_arn
        max_connections = 450
      }
      cache = {
        host       = module.cache.host
        port       = module.cache.port
        member_ids = module.cache.member_ids
      }
      backup = {
        vault = module.backup.vault_name
      }
    }
  }
}

output "left" {
  description = "Snapshots that a destroy leaves."
  value       = { database = module.database.final_snapshot_identifiers, cache = module.cache.final_snapshot_identifier }
}
