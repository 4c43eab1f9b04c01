mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name     = "shop"
  monthly  = 500
  cost_tag = { key = "product", value = "shop" }
  emails   = ["ops@example.com"]
}

run "told_before_it_is_over" {
  assert {
    condition     = { for notification in aws_budgets_budget.this.notification : notification.notification_type => notification.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "Somebody must be told at four fifths, and when it is foreseen."
  }
  assert {
    condition     = join(" ", one(aws_budgets_budget.this.cost_filter).values) == "user:product$shop"
    error_message = "Only the product's own costs may count."
  }
}

run "refuses_to_tell_nobody" {
  command = plan
  variables {
    emails = []
  }
  expect_failures = [var.emails]
}

run "refuses_nothing" {
  command = plan
  variables {
    monthly = 0
  }
  expect_failures = [var.monthly]
}
