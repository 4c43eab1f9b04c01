"""Caches: the members of a replication group are clusters of their own, and what is deleted is gone."""

from moto.core.responses import EmptyResult
from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse
from patching import patch


@patch(ElastiCacheBackend, "create_replication_group")
def create_replication_group(old, self, *arguments, **given):
    if given.get("num_cache_clusters") and not given.get("replicas_per_node_group") and not given.get("num_node_groups"):
        given["replicas_per_node_group"] = int(given["num_cache_clusters"]) - 1
    newest = "8.0" if given.get("engine") == "valkey" else "7.1"
    given["engine_version"] = given.get("engine_version") or newest
    group = old(self, *arguments, **given)
    group.auth_token_enabled = bool(given.get("auth_token"))
    for shard in group.node_groups:
        for known in shard["node_group_members"]:
            self.cache_clusters[known["cache_cluster_id"]] = member(self, group, known, given)
    return group


def parameter_group(group, given):
    named = given.get("cache_parameter_group_name")
    suffix = ".cluster.on" if group.cluster_enabled else ""
    return named or f"default.{group.engine}{group.engine_version.split('.')[0]}{suffix}"


def member(backend, group, known, given):
    version = group.engine_version
    security_groups = given.get("security_group_ids") or []
    cluster = CacheCluster(
        account_id=backend.account_id,
        region_name=backend.region_name,
        cache_cluster_id=known["cache_cluster_id"],
        cache_node_type=group.cache_node_type,
        replication_group_id=group.replication_group_id,
        preferred_availability_zone=known.get("preferred_availability_zone"),
        num_cache_nodes=1,
        engine=group.engine,
        engine_version=version if version.count(".") == 2 else version + ".0",
        cache_parameter_group_name=parameter_group(group, given),
        cache_subnet_group_name=given.get("cache_subnet_group_name"),
        transit_encryption_enabled=group.transit_encryption_enabled,
        network_type=group.network_type,
        ip_discovery=group.ip_discovery,
        preferred_maintenance_window=given.get("preferred_maintenance_window") or "sun:05:00-sun:06:00",
        port=group.port,
        auto_minor_version_upgrade=group.auto_minor_version_upgrade,
        snapshot_retention_limit=group.snapshot_retention_limit,
        snapshot_window=group.snapshot_window,
        auth_token=given.get("auth_token"),
        security_group_ids=security_groups,
        tags=given.get("tags"),
        log_delivery_configurations=[],
        **dict.fromkeys(UNSET),
    )
    cluster.num_cache_nodes = 1
    cluster.replication_group_id = group.replication_group_id
    cluster.at_rest_encryption_enabled = group.at_rest_encryption_enabled
    cluster.security_groups = [{"SecurityGroupId": name, "Status": "active"} for name in security_groups]
    cluster.cache_parameter_group = {
        "CacheParameterGroupName": parameter_group(group, given),
        "ParameterApplyStatus": "in-sync",
    }
    return cluster


UNSET = [
    "az_mode",
    "snapshot_name",
    "notification_topic_arn",
    "outpost_mode",
    "preferred_outpost_arn",
    "preferred_availability_zones",
    "cache_security_group_names",
    "snapshot_arns",
    "preferred_outpost_arns",
    "cache_node_ids_to_remove",
    "cache_node_ids_to_reboot",
]


@patch(ElastiCacheBackend, "delete_replication_group")
def delete_replication_group(old, self, replication_group_id, retain_primary_cluster=None):
    """Forgets the group and its members: moto leaves it as being deleted for ever."""
    group = old(self, replication_group_id, retain_primary_cluster)
    for shard in group.node_groups:
        for known in shard["node_group_members"]:
            self.cache_clusters.pop(known["cache_cluster_id"], None)
    self.replication_groups.pop(replication_group_id, None)
    return group


def delete_cache_subnet_group(self):
    self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"), None)
    return EmptyResult()


ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnet_group
