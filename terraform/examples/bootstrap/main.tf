# Once for an account: where the states of the other layers lie. Its own state stays a local file.

module "key" {
  source  = "../../modules/kms"
  name    = "${var.name}-state"
  purpose = "states of Terraform"
}

module "logs" {
  source        = "../../modules/log_bucket"
  name          = "${var.name}-state"
  force_destroy = !var.protected
}

module "states" {
  source        = "../../modules/objects"
  name          = "${var.name}-state"
  kms_key_arn   = module.key.key_arn
  access_log    = { bucket = module.logs.bucket }
  old_versions  = { days = 365 }
  force_destroy = !var.protected
}

output "bootstrap" {
  description = "Settings of the S3 backend; a layer adds `key`, and `use_lockfile` locks without a table."
  value = {
    bucket       = module.states.bucket
    region       = var.region
    kms_key_id   = module.key.key_arn
    encrypt      = true
    use_lockfile = true
  }
}
