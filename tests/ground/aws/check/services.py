"""Services: the load balancer, rollouts, and the circuit breaker."""

import os
import re
import urllib.error
import urllib.request

from .account import CLUSTER, expect, sample, soon

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def service(account, name, definition, target, **more):
    account.ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        deploymentConfiguration=BREAKER,
        loadBalancers=[{"targetGroupArn": target, "containerName": name, "containerPort": 8080}],
        **more,
    )


def deployments(account, name):
    return account.ecs.describe_services(cluster=CLUSTER, services=[name])["services"][0]["deployments"]


def completed(account, name, definition):
    """Waits until the rollout of a definition is over, and was the one that stayed."""

    def look():
        primary = [one for one in deployments(account, name) if one["status"] == "PRIMARY"]
        return [(one["taskDefinition"], one["rolloutState"]) for one in primary] == [(definition, "COMPLETED")]

    soon(look)


def target_group(account, name):
    balancing = account.client("elbv2")
    answer = balancing.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=8080,
        TargetType="ip",
        VpcId="vpc-check",
        HealthCheckPath="/healthz/readiness",
        HealthCheckIntervalSeconds=5,
    )
    return answer["TargetGroups"][0]["TargetGroupArn"]


def by_path(account):
    balancing = account.client("elbv2")
    made = balancing.create_load_balancer(Name="check", Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    account.balancer = made["DNSName"]
    page, worker = target_group(account, "page"), target_group(account, "worker")
    listener = balancing.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": page}],
    )["Listeners"][0]["ListenerArn"]
    balancing.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/version"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": worker}],
    )
    listen = [{"name": "NOTES_LISTEN", "value": "0.0.0.0:8080"}]
    ports = [{"containerPort": 8080}]
    account.page = account.define("page", sample("web", "1.0.0"), environment=listen, portMappings=ports)
    environment = listen + account.to_database["environment"]
    other = account.define(
        "worker",
        sample("worker", "1.1.0"),
        environment=environment,
        secrets=account.to_database["secrets"],
        portMappings=ports,
    )
    service(account, "page", account.page, page)
    service(account, "worker", other, worker)
    completed(account, "page", account.page)
    completed(account, "worker", other)
    soon(lambda: "<html" in ask(account, "/"), 30)
    soon(lambda: "1.1.0" in ask(account, "/version"), 30)


def ask(account, path):
    """Asks the load balancer, as somebody who has no account; an empty answer is none."""
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, headers={"Host": account.balancer})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode().lower()
    except urllib.error.HTTPError:
        return ""


def rolls_out(account):
    account.page = account.define(
        "page",
        sample("web", "1.1.0"),
        environment=[{"name": "NOTES_LISTEN", "value": "0.0.0.0:8080"}],
        portMappings=[{"containerPort": 8080}],
    )
    account.ecs.update_service(cluster=CLUSTER, service="page", taskDefinition=account.page)
    completed(account, "page", account.page)
    tasks = account.ecs.list_tasks(cluster=CLUSTER, serviceName="page", desiredStatus="RUNNING")["taskArns"]
    running = account.ecs.describe_tasks(cluster=CLUSTER, tasks=tasks)["tasks"]
    wanted = sample("web", "1.1.0").split("@")[1]
    expect([container["imageDigest"] for task in running for container in task["containers"]], [wanted])


def rolls_back(account):
    goes_back_from(account, account.define("page", sample("web", "1.1.0"), command=["no-such-command"]))


def never_ready(account):
    listen = [{"name": "NOTES_LISTEN", "value": "0.0.0.0:8080"}]
    sick = account.define("page", sample("web", "1.2.0"), environment=listen, portMappings=[{"containerPort": 8080}])
    goes_back_from(account, sick)
    expect(reasons(account, sick), {"Task failed ELB health checks in (target-group *)"})
    group = account.ecs.describe_services(cluster=CLUSTER, services=["page"])["services"][0]["loadBalancers"][0]["targetGroupArn"]
    told = account.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    expect([one["TargetHealth"]["State"] for one in told], ["healthy"])


def by_name(account):
    # The caller is well when it reaches the other.
    listen = [{"name": "NOTES_LISTEN", "value": "0.0.0.0:8080"}]
    offers = account.define(
        "offers", sample("web", "1.1.0"), environment=listen, portMappings=[{"name": "http", "containerPort": 8080}]
    )
    offered = {"portName": "http", "discoveryName": "offers", "clientAliases": [{"port": 8080, "dnsName": "offers"}]}
    connect = {"enabled": True, "namespace": "check"}
    check = {"command": ["CMD", "/app/notes", "probe", "http://offers:8080/healthz/readiness"], "interval": 5, "retries": 10}
    caller = account.define("caller", sample("web", "1.1.0"), environment=listen, healthCheck=check)
    for name, definition, services in [("offers", offers, [offered]), ("caller", caller, [])]:
        account.ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=1,
            launchType="FARGATE",
            serviceConnectConfiguration=connect | {"services": services},
        )
    completed(account, "caller", caller)


def unwell(account):
    listen = [{"name": "NOTES_LISTEN", "value": "0.0.0.0:8080"}]
    check = {"command": ["CMD", "/app/notes", "probe", "http://127.0.0.1:1/"], "interval": 5, "timeout": 2, "retries": 1}
    more = {"environment": listen, "portMappings": [{"containerPort": 8080}]}
    sick = account.define("page", sample("web", "1.1.0"), healthCheck=check, **more)
    goes_back_from(account, sick)
    expect(reasons(account, sick), {"Task failed container health checks"})


def reasons(account, definition):
    """Lists why tasks of a definition were ended, without the names in it."""
    tasks = account.ecs.list_tasks(cluster=CLUSTER, serviceName="page", desiredStatus="STOPPED")["taskArns"]
    ended = account.ecs.describe_tasks(cluster=CLUSTER, tasks=tasks)["tasks"]
    why = [one["stoppedReason"] for one in ended if one["taskDefinitionArn"] == definition]
    return {re.sub("arn:[^)]*", "*", one) for one in why if one != "Deployment completed"}


def goes_back_from(account, definition):
    """Rolls a definition out, and waits until the circuit breaker has gone back to the one before."""
    answer = account.ecs.update_service(cluster=CLUSTER, service="page", taskDefinition=definition)
    ours = next(one["id"] for one in answer["service"]["deployments"] if one["status"] == "PRIMARY")

    def is_failed():
        return [one["rolloutState"] for one in deployments(account, "page") if one["id"] == ours] == ["FAILED"]

    soon(is_failed)
    completed(account, "page", account.page)
    failed = [one["failedTasks"] for one in deployments(account, "page") if one["id"] == ours]
    expect(failed, [3])
    expect("<html" in ask(account, "/"), True)


def scaling(account):
    autoscaling = account.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{CLUSTER}/page",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    for _ in range(2):
        told = autoscaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        expect([(one["ResourceId"], one["MaxCapacity"]) for one in told], [(target["ResourceId"], 3)])


PROOFS = [
    ("the load balancer forwards by path", by_path),
    ("a rollout ends with the digest that was asked for", rolls_out),
    ("a deployment that crashes is rolled back by the circuit breaker", rolls_back),
    ("a deployment that starts and is never ready is rolled back as well", never_ready),
    ("so is one whose containers' own check fails", unwell),
    ("a service is found by the name that it offers", by_name),
    ("scaling of a service is kept and told", scaling),
]
