variable "name" {
  description = "First part of the bucket's name; `-logs-<account>` follows."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "retention_in_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
  validation {
    condition     = var.retention_in_days >= 1
    error_message = "Logs are kept for at least a day."
  }
}

variable "force_destroy" {
  description = "Whether the bucket goes with all that is in it. Set before a destroy, by an apply of its own."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
