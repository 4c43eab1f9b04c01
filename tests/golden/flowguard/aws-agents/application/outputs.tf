output "application" {
  description = "What runs, and where."
  value = {
    cluster  = module.cluster.name
    services = { for name, task in module.task : name => task.task_definition_arn }
    address  = module.load_balancer.dns_name
  }
}

# What `aws ecs run-task` takes is said in its own words.
output "tasks" {
  description = "Tasks that are started by themselves, one at a time: how each is run, and where its log is."
  value = { for name, task in { database-user = module.database_user } : name => {
    run = {
      cluster        = module.cluster.name
      taskDefinition = task.task_definition_arn
      launchType     = "FARGATE"
      networkConfiguration = {
        awsvpcConfiguration = {
          subnets        = var.foundation.private_subnet_ids
          securityGroups = [module.access.security_group_ids[name]]
          assignPublicIp = "DISABLED"
        }
      }
    }
    container = task.container
    log_group = task.log_group
  } }
}
