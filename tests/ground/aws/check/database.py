"""Databases and caches are PostgreSQL and Redis."""

import json
import os
import socket
import ssl
import tempfile
import urllib.request

import docker
import psycopg2

from .account import expect, sample, soon

USER, PASSWORD = "notes", "a-canary-of-a-password"
VERSION = "15.18"


def authority():
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_ministack/rds/ca.pem") as answer:
        return answer.read()


def address(name):
    """Finds the container that answers to an endpoint's name, which only containers can look up."""
    for container in docker.from_env().containers.list():
        for network in container.attrs["NetworkSettings"]["Networks"].values():
            if name in (network["Aliases"] or []):
                return network["IPAddress"]
    raise AssertionError(f"no container answers to {name}")


def sql(endpoint, statement):
    """Asks a database over TLS, with its certificate checked; returns the rows."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(authority())
        file.flush()
        connection = psycopg2.connect(
            host=endpoint,
            hostaddr=address(endpoint),
            dbname=USER,
            user=USER,
            password=PASSWORD,
            sslmode="verify-full",
            sslrootcert=file.name,
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
    return rows


def add_instance(account, cluster):
    """Gives a cluster its writer; returns where it answers."""
    rds = account.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier=f"{cluster}-1",
        DBClusterIdentifier=cluster,
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
    )

    def available():
        found = rds.describe_db_instances(DBInstanceIdentifier=f"{cluster}-1")["DBInstances"][0]
        return found["DBInstanceStatus"] == "available"

    soon(available)
    return rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]["Endpoint"]


def aurora(account):
    account.client("rds").create_db_cluster(
        DBClusterIdentifier="check",
        Engine="aurora-postgresql",
        EngineVersion=VERSION,
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        DatabaseName=USER,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 1},
    )
    account.database = add_instance(account, "check")
    version = "current_setting('server_version_num')::int / 10000"
    rows = sql(account.database, f"SELECT ssl, {version} FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    expect(rows, [(True, 15)])


def migrates(account):
    secrets = account.client("secretsmanager")
    arn = secrets.create_secret(Name="database", SecretString=json.dumps({"password": PASSWORD}))["ARN"]
    account.to_database = {
        "environment": [{"name": "NOTES_DATABASE_HOST", "value": account.database}],
        "secrets": [{"name": "NOTES_DATABASE_PASSWORD", "valueFrom": f"{arn}:password::"}],
    }
    good = account.define("migrate", sample("api", "1.0.0"), command=["migrate"], **account.to_database)
    expect(account.run(good)["containers"][0]["exitCode"], 0)
    expect(sql(account.database, "SELECT count(*) FROM notes"), [(0,)])


def snapshot_restores(account):
    rds = account.client("rds")
    sql(account.database, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('before')")
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="check", DBClusterIdentifier="check")
    bad = account.define("bad", sample("api", "1.3.0"), command=["migrate"], **account.to_database)
    expect(account.run(bad)["containers"][0]["exitCode"] == 0, False)
    sql(account.database, "UPDATE kept SET word = 'after'")
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="restored", SnapshotIdentifier="check", Engine="aurora-postgresql")
    restored = add_instance(account, "restored")
    expect(sql(restored, "SELECT word FROM kept"), [("before",)])
    expect(sql(account.database, "SELECT word FROM kept"), [("after",)])


def cache(account):
    caches = account.client("elasticache")
    caches.create_replication_group(
        ReplicationGroupId="check",
        ReplicationGroupDescription="check",
        Engine="redis",
        EngineVersion="7.1",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=1,
        TransitEncryptionEnabled=True,
        AuthToken=PASSWORD,
    )

    def endpoint():
        group = caches.describe_replication_groups(ReplicationGroupId="check")["ReplicationGroups"][0]
        return group["Status"] == "available" and group["NodeGroups"][0]["PrimaryEndpoint"]

    at = soon(endpoint)
    # Whether the certificate is right was asked of the database; this asks whether there is one.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # It is called available as soon as it is started.
    with soon(lambda: connection(at)) as plain, context.wrap_socket(plain) as cache:
        cache.sendall(f"AUTH {PASSWORD}\r\nPING\r\n".encode())
        answer = b""
        while not answer.endswith(b"PONG\r\n"):
            answer += cache.recv(100)
    expect(answer, b"+OK\r\n+PONG\r\n")


def connection(at):
    try:
        return socket.create_connection((at["Address"], at["Port"]), 10)
    except ConnectionRefusedError:
        return None


PROOFS = [
    ("Aurora answers SQL over TLS", aurora),
    ("the sample's migration reaches it, with its password out of a secret", migrates),
    ("a snapshot brings back what a failed migration and an update took", snapshot_restores),
    ("a cache answers over TLS, to its token", cache),
]
