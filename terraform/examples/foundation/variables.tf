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

variable "cidr" {
  description = "Addresses of a new VPC."
  type        = string
  default     = "10.40.0.0/16"
}

variable "zones" {
  description = "Availability zones of a new VPC."
  type        = list(string)
  default     = []
}

variable "nat" {
  description = "per_zone, one or none."
  type        = string
  default     = "one"
}

variable "existing" {
  description = "A VPC that is there, instead of a new one."
  type = object({
    vpc_id              = string
    public_subnet_ids   = list(string)
    private_subnet_ids  = list(string)
    isolated_subnet_ids = list(string)
  })
  default = null
}

variable "allowed_cidrs" {
  description = "Networks that people come from."
  type        = set(string)
}

variable "repositories" {
  description = "Repositories for the product's images."
  type        = set(string)
  default     = ["api", "web", "tools"]
}
