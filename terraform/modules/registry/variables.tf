variable "name" {
  description = "First part of the repositories' names."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "repositories" {
  description = "Names of the repositories below `name`."
  type        = set(string)
  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", name))])
    error_message = "Lower-case letters and digits, with single dots, dashes, underscores and slashes between them."
  }
}

variable "untagged_days" {
  description = "Days after which images without a tag go. Images that are only known by their digest are tagged with it when they are pushed."
  type        = number
  default     = 30
  validation {
    condition     = var.untagged_days >= 1
    error_message = "At least a day."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that images are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "force_destroy" {
  description = "Whether repositories go with all that is in them. Set before a destroy, by an apply of its own."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
