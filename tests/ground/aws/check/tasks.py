"""Tasks are containers."""

from .account import CLUSTER, REGISTRY, expect, image, sample, soon

# Only with a root that is read-only, a volume that is not, the user that was named, and no way to any other network.
CONFINED = "! touch /written && touch /tmp/written && test $(id -u) = 65532 && ! timeout 2 bash -c 'exec 3<> /dev/tcp/192.0.2.1/80'"


def runs_and_logs(account):
    task = account.run(account.define("version", sample("web", "1.1.0"), command=["version"]))
    expect(task["containers"][0]["exitCode"], 0)
    expect("1.1.0" in soon(lambda: account.log_of(task)), True)


def exit_code(account):
    task = account.run(account.define("exits", image("library/postgres", "15"), command=["sh", "-c", "exit 7"]))
    expect(task["containers"][0]["exitCode"], 7)
    expect(task["stopCode"], "EssentialContainerExited")


def override(account):
    definition = account.define("overridden", image("library/postgres", "15"), command=["sh", "-c", "exit 7"])
    expect(account.run(definition, ["sh", "-c", "exit 8"])["containers"][0]["exitCode"], 8)


def never_starts(account):
    task = account.run(account.define("absent", f"{REGISTRY}/landfall/sample-web@sha256:{'0' * 64}"))
    expect(task["stopCode"], "TaskFailedToStart")
    expect("exitCode" in task["containers"][0], False)


def confined(account):
    definition = account.define(
        "confined",
        image("library/postgres", "15"),
        entryPoint=["bash", "-c"],
        command=[CONFINED],
        user="65532:65532",
        readonlyRootFilesystem=True,
        mountPoints=[{"sourceVolume": "empty", "containerPath": "/tmp"}],
    )
    expect(account.run(definition)["containers"][0]["exitCode"], 0)


def prepared(account):
    postgres = image("library/postgres", "15")
    shared = [{"sourceVolume": "shared", "containerPath": "/shared"}]
    first = {"name": "prepare", "image": postgres, "essential": False, "user": "0", "mountPoints": shared}
    first |= {"entryPoint": ["sh", "-c"], "command": ["sleep 2; echo canary > /shared/word"]}
    after = {"mountPoints": shared, "dependsOn": [{"containerName": "prepare", "condition": "SUCCESS"}]}
    ready = account.define("prepared", postgres, first, command=["sh", "-c", "grep canary /shared/word"], **after)
    task = account.run(ready)
    expect([one["exitCode"] for one in task["containers"]], [0, 0])
    never = account.define("prepared", postgres, first | {"command": ["exit 3"]}, command=["true"], **after)
    expect(account.run(never)["stopCode"], "TaskFailedToStart")


def secret(account):
    secrets = account.client("secretsmanager")
    arn = secrets.create_secret(Name="check", SecretString='{"word": "canary"}')["ARN"]
    definition = account.define(
        "secret",
        image("library/postgres", "15"),
        command=["sh", "-c", 'test "$WORD" = canary'],
        secrets=[{"name": "WORD", "valueFrom": f"{arn}:word::"}],
    )
    expect(account.run(definition)["containers"][0]["exitCode"], 0)


def stopped(account):
    definition = account.define("waits", image("library/postgres", "15"), command=["sleep", "600"])
    arn = account.ecs.run_task(cluster=CLUSTER, taskDefinition=definition)["tasks"][0]["taskArn"]

    def status():
        return account.ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"][0]

    soon(lambda: status()["lastStatus"] == "RUNNING")
    account.ecs.stop_task(cluster=CLUSTER, task=arn, reason="enough")
    expect(soon(lambda: status()["lastStatus"] == "STOPPED" and status())["stoppedReason"], "enough")


PROOFS = [
    ("a task of the sample's image runs by digest, and its log is read", runs_and_logs),
    ("a task's exit code is its program's", exit_code),
    ("the command of a call stands for the definition's", override),
    ("a task whose image is not there never starts, and says so", never_starts),
    ("a task runs as its definition says, with a read-only root and no way out", confined),
    ("a container waits for the one that prepares, and does not start without it", prepared),
    ("a secret reaches a container", secret),
    ("a task that is stopped says why", stopped),
]
