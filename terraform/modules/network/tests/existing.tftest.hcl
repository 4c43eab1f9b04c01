# A VPC that is there: two subnets of each kind, of which each test spoils one thing.

mock_provider "aws" {
  source = "../../tests/mocks"

  override_data {
    target = data.aws_vpc.existing[0]
    values = { id = "vpc-0aaa", cidr_block = "10.9.0.0/16", enable_dns_support = true, enable_dns_hostnames = true }
  }
  override_data {
    target = data.aws_subnet.existing["subnet-pub1"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = true }
  }
  override_data {
    target = data.aws_subnet.existing["subnet-pub2"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1b", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = data.aws_subnet.existing["subnet-app1"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = data.aws_subnet.existing["subnet-app2"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1b", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  override_data {
    target = data.aws_route_tables.own["subnet-pub1"]
    values = { ids = ["rtb-public"] }
  }
  override_data {
    target = data.aws_route_tables.own["subnet-pub2"]
    values = { ids = ["rtb-public"] }
  }
  override_data {
    target = data.aws_route_tables.own["subnet-app1"]
    values = { ids = ["rtb-private"] }
  }
  override_data {
    target = data.aws_route_tables.own["subnet-app2"]
    values = { ids = [] }
  }
  override_data {
    target = data.aws_route_tables.main[0]
    values = { ids = ["rtb-main"] }
  }
  override_data {
    target = data.aws_route_table.existing["subnet-pub1"]
    values = { route_table_id = "rtb-public", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0aaa", nat_gateway_id = "", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  override_data {
    target = data.aws_route_table.existing["subnet-pub2"]
    values = { route_table_id = "rtb-public", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0aaa", nat_gateway_id = "", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  override_data {
    target = data.aws_route_table.existing["subnet-app1"]
    values = { route_table_id = "rtb-private", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "", nat_gateway_id = "nat-0aaa", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  override_data {
    target = data.aws_route_table.existing["subnet-app2"]
    values = { route_table_id = "rtb-main", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "", nat_gateway_id = "", transit_gateway_id = "tgw-0aaa", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
}

variables {
  name = "shop"
  existing = {
    vpc_id              = "vpc-0aaa"
    public_subnet_ids   = ["subnet-pub1", "subnet-pub2"]
    private_subnet_ids  = ["subnet-app1", "subnet-app2"]
    isolated_subnet_ids = ["subnet-app1", "subnet-app2"]
  }
}

run "takes_what_fits_and_changes_nothing" {
  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.public) + length(aws_subnet.private) + length(aws_nat_gateway.this) + length(aws_route_table.private) == 0
    error_message = "Nothing of an existing VPC may be made anew."
  }
  assert {
    condition     = output.vpc_id == "vpc-0aaa" && output.cidr == "10.9.0.0/16" && join(" ", output.private_subnet_ids) == "subnet-app1 subnet-app2"
    error_message = "The outputs must be those of the existing VPC."
  }
  assert {
    condition     = toset(output.private_route_table_ids) == toset(["rtb-private", "rtb-main"])
    error_message = "Endpoints need the route tables of private subnets, the main one among them: ${jsonencode(output.private_route_table_ids)}"
  }
}

run "refuses_a_vpc_without_names" {
  command = plan
  override_data {
    target = data.aws_vpc.existing[0]
    values = { id = "vpc-0aaa", cidr_block = "10.9.0.0/16", enable_dns_support = true, enable_dns_hostnames = false }
  }
  expect_failures = [data.aws_vpc.existing]
}

run "refuses_a_full_subnet" {
  command = plan
  override_data {
    target = data.aws_subnet.existing["subnet-app1"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1a", available_ip_address_count = 3, map_public_ip_on_launch = false }
  }
  expect_failures = [data.aws_subnet.existing["subnet-app1"]]
}

run "refuses_a_subnet_of_another_vpc" {
  command = plan
  override_data {
    target = data.aws_subnet.existing["subnet-app1"]
    values = { vpc_id = "vpc-0bbb", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  expect_failures = [data.aws_subnet.existing["subnet-app1"]]
}

run "refuses_a_single_zone" {
  command = plan
  override_data {
    target = data.aws_subnet.existing["subnet-app2"]
    values = { vpc_id = "vpc-0aaa", availability_zone = "eu-west-1a", available_ip_address_count = 200, map_public_ip_on_launch = false }
  }
  expect_failures = [output.vpc_id]
}

run "refuses_a_private_subnet_that_is_public" {
  command = plan
  override_data {
    target = data.aws_route_table.existing["subnet-app1"]
    values = { route_table_id = "rtb-private", routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-0aaa", nat_gateway_id = "", transit_gateway_id = "", network_interface_id = "", vpc_endpoint_id = "", vpc_peering_connection_id = "" }] }
  }
  expect_failures = [output.vpc_id]
}

run "refuses_a_public_subnet_without_a_way_in" {
  command = plan
  override_data {
    target = data.aws_route_table.existing["subnet-pub1"]
    values = { route_table_id = "rtb-public", routes = [] }
  }
  expect_failures = [output.vpc_id]
}

run "refuses_a_private_subnet_without_a_way_out" {
  command = plan
  override_data {
    target = data.aws_route_table.existing["subnet-app1"]
    values = { route_table_id = "rtb-private", routes = [] }
  }
  expect_failures = [output.vpc_id]
}

run "refuses_a_block_beside_it" {
  command = plan
  variables {
    cidr = "10.40.0.0/16"
  }
  expect_failures = [var.existing]
}
