variable "name" {
  description = "Name of the vault and its plan."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that backups are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "resource_arns" {
  description = "What is backed up: clusters, databases, buckets."
  type        = list(string)
  validation {
    condition     = length(var.resource_arns) > 0 && alltrue([for arn in var.resource_arns : startswith(arn, "arn:")])
    error_message = "Name at least one ARN; `*` would be the whole account."
  }
}

variable "has_buckets" {
  description = "Whether buckets are among them, which takes more rights."
  type        = bool
  default     = false
}

variable "schedules" {
  description = "When backups are made, by any name, and how many days they are kept."
  type = map(object({
    schedule  = string
    keep_days = number
  }))
  default = {
    daily   = { schedule = "cron(0 1 * * ? *)", keep_days = 35 }
    monthly = { schedule = "cron(0 2 1 * ? *)", keep_days = 365 }
  }
  validation {
    condition     = alltrue([for it in values(var.schedules) : it.keep_days >= 1 && (startswith(it.schedule, "cron(") || startswith(it.schedule, "rate("))])
    error_message = "A schedule is cron(…) or rate(…), and what it makes is kept for at least a day."
  }
}

variable "lock" {
  description = "For how many days a backup can be deleted by nobody. With `final_after_days` nobody can undo the lock itself after that time, AWS neither."
  type = object({
    min_days         = optional(number, 7)
    max_days         = optional(number, 400)
    final_after_days = optional(number)
  })
  default = {}
  validation {
    condition     = var.lock == null || try(var.lock.min_days >= 1 && alltrue([for it in values(var.schedules) : it.keep_days >= var.lock.min_days && it.keep_days <= var.lock.max_days]), false)
    error_message = "Backups of `schedules` are kept within the limits of the lock, or the vault refuses them."
  }
  validation {
    condition     = var.lock == null || try(coalesce(var.lock.final_after_days, 3) >= 3, false)
    error_message = "There are at least three days to think it over."
  }
}

variable "copy_to_vault_arn" {
  description = "Vault in another region or account that gets a copy of each backup."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role that is made."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
