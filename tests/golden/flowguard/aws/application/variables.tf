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
  description = "What the foundation layer gave."
  type = object({
    vpc_id             = string
    public_subnet_ids  = list(string)
    private_subnet_ids = list(string)
    s3_prefix_list_id  = string
    key_arns           = map(string)
    log_bucket         = string
    security_group_ids = map(string)
  })
}

variable "data" {
  description = "What the data layer gave."
  type = object({
    secret_arns = map(string)
    database = object({
      kind            = string
      identifier      = string
      host            = string
      port            = number
      name            = string
      master          = string
      max_connections = number
    })
    cache = object({
      host       = string
      port       = number
      member_ids = list(string)
    })
    objects = object({
      bucket = string
      statements = list(object({
        sid       = string
        actions   = list(string)
        resources = list(string)
      }))
    })
    backup = object({
      vault = string
    })
  })
}

variable "images" {
  description = "Images by digest: of every component, and of the tools, which have a shell."
  type        = map(string)
}

variable "architecture" {
  description = "What images are made for: X86_64 or ARM64."
  type        = string
}

variable "registry_credentials_arn" {
  description = "Secret with `username` and `password` of the registry; none for ECR, and for one that asks for none."
  type        = string
  default     = null
}

variable "domain" {
  description = "Host name that people use."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of the host name."
  type        = string
}

variable "closed" {
  description = "What users are told while the product is closed to them; open when empty."
  type        = string
  default     = null
}

variable "scaling_suspended" {
  description = "Whether autoscaling holds still, while a migration runs or the product is stopped."
  type        = bool
  default     = false
}

variable "database_ca_file" {
  description = "File with the certificates that the database is checked with; those of RDS in the region when empty."
  type        = string
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that alarms go to."
  type        = set(string)
}

variable "monthly_budget" {
  description = "What a month may cost, in dollars."
  type        = number
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role that is made."
  type        = string
  default     = null
}
