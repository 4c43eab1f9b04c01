mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "shop"
}

run "known_bad_inputs_are_blocked_and_the_rest_is_counted" {
  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : length(rule.override_action[0].none) if rule.name == "AWSManagedRulesKnownBadInputsRuleSet"] == [1]
    error_message = "Log4j and its like must be blocked from the start."
  }
  assert {
    condition     = [for rule in aws_wafv2_web_acl.this.rule : length(rule.override_action[0].count) if rule.name == "AWSManagedRulesCommonRuleSet"] == [1]
    error_message = "The common rules begin by counting."
  }
}

run "secrets_are_in_no_log" {
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : field.single_header[0].name]) == toset(["authorization", "cookie"])
    error_message = "The log must hold no credentials."
  }
  assert {
    condition     = startswith(aws_cloudwatch_log_group.this.name, "aws-waf-logs-")
    error_message = "WAF takes no log group of another name."
  }
}

run "refuses_rules_that_are_none" {
  command = plan
  variables {
    blocking = ["Everything"]
  }
  expect_failures = [var.blocking]
}
