# Notes: what must not be lost. No change of the application can touch it.

module "secrets" {
  source      = "../modules/secrets"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["secrets"]
  values      = var.secret_values
  secrets = { for name, description in local.secrets : name => {
    description = description
    revision    = lookup(var.secret_revisions, name, 1)
  } }
}

# Their values come in as TF_VAR_secret_values in the environment, and are in no state and no plan.
locals {
  secrets = {
    database_password  = "database_password of Notes"
    license_token      = "license_token of Notes"
    objects_access_key = "objects_access_key of Notes"
    objects_secret_key = "objects_secret_key of Notes"
    session_key        = "session_key of Notes"
  }
}
