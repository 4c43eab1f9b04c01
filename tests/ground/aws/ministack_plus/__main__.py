"""Patches ministack and starts it."""

import ministack.app

# Each patches as it is read.
from . import (  # noqa: F401
    acm,
    alb,
    autoscaling,
    backup,
    cloudwatch,
    ec2,
    ecs,
    elasticache,
    logs,
    rds,
    rds_events,
    service_connect,
    tagging,
    target_health,
    task_health,
    waf,
)

ministack.app.main()
