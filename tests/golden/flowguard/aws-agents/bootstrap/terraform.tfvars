# What was answered. Another answer is given in the answers file, and rendered anew.
name    = "flowguard"
region  = "eu-west-1"
account = "123456789012"
bucket  = "flowguard-state-123456789012"
