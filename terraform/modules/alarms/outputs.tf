output "topic_arn" {
  description = "Topic that everything is told to."
  value       = aws_sns_topic.this.arn
  depends_on  = [aws_sns_topic_policy.this]
}

output "alarm_names" {
  description = "Names of all alarms by what they watch."
  value       = { for key, alarm in merge(aws_cloudwatch_metric_alarm.above, aws_cloudwatch_metric_alarm.below) : key => alarm.alarm_name }
}
