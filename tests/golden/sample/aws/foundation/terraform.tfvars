# What was answered. Another answer is given in the answers file, and rendered anew.
name          = "notes"
region        = "eu-west-1"
account       = "123456789012"
cidr          = "10.40.0.0/16"
zones         = ["eu-west-1a", "eu-west-1b"]
nat           = "one"
endpoints     = []
allowed_cidrs = ["0.0.0.0/0"]
