mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name          = "shop"
  component     = "api"
  image         = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
  prepare_image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/tools@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
  ports         = { http = { number = 8081 } }
  environment   = { B = "2", A = "1" }
  secrets       = { PASSWORD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf:password::" }
}

run "read_only_without_rights" {
  assert {
    condition     = alltrue([for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.readonlyRootFilesystem])
    error_message = "No container may write to its root."
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.linuxParameters.capabilities.drop if container.name == "api"] == [["ALL"]]
    error_message = "The component must have no capabilities."
  }
  assert {
    condition     = aws_iam_role.execution.name != aws_iam_role.task.name && length(aws_iam_role_policy.task) == 0
    error_message = "What starts a task and the task are two roles, and the second may do nothing that was not named."
  }
}

run "secrets_are_references" {
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.secrets[0].valueFrom if container.name == "api"] == [var.secrets.PASSWORD]
    error_message = "A secret must be named by where it lies."
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.environment[*].name if container.name == "api"] == [["A", "B"]]
    error_message = "Variables must be in one order, or every plan finds a difference."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "Secrets"] == [["arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"]]
    error_message = "ECS may read this one secret, by its ARN without the key."
  }
}

run "least_privilege" {
  variables {
    repository_arns     = ["arn:aws:ecr:eu-west-1:123456789012:repository/shop/api"]
    secret_kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"]
    statements          = [{ sid = "Objects", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::shop/*"] }]
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Action if contains(statement.Resource, "*")] == [["ecr:GetAuthorizationToken"]]
    error_message = "Only the one action that knows no resources may be for all: ${aws_iam_role_policy.execution.policy}"
  }
  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.task[0].policy).Statement : contains(statement.Resource, "*")])
    error_message = "The component may do what was named, where it was named."
  }
  assert {
    condition     = jsondecode(aws_iam_role.task.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Only ECS of this account may take the role."
  }
}

run "files_and_folders_are_laid_out_before" {
  variables {
    user = "65532:65532"
    files = {
      "/run/secrets/key"   = { secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-AbCdEf" }
      "/etc/shop/app.yaml" = { text = "a: 1" }
    }
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.dependsOn if container.name == "api"] == [[{ containerName = "prepare", condition = "SUCCESS" }]]
    error_message = "The component must wait for its files."
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : { for mount in container.mountPoints : mount.containerPath => mount.readOnly } if container.name == "api"] == [{ "/etc/shop" = true, "/run/secrets" = true, "/tmp" = false }]
    error_message = "The component may write to /tmp and read its files."
  }
  assert {
    condition     = !strcontains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command[0], "a: 1") && strcontains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command[0], "chown 65532:65532 '/run/secrets/key'")
    error_message = "What is written comes from the environment, and the component's user owns it."
  }
  assert {
    condition     = strcontains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].command[0], "printf %s \"$${FILE_1}\" > '/run/secrets/key'")
    error_message = "A file is written from the variable that holds it."
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "Secrets"]), "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-AbCdEf")
    error_message = "A secret in a file is a secret that ECS reads."
  }
}

run "old_revisions_stay" {
  assert {
    condition     = aws_ecs_task_definition.this.skip_destroy && aws_ecs_task_definition.this.network_mode == "awsvpc"
    error_message = "A rollback needs the revisions before."
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.this.container_definitions) : container.logConfiguration.options.mode] == ["non-blocking", "non-blocking"]
    error_message = "A log that cannot be written must stop nobody."
  }
}

run "nothing_to_prepare" {
  variables {
    writable      = []
    prepare_image = null
  }
  assert {
    condition     = length(jsondecode(aws_ecs_task_definition.this.container_definitions)) == 1
    error_message = "Without files and folders there is one container."
  }
}

run "refuses_folders_without_a_shell" {
  command = plan
  variables {
    prepare_image = null
  }
  expect_failures = [aws_ecs_task_definition.this]
}

run "refuses_a_tag" {
  command = plan
  variables {
    image = "shop/api:1.0.0"
  }
  expect_failures = [var.image]
}

run "refuses_a_secret_in_the_open" {
  command = plan
  variables {
    secrets = { PASSWORD = "hunter2" }
  }
  expect_failures = [var.secrets]
}

run "refuses_root" {
  command = plan
  variables {
    user = "0"
  }
  expect_failures = [var.user]
}

run "refuses_memory_that_is_not_for_sale" {
  command = plan
  variables {
    cpu    = 1024
    memory = 1024
  }
  expect_failures = [var.memory]
}

run "refuses_rights_to_everything" {
  command = plan
  variables {
    statements = [{ sid = "All", actions = ["s3:*"], resources = ["*"] }]
  }
  expect_failures = [var.statements]
}
