"""Service Connect: components find each other by the names that their services offer.

AWS writes those names into the containers' hosts and puts a proxy behind each. Here the names stand there too, with the addresses
of the healthy tasks themselves; there is no proxy, so a name's port must be the container's own.
"""

import json

import docker
from ministack.core.concurrency import resource_lock
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import ecs
from patching import patch

from .ecs import ENGINE
from .task_health import is_healthy

BEGIN = "# Service Connect\n"
_asked = AccountRegionScopedDict()


@patch(ecs, "_create_service", "_update_service")
def keep(old, data):
    """Keeps what CreateService and UpdateService ask for, which ministack drops; its tasks are started right away."""
    if "serviceConnectConfiguration" in data:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        name = data.get("serviceName") or data["service"].rsplit("/", 1)[-1]
        _asked[f"{cluster}/{name}"] = data["serviceConnectConfiguration"]
    return old(data)


@patch(ecs, "_delete_service")
def forget(old, data):
    answer = old(data)
    if answer[0] == 200:
        service = json.loads(answer[2])["service"]
        _asked.pop(f"{ecs._cluster_name_from_arn(service['clusterArn'])}/{service['serviceName']}", None)
        publish()
    return answer


@patch(ecs, "_refresh_service_state")
def refresh(old, cluster, group):
    old(cluster, group)
    publish()


def publish():
    """Writes the names of every namespace into the hosts of its tasks."""
    with resource_lock("ministack-plus-connect", "hosts"):
        found = [(one, ecs._services.get(key)) for key, one in _asked.items() if one.get("enabled")]
        running = [(asked, service, tasks_of(service)) for asked, service in found if service]
        for asked, _, tasks in running:
            others = [one for one in running if one[0].get("namespace") == asked.get("namespace")]
            text = BEGIN + "".join(line for other in others for line in lines(*other))
            for task in tasks:
                write(task, text)


def tasks_of(service):
    group = f"service:{service['serviceName']}"
    tasks = [one for one in ecs._tasks.values() if one["group"] == group and one["clusterArn"] == service["clusterArn"]]
    return [one for one in tasks if one["lastStatus"] == "RUNNING"]


def lines(asked, service, tasks):
    """Lists what a service offers, at its healthy tasks; at all of them when none is."""
    names = [alias["dnsName"] for one in asked.get("services", []) for alias in one.get("clientAliases", [])]
    well = [one for one in tasks if is_healthy(one, service)]
    return [f"{ecs._task_ip(task)}\t{name}\n" for name in names for task in well or tasks]


def write(task, text):
    for started in list(task["_docker_ids"]):
        if task.setdefault("_plus_named", {}).get(started) == text:
            continue
        try:
            path = ENGINE.containers.get(started).attrs["HostsPath"]
            # Written in its place: the container has this very file.
            with open(path, "r+") as file:
                kept = file.read().split(BEGIN)[0]
                file.seek(0)
                file.write(kept + text)
                file.truncate()
        except (docker.errors.NotFound, FileNotFoundError):
            # The container is about to go.
            continue
        task["_plus_named"][started] = text
