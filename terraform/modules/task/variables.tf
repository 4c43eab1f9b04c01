variable "name" {
  description = "Prefix of the names of all that is made."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "The name has 3 to 24 lower-case letters, digits and dashes, begins with a letter and ends with none of the dashes."
  }
}

variable "component" {
  description = "Name of the component, which is the name of its container too."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.component)) && var.component != "prepare"
    error_message = "The name has 2 to 30 lower-case letters, digits and dashes, a letter first, and is not `prepare`."
  }
}

variable "image" {
  description = "Image by its digest."
  type        = string
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "An image is named by its digest: a tag can be another image tomorrow."
  }
}

variable "entrypoint" {
  description = "Program, when it is not the image's."
  type        = list(string)
  default     = null
}

variable "command" {
  description = "Arguments, when they are not the image's."
  type        = list(string)
  default     = null
}

variable "cpu" {
  description = "CPU units of the task; 1024 are one CPU."
  type        = number
  default     = 256
  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384."
  }
}

variable "memory" {
  description = "Memory of the task in MiB."
  type        = number
  default     = 512
  # From twice the CPU to eight times, but for the smallest and the three largest.
  validation {
    condition = (
      var.cpu == 256 ? contains([512, 1024, 2048], var.memory) :
      var.cpu == 8192 ? var.memory >= 16384 && var.memory <= 61440 && var.memory % 4096 == 0 :
      var.cpu == 16384 ? var.memory >= 32768 && var.memory <= 122880 && var.memory % 8192 == 0 :
      var.cpu == 4096 ? var.memory >= 8192 && var.memory <= 30720 && var.memory % 1024 == 0 :
      var.cpu == 512 ? var.memory >= 1024 && var.memory <= 4096 && var.memory % 1024 == 0 :
      var.memory >= var.cpu * 2 && var.memory <= var.cpu * 8 && var.memory % 1024 == 0
    )
    error_message = "Fargate does not have so much memory with so much CPU; in between it goes by whole GiB."
  }
}

variable "architecture" {
  description = "`X86_64` or `ARM64`, as the image is."
  type        = string
  default     = "X86_64"
  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "One of X86_64, ARM64."
  }
}

variable "user" {
  description = "User and group by number; the image's own when empty, which must not be root."
  type        = string
  default     = null
  validation {
    condition     = var.user == null || can(regex("^[1-9][0-9]*(:[0-9]+)?$", var.user))
    error_message = "Numbers such as 65532:65532, and not 0: nothing runs as root."
  }
}

variable "environment" {
  description = "Environment variables, none of them secret: they stand in the task definition for everybody to read."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables from Secrets Manager or Parameter Store, each as an ARN; a secret's may go on with `:<key>:<stage>:<version>`."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for reference in values(var.secrets) : can(regex("^arn:aws[a-z-]*:(secretsmanager|ssm):", reference))])
    error_message = "A secret is a reference to where it lies, never the secret."
  }
}

variable "files" {
  description = "Files by absolute path, each of a text or of a secret by its ARN. Their folders hold nothing else."
  type = map(object({
    text   = optional(string)
    secret = optional(string)
  }))
  default = {}
  validation {
    condition     = alltrue([for path, file in var.files : can(regex("^/[A-Za-z0-9._/-]+$", path)) && dirname(path) != "/" && (file.text == null) != (file.secret == null)])
    error_message = "A file has an absolute path below a folder, and either text or secret."
  }
  validation {
    condition     = alltrue([for file in values(var.files) : file.secret == null || can(regex("^arn:aws[a-z-]*:(secretsmanager|ssm):", file.secret))])
    error_message = "A secret is a reference to where it lies, never the secret."
  }
}

variable "writable" {
  description = "Folders that can be written to; they are empty at each start. All else of the file system is read-only."
  type        = set(string)
  default     = ["/tmp"]
  validation {
    condition     = alltrue([for path in var.writable : can(regex("^/[A-Za-z0-9._/-]+$", path))])
    error_message = "Absolute paths without spaces."
  }
}

variable "prepare_image" {
  description = "Image with a shell, by its digest, that lays out files and folders before the component starts."
  type        = string
  default     = null
  validation {
    condition     = var.prepare_image == null || can(regex("@sha256:[0-9a-f]{64}$", var.prepare_image))
    error_message = "An image is named by its digest."
  }
}

variable "ports" {
  description = "Ports by name, with their protocol: `http`, `http2`, `grpc`, or `tcp` for any other."
  type = map(object({
    number   = number
    protocol = optional(string, "http")
  }))
  default = {}
  validation {
    condition     = alltrue([for port in values(var.ports) : contains(["http", "http2", "grpc", "tcp"], port.protocol) && port.number >= 1 && port.number <= 65535])
    error_message = "A port is a number with http, http2, grpc or tcp."
  }
}

variable "health" {
  description = "Command in the container that says whether it is well, such as [\"CMD\", \"/app/x\", \"check\"]. Without one the load balancer alone asks."
  type = object({
    command      = list(string)
    interval     = optional(number, 10)
    timeout      = optional(number, 5)
    retries      = optional(number, 3)
    start_period = optional(number, 60)
  })
  default = null
  validation {
    condition     = var.health == null || try(contains(["CMD", "CMD-SHELL"], var.health.command[0]) && var.health.interval >= 5 && var.health.start_period <= 300, false)
    error_message = "A command begins with CMD or CMD-SHELL, is repeated after 5 seconds or more and begins to count within 300."
  }
}

variable "stop_seconds" {
  description = "Seconds between the wish to stop and the end."
  type        = number
  default     = 30
  validation {
    condition     = var.stop_seconds >= 2 && var.stop_seconds <= 120
    error_message = "Fargate waits for 2 to 120 seconds."
  }
}

variable "open_files" {
  description = "Files and connections that may be open at once."
  type        = number
  default     = 65536
}

variable "storage_gib" {
  description = "Disk of the task in GiB."
  type        = number
  default     = 20
  validation {
    condition     = var.storage_gib >= 20 && var.storage_gib <= 200
    error_message = "A task has 20 to 200 GiB."
  }
}

variable "statements" {
  description = "What the component itself may do, beyond nothing. Wildcards are for the end of an ARN."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
  default = []
  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for resource in statement.resources : startswith(resource, "arn:")]]))
    error_message = "Resources are ARNs; `*` alone is everything."
  }
  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))]]))
    error_message = "Actions are named one by one, such as s3:GetObject."
  }
}

variable "repository_arns" {
  description = "Repositories of ECR that the images come from; none for other registries."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.repository_arns : can(regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+", arn))])
    error_message = "A repository is named by its ARN."
  }
}

variable "registry_credentials_arn" {
  description = "Secret with `username` and `password` of another registry."
  type        = string
  default     = null
}

variable "secret_kms_key_arns" {
  description = "Keys that the secrets are encrypted with."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.secret_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", arn))])
    error_message = "A key is named by its ARN, not an id or an alias."
  }
}

variable "exec" {
  description = "Whether people may open sessions inside the container."
  type        = bool
  default     = false
}

variable "log_retention_in_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 365
}

variable "log_kms_key_arn" {
  description = "ARN of the key for the log."
  type        = string
  default     = null
  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+", var.log_kms_key_arn))
    error_message = "This is the ARN of a KMS key, not an id or an alias."
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
