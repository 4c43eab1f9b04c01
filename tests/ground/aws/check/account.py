"""An account of its own for every run, so that what else is in the emulator is left alone."""

import os
import time

import botocore.session
from registry import MANIFEST, Repository

REGISTRY = os.environ["LANDFALL_TEST_AWS_REGISTRY"]
CLUSTER = "check"


class Account:
    """Makes calls in an account, and what every proof needs."""

    def __init__(self):
        # The emulator takes an access key of twelve digits for the account's number.
        self.number = f"{time.time_ns() % 10**12:012d}"
        session = botocore.session.get_session()
        session.set_credentials(self.number, "test")
        config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=120)
        self.client = lambda service: session.create_client(service, config=config)
        self.ecs = self.client("ecs")
        self.logs = self.client("logs")

    def prepare(self):
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.logs.create_log_group(logGroupName=CLUSTER)

    def define(self, family, image, first=None, **container):
        """Registers a task of one container, which writes to the log, after the one that runs first; returns its ARN."""
        options = {"awslogs-group": CLUSTER, "awslogs-region": os.environ["AWS_REGION"], "awslogs-stream-prefix": family}
        container |= {"name": family, "image": image, "essential": True}
        container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
        answer = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[first, container] if first else [container],
            volumes=[{"name": mount["sourceVolume"]} for mount in container.get("mountPoints", [])],
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def run(self, definition, command=None):
        """Runs a task to its end; returns how it ended."""
        overrides = {}
        if command:
            family = definition.rsplit("/", 1)[1].split(":")[0]
            overrides = {"containerOverrides": [{"name": family, "command": command}]}
        answer = self.ecs.run_task(cluster=CLUSTER, taskDefinition=definition, launchType="FARGATE", overrides=overrides)
        arn = answer["tasks"][0]["taskArn"]

        def ended():
            task = self.ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"][0]
            return task if task["lastStatus"] == "STOPPED" else None

        return soon(ended)

    def log_of(self, task):
        family = task["containers"][0]["name"]
        stream = f"{family}/{family}/{task['taskArn'].rsplit('/', 1)[1]}"
        events = self.logs.get_log_events(logGroupName=CLUSTER, logStreamName=stream, startFromHead=True)["events"]
        return "\n".join(event["message"] for event in events)

    def reset(self):
        """Takes away what runs."""
        for arn in self.ecs.list_services(cluster=CLUSTER)["serviceArns"]:
            self.ecs.delete_service(cluster=CLUSTER, service=arn, force=True)
        rds = self.client("rds")
        for instance in rds.describe_db_instances()["DBInstances"]:
            rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)
        for cluster in rds.describe_db_clusters()["DBClusters"]:
            rds.delete_db_cluster(DBClusterIdentifier=cluster["DBClusterIdentifier"], SkipFinalSnapshot=True)
        caches = self.client("elasticache")
        for group in caches.describe_replication_groups()["ReplicationGroups"]:
            caches.delete_replication_group(ReplicationGroupId=group["ReplicationGroupId"])


def image(name, tag):
    """Names an image by the digest that the registry knows it by."""
    return f"{REGISTRY}/{name}@{Repository(REGISTRY, name).has('manifests', tag, MANIFEST)}"


def sample(component, release):
    return image(f"landfall/sample-{component}", release)


def soon(look, seconds=120):
    """Looks until there is something to see."""
    for _ in range(seconds * 4):
        if found := look():
            return found
        time.sleep(0.25)
    raise AssertionError(f"nothing came of it in {seconds} s")


def expect(what, wanted):
    """Compares; both are told when they differ."""
    if what != wanted:
        raise AssertionError(f"{what!r} is not {wanted!r}")
