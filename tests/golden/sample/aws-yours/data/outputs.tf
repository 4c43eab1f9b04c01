output "for_application" {
  description = "What the application layer takes: written as JSON, it is a file of its variables."
  value = {
    data = {
      secret_arns = module.secrets.secret_arns
    }
  }
}
