"""Subscriptions to events of databases, for which ministack has no calls. They are kept and told; no event is ever sent."""

import time
from xml.sax.saxutils import escape

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import rds
from patching import lower

_subscriptions = AccountRegionScopedDict()


def create(params):
    name = rds._p(params, "SubscriptionName")
    if name in _subscriptions:
        return rds._error("SubscriptionAlreadyExist", f"Event subscription {name} already exists.", 400)
    arn = f"arn:aws:rds:{get_region()}:{get_account_id()}:es:{name}"
    _subscriptions[name] = {
        "CustomerAwsId": get_account_id(),
        "CustSubscriptionId": name,
        "EventSubscriptionArn": arn,
        "Status": "active",
        "SubscriptionCreationTime": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
        "Enabled": "true",
        "SourceIds": rds._parse_member_list(params, "SourceIds"),
        "EventCategories": [],
    }
    rds._tags[arn] = rds._parse_tags(params)
    return modify(params, "CreateEventSubscription")


def modify(params, action="ModifyEventSubscription"):
    """Changes what the call names, and leaves the rest."""
    one = found(params)
    for name in ["SnsTopicArn", "SourceType"]:
        if one and rds._p(params, name):
            one[name] = rds._p(params, name)
    if one and rds._p(params, "Enabled"):
        one["Enabled"] = lower(rds._p(params, "Enabled") == "true")
    if one and (categories := rds._parse_member_list(params, "EventCategories")):
        one["EventCategories"] = categories
    return told(action, one, params)


def add_source(params):
    one = found(params)
    if one and (source := rds._p(params, "SourceIdentifier")) not in one["SourceIds"]:
        one["SourceIds"].append(source)
    return told("AddSourceIdentifierToSubscription", one, params)


def remove_source(params):
    one = found(params)
    if one:
        one["SourceIds"] = [source for source in one["SourceIds"] if source != rds._p(params, "SourceIdentifier")]
    return told("RemoveSourceIdentifierFromSubscription", one, params)


def delete(params):
    one = _subscriptions.pop(rds._p(params, "SubscriptionName"), None)
    if one:
        rds._tags.pop(one["EventSubscriptionArn"], None)
    return told("DeleteEventSubscription", one, params)


def describe(params):
    if rds._p(params, "SubscriptionName"):
        meant = [found(params)]
    else:
        meant = list(_subscriptions.values())
    if None in meant:
        return missing(params)
    members = "".join(f"<EventSubscription>{fields(one)}</EventSubscription>" for one in meant)
    inner = f"<EventSubscriptionsList>{members}</EventSubscriptionsList>"
    result = f"<DescribeEventSubscriptionsResult>{inner}</DescribeEventSubscriptionsResult>"
    return rds._xml(200, "DescribeEventSubscriptionsResponse", result)


def found(params):
    return _subscriptions.get(rds._p(params, "SubscriptionName"))


def missing(params):
    name = rds._p(params, "SubscriptionName")
    return rds._error("SubscriptionNotFound", f"Event subscription {name} not found.", 404)


def told(action, one, params):
    if one is None:
        return missing(params)
    inner = f"<EventSubscription>{fields(one)}</EventSubscription>"
    return rds._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")


def fields(one):
    lists = {"SourceIds": ("SourceIdsList", "SourceId"), "EventCategories": ("EventCategoriesList", "EventCategory")}
    text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in one.items() if name not in lists)
    for name, (group, member) in lists.items():
        text += f"<{group}>{''.join(f'<{member}>{escape(value)}</{member}>' for value in one[name])}</{group}>"
    return text


rds._ACTION_MAP |= {
    "CreateEventSubscription": create,
    "ModifyEventSubscription": modify,
    "AddSourceIdentifierToSubscription": add_source,
    "RemoveSourceIdentifierFromSubscription": remove_source,
    "DeleteEventSubscription": delete,
    "DescribeEventSubscriptions": describe,
}
