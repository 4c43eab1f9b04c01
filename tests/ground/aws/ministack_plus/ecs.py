"""Tasks: on the engine's network, and run as their definition says."""

import json
import os
import threading
import time

import docker
from ministack.core.responses import AccountRegionScopedDict, error_response_json
from ministack.services import ecs
from patching import patch

NETWORK = os.environ["DOCKER_NETWORK"]
ENGINE = docker.from_env()
# This machine's address on that network, where tasks ask for their own metadata.
GATEWAY = ENGINE.networks.get(NETWORK).attrs["IPAM"]["Config"][0]["Gateway"]
# The engine counts nanoseconds.
SECOND = 10**9
# What was answered to the calls that had a token, with what they asked for.
_answered = AccountRegionScopedDict()
_one_call = threading.Lock()
_rebalancing = AccountRegionScopedDict()


@patch(ecs, "_run_task")
def run_task(old, data):
    """Starts one task for several calls with the same token; a service's task is started by the deployment it belongs to."""
    if deployment := data.get("_deploymentId"):
        data = data | {"startedBy": deployment}
    token = data.get("clientToken")
    if not token:
        return old(data)
    key = f"{data.get('cluster', 'default')} {token}"
    with _one_call:
        if key not in _answered:
            _answered[key] = (data, old(data))
    asked, answer = _answered[key]
    if asked != data:
        return error_response_json("ConflictException", "The clientToken is in use with other parameters.", 400)
    return answer


@patch(ecs, "_fail_task_start")
def fail_task_start(old, task, client, reason):
    """Calls an image that is not there what it calls one of a service: only there ministack pulls it by itself."""
    cause = reason.removeprefix("ResourceInitializationError: unable to pull image or start container: ")
    if cause != reason and "manifest unknown" in cause:
        reason = f"CannotPullContainerError: {cause}"
    return old(task, client, reason)


@patch(ecs, "_describe_services", "_create_service", "_update_service")
def describe_services(old, data):
    """Says whether zones are rebalanced: as CreateService or UpdateService asked for, or not at all."""
    status, headers, body = old(data)
    if status != 200:
        return status, headers, body
    answer = json.loads(body)
    asked = data.get("availabilityZoneRebalancing") or ("DISABLED" if "serviceName" in data else None)
    for service in answer.get("services") or [answer.get("service") or {}]:
        if asked:
            _rebalancing[service["serviceArn"]] = asked
        service["availabilityZoneRebalancing"] = _rebalancing.get(service.get("serviceArn"), "DISABLED")
    return status, headers, json.dumps(answer).encode()


@patch(ecs, "_delete_service")
def delete_service(old, data):
    """A service that is gone is described as inactive for a while, but has no tags that it could be found by."""
    status, headers, body = old(data)
    if status == 200:
        ecs._tags.pop(json.loads(body)["service"]["serviceArn"], None)
    return status, headers, body


@patch(ecs, "_register_metadata")
def register_metadata(old, *arguments):
    return old(*arguments[:-1], GATEWAY)


@patch(ecs, "_attach_started_container")
def attach_started_container(old, task, container, index, token, network):
    return old(task, container, index, token, NETWORK)


@patch(ecs, "_record_task_ip")
def record_task_ip(old, task, container, network):
    """Takes the address of a container that stays: those of a task have one each here, and one that only prepares is gone."""
    started = len(task.get("_docker_ids", [])) - 1
    if task["_container_essentials"][started]:
        old(task, container, network)


@patch(ecs, "_build_run_kwargs")
def build_run_kwargs(old, definition, family, environment, ports, network, is_host, name, arn, address, *rest):
    """Joins the network that databases and caches are on, and passes on what ministack leaves out of a definition.

    It is asked for a container right before that one starts, so here it waits for those that must have ended or be healthy.
    """
    depend(definition, family, arn)
    run = old(definition, family, environment, ports, NETWORK, is_host, name, arn, GATEWAY, *rest)
    passed = {
        "entrypoint": definition.get("entryPoint"),
        "user": definition.get("user"),
        "working_dir": definition.get("workingDirectory"),
        "read_only": definition.get("readonlyRootFilesystem"),
    }
    if check := definition.get("healthCheck"):
        passed["healthcheck"] = {
            "test": check["command"],
            "interval": check.get("interval", 30) * SECOND,
            "timeout": check.get("timeout", 5) * SECOND,
            "retries": check.get("retries", 3),
            "start_period": check.get("startPeriod", 0) * SECOND,
        }
    binds = run.get("volumes", []) + volumes(definition, family, name)
    return run | {key: value for key, value in passed.items() if value} | {"volumes": binds}


def depend(definition, family, arn):
    """Waits for what a container depends on; ministack starts all containers of a task at once."""
    names = [one["name"] for one in family["containerDefinitions"]]
    for one in definition.get("dependsOn", []):
        name, condition = one["containerName"], one["condition"]
        # Those before it have been started, in this order.
        container = ENGINE.containers.get(ecs._tasks[arn]["_docker_ids"][names.index(name)])
        if condition in ("COMPLETE", "SUCCESS"):
            code = container.wait()["StatusCode"]
            if condition == "SUCCESS" and code != 0:
                raise RuntimeError(f"dependency {name} exited with {code}")
        while condition == "HEALTHY" and health_of(container) != "HEALTHY":
            if container.status == "exited" or health_of(container) == "UNHEALTHY":
                raise RuntimeError(f"dependency {name} did not become healthy")
            time.sleep(0.5)
            container.reload()


def health_of(container):
    """Names the health of a container as ECS does."""
    told = container.attrs["State"].get("Health", {}).get("Status", "")
    return {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(told, "UNKNOWN")


def volumes(definition, family, task):
    """Lists the volumes that no place of a machine is named for: one of the file system's, or one of the task's, empty at first."""
    file_systems = {
        volume["name"]: volume.get("efsVolumeConfiguration", {}).get("fileSystemId", task)
        for volume in family.get("volumes", [])
        if not volume.get("host", {}).get("sourcePath")
    }
    return [
        f"{file_systems[mount['sourceVolume']]}-{mount['sourceVolume']}:{mount['containerPath']}"
        + (":ro" if mount.get("readOnly") else ":rw")
        for mount in definition.get("mountPoints", [])
        if mount["sourceVolume"] in file_systems
    ]
