variable "name" {
  description = "Prefix of the names of all that is made; a generation's instance is `<name>-<generation>`."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "subnet_ids" {
  description = "Isolated subnets in at least two zones."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A database needs subnets in at least two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the database."
  type        = string
}

variable "port" {
  description = "Port that the database listens on."
  type        = number
  default     = 5432
}

variable "engine_version" {
  description = "Version of the engine, with its minor version: nothing else decides it."
  type        = string
  validation {
    condition     = can(regex("^(1[5-9]|[2-9][0-9])\\.[0-9]+$", var.engine_version))
    error_message = "A full version from PostgreSQL 15 on, such as 16.6."
  }
}

variable "database_name" {
  description = "Database that is made with the first generation."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "Up to 63 lower-case letters, digits and underscores, a letter first."
  }
}

variable "master_username" {
  description = "The master user. The product never connects as it: its password changes every seven days."
  type        = string
  default     = "landfall"
  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,15}$", var.master_username)) && !contains(["admin", "rdsadmin", "postgres"], var.master_username)
    error_message = "Up to 16 lower-case letters, digits and underscores, a letter first, and no name that AWS keeps for itself."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key for storage, snapshots, the master user's secret and Performance Insights."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "log_kms_key_arn" {
  description = "ARN of the key for the log."
  type        = string
  default     = null
  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.log_kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "backup_retention_in_days" {
  description = "Days that can be restored to the minute."
  type        = number
  default     = 14
  validation {
    condition     = var.backup_retention_in_days >= 7 && var.backup_retention_in_days <= 35
    error_message = "Backups are kept for 7 to 35 days."
  }
}

variable "backup_window" {
  description = "When backups begin, in UTC; outside of the maintenance window."
  type        = string
  default     = "02:00-03:00"
  validation {
    condition     = can(regex("^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$", var.backup_window))
    error_message = "A window such as 02:00-03:00."
  }
}

variable "maintenance_window" {
  description = "When AWS may restart the database, in UTC."
  type        = string
  default     = "sun:04:00-sun:05:00"
  validation {
    condition     = can(regex("^[a-z]{3}:[0-2][0-9]:[0-5][0-9]-[a-z]{3}:[0-2][0-9]:[0-5][0-9]$", var.maintenance_window))
    error_message = "A window such as sun:04:00-sun:05:00."
  }
}

variable "parameters" {
  description = "Parameters of the server, beside and over ours. TLS cannot be turned off."
  type        = map(string)
  default     = {}
  validation {
    condition     = lookup(var.parameters, "rds.force_ssl", "1") == "1"
    error_message = "Connections without TLS are not offered."
  }
}

variable "ca_certificate" {
  description = "The CA that signs the server's certificate; clients need its bundle to check it."
  type        = string
  default     = "rds-ca-rsa2048-g1"
}

variable "auto_minor_version_upgrade" {
  description = "Whether AWS brings new minor versions by itself. Then `engine_version` falls behind and a plan shows it."
  type        = bool
  default     = false
}

variable "allow_major_version_upgrade" {
  description = "Whether a raised `engine_version` may be another major version. Set for that one apply."
  type        = bool
  default     = false
}

variable "extended_support" {
  description = "Whether a version past its end stays, for a price, instead of being upgraded by AWS."
  type        = bool
  default     = false
}

variable "apply_immediately" {
  description = "Whether changes that restart the database are made now, and not in the maintenance window."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database. Lifted before a destroy, by an apply of its own."
  type        = bool
  default     = true
}

variable "log_retention_in_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 365
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role that is made."
  type        = string
  default     = null
}

variable "active" {
  description = "The generation that the product uses."
  type        = string
  default     = "1"
  validation {
    condition     = contains(keys(var.generations), var.active)
    error_message = "The active generation is one of `generations`."
  }
}

variable "generations" {
  description = "Instances by generation. A restore adds one from a snapshot, or from another instance at a time (its latest when empty)."
  type = map(object({
    snapshot_identifier = optional(string)
    restore_from        = optional(string)
    restore_to_time     = optional(string)
  }))
  default = { "1" = {} }
  validation {
    condition     = alltrue([for key in keys(var.generations) : can(regex("^[0-9]+$", key))])
    error_message = "Generations are numbered."
  }
  validation {
    condition     = alltrue([for it in values(var.generations) : it.snapshot_identifier == null || it.restore_from == null])
    error_message = "A generation comes from a snapshot or from another instance, not from both."
  }
  validation {
    condition     = alltrue([for it in values(var.generations) : it.restore_to_time == null || (it.restore_from != null && can(formatdate("YYYY", it.restore_to_time)))])
    error_message = "A time to restore to is written as 2026-01-31T12:00:00Z and belongs to `restore_from`."
  }
}

variable "instance_class" {
  description = "Class of the instance."
  type        = string
  default     = "db.t4g.medium"
  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "A class such as db.t4g.medium."
  }
}

variable "multi_az" {
  description = "Whether a second instance stands by in another zone."
  type        = bool
  default     = true
}

variable "storage" {
  description = "Storage to begin with, and what it may grow to by itself, in GiB."
  type = object({
    initial_gib = optional(number, 20)
    max_gib     = optional(number, 200)
  })
  default = {}
  validation {
    condition     = var.storage.initial_gib >= 20 && var.storage.max_gib >= var.storage.initial_gib
    error_message = "Storage begins with at least 20 GiB and grows."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
