variable "name" {
  description = "Name of the installation."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account" {
  description = "The one account that this is for, by its 12 digits."
  type        = string
}

variable "protected" {
  description = "Whether what holds something refuses to go; lifted by an apply of its own, before a destroy."
  type        = bool
  default     = true
}

variable "foundation" {
  description = "What the foundation layer gave."
  type = object({
    data_subnet_ids    = list(string)
    key_arns           = map(string)
    log_bucket         = string
    security_group_ids = map(string)
  })
}

variable "secret_values" {
  description = "Values of new or changed secrets, as TF_VAR_secret_values in the environment."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}

variable "secret_revisions" {
  description = "How often a secret was changed, from 1 on: raised, its new value is taken."
  type        = map(number)
  default     = {}
}

variable "database" {
  description = "Version and size of the database."
  type = object({
    name           = string
    engine_version = string
    instances      = number
    capacity = object({
      min = number
      max = number
    })
  })
}

variable "generations" {
  description = "Generations of the database: a restored one stands beside the one before until somebody takes that out."
  type = map(object({
    snapshot_identifier = optional(string)
    restore_from        = optional(string)
    restore_to_time     = optional(string)
  }))
  default = { "1" = {} }
}

variable "active_generation" {
  description = "The generation that the product uses."
  type        = string
  default     = "1"
}

variable "cache" {
  description = "Engine and size of the cache."
  type = object({
    engine         = string
    engine_version = string
    node_type      = string
    nodes          = number
    eviction       = string
  })
}

variable "bucket" {
  description = "Name of the bucket for objects."
  type        = string
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role that is made."
  type        = string
  default     = null
}
