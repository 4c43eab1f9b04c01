output "s3_endpoint_id" {
  description = "Id of the S3 gateway, for buckets that are reached from here alone."
  value       = aws_vpc_endpoint.s3.id
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3's addresses, for rules of security groups."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}

output "interface_ids" {
  description = "Ids of the interfaces by service."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}
