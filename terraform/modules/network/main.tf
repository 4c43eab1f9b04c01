# A VPC of our own, or one that is there. What differs lies in vpc.tf and existing.tf; here is what both share.

locals {
  is_new = var.existing == null

  vpc_id = local.is_new ? one(aws_vpc.this[*].id) : one(data.aws_vpc.existing[*].id)
  cidr   = local.is_new ? var.cidr : one(data.aws_vpc.existing[*].cidr_block)
  subnets = {
    public   = local.is_new ? [for zone in var.zones : aws_subnet.public[zone].id] : var.existing.public_subnet_ids
    private  = local.is_new ? [for zone in var.zones : aws_subnet.private[zone].id] : var.existing.private_subnet_ids
    isolated = local.is_new ? [for zone in var.zones : aws_subnet.isolated[zone].id] : var.existing.isolated_subnet_ids
  }
}

resource "aws_flow_log" "this" {
  count                    = var.flow_logs.enabled ? 1 : 0
  vpc_id                   = local.vpc_id
  traffic_type             = var.flow_logs.traffic
  log_destination          = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn             = aws_iam_role.flow[0].arn
  max_aggregation_interval = 600
  tags                     = merge(var.tags, { Name = var.name })
}

resource "aws_cloudwatch_log_group" "flow" {
  count             = var.flow_logs.enabled ? 1 : 0
  name              = "/${var.name}/vpc-flow"
  retention_in_days = var.flow_logs.retention_in_days
  kms_key_id        = var.flow_logs.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "flow" {
  count       = var.flow_logs.enabled ? 1 : 0
  name        = "${var.name}-vpc-flow"
  description = "Lets the VPC write its flow log."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "flow" {
  count = var.flow_logs.enabled ? 1 : 0
  name  = "write"
  role  = aws_iam_role.flow[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.flow[0].arn}:*"]
    }]
  })
}
