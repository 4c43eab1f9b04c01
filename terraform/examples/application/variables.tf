variable "name" {
  description = "Name of the installation."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account" {
  description = "The one account that this is for, by its 12 digits."
  type        = string
}

variable "protected" {
  description = "Whether what holds something refuses to go; lifted by an apply of its own, before a destroy."
  type        = bool
  default     = true
}

variable "foundation" {
  description = "Output of the foundation layer."
  type = object({
    vpc_id             = string
    public_subnet_ids  = list(string)
    private_subnet_ids = list(string)
    data_subnet_ids    = list(string)
    nat                = string
    s3_prefix_list_id  = string
    key_arns           = map(string)
    log_bucket         = string
    repository_arns    = list(string)
    security_group_ids = map(string)
  })
}

variable "data" {
  description = "Output of the data layer."
  type = object({
    database = object({
      identifier = string
      host       = string
      port       = number
      name       = string
    })
    cache = object({
      host       = string
      port       = number
      member_ids = list(string)
    })
    bucket = string
    bucket_statements = list(object({
      sid       = string
      actions   = list(string)
      resources = list(string)
    }))
    secret_arns  = map(string)
    backup_vault = string
  })
}

variable "images" {
  description = "Images by digest: api, web, and tools, which has a shell."
  type        = map(string)
}

variable "certificate_arn" {
  description = "Certificate of the host name."
  type        = string
}

variable "closed" {
  description = "What users are told while the product is closed."
  type        = string
  default     = null
}

variable "told" {
  description = "Addresses that alarms go to."
  type        = set(string)
  default     = []
}

variable "monthly_budget" {
  description = "What a month may cost, in dollars."
  type        = number
  default     = 500
}
