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
  description = "Addresses of the VPC. Never changed once it is there."
  type        = string
}

variable "zones" {
  description = "Its availability zones. The order never changes; new ones come last."
  type        = list(string)
}

variable "nat" {
  description = "How tasks reach the internet: `per_zone`, `one`, or `none` (over endpoints alone)."
  type        = string
}

variable "endpoints" {
  description = "Services of AWS that get an interface in the network, as the last part of their name."
  type        = set(string)
}

variable "allowed_cidrs" {
  description = "Networks that people come from."
  type        = set(string)
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role that is made."
  type        = string
  default     = null
}
