variable "domain" {
  description = "Host name that people use."
  type        = string
  validation {
    condition     = can(regex("^(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "A host name in lower case, such as app.example.com."
  }
}

variable "other_domains" {
  description = "Further host names of the same zone."
  type        = list(string)
  default     = []
}

variable "zone_id" {
  description = "Zone of Route 53 that the names are in, and that the proofs are written to."
  type        = string
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
