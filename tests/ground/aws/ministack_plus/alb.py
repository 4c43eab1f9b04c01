"""Load balancers: the version of HTTP that CreateTargetGroup drops, and requests for one by its name alone."""

from ministack.core.responses import request_scope
from ministack.services import alb
from patching import insert, patch


@patch(alb, "_create_tg")
def create_group(old, params):
    before = set(alb._tgs)
    answer = old(params)
    for arn in set(alb._tgs) - before:
        if alb._tgs[arn]["Protocol"] in ("HTTP", "HTTPS"):
            alb._tgs[arn]["ProtocolVersion"] = alb._p(params, "ProtocolVersion") or "HTTP1"
    return answer


@patch(alb, "_tg_xml")
def describe_group(old, group):
    version = group.get("ProtocolVersion")
    text = f"<ProtocolVersion>{version}</ProtocolVersion>" if version else ""
    return insert(old(group), f"<TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn>", text)


@patch(alb, "find_lb_for_host")
def find_for_host(old, host):
    """Finds a load balancer by its name in every account: names are everybody's, and a request of a client is signed by nobody."""
    name = host.split(":")[0].lower()
    return next((one for one in alb._lbs.all_values() if one["DNSName"].lower() == name), None) or old(host)


@patch(alb, "dispatch_request")
async def dispatch(old, balancer, *arguments, **named):
    """Works in the account that the load balancer belongs to."""
    region, account = balancer["LoadBalancerArn"].split(":")[3:5]
    with request_scope(account, region):
        return await old(balancer, *arguments, **named)
