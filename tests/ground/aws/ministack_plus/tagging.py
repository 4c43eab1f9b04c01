"""Finding things by their tags: those whose tags the emulator keeps and does not list."""

from ministack.core.responses import get_account_id, get_region
from ministack.services import acm, alb, ec2, rds, servicediscovery, tagging, waf

# By how an id begins, what it is called in an ARN.
KINDS = {
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


# Where things are whose tags the emulator keeps when they are gone.
STORES = {
    "igw": ec2._internet_gateways,
    "rtb": ec2._route_tables,
    "sg": ec2._security_groups,
    "subnet": ec2._subnets,
    "vpc": ec2._vpcs,
    "vpce": ec2._vpc_endpoints,
}


def of_ec2():
    for name, tags in ec2._tags.items():
        prefix = name.split("-")[0]
        kind = KINDS.get(prefix)
        if kind and name in STORES.get(prefix, [name]):
            yield f"arn:aws:ec2:{get_region()}:{get_account_id()}:{kind}/{name}", list(tags)


def by_arn(tags):
    return lambda: ((arn, list(of)) for arn, of in tags.items())


def of_acm():
    return ((arn, list(certificate.get("Tags", []))) for arn, certificate in acm._certificates.items())


tagging._COLLECTORS.update(
    {
        "acm": of_acm,
        "ec2": of_ec2,
        "rds": by_arn(rds._tags),
        "secretsmanager": tagging._collect_secretsmanager,
        "elasticloadbalancing": by_arn(alb._tags),
        "servicediscovery": by_arn(servicediscovery._resource_tags),
        "wafv2": by_arn(waf._waf_tags),
    }
)
