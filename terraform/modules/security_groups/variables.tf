variable "name" {
  description = "Prefix of the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}

variable "allowed_cidrs" {
  description = "Networks that people come from. There is no default: `[\"0.0.0.0/0\"]` is to be said."
  type        = set(string)
  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Name at least one network, such as 203.0.113.0/24."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
