variable "name" {
  description = "Prefix of the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "cidr" {
  description = "Addresses of a new VPC, as a block of /16 to /22."
  type        = string
  default     = null
  validation {
    condition     = var.cidr == null || try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0] && tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 22, false)
    error_message = "The block is an IPv4 network of /16 to /22 whose host bits are zero, such as 10.40.0.0/16."
  }
}

variable "other_cidrs" {
  description = "Networks that the VPC must not overlap with: those it is peered with, or reached from over a VPN."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for cidr in var.other_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Each is a network, such as 10.0.0.0/8."
  }
  # Two networks overlap where they are the same in the shorter one's length.
  validation {
    condition = var.cidr == null || alltrue([for other in var.other_cidrs : try(
      cidrhost("${split("/", var.cidr)[0]}/${min(tonumber(split("/", var.cidr)[1]), tonumber(split("/", other)[1]))}", 0) !=
      cidrhost("${split("/", other)[0]}/${min(tonumber(split("/", var.cidr)[1]), tonumber(split("/", other)[1]))}", 0),
    false)])
    error_message = "The VPC's block overlaps with one of `other_cidrs`."
  }
}

variable "zones" {
  description = "Availability zones of a new VPC by name, two to four; the order never changes, new ones come last."
  type        = list(string)
  default     = []
  validation {
    condition     = length(var.zones) != 1 && length(var.zones) <= 4 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Name two to four different zones."
  }
}

variable "nat" {
  description = "How private subnets of a new VPC reach the internet: `per_zone`, `one` (cheaper, gone with its zone) or `none` (over endpoints alone)."
  type        = string
  default     = "per_zone"
  validation {
    condition     = contains(["per_zone", "one", "none"], var.nat)
    error_message = "One of per_zone, one, none."
  }
}

variable "existing" {
  description = "A VPC that is there, instead of a new one. Every kind of subnet is in at least two zones; isolated ones may be the private ones."
  type = object({
    vpc_id              = string
    public_subnet_ids   = optional(list(string), [])
    private_subnet_ids  = list(string)
    isolated_subnet_ids = list(string)
    free_addresses      = optional(number, 16)
  })
  default = null
  validation {
    condition     = var.existing == null || can(regex("^vpc-[0-9a-f]+$", var.existing.vpc_id))
    error_message = "The VPC is named by its id, vpc-…"
  }
  validation {
    condition = var.existing == null || try(length(setintersection(var.existing.public_subnet_ids,
    concat(var.existing.private_subnet_ids, var.existing.isolated_subnet_ids))) == 0, false)
    error_message = "A public subnet cannot be private or isolated too."
  }
  validation {
    condition     = var.existing == null || var.cidr == null
    error_message = "Give `cidr` for a new VPC or `existing`, not both."
  }
}

variable "flow_logs" {
  description = "Flow log of the VPC. An existing VPC often has one already."
  type = object({
    enabled           = optional(bool, true)
    traffic           = optional(string, "REJECT")
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
  })
  default = {}
  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic)
    error_message = "The traffic is ALL, ACCEPT or REJECT."
  }
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
