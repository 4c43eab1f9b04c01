"""Alarms: DescribeAlarms answers with ten fields only."""

from xml.sax.saxutils import escape

from ministack.services import cloudwatch
from patching import insert, lower, patch

FIELDS = ["AlarmDescription", "Statistic", "ExtendedStatistic", "Period", "TreatMissingData", "Unit"]
ACTIONS = ["AlarmActions", "OKActions", "InsufficientDataActions"]


@patch(cloudwatch, "_describe_alarms")
def describe_alarms(old, params, cbor, is_cbor, is_json=False):
    status, headers, body = old(params, cbor, is_cbor, is_json)
    if is_cbor or is_json or status != 200:
        return status, headers, body
    for alarm in cloudwatch._alarms.values():
        body = insert(body, f"<AlarmArn>{alarm['AlarmArn']}</AlarmArn>", dropped(alarm))
    return status, headers, body


def dropped(alarm):
    parts = [f"<ActionsEnabled>{lower(alarm.get('ActionsEnabled', True))}</ActionsEnabled>"]
    for name in FIELDS:
        # An alarm has one of the two; ministack keeps an average beside a percentile.
        if name == "Statistic" and alarm.get("ExtendedStatistic"):
            continue
        if alarm.get(name) not in (None, ""):
            parts.append(f"<{name}>{escape(str(alarm[name]))}</{name}>")
    for name in ACTIONS:
        members = [f"<member>{escape(arn)}</member>" for arn in alarm.get(name) or []]
        parts.append(f"<{name}>{''.join(members)}</{name}>")
    dimensions = [
        f"<member><Name>{escape(one['Name'])}</Name><Value>{escape(one['Value'])}</Value></member>"
        for one in alarm.get("Dimensions") or []
    ]
    parts.append(f"<Dimensions>{''.join(dimensions)}</Dimensions>")
    return "".join(parts)
