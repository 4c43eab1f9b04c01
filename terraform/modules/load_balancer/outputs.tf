output "arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "The part of its ARN that metrics are kept by."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "Its name at AWS, for a record of one's own."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Zone of that name, for an alias."
  value       = aws_lb.this.zone_id
}

output "target_groups" {
  description = "Target groups by name, known once a rule leads to them: a service cannot use one before."
  value       = { for name, group in aws_lb_target_group.this : name => { arn = group.arn, arn_suffix = group.arn_suffix } }
  depends_on  = [aws_lb_listener_rule.this]
}
