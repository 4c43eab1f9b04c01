# Every layer of a golden folder, one on top of the other, with a provider that makes everything up: what a layer gives
# is what the next one takes, and all of it is evaluated. `cargo xtask lint` puts this file into the application layer.

mock_provider "aws" {
  source = "./tests/mocks"

  # How the host name is proved, where the certificate is made.
  override_resource {
    target = module.certificate.aws_acm_certificate.this
    values = { arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555", domain_validation_options = [
      { domain_name = "notes.acme.com", resource_record_name = "_a.notes.acme.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
      { domain_name = "flowguard.acme.com", resource_record_name = "_a.flowguard.acme.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
    ] }
  }
  # What is there of a network of the customer's, where the folder has one.
  override_data {
    target = module.network.data.aws_vpc.existing[0]
    values = { id = "vpc-0a1b2c3d4e5f60718", cidr_block = "10.9.0.0/16", enable_dns_support = true, enable_dns_hostnames = true }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0a000000000000001"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0a000000000000002"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1b", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0b000000000000001"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0b000000000000002"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1b", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0c000000000000001"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_subnet.existing["subnet-0c000000000000002"]
    values = { vpc_id = "vpc-0a1b2c3d4e5f60718", availability_zone = "eu-west-1b", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0a000000000000001"]
    values = { route_table_id = "rtb-public", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0aaa", nat_gateway_id = "", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0a000000000000002"]
    values = { route_table_id = "rtb-public", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0aaa", nat_gateway_id = "", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0b000000000000001"]
    values = { route_table_id = "rtb-private", routes = [] }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0b000000000000002"]
    values = { route_table_id = "rtb-private", routes = [] }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0c000000000000001"]
    values = { route_table_id = "rtb-private", routes = [] }
  }
  override_data {
    target = module.network.data.aws_route_table.existing["subnet-0c000000000000002"]
    values = { route_table_id = "rtb-private", routes = [] }
  }
}

variables {
  # Two texts that no other value holds.
  secret_values = { database_password = "canary+1 /2", cache_password = "canary+1 /2" }
}

run "foundation" {
  module {
    source = "../foundation"
  }
}

run "data" {
  module {
    source = "../data"
  }
  variables {
    foundation = run.foundation.for_data.foundation
  }
}

run "application" {
  variables {
    foundation = run.foundation.for_application.foundation
    data       = run.data.for_application.data
  }
  assert {
    condition     = keys(output.application.services) == keys(local.components)
    error_message = "Every component has a task definition, which its service is moved to."
  }
  assert {
    condition     = alltrue([for name, task in module.task : task.image == var.images[name]])
    error_message = "A task runs the image that the file of images names."
  }
  assert {
    condition     = alltrue([for name, task in try(output.tasks, {}) : length(task.run.networkConfiguration.awsvpcConfiguration.subnets) >= 2])
    error_message = "Tasks that are started by themselves know where they run."
  }
}

run "closed_and_ready_to_go" {
  variables {
    foundation        = run.foundation.for_application.foundation
    data              = run.data.for_application.data
    closed            = "We are back soon."
    scaling_suspended = true
    protected         = false
  }
}
