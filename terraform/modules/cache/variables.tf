variable "name" {
  description = "Name of the cache."
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
    error_message = "A cache needs subnets in at least two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the cache."
  type        = string
}

variable "port" {
  description = "Port that the cache listens on."
  type        = number
  default     = 6379
}

variable "engine" {
  description = "`valkey` or `redis`."
  type        = string
  default     = "valkey"
  validation {
    condition     = contains(["valkey", "redis"], var.engine)
    error_message = "One of valkey, redis."
  }
}

variable "engine_version" {
  description = "Version of the engine, such as 8.0 of Valkey or 7.1 of Redis."
  type        = string
  validation {
    condition     = can(regex("^[7-9]\\.[0-9]+$", var.engine_version))
    error_message = "A version from 7 on with its minor version, such as 8.0."
  }
}

variable "node_type" {
  description = "Type of the nodes."
  type        = string
  default     = "cache.t4g.small"
  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "A type such as cache.t4g.small."
  }
}

variable "nodes" {
  description = "Nodes: the primary, and replicas that take over in another zone."
  type        = number
  default     = 2
  validation {
    condition     = var.nodes >= 1 && var.nodes <= 6
    error_message = "A cache has 1 to 6 nodes."
  }
}

variable "eviction" {
  description = "What goes when memory is full: `volatile-lru` for a cache, `noeviction` where it is a queue or a backplane."
  type        = string
  default     = "volatile-lru"
  validation {
    condition     = can(regex("^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$", var.eviction))
    error_message = "One of the engine's policies, such as volatile-lru or noeviction."
  }
}

variable "authentication" {
  description = "How the product signs in: `password`, `iam`, or `none`, where TLS and the security group are all there is."
  type        = string
  default     = "password"
  validation {
    condition     = contains(["password", "iam", "none"], var.authentication)
    error_message = "One of password, iam, none."
  }
  validation {
    condition     = var.authentication != "password" || var.password != null
    error_message = "With `password` name the secret in `password`."
  }
  validation {
    condition     = var.authentication != "iam" || var.user_name != "default"
    error_message = "With `iam` the user has a name of its own, which AWS also takes as its id."
  }
}

variable "password" {
  description = "Secret that is the user's password (its whole text), and the version of it; a new version changes the password."
  type = object({
    secret_arn = string
    version_id = string
  })
  default = null
  validation {
    condition     = var.password == null || can(regex("^arn:aws[a-z-]*:secretsmanager:", var.password.secret_arn))
    error_message = "The secret is named by its ARN."
  }
}

variable "user_name" {
  description = "Name of the product's user. `default` is who signs in with a password and no name."
  type        = string
  default     = "default"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.user_name))
    error_message = "Up to 40 lower-case letters, digits and dashes, a letter first."
  }
}

variable "access" {
  description = "What the product's user may do, as an ACL rule: everything but what administers or endangers the server."
  type        = string
  default     = "on ~* &* +@all -@admin -@dangerous +info +client|setinfo +client|setname +client|list"
  validation {
    condition     = startswith(var.access, "on ")
    error_message = "The rule begins with `on`."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that data is encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "log_kms_key_arn" {
  description = "ARN of the key for the logs."
  type        = string
  default     = null
  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.log_kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "snapshot_retention_in_days" {
  description = "Days that daily snapshots are kept; 0 for none. A cache is never taken to outlive a rollback."
  type        = number
  default     = 7
  validation {
    condition     = var.snapshot_retention_in_days >= 0 && var.snapshot_retention_in_days <= 35
    error_message = "Snapshots are kept for up to 35 days."
  }
}

variable "final_snapshot" {
  description = "Whether a destroy leaves a snapshot."
  type        = bool
  default     = true
}

variable "snapshot_window" {
  description = "When snapshots are taken, in UTC."
  type        = string
  default     = "02:00-03:00"
}

variable "maintenance_window" {
  description = "When AWS may restart nodes, in UTC."
  type        = string
  default     = "sun:05:00-sun:06:00"
}

variable "auto_minor_version_upgrade" {
  description = "Whether AWS brings new patch versions by itself."
  type        = bool
  default     = true
}

variable "apply_immediately" {
  description = "Whether changes are made now, and not in the maintenance window."
  type        = bool
  default     = false
}

variable "log_retention_in_days" {
  description = "Days that the logs are kept."
  type        = number
  default     = 365
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
