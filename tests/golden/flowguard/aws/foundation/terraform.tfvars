# What was answered. Another answer is given in the answers file, and rendered anew.
name    = "flowguard"
region  = "eu-west-1"
account = "123456789012"
existing = {
  vpc_id              = "vpc-0a1b2c3d4e5f60718"
  public_subnet_ids   = ["subnet-0a000000000000001", "subnet-0a000000000000002"]
  private_subnet_ids  = ["subnet-0b000000000000001", "subnet-0b000000000000002"]
  isolated_subnet_ids = ["subnet-0c000000000000001", "subnet-0c000000000000002"]
}
nat           = "none"
endpoints     = ["bedrock-runtime", "ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"]
allowed_cidrs = ["0.0.0.0/0"]
repositories  = ["api", "runtime", "tools", "web"]
