variable "name" {
  description = "First part of the secrets' names."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "secrets" {
  description = "Secrets by name. A new value is taken when its revision is raised, and at no other time."
  type = map(object({
    description = string
    revision    = optional(number, 1)
  }))
  validation {
    condition     = alltrue([for key in keys(var.secrets) : can(regex("^[a-z][a-z0-9_-]*$", key))])
    error_message = "A secret's name has lower-case letters, digits, dashes and underscores."
  }
  validation {
    condition     = alltrue([for secret in values(var.secrets) : secret.revision >= 1 && floor(secret.revision) == secret.revision])
    error_message = "A revision is a whole number from 1 on."
  }
}

variable "values" {
  description = "Values by name, needed only where a secret is new or its revision was raised. Given as TF_VAR_… in the environment, again when a saved plan is applied."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}

variable "kms_key_arn" {
  description = "ARN of the key that secrets are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "recovery_window_in_days" {
  description = "Days in which a deleted secret can be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30
    error_message = "The window is 7 to 30 days; without one a lost key is lost data."
  }
}

variable "replicas" {
  description = "Other regions that hold a copy, each with the ARN of a key there."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
