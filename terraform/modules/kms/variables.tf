variable "name" {
  description = "Name of the key; its alias is `alias/<name>`."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "purpose" {
  description = "What the key encrypts, for the people who read the list of keys."
  type        = string
}

variable "administrators" {
  description = "ARNs of the roles that may change the key but not use it. Empty leaves both to the account's IAM policies."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.administrators : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+", arn))])
    error_message = "Administrators are ARNs of roles or users of one account, never `*`."
  }
}

variable "services" {
  description = "AWS services that encrypt with the key for this account, as the first part of their principal: `logs`, `cloudwatch`, `events`, `s3`."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z0-9.-]+$", service))])
    error_message = "A service is the part of its principal before `.amazonaws.com`."
  }
}

variable "rotation_period_in_days" {
  description = "Days after which AWS makes new key material; a year when empty."
  type        = number
  default     = null
  validation {
    condition     = var.rotation_period_in_days == null || try(var.rotation_period_in_days >= 90 && var.rotation_period_in_days <= 2560, false)
    error_message = "AWS rotates every 90 to 2560 days."
  }
}

variable "deletion_window_in_days" {
  description = "Days between the wish to delete the key and its end; what it encrypted is unreadable from then on, snapshots too."
  type        = number
  default     = 30
  validation {
    condition     = var.deletion_window_in_days >= 7 && var.deletion_window_in_days <= 30
    error_message = "The window is 7 to 30 days."
  }
}

variable "multi_region" {
  description = "Whether the key can be replicated to other regions, for snapshots that are restored there."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
