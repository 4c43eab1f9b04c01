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

variable "balancer_security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "shared" {
  description = "What components may use, by name: `database`, `cache`, `endpoints`, each with its group and port."
  type = map(object({
    security_group_id = string
    port              = number
  }))
  default = {}
}

variable "components" {
  description = "Components by name: ports they listen on, those of them that the load balancer reaches, which components call them, which of `shared` they use, and where else they go."
  type = map(object({
    ports        = optional(set(number), [])
    public_ports = optional(set(number), [])
    callers      = optional(set(string), [])
    uses         = optional(set(string), [])
    egress = optional(list(object({
      description    = string
      port           = number
      cidr           = optional(string)
      prefix_list_id = optional(string)
    })), [])
  }))
  validation {
    condition     = alltrue(flatten([for component in values(var.components) : [for caller in component.callers : contains(keys(var.components), caller)]]))
    error_message = "A caller is one of the components."
  }
  validation {
    condition     = alltrue([for component in values(var.components) : length(setsubtract(component.public_ports, component.ports)) == 0])
    error_message = "A public port is one of the component's ports."
  }
  validation {
    condition     = alltrue(flatten([for component in values(var.components) : [for use in component.uses : contains(keys(var.shared), use)]]))
    error_message = "What a component uses is one of `shared`."
  }
  validation {
    condition     = alltrue(flatten([for component in values(var.components) : [for rule in component.egress : (rule.cidr == null) != (rule.prefix_list_id == null)]]))
    error_message = "A rule of egress names a network or a prefix list."
  }
}

variable "egress" {
  description = "Where every component may go: HTTPS for registries and AWS with NAT, the S3 prefix list without. All ports are never open."
  type = list(object({
    description    = string
    port           = number
    cidr           = optional(string)
    prefix_list_id = optional(string)
  }))
  default = []
  validation {
    condition     = alltrue([for rule in var.egress : (rule.cidr == null) != (rule.prefix_list_id == null) && rule.port > 0 && rule.port <= 65535])
    error_message = "A rule of egress has one port, and names a network or a prefix list."
  }
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
