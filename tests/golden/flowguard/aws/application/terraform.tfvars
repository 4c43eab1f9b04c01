# What was answered. Another answer is given in the answers file, and rendered anew.
name            = "flowguard"
region          = "eu-west-1"
account         = "123456789012"
architecture    = "X86_64"
alarm_emails    = ["platform@acme.com"]
domain          = "flowguard.acme.com"
certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/550e8400-e29b-41d4-a716-446655440000"
monthly_budget  = 2500
