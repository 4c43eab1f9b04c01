variable "name" {
  description = "Name of the budget."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "monthly" {
  description = "What a month may cost."
  type        = number
  validation {
    condition     = var.monthly > 0
    error_message = "An amount above nothing."
  }
}

variable "currency" {
  description = "Currency of the amount, which is that of the account's bill."
  type        = string
  default     = "USD"
}

variable "cost_tag" {
  description = "Tag by which costs are the product's, activated for cost allocation in the account; all costs of the account when empty."
  type = object({
    key   = string
    value = string
  })
  default = null
}

variable "told_at" {
  description = "Percent of the amount that are told of, when spent and when foreseen."
  type = object({
    spent    = optional(number, 80)
    forecast = optional(number, 100)
  })
  default = {}
}

variable "emails" {
  description = "Addresses that are told."
  type        = set(string)
  default     = []
  validation {
    condition     = length(var.emails) > 0 || var.topic_arn != null
    error_message = "Nobody would be told: name addresses or a topic."
  }
}

variable "topic_arn" {
  description = "Topic that is told, of the alarms module."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
