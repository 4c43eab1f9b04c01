# What was answered. Another answer is given in the answers file, and rendered anew.
name    = "notes"
region  = "eu-west-1"
account = "123456789012"
database = {
  name           = "notes"
  engine_version = "16.6"
  instances      = 1
  capacity       = { min = 0.5, max = 2 }
}
cache = {
  engine         = "valkey"
  engine_version = "8.0"
  node_type      = "cache.t4g.micro"
  nodes          = 1
  eviction       = "noeviction"
}
