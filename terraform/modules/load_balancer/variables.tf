variable "name" {
  description = "Name of the load balancer and prefix of its target groups."
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
  description = "Public subnets, or private ones when it is internal, in at least two zones."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A load balancer needs subnets in at least two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "internal" {
  description = "Whether it has private addresses alone."
  type        = bool
  default     = false
}

variable "certificate_arn" {
  description = "Certificate of the host name that people use."
  type        = string
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "This is the ARN of a certificate in ACM, of the same region."
  }
}

variable "more_certificate_arns" {
  description = "Certificates of further host names, by any name."
  type        = map(string)
  default     = {}
}

variable "tls_policy" {
  description = "Policy of TLS versions and ciphers: 1.2 and 1.3, with forward secrecy."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23]-", var.tls_policy))
    error_message = "A policy that begins with ELBSecurityPolicy-TLS13-1-2- or -1-3-."
  }
}

variable "strict_transport_security" {
  description = "The header by which browsers never try HTTP again; none when empty."
  type        = string
  default     = "max-age=31536000"
}

variable "log_bucket" {
  description = "Bucket for access and connection logs, of the log_bucket module."
  type        = string
}

variable "idle_timeout" {
  description = "Seconds without a byte after which a connection is closed; the component's own keep-alive is longer."
  type        = number
  default     = 60
  validation {
    condition     = var.idle_timeout >= 1 && var.idle_timeout <= 4000
    error_message = "The time is 1 to 4000 seconds."
  }
}

variable "targets" {
  description = "What is behind it, by name: port, health, and routes of paths (and host names). Priorities are given, so that a new route moves no other; 1 is kept for `closed`."
  type = map(object({
    port               = number
    protocol           = optional(string, "HTTP")
    version            = optional(string, "HTTP1")
    drain_seconds      = optional(number, 30)
    slow_start_seconds = optional(number, 0)
    sticky             = optional(bool, false)
    health = object({
      path     = string
      matcher  = optional(string)
      interval = optional(number, 10)
      timeout  = optional(number, 5)
      failures = optional(number, 3)
    })
    routes = list(object({
      priority = number
      paths    = list(string)
      hosts    = optional(list(string), [])
    }))
  }))
  validation {
    condition     = alltrue([for target in values(var.targets) : contains(["HTTP", "HTTPS"], target.protocol) && contains(["HTTP1", "HTTP2", "GRPC"], target.version)])
    error_message = "The protocol is HTTP or HTTPS, its version HTTP1, HTTP2 or GRPC."
  }
  validation {
    condition     = alltrue(flatten([for target in values(var.targets) : [for route in target.routes : route.priority > 1 && route.priority <= 50000]]))
    error_message = "Priorities are 2 to 50000."
  }
  validation {
    condition = (length(distinct(flatten([for target in values(var.targets) : target.routes[*].priority]))) ==
    length(flatten([for target in values(var.targets) : target.routes[*].priority])))
    error_message = "No two routes have the same priority."
  }
  validation {
    condition     = alltrue(flatten([for target in values(var.targets) : [for route in target.routes : length(route.paths) >= 1 && length(route.paths) + length(route.hosts) <= 5 && alltrue([for path in route.paths : startswith(path, "/")])]]))
    error_message = "A route has paths that begin with a slash; paths and host names are five at most."
  }
  validation {
    condition     = alltrue([for target in values(var.targets) : target.health.timeout < target.health.interval])
    error_message = "A health check must be over before the next begins."
  }
}

variable "closed" {
  description = "What every request is answered while the product is closed to its users; open when empty."
  type        = string
  default     = null
  validation {
    condition     = var.closed == null || try(length(var.closed) <= 1024, false)
    error_message = "The text has at most 1024 characters."
  }
}

variable "domains" {
  description = "Host names that get a record in the zone."
  type        = set(string)
  default     = []
  validation {
    condition     = length(var.domains) == 0 || var.zone_id != null
    error_message = "Records need `zone_id`."
  }
}

variable "zone_id" {
  description = "Zone of Route 53 for the records; without `domains` they are made by hand."
  type        = string
  default     = null
}

variable "web_acl" {
  description = "Web ACL of the waf module that looks at every request."
  type        = object({ arn = string })
  default     = null
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete it. Lifted before a destroy, by an apply of its own."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
