"""Services: a task counts once it is healthy, and one that does not become or stay so is replaced, as ECS does.

ministack takes a task for good that has run for a second. Here its containers' own checks and its targets' health decide:
both are really made (see ecs.py and target_health.py). A service's rollout waits for them, also the first one.
"""

import time

import docker
from ministack.core.concurrency import spawn_background
from ministack.services import ecs
from patching import patch

from .ecs import ENGINE, health_of
from .target_health import health

# Tasks that are replaced go on for a moment: whoever still knows their address is done with it by then.
DRAINING = 5


@patch(ecs, "_make_deployment")
def make_deployment(old, definition, count, status="PRIMARY"):
    """The first rollout of a service is one like any other: it is over when its tasks are there."""
    made = old(definition, count, status)
    if status == "PRIMARY":
        made |= {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment in progress."}
    return made


@patch(ecs, "_maybe_mark_stopped")
def look(old, task, client=None):
    """Keeps the health of containers and task; called ten times a second, and acts once."""
    old(task, client)
    now = time.monotonic()
    if task.get("lastStatus") != "RUNNING" or now < task.get("_plus_look_again", 0):
        return
    task["_plus_look_again"] = now + 1
    task.setdefault("_plus_since", now)
    tell(task)
    if service := service_of(task):
        judge(task, service, now - task["_plus_since"])


def judge(task, service, age):
    """Tells others when a service's task has become healthy or has ceased to be, and ends one that must be replaced."""
    well = is_healthy(task, service)
    if well != task.get("_plus_healthy"):
        task["_plus_healthy"] = well
        ecs._refresh_service_state(ecs._cluster_name_from_arn(task["clusterArn"]), task["group"])
    is_young = age < service.get("healthCheckGracePeriodSeconds", 0)
    reason = None if is_young else problem_of(task, service)
    if reason and ecs._mark_task_stopped(task["taskArn"], task, reason, "ServiceSchedulerInitiated"):
        ecs._cleanup_task_resources(task, ENGINE)
        ecs._record_service_task_failure(task)


def tell(task):
    """Writes down what the engine says of containers that have a check."""
    for container, started in zip(task["containers"], list(task["_docker_ids"]), strict=False):
        try:
            container["healthStatus"] = health_of(ENGINE.containers.get(started))
        except docker.errors.NotFound:
            # Whoever looks for containers that ended says so.
            continue
    checked = [one.get("healthStatus") for one in essential(task) if is_checked(task, one)]
    if "UNHEALTHY" in checked:
        task["healthStatus"] = "UNHEALTHY"
    elif checked and set(checked) == {"HEALTHY"}:
        task["healthStatus"] = "HEALTHY"


def essential(task):
    return [one for one, counts in zip(task["containers"], task["_container_essentials"], strict=True) if counts]


def is_checked(task, container):
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    found = [one for one in definition.get("containerDefinitions", []) if one["name"] == container["name"]]
    return any(one.get("healthCheck") for one in found)


def service_of(task):
    group, cluster = task.get("group", ""), ecs._cluster_name_from_arn(task["clusterArn"])
    service = ecs._services.get(f"{cluster}/{group.removeprefix('service:')}")
    return service if group.startswith("service:") and service and service["status"] == "ACTIVE" else None


def targets_of(task, service):
    """Lists the targets that a task is: each with its group's ARN."""
    return [
        (one["targetGroupArn"], health(one["targetGroupArn"], ecs._task_ip(task), one["containerPort"]))
        for one in service.get("loadBalancers", [])
    ]


def problem_of(task, service):
    """Says in ECS's words why a task must be replaced; nothing when it may stay."""
    if task.get("healthStatus") == "UNHEALTHY":
        return "Task failed container health checks"
    for arn, target in targets_of(task, service):
        if target and target.state == "unhealthy":
            return f"Task failed ELB health checks in (target-group {arn})"
    return None


def is_healthy(task, service):
    if any(is_checked(task, one) for one in essential(task)) and task.get("healthStatus") != "HEALTHY":
        return False
    return all(target and target.state == "healthy" for _, target in targets_of(task, service))


@patch(ecs, "_schedule_service_deployment_completion")
def schedule_completion(old, cluster, key, account, region, healthy_task=None):
    """Waits until the task is healthy before it is said to be."""
    task, service = healthy_task, ecs._services.get(key)
    if task is None or service is None:
        return old(cluster, key, account, region, healthy_task)

    def wait():
        while task.get("lastStatus") == "RUNNING" and not is_healthy(task, service):
            time.sleep(0.5)
        if len(service["deployments"]) > 1:
            time.sleep(DRAINING)
        if task.get("lastStatus") == "RUNNING":
            old(cluster, key, account, region, task)

    return spawn_background(wait, thread_name="ministack-plus-healthy")
