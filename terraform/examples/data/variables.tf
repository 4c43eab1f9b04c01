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
  description = "Output of the foundation layer."
  type = object({
    vpc_id             = string
    public_subnet_ids  = list(string)
    private_subnet_ids = list(string)
    data_subnet_ids    = list(string)
    nat                = string
    s3_prefix_list_id  = string
    key_arns           = map(string)
    log_bucket         = string
    repository_arns    = list(string)
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

variable "database_version" {
  description = "Version of PostgreSQL."
  type        = string
  default     = "16.6"
}

variable "generations" {
  description = "Generations of the database, see the aurora module."
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

variable "cache_engine" {
  description = "valkey or redis."
  type        = string
  default     = "valkey"
}

variable "cache_version" {
  description = "Version of the cache's engine."
  type        = string
  default     = "8.0"
}

variable "cache_authentication" {
  description = "password, iam or none."
  type        = string
  default     = "password"
}
