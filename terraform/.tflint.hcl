# Every rule for Terraform's own language, also those that are not recommended to everybody: what they ask for (a
# description and a type for each variable, one way of naming) is asked for here anyway. What is left stands in
# exceptions.yaml.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
