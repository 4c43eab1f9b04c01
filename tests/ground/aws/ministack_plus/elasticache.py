"""Caches: the key of a replication group, whether its members take minor versions by themselves, and parameters by source."""

import re

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import elasticache
from patching import lower, patch

_keys = AccountRegionScopedDict()


@patch(elasticache, "_create_replication_group")
def create_replication_group(old, params):
    key = elasticache._p(params, "KmsKeyId")
    if key:
        _keys[elasticache._p(params, "ReplicationGroupId")] = key
    return old(params)


@patch(elasticache, "_delete_replication_group")
def delete_replication_group(old, params):
    """DeleteReplicationGroup tells of the last snapshot that it was asked for; as any of a cache's here, it holds no data."""
    group, last = elasticache._p(params, "ReplicationGroupId"), elasticache._p(params, "FinalSnapshotIdentifier")
    if last and group in elasticache._replication_groups:
        made = elasticache._create_snapshot({"ReplicationGroupId": [group], "SnapshotName": [last]})
        if made[0] != 200:
            return made
    return old(params)


@patch(elasticache, "_rg_xml")
def describe_group(old, group):
    key = _keys.get(group["ReplicationGroupId"])
    return old(group) + (f"<KmsKeyId>{key}</KmsKeyId>" if key else "")


@patch(elasticache, "_cluster_xml_inner")
def describe_member(old, member):
    text = old(member)
    if "<AutoMinorVersionUpgrade>" in text:
        return text
    return text + f"<AutoMinorVersionUpgrade>{lower(member.get('AutoMinorVersionUpgrade', True))}</AutoMinorVersionUpgrade>"


@patch(elasticache, "_describe_cache_parameters")
def describe_parameters(old, params):
    """DescribeCacheParameters with a `Source` tells those of that source alone: ministack tells the defaults as well."""
    status, headers, body = old(params)
    source = elasticache._p(params, "Source")
    if status != 200 or not source:
        return status, headers, body
    text = body.decode() if isinstance(body, bytes) else body

    def meant(parameter):
        return parameter[0] if f"<Source>{source}</Source>" in parameter[0] else ""

    return status, headers, re.sub("<Parameter>.*?</Parameter>", meant, text, flags=re.DOTALL).encode()
