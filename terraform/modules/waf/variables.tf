variable "name" {
  description = "Name of the web ACL."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "blocking" {
  description = "Groups of rules that block; the others count. Known bad inputs (Log4j among them) and bad addresses block from the start."
  type        = set(string)
  default     = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet"]
  validation {
    condition = length(setsubtract(var.blocking, [
      "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet",
      "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet",
    ])) == 0
    error_message = "There is no such group; see `local.rules`."
  }
}

variable "requests_per_five_minutes" {
  description = "Requests of one address in five minutes after which it is blocked for a while."
  type        = number
  default     = 10000
  validation {
    condition     = var.requests_per_five_minutes >= 100
    error_message = "At least 100, or an office behind one address is locked out."
  }
}

variable "log_retention_in_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 365
}

variable "log_kms_key_arn" {
  description = "ARN of the key for the log."
  type        = string
  default     = null
  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.log_kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
