# A certificate that AWS keeps and renews, proved by records in a zone of Route 53.

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = var.other_domains
  validation_method         = "DNS"
  key_algorithm             = "EC_prime256v1"
  tags                      = merge(var.tags, { Name = var.domain })

  options {
    certificate_transparency_logging_preference = "ENABLED"
  }
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  proofs = { for domain in concat([var.domain], var.other_domains) : domain => one([
    for proof in aws_acm_certificate.this.domain_validation_options : proof if proof.domain_name == domain
  ]) }
}

resource "aws_route53_record" "proof" {
  for_each        = toset(concat([var.domain], var.other_domains))
  zone_id         = var.zone_id
  name            = local.proofs[each.key].resource_record_name
  type            = local.proofs[each.key].resource_record_type
  records         = [local.proofs[each.key].resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for domain, record in aws_route53_record.proof : record.fqdn]
}
