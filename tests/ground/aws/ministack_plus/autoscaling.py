"""Application Auto Scaling: kept in memory and told again; nothing is scaled."""

import json
import time
import uuid

import ministack.app
from ministack.core import router
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

KIND = "application/x-amz-json-1.1"
ROLE = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
_targets, _policies, _tags = AccountRegionScopedDict(), AccountRegionScopedDict(), AccountRegionScopedDict()


def key(call):
    return "|".join(call.get(name, "") for name in ["ServiceNamespace", "ResourceId", "ScalableDimension"])


def arn(kind, name):
    return f"arn:aws:application-autoscaling:{get_region()}:{get_account_id()}:{kind}/{name}"


def register_scalable_target(call):
    target = _targets.get(key(call))
    if target is None:
        target = {name: call[name] for name in ["ServiceNamespace", "ResourceId", "ScalableDimension"]}
        scaling = ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"]
        target |= {
            "RoleARN": call.get("RoleARN") or f"arn:aws:iam::{get_account_id()}:{ROLE}",
            "CreationTime": time.time(),
            "ScalableTargetARN": arn("scalable-target", uuid.uuid4().hex),
            "SuspendedState": {name: False for name in scaling},
        }
        _targets[key(call)] = target
    changed = ["MinCapacity", "MaxCapacity", "SuspendedState"]
    target.update({name: call[name] for name in changed if call.get(name) is not None})
    tag(target["ScalableTargetARN"], call)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def describe_scalable_targets(call):
    def is_meant(target):
        return (
            target["ServiceNamespace"] == call["ServiceNamespace"]
            and (not call.get("ResourceIds") or target["ResourceId"] in call["ResourceIds"])
            and call.get("ScalableDimension") in (None, target["ScalableDimension"])
        )

    return {"ScalableTargets": [target for target in _targets.values() if is_meant(target)]}


def deregister_scalable_target(call):
    _targets.pop(key(call), None)
    for name in [name for name in _policies if name.startswith(key(call) + "|")]:
        _policies.pop(name)
    return {}


def put_scaling_policy(call):
    name = f"{key(call)}|{call['PolicyName']}"
    known = _policies.get(name) or {}
    resource = f"resource/{call['ServiceNamespace']}/{call['ResourceId']}:policyName/{call['PolicyName']}"
    made = {"PolicyARN": arn("scalingPolicy", f"{uuid.uuid4()}:{resource}"), "CreationTime": time.time(), "Alarms": []}
    _policies[name] = made | {name: known[name] for name in made if name in known} | call
    return {"PolicyARN": _policies[name]["PolicyARN"], "Alarms": []}


def describe_scaling_policies(call):
    def is_meant(policy):
        return (
            policy["ServiceNamespace"] == call["ServiceNamespace"]
            and call.get("ResourceId") in (None, policy["ResourceId"])
            and (not call.get("PolicyNames") or policy["PolicyName"] in call["PolicyNames"])
        )

    return {"ScalingPolicies": [policy for policy in _policies.values() if is_meant(policy)]}


def delete_scaling_policy(call):
    _policies.pop(f"{key(call)}|{call['PolicyName']}", None)
    return {}


def tag(name, call):
    _tags.setdefault(name, {}).update(call.get("Tags") or {})
    return {}


def untag(call):
    for name in call.get("TagKeys") or []:
        _tags.get(call["ResourceARN"], {}).pop(name, None)
    return {}


ACTIONS = {
    "RegisterScalableTarget": register_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DeregisterScalableTarget": deregister_scalable_target,
    "PutScalingPolicy": put_scaling_policy,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DeleteScalingPolicy": delete_scaling_policy,
    "ListTagsForResource": lambda call: {"Tags": _tags.get(call["ResourceARN"], {})},
    "TagResource": lambda call: tag(call["ResourceARN"], call),
    "UntagResource": untag,
}


async def handle(method, path, headers, body, query):
    name = (headers.get("x-amz-target") or "").split(".")[-1]
    action = ACTIONS.get(name)
    # Made anew for every answer, because the server adds to them.
    headers = {"Content-Type": KIND}
    if action is None:
        return 501, headers, json.dumps({"__type": "NotImplemented", "message": name}).encode()
    return 200, headers, json.dumps(action(json.loads(body or b"{}"))).encode()


router.SERVICE_PATTERNS["application-autoscaling"] = {
    "target_prefixes": ["AnyScaleFrontendService"],
    "credential_scope": "application-autoscaling",
}
ministack.app.SERVICE_HANDLERS["application-autoscaling"] = handle
