"""Logs: streams are found by the beginning of their name, too."""

import json

from ministack.services import cloudwatch_logs as logs
from patching import patch


@patch(logs, "_filter_log_events")
def filter_log_events(old, data):
    prefix = data.get("logStreamNamePrefix")
    if not prefix:
        return old(data)
    streams = logs._log_groups.get(data.get("logGroupName"), {}).get("streams", {})
    found = [name for name in streams if name.startswith(prefix)]
    if found:
        return old(data | {"logStreamNames": found})
    # No name at all would be every stream.
    status, headers, body = old(data)
    return status, headers, json.dumps(json.loads(body) | {"events": []}).encode() if status == 200 else body
