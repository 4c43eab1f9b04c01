mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name              = "shop"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  engine_version    = "16.6"
  database_name     = "shop"
  kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "private_encrypted_and_kept" {
  assert {
    condition     = aws_db_instance.this["1"].storage_encrypted && aws_db_instance.this["1"].kms_key_id == var.kms_key_arn && aws_db_instance.this["1"].deletion_protection && !aws_db_instance.this["1"].skip_final_snapshot
    error_message = "The database must be encrypted with our key, protected, and leave a snapshot."
  }
  assert {
    condition     = can(regex("^shop-1-final-[0-9]{14}$", aws_db_instance.this["1"].final_snapshot_identifier))
    error_message = "The final snapshot needs a name that no other has."
  }
  assert {
    condition     = aws_db_instance.this["1"].manage_master_user_password && aws_db_instance.this["1"].password == null
    error_message = "RDS itself must keep the master's password."
  }
  assert {
    condition     = aws_db_instance.this["1"].backup_retention_period >= 14 && aws_db_instance.this["1"].copy_tags_to_snapshot && !aws_db_instance.this["1"].allow_major_version_upgrade
    error_message = "Two weeks of backups, with tags, and no major version by accident."
  }
  assert {
    condition     = alltrue([for instance in values(aws_db_instance.this) : !instance.publicly_accessible && instance.performance_insights_enabled && instance.monitoring_interval == 60])
    error_message = "No instance may be public, and each must be watched."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this["1/postgresql"].retention_in_days == 365
    error_message = "The log must be there before the database, or it is kept for ever."
  }
}

run "tls_only" {
  assert {
    condition     = [for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"] == ["1"]
    error_message = "Connections without TLS must be refused."
  }
  assert {
    condition     = length([for parameter in aws_db_parameter_group.this.parameter : parameter if contains(["log_statement", "log_min_duration_statement"], parameter.name)]) == 2
    error_message = "Changes of the schema and slow statements must be in the log."
  }
}

run "refuses_to_turn_tls_off" {
  command = plan
  variables {
    parameters = { "rds.force_ssl" = "0" }
  }
  expect_failures = [var.parameters]
}

run "refuses_a_version_that_floats" {
  command = plan
  variables {
    engine_version = "16"
  }
  expect_failures = [var.engine_version]
}

run "refuses_a_day_of_backups" {
  command = plan
  variables {
    backup_retention_in_days = 1
  }
  expect_failures = [var.backup_retention_in_days]
}

run "refuses_an_active_generation_that_is_none" {
  command = plan
  variables {
    active = "2"
  }
  expect_failures = [var.active]
}

run "refuses_two_origins" {
  command = plan
  variables {
    generations = { "1" = { snapshot_identifier = "a", restore_from = "b" } }
  }
  expect_failures = [var.generations]
}

run "refuses_one_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-1"]
  }
  expect_failures = [var.subnet_ids]
}

run "a_restore_stands_beside_the_old_one" {
  variables {
    generations = {
      "1" = {}
      "2" = { snapshot_identifier = "before-upgrade" }
    }
    active = "2"
  }
  assert {
    condition     = length(aws_db_instance.this) == 2 && output.identifier == "shop-2" && aws_db_instance.this["2"].snapshot_identifier == "before-upgrade"
    error_message = "The product must use the restored instance, and the old one must stay."
  }
}

run "another_zone_stands_by" {
  assert {
    condition     = aws_db_instance.this["1"].multi_az && !aws_db_instance.this["1"].delete_automated_backups
    error_message = "A second instance stands by, and backups outlive the database."
  }
}

run "refuses_storage_that_shrinks" {
  command = plan
  variables {
    storage = { initial_gib = 100, max_gib = 50 }
  }
  expect_failures = [var.storage]
}
