terraform {
  required_version = ">= 1.11.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  backend "local" {}
}

# Whoever works in another account by mistake is stopped before the first request.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]
  default_tags {
    tags = { installation = "flowguard", layer = "bootstrap", managed-by = "terraform", product = "flowguard" }
  }
}
