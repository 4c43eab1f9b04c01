variable "component" {
  description = "Name of the component: of its service, its container, and under which others reach it."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.component))
    error_message = "The name has 2 to 30 lower-case letters, digits and dashes, a letter first."
  }
}

variable "cluster_arn" {
  description = "ARN of the cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "task_definition_arn" {
  description = "Revision that the service is made with. Later ones are its own: an upgrade moves it through ECS."
  type        = string
}

variable "log_group" {
  description = "Log group of the component, of the task module."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A service needs subnets in at least two zones."
  }
}

variable "security_group_id" {
  description = "Security group of the component, of the component_access module."
  type        = string
}

variable "target" {
  description = "Target group that leads to one of its ports, and the load balancer it belongs to; none for what nobody outside reaches."
  type = object({
    arn                 = string
    arn_suffix          = string
    balancer_arn_suffix = string
    port                = number
  })
  default = null
}

variable "namespace_arn" {
  description = "Namespace of the cluster, to reach other components and be reached; none when empty."
  type        = string
  default     = null
}

variable "offers" {
  description = "Ports by name that other components reach as `<component>:<port>`."
  type        = map(number)
  default     = {}
}

variable "internal_tls" {
  description = "TLS between components, by a private certificate authority of the account's own."
  type = object({
    authority_arn = string
    role_arn      = string
    kms_key_arn   = optional(string)
  })
  default = null
}

variable "scaling" {
  description = "How many tasks there are at least and at most, and what decides: percent of CPU and memory, requests a minute and task, and seconds between two changes."
  type = object({
    min          = number
    max          = number
    cpu          = optional(number, 60)
    memory       = optional(number)
    requests     = optional(number)
    cooldown_in  = optional(number, 300)
    cooldown_out = optional(number, 60)
  })
  validation {
    condition     = var.scaling.min >= 0 && var.scaling.max >= var.scaling.min && var.scaling.max >= 1
    error_message = "There are no fewer at most than at least, and one at most at least."
  }
  validation {
    condition     = alltrue([for percent in [var.scaling.cpu, coalesce(var.scaling.memory, 50)] : percent > 0 && percent <= 100])
    error_message = "Percent are 1 to 100."
  }
}

variable "schedules" {
  description = "Other limits at times, by any name; the schedule as `cron(0 7 ? * MON-FRI *)`."
  type = map(object({
    schedule = string
    timezone = optional(string, "UTC")
    min      = number
    max      = number
  }))
  default = {}
}

variable "scaling_suspended" {
  description = "Whether autoscaling holds still, while a migration runs or the product is stopped."
  type        = bool
  default     = false
}

variable "spot" {
  description = "Whether tasks above the minimum may be ones that AWS takes away; for workers that can be repeated. A change makes the service anew."
  type        = bool
  default     = false
}

variable "replace_before_start" {
  description = "Whether the old task goes before the new one comes, for what must never run twice. There is a gap."
  type        = bool
  default     = false
}

variable "grace_seconds" {
  description = "Seconds after its start in which a task that is not yet healthy is left alone."
  type        = number
  default     = 120
  validation {
    condition     = var.grace_seconds >= 0
    error_message = "A number of seconds."
  }
}

variable "rollback_alarms" {
  description = "Names of alarms that turn a rollout back, beside the circuit breaker."
  type        = set(string)
  default     = []
}

variable "exec" {
  description = "Whether people may open sessions inside the container; the task module gives the rights."
  type        = bool
  default     = false
}

variable "wait" {
  description = "Whether an apply waits until the service is steady. Steady is not success: a circuit breaker goes back in silence, so what runs is compared afterwards in any case."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that is made, beside the provider's default tags."
  type        = map(string)
  default     = {}
}
