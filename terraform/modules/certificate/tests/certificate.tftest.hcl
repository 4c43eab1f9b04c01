mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  domain  = "shop.example.com"
  zone_id = "Z1"
}

override_resource {
  target = aws_acm_certificate.this
  values = {
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    domain_validation_options = [
      { domain_name = "shop.example.com", resource_record_name = "_a.shop.example.com.", resource_record_type = "CNAME", resource_record_value = "_b.acm.aws." },
    ]
  }
}

run "proved_in_the_zone" {
  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_route53_record.proof["shop.example.com"].name == "_a.shop.example.com."
    error_message = "The proof must be a record of the zone."
  }
}

run "refuses_an_address" {
  command = plan
  variables {
    domain = "https://shop.example.com/"
  }
  expect_failures = [var.domain]
}
