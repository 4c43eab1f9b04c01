# What was answered. Another answer is given in the answers file, and rendered anew.
name         = "notes"
region       = "eu-west-1"
account      = "123456789012"
architecture = "X86_64"
alarm_emails = []
domain       = "notes.acme.com"
zone_id      = "Z0123456789ABCDEFGHIJ"
