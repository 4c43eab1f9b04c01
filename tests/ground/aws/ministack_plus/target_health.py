"""Load balancers: targets are asked for their health as their group says, and only those that have it are sent requests.

A target that is new is asked every second, so that it is in use as soon as it can be; all else goes by the group's interval.
"""

import http.client
import random
import ssl
import time

from ministack.core.concurrency import spawn_background
from ministack.services import alb
from patching import patch

# By group, address and port: an ARN is unique in all accounts.
_watched = {}


class Target:
    """What is known of a target."""

    def __init__(self):
        self.state = "initial"
        self.reason = "Elb.InitialHealthChecking"
        self.says = "Initial health checks in progress"
        self.began = time.monotonic()
        self.passed = self.failed = 0

    def note(self, group, problem):
        """Counts one more answer."""
        self.passed, self.failed = (0, self.failed + 1) if problem else (self.passed + 1, 0)
        if self.state == "initial":
            patience = group["UnhealthyThresholdCount"] * group["HealthCheckIntervalSeconds"]
            is_bad = problem and time.monotonic() - self.began >= patience
            is_good = self.passed > 0
        else:
            is_bad = self.failed >= group["UnhealthyThresholdCount"]
            is_good = self.passed >= group["HealthyThresholdCount"]
        if is_bad:
            self.state = "unhealthy"
        if is_good:
            self.state = "healthy"
        if self.state == "unhealthy" and problem:
            self.reason, self.says = problem


def problem_of(group, address, port):
    """Asks a target; returns the reason why it is not well, with words, or nothing."""
    is_tls = group["HealthCheckProtocol"] == "HTTPS"
    if group["HealthCheckPort"] != "traffic-port":
        port = int(group["HealthCheckPort"])
    # Nobody checks the certificate of a target.
    tls = {"context": ssl._create_unverified_context()} if is_tls else {}
    connect = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
    connection = connect(address, port, timeout=group["HealthCheckTimeoutSeconds"], **tls)
    try:
        connection.connect()
        # Neither the health of gRPC nor HTTP/2 is spoken here: such a target is well when it listens.
        if group["HealthCheckProtocol"] == "TCP" or group.get("ProtocolVersion") in ("GRPC", "HTTP2"):
            return None
        connection.request("GET", group["HealthCheckPath"], headers={"User-Agent": "ELB-HealthChecker/2.0"})
        code = connection.getresponse().status
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except (OSError, http.client.HTTPException):
        return "Target.FailedHealthChecks", "Health checks failed"
    finally:
        connection.close()
    if is_wanted(code, group["Matcher"]["HttpCode"]):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]"


def is_wanted(code, matcher):
    """Tells whether a code is one of `200,201` or `200-299`."""
    for part in matcher.split(","):
        first, _, last = part.partition("-")
        if int(first) <= code <= int(last or first):
            return True
    return False


def watch(arn, key, target):
    while _watched.get(key) is target and (group := alb._tgs.get(arn)):
        target.note(group, problem_of(group, *key[1:]))
        time.sleep(1 if target.state == "initial" else group["HealthCheckIntervalSeconds"])


def follow(arn):
    """Watches the targets that a group has now, and no others."""
    group = alb._tgs.get(arn)
    is_asked = group and group["TargetType"] in ("ip", "instance") and group["HealthCheckEnabled"]
    keys = {key_of(group, one) for one in alb._targets.get(arn, [])} if is_asked else set()
    for key in [key for key in list(_watched) if key[0] == arn and key not in keys]:
        _watched.pop(key, None)
    for key in keys:
        target = Target()
        if _watched.setdefault(key, target) is target:
            spawn_background(watch, arn, key, target, thread_name="ministack-plus-target")


def key_of(group, target):
    return group["TargetGroupArn"], target["Id"], int(target.get("Port") or group["Port"])


def health(arn, address, port):
    """Tells how a target is; none when it is not registered."""
    return _watched.get((arn, address, int(port)))


@patch(alb, "set_targets_for_group")
def set_targets(old, arn, *arguments):
    done = old(arn, *arguments)
    follow(arn)
    return done


@patch(alb, "_register_targets", "_deregister_targets", "_delete_tg")
def change_targets(old, params):
    answer = old(params)
    follow(alb._p(params, "TargetGroupArn"))
    return answer


@patch(alb, "_describe_target_health")
def describe_health(old, params):
    group = alb._tgs.get(alb._p(params, "TargetGroupArn"))
    if not group:
        return old(params)
    meant = {one["Id"] for one in alb._parse_targets_param(params)}
    targets = [one for one in alb._targets.get(group["TargetGroupArn"], []) if not meant or one["Id"] in meant]
    members = "".join(member(key_of(group, one)) for one in targets)
    return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")


def member(key):
    target = _watched.get(key)
    why = ""
    if target is None:
        # A Lambda, or a group whose health nobody asked for.
        state = "unavailable"
        why = "<Reason>Target.HealthCheckDisabled</Reason>"
    else:
        state = target.state
        if state != "healthy":
            why = f"<Reason>{target.reason}</Reason><Description>{target.says}</Description>"
    _, address, port = key
    told = f"<Target><Id>{address}</Id><Port>{port}</Port></Target><HealthCheckPort>{port}</HealthCheckPort>"
    return f"<member>{told}<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"


@patch(alb, "_forward_to_tg")
async def forward(old, arn, method, path, headers, body, query, raw_query_string=None, raw_path=None):
    """Sends a request to a target that is healthy; to any, when none is, as AWS does."""
    group = alb._tgs.get(arn)
    targets = alb._targets.get(arn, [])
    if not group or not targets or group["TargetType"] not in ("ip", "instance"):
        return await old(arn, method, path, headers, body, query, raw_query_string, raw_path)

    def is_healthy(one):
        target = _watched.get(key_of(group, one))
        return target is not None and target.state == "healthy"

    target = random.choice([one for one in targets if is_healthy(one)] or targets)
    return await alb._proxy_http_target(target, group, method, raw_path or path, headers, body, query, raw_query_string)
