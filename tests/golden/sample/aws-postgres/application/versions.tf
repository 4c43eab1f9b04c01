terraform {
  required_version = ">= 1.11.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  # A file beside the state locks it, and the bucket's own key encrypts it.
  backend "s3" {
    bucket              = "acme-states"
    key                 = "notes/main/application.tfstate"
    region              = "eu-west-1"
    use_lockfile        = true
    allowed_account_ids = ["123456789012"]
  }
}

# Whoever works in another account by mistake is stopped before the first request.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]
  default_tags {
    tags = { installation = "notes", layer = "application", managed-by = "terraform", product = "sample" }
  }
}
