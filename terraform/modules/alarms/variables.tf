variable "name" {
  description = "Prefix of the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "emails" {
  description = "Addresses that are told; each is asked first whether it wants to be."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "An address such as ops@example.com."
  }
}

variable "cluster" {
  description = "ECS cluster, for its services and for what it tells by itself."
  type = object({
    name = string
    arn  = string
  })
  default = null
}

variable "services" {
  description = "Services of the cluster."
  type        = set(string)
  default     = []
  validation {
    condition     = (length(var.services) == 0 && length(var.running) == 0) || var.cluster != null
    error_message = "Services are those of a `cluster`."
  }
}

variable "running" {
  description = "How many tasks of a service run at least. Needs Container Insights."
  type        = map(number)
  default     = {}
}

variable "balancer" {
  description = "Load balancer and its target groups by name, by the part of their ARNs that metrics are kept by."
  type = object({
    arn_suffix    = string
    target_groups = map(string)
  })
  default = null
}

variable "database" {
  description = "Database by its identifier: `aurora` or `postgres`, and how many connections it takes."
  type = object({
    kind            = string
    identifier      = string
    max_connections = number
  })
  default = null
  validation {
    condition     = var.database == null || try(contains(["aurora", "postgres"], var.database.kind), false)
    error_message = "One of aurora, postgres."
  }
}

variable "cache" {
  description = "Cache by the ids of its nodes."
  type        = object({ member_ids = list(string) })
  default     = null
}

variable "certificate" {
  description = "Certificate whose end is watched."
  type        = object({ arn = string })
  default     = null
}

variable "backup_vault" {
  description = "Vault whose failed backups are told."
  type        = object({ name = string })
  default     = null
}

variable "limits" {
  description = "From what on it is too much: errors in five minutes, seconds of the slowest twentieth, things the cache threw away in ten minutes."
  type = object({
    balancer_5xx    = optional(number, 10)
    target_5xx      = optional(number, 10)
    latency_seconds = optional(number, 2)
    evictions       = optional(number, 1000)
  })
  default = {}
}

variable "kms_key_arn" {
  description = "ARN of the key for the topic; it must allow `cloudwatch`, `events`, `events.rds` and `budgets`."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
