"""The firewall: where an ACL logs to, for which ministack has no calls. What is asked for is kept and told; nothing is logged."""

import json

from ministack.core.responses import AccountRegionScopedDict, json_response
from ministack.services import waf
from patching import patch

_logging = AccountRegionScopedDict()


def put(call):
    asked = call["LoggingConfiguration"]
    _, refusal = waf._resolve_local_web_acl(asked["ResourceArn"])
    if refusal:
        return refusal
    _logging[asked["ResourceArn"]] = {"LogType": "WAF_LOGS", "LogScope": "CUSTOMER"} | asked
    return json_response({"LoggingConfiguration": _logging[asked["ResourceArn"]]})


def get(call):
    if call["ResourceArn"] not in _logging:
        return waf._waf_err("WAFNonexistentItemException", "The ACL has no logging configuration.")
    return json_response({"LoggingConfiguration": _logging[call["ResourceArn"]]})


def delete(call):
    if _logging.pop(call["ResourceArn"], None) is None:
        return waf._waf_err("WAFNonexistentItemException", "The ACL has no logging configuration.")
    return json_response({})


ACTIONS = {"PutLoggingConfiguration": put, "GetLoggingConfiguration": get, "DeleteLoggingConfiguration": delete}


@patch(waf, "handle_request")
async def handle_request(old, method, path, headers, body, query):
    action = ACTIONS.get(headers.get("x-amz-target", "").split(".")[-1])
    return action(json.loads(body)) if action else await old(method, path, headers, body, query)
