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
    bucket              = "flowguard-state-123456789012"
    key                 = "flowguard/main/data.tfstate"
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
    tags = { installation = "flowguard", layer = "data", managed-by = "terraform", product = "flowguard" }
  }
}
