"""Databases: what is read back, and snapshots of clusters that hold the data.

A snapshot is a copy of the cluster's volume while its container is paused, as a storage snapshot is. A cluster that is
restored starts on such a copy.
"""

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import rds
from patching import patch, replace_element

IMAGE = "postgres:15-alpine"
LOGS = "EnabledCloudwatchLogsExports"
_snapshots = AccountRegionScopedDict()


@patch(rds, "_create_db_cluster")
def create_cluster(old, params):
    answer = old(params)
    cluster = rds._clusters.get(rds._p(params, "DBClusterIdentifier"))
    if cluster is not None:
        cluster["_plus_logs"] = members(params, "EnableCloudwatchLogsExports.member")
    return answer


def members(params, prefix):
    found = []
    while value := rds._p(params, f"{prefix}.{len(found) + 1}"):
        found.append(value)
    return found


@patch(rds, "_cluster_xml")
def describe_cluster(old, cluster):
    text = old(cluster)
    logs = cluster.get("_plus_logs")
    if not logs:
        return text
    return replace_element(text, LOGS, f"<{LOGS}>{''.join(f'<member>{log}</member>' for log in logs)}</{LOGS}>")


@patch(rds, "_create_db_instance")
def create_instance(old, params):
    answer = old(params)
    instance = rds._instances.get(rds._p(params, "DBInstanceIdentifier"))
    if instance is not None:
        instance["_plus_insights_key"] = rds._p(params, "PerformanceInsightsKMSKeyId")
    return answer


@patch(rds, "_instance_xml")
def describe_instance(old, instance):
    key = instance.get("_plus_insights_key")
    return old(instance) + (f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>" if key else "")


def volume_of(cluster):
    return cluster.get("_shared_volume_name") or rds._rds_cluster_docker_volume_name(cluster["DBClusterIdentifier"])


def copy_volume(source, target, container=None):
    docker = rds._get_docker()
    writer = docker.containers.get(container) if container else None
    is_running = writer is not None and writer.status == "running"
    if is_running:
        writer.pause()
    try:
        docker.containers.run(
            IMAGE,
            ["-a", "/from/.", "/to/"],
            entrypoint=["cp"],
            remove=True,
            network_mode="none",
            volumes={source: {"bind": "/from", "mode": "ro"}, target: {"bind": "/to", "mode": "rw"}},
        )
    finally:
        if is_running:
            writer.unpause()


def inherited(cluster):
    """What a restored cluster has of the one it comes from, unless the call says otherwise."""
    names = ["MasterUsername", "DatabaseName", "EngineVersion", "Engine"]
    return {name: cluster.get(name) for name in names} | {"MasterUserPassword": cluster.get("_MasterUserPassword")}


@patch(rds, "_create_db_cluster_snapshot")
def create_snapshot(old, params):
    """Keeps the data; refuses a cluster that is not available."""
    there = rds._clusters.get(rds._p(params, "DBClusterIdentifier"))
    if there is not None and there.get("Status") != "available":
        return rds._error("InvalidDBClusterStateFault", "DB cluster is not available for a snapshot", 400)
    answer = old(params)
    name = rds._p(params, "DBClusterSnapshotIdentifier")
    cluster = rds._clusters.get(rds._p(params, "DBClusterIdentifier"))
    if answer[0] == 200 and cluster is not None:
        volume = f"ministack-plus-snapshot-{name}"
        _snapshots[name] = {"cluster": inherited(cluster), "volume": volume}
        copy_volume(volume_of(cluster), volume, cluster.get("_shared_container_id"))
    return answer


@patch(rds, "_delete_db_cluster")
def delete_cluster(old, params):
    """DeleteDBCluster makes the last snapshot that it was asked for, and wants to be told when there is to be none."""
    name, last = rds._p(params, "DBClusterIdentifier"), rds._p(params, "FinalDBSnapshotIdentifier")
    cluster = rds._resolve_cluster_in_request_region(name)
    refused = not cluster or cluster.get("DeletionProtection") or cluster.get("DBClusterMembers")
    if not refused and rds._p(params, "SkipFinalSnapshot") != "true":
        if not last:
            message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            return rds._error("InvalidParameterCombination", message, 400)
        made = rds._create_db_cluster_snapshot({"DBClusterIdentifier": [name], "DBClusterSnapshotIdentifier": [last]})
        if made[0] != 200:
            return made
    return old(params)


def restore(action, params, given, volume, container=None):
    name = rds._p(params, "DBClusterIdentifier")
    if name in rds._clusters:
        return rds._error("DBClusterAlreadyExistsFault", f"DB cluster {name} already exists.", 400)
    copy_volume(volume, rds._rds_cluster_docker_volume_name(name), container)
    wanted = dict(params)
    for key, value in given.items():
        # The data knows its user and password, whatever the call says.
        if value and (key.startswith("Master") or not rds._p(params, key)):
            wanted[key] = [value]
    status, headers, body = rds._create_db_cluster(wanted)
    text = body.decode() if isinstance(body, bytes) else body
    for part in ["Response", "Result"]:
        text = text.replace(f"CreateDBCluster{part}", action + part)
    return status, headers, text.encode() if isinstance(body, bytes) else text


def from_snapshot(params):
    name = rds._p(params, "SnapshotIdentifier").rsplit(":", 1)[-1]
    snapshot = _snapshots.get(name)
    if snapshot is None:
        return rds._error("DBClusterSnapshotNotFoundFault", f"DB cluster snapshot {name} not found.", 404)
    return restore("RestoreDBClusterFromSnapshot", params, snapshot["cluster"], snapshot["volume"])


def to_point_in_time(params):
    cluster = rds._clusters.get(rds._p(params, "SourceDBClusterIdentifier"))
    if cluster is None:
        return rds._error("DBClusterNotFoundFault", "source cluster not found", 404)
    if rds._p(params, "UseLatestRestorableTime") != "true":
        return rds._error("InvalidParameterCombination", "this emulator restores to the latest time only", 400)
    container = cluster.get("_shared_container_id")
    return restore("RestoreDBClusterToPointInTime", params, inherited(cluster), volume_of(cluster), container)


rds._ACTION_MAP["RestoreDBClusterFromSnapshot"] = from_snapshot
rds._ACTION_MAP["RestoreDBClusterToPointInTime"] = to_point_in_time
