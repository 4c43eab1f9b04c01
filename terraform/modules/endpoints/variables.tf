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

variable "subnet_ids" {
  description = "Subnets that the interfaces are put in, one in each zone."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Route tables that lead to S3 through the gateway."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the interfaces."
  type        = string
}

variable "services" {
  description = "Services with an interface, as the last part of their name. Without NAT tasks need all of the default; with NAT none is needed, and each costs by the hour."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"]
  validation {
    condition     = !contains(var.services, "s3")
    error_message = "S3 has its gateway, which costs nothing."
  }
}

variable "other_bucket_accounts" {
  description = "Other accounts whose buckets may be reached, by their 12 digits."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for account in var.other_bucket_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "An account has 12 digits."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
