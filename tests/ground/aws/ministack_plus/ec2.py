"""Networks: flow logs, rules of security groups, and endpoints."""

from xml.sax.saxutils import escape

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import ec2
from patching import insert, lower, patch

FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} "
    "${start} ${end} ${action} ${log-status}"
)
# The policy of an endpoint that was given none.
OPEN = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}'
_flow_logs = AccountRegionScopedDict()
_answers = AccountRegionScopedDict()


@patch(ec2, "_create_flow_logs")
def create_flow_logs(old, params):
    """Keeps role, format and interval; the type of their tags is vpc-flow-log."""
    before = set(ec2._flow_logs)
    answer = old(params)
    for name in set(ec2._flow_logs) - before:
        ec2._parse_tag_specs(params, "vpc-flow-log", name)
        _flow_logs[name] = {
            "deliverLogsPermissionArn": ec2._p(params, "DeliverLogsPermissionArn"),
            "maxAggregationInterval": ec2._p(params, "MaxAggregationInterval") or "600",
            "logFormat": ec2._p(params, "LogFormat") or FORMAT,
        }
    return answer


@patch(ec2, "_describe_flow_logs")
def describe_flow_logs(old, params):
    status, headers, body = old(params)
    for name, fields in _flow_logs.items():
        text = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items() if value)
        body = insert(body, f"<flowLogId>{name}</flowLogId>", text)
    return status, headers, body


@patch(ec2, "_authorize_sg_egress")
def authorize_egress(old, params):
    """Lets a rule that equals the first one, which allows everything, keep its own description and tags.

    Terraform takes the first one away on AWS; here it stayed, and stood in the way of its twin.
    """
    group = ec2._security_groups.get(ec2._p(params, "GroupId"))
    if group:
        wanted = ec2._parse_ip_permissions(params, "IpPermissions")

        def stays(rule):
            return ec2._sg_rule_description(rule) or not any(ec2._rules_match(one, rule) for one in wanted)

        group["IpPermissionsEgress"] = [rule for rule in group["IpPermissionsEgress"] if stays(rule)]
    return old(params)


@patch(ec2, "_create_vpc_endpoint")
def create_endpoint(old, params):
    """Keeps the policy, the security groups and the private names that CreateVpcEndpoint drops."""
    before = set(ec2._vpc_endpoints)
    answer = old(params)
    for name in set(ec2._vpc_endpoints) - before:
        endpoint = ec2._vpc_endpoints[name]
        endpoint["PolicyDocument"] = ec2._p(params, "PolicyDocument") or OPEN
        endpoint["_plus_groups"] = ec2._parse_member_list(params, "SecurityGroupId")
        endpoint["_plus_private_dns"] = ec2._p(params, "PrivateDnsEnabled") == "true"
        # Told once more, with what was just kept.
        return ec2._xml(200, "CreateVpcEndpointResponse", ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint"))
    return answer


@patch(ec2, "_create_vpc_endpoint", "_create_nat_gateway")
def create_once(old, params):
    """A call with a ClientToken is carried out once: who had no answer to it sends it again."""
    token = ec2._p(params, "ClientToken")
    if not token:
        return old(params)
    if token not in _answers:
        _answers[token] = old(params)
    return _answers[token]


@patch(ec2, "_modify_vpc_endpoint")
def modify_endpoint(old, params):
    endpoint = ec2._vpc_endpoints.get(ec2._p(params, "VpcEndpointId"))
    if endpoint:
        if ec2._p(params, "ResetPolicy") == "true":
            endpoint["PolicyDocument"] = OPEN
        if ec2._p(params, "PrivateDnsEnabled"):
            endpoint["_plus_private_dns"] = ec2._p(params, "PrivateDnsEnabled") == "true"
        gone = ec2._parse_member_list(params, "RemoveSecurityGroupId")
        kept = [group for group in endpoint.get("_plus_groups", []) if group not in gone]
        endpoint["_plus_groups"] = kept + ec2._parse_member_list(params, "AddSecurityGroupId")
    return old(params)


@patch(ec2, "_vpce_fields_xml")
def describe_endpoint(old, endpoint, tag="item"):
    groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("_plus_groups", []))
    private_dns = lower(endpoint.get("_plus_private_dns", False))
    text = f"<policyDocument>{escape(endpoint.get('PolicyDocument', OPEN))}</policyDocument><groupSet>{groups}</groupSet>"
    text += f"<privateDnsEnabled>{private_dns}</privateDnsEnabled>"
    return insert(old(endpoint, tag), f"<vpcEndpointId>{endpoint['VpcEndpointId']}</vpcEndpointId>", text)


@patch(ec2, "_describe_route_tables")
def describe_route_tables(old, params):
    """DescribeRouteTables takes a filter by `route-table-id`, which ministack passes over."""
    asked = ec2._parse_filters(params).get("route-table-id", [])
    return old(params | {f"RouteTableId.{index}": [name] for index, name in enumerate(asked, 1)})


@patch(ec2, "_parse_ip_permissions")
def parse_permissions(old, params, prefix):
    """A rule of a security group may name a prefix list, which ministack drops and does not tell."""
    rules = old(params, prefix)
    for number, rule in enumerate(rules, 1):
        at = f"{prefix}.{number}.PrefixListIds.1"
        if name := ec2._p(params, f"{at}.PrefixListId"):
            says = {"Description": ec2._p(params, f"{at}.Description")}
            rule["PrefixListIds"] = [{"PrefixListId": name} | {key: text for key, text in says.items() if text}]
    return rules


@patch(ec2, "_sg_rule_xml")
def describe_rule(old, group, rule, is_egress=False):
    text = "".join(f"<prefixListId>{one['PrefixListId']}</prefixListId>" for one in rule.get("PrefixListIds", []))
    return insert(old(group, rule, is_egress), f"<groupId>{group}</groupId>", text)
