# What was answered. Another answer is given in the answers file, and rendered anew.
name    = "notes"
region  = "eu-west-1"
account = "123456789012"
database = {
  name           = "notes"
  engine_version = "16.6"
  instance_class = "db.t4g.medium"
  multi_az       = true
  storage        = { initial_gib = 50, max_gib = 500 }
}
cache = {
  engine         = "redis"
  engine_version = "7.1"
  node_type      = "cache.t4g.small"
  nodes          = 2
  eviction       = "noeviction"
}
bucket               = "notes-123456789012"
permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
