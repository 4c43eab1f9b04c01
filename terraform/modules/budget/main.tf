# What the product may cost in a month, told before it is over.

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly)
  limit_unit   = var.currency
  tags         = var.tags

  dynamic "cost_filter" {
    for_each = var.cost_tag[*]
    content {
      name   = "TagKeyValue"
      values = [format("user:%s$%s", cost_filter.value.key, cost_filter.value.value)]
    }
  }
  dynamic "notification" {
    for_each = { ACTUAL = var.told_at.spent, FORECASTED = var.told_at.forecast }
    content {
      notification_type          = notification.key
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.emails
      subscriber_sns_topic_arns  = var.topic_arn[*]
    }
  }
}
