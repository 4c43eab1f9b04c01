"""Application Auto Scaling: tags, which the provider lists after everything it makes."""

import json

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from patching import patch

_tags = {}


def tags_of(name):
    return _tags.setdefault(name, {})


@patch(ApplicationAutoScalingResponse, "register_scalable_target")
def register_scalable_target(old, self):
    answer = old(self)
    call = json.loads(self.body)
    targets = self.applicationautoscaling_backend.describe_scalable_targets(call["ServiceNamespace"], None, None)
    for target in targets:
        if (target.resource_id, target.scalable_dimension) == (call["ResourceId"], call["ScalableDimension"]):
            tags_of(target.arn).update(call.get("Tags") or {})
    return answer


def list_tags_for_resource(self):
    return json.dumps({"Tags": tags_of(json.loads(self.body)["ResourceARN"])})


def tag_resource(self):
    call = json.loads(self.body)
    tags_of(call["ResourceARN"]).update(call.get("Tags") or {})
    return "{}"


def untag_resource(self):
    call = json.loads(self.body)
    for name in call.get("TagKeys") or []:
        tags_of(call["ResourceARN"]).pop(name, None)
    return "{}"


for action in [list_tags_for_resource, tag_resource, untag_resource]:
    setattr(ApplicationAutoScalingResponse, action.__name__, action)
