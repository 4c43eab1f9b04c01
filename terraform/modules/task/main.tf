# What runs as one task: its definition, its two roles and its log. The service module keeps it running; a migration is
# one that is started by itself.

data "aws_region" "this" {}

locals {
  files    = { for index, path in sort(keys(var.files)) : path => merge(var.files[path], { key = "FILE_${index}" }) }
  folders  = distinct([for path in sort(keys(var.files)) : dirname(path)])
  writable = sort(tolist(var.writable))
  volumes = merge(
    { for index, path in local.folders : "files-${index}" => { path = path, read_only = true } },
    { for index, path in local.writable : "writable-${index}" => { path = path, read_only = false } },
  )
  # Fargate gives volumes to root, and nothing here runs as root.
  is_prepared = length(local.volumes) > 0
  prepare = join("\n", concat(
    ["set -eu", "umask 077"],
    [for path in local.writable : "chmod 1777 '${path}'"],
    [for path, file in local.files : "printf %s \"$${${file.key}}\" > '${path}'"],
    [for path, file in local.files : var.user == null ? "chmod 0444 '${path}'" : join("; ", ["chmod 0400 '${path}'", "chown ${coalesce(var.user, "0")} '${path}'"])],
    [for path in local.folders : "chmod 0755 '${path}'"],
  ))

  log = { for prefix in ["prepare", var.component] : prefix => {
    logDriver = "awslogs"
    options = {
      "awslogs-group"         = aws_cloudwatch_log_group.this.name
      "awslogs-region"        = data.aws_region.this.name
      "awslogs-stream-prefix" = prefix
      # A log that cannot be written must not stop the product.
      "mode"            = "non-blocking"
      "max-buffer-size" = "25m"
    }
  } }

  # What it lists is what the API answers, so that a plan finds no difference.
  container = { for key, value in {
    name       = var.component
    image      = var.image
    essential  = true
    entryPoint = var.entrypoint
    command    = var.command
    user       = var.user

    environment = [for key in sort(keys(var.environment)) : { name = key, value = var.environment[key] }]
    secrets     = [for key in sort(keys(var.secrets)) : { name = key, valueFrom = var.secrets[key] }]
    portMappings = [for name in sort(keys(var.ports)) : merge(
      { name = name, containerPort = var.ports[name].number, hostPort = var.ports[name].number, protocol = "tcp" },
      var.ports[name].protocol == "tcp" ? {} : { appProtocol = var.ports[name].protocol },
    )]

    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
    mountPoints            = [for name, volume in local.volumes : { sourceVolume = name, containerPath = volume.path, readOnly = volume.read_only }]
    dependsOn              = local.is_prepared ? [{ containerName = "prepare", condition = "SUCCESS" }] : null
    ulimits                = [{ name = "nofile", softLimit = var.open_files, hardLimit = var.open_files }]
    stopTimeout            = var.stop_seconds
    healthCheck = var.health == null ? null : {
      command     = var.health.command
      interval    = var.health.interval
      timeout     = var.health.timeout
      retries     = var.health.retries
      startPeriod = var.health.start_period
    }
    repositoryCredentials = var.registry_credentials_arn == null ? null : { credentialsParameter = var.registry_credentials_arn }
    logConfiguration      = local.log[var.component]
    systemControls        = []
    volumesFrom           = []
  } : key => value if value != null }

  preparation = { for key, value in {
    name       = "prepare"
    image      = var.prepare_image
    essential  = false
    user       = "0"
    entryPoint = ["/bin/sh", "-c"]
    command    = [local.prepare]

    environment = [for path, file in local.files : { name = file.key, value = file.text } if file.text != null]
    secrets     = [for path, file in local.files : { name = file.key, valueFrom = file.secret } if file.secret != null]

    readonlyRootFilesystem = true
    # To give files to their owner it keeps three capabilities.
    linuxParameters = { initProcessEnabled = true, capabilities = { add = [], drop = [
      "AUDIT_WRITE", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ] } }
    mountPoints           = [for name, volume in local.volumes : { sourceVolume = name, containerPath = volume.path, readOnly = false }]
    repositoryCredentials = var.registry_credentials_arn == null ? null : { credentialsParameter = var.registry_credentials_arn }
    logConfiguration      = local.log["prepare"]
    portMappings          = []
    systemControls        = []
    volumesFrom           = []
  } : key => value if value != null }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/${var.component}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.name}-${var.component}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(concat(local.is_prepared ? [local.preparation] : [], [local.container]))
  # Old revisions are what a rollback goes back to.
  skip_destroy = true
  tags         = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }
  dynamic "ephemeral_storage" {
    for_each = var.storage_gib > 20 ? [var.storage_gib] : []
    content {
      size_in_gib = ephemeral_storage.value
    }
  }
  dynamic "volume" {
    for_each = local.volumes
    content {
      name = volume.key
    }
  }
  lifecycle {
    precondition {
      condition     = !local.is_prepared || var.prepare_image != null
      error_message = "Files, and folders that are written to without being root, need `prepare_image`: an image with a shell that makes them."
    }
  }
  # A task that starts before its rights are there fails for a reason that nobody finds.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.task]
}
