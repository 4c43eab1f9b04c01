variable "name" {
  description = "Name of the cluster and its namespace."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "insights" {
  description = "Container Insights: `enhanced`, `enabled` or `disabled`."
  type        = string
  default     = "enhanced"
  validation {
    condition     = contains(["enhanced", "enabled", "disabled"], var.insights)
    error_message = "One of enhanced, enabled, disabled."
  }
}

variable "log_retention_in_days" {
  description = "Days that the log of sessions inside containers is kept."
  type        = number
  default     = 365
}

variable "kms_key_arn" {
  description = "ARN of the key for sessions inside containers and their log."
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
