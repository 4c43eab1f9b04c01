"""Networks: the description of a rule that names another security group."""

from moto.ec2.models import security_groups

security_groups.SecurityGroupRule.description = property(
    lambda rule: rule.ip_range.get("Description") or (rule.source_group or {}).get("Description")
)
