variable "name" {
  description = "First part of the bucket's name when `bucket` does not say all of it; the account follows."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "bucket" {
  description = "Name of the bucket, when it is not `<name>-<account>`."
  type        = string
  default     = null
  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and dashes; with dots TLS would not fit it."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that objects are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "old_versions" {
  description = "What becomes of versions that were replaced or deleted: gone after so many days, but for the newest so many, which stay."
  type = object({
    days = optional(number, 90)
    keep = optional(number)
  })
  default = {}
  validation {
    condition     = var.old_versions.days >= 1
    error_message = "Old versions stay for at least a day."
  }
}

variable "expire_after_days" {
  description = "Days after which objects go by themselves; never, when empty."
  type        = number
  default     = null
}

variable "access_log" {
  description = "Bucket of the log_bucket module that gets the access log; none when empty."
  type        = object({ bucket = string })
  default     = null
}

variable "vpc_endpoint_id" {
  description = "S3 endpoint that objects are reached through, and no other way. Terraform itself must then run in the VPC to test them."
  type        = string
  default     = null
}

variable "cors_origins" {
  description = "Origins whose pages load and store objects by themselves."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for origin in var.cors_origins : startswith(origin, "https://") && !strcontains(origin, "*")])
    error_message = "An origin is one https:// address without a wildcard."
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
