# Notes: where the states of the other layers lie. Applied once; its own state stays a local file.

module "key" {
  source  = "../modules/kms"
  name    = "${var.name}-state"
  purpose = "states of Terraform"
}

module "logs" {
  source        = "../modules/log_bucket"
  name          = "${var.name}-state"
  force_destroy = !var.protected
}

module "states" {
  source        = "../modules/objects"
  name          = "${var.name}-state"
  bucket        = var.bucket
  kms_key_arn   = module.key.key_arn
  access_log    = { bucket = module.logs.bucket }
  old_versions  = { days = 365 }
  force_destroy = !var.protected
}

output "bucket" {
  description = "The bucket that the other layers name in their `backend`."
  value       = module.states.bucket
}
