# What was answered. Another answer is given in the answers file, and rendered anew.
name    = "flowguard"
region  = "eu-west-1"
account = "123456789012"
database = {
  name           = "flowguard"
  engine_version = "16.6"
  instances      = 2
  capacity       = { min = 0.5, max = 8 }
}
cache = {
  engine         = "valkey"
  engine_version = "8.0"
  node_type      = "cache.t4g.small"
  nodes          = 2
  eviction       = "noeviction"
}
bucket = "flowguard-123456789012"
