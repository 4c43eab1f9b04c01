"""Patches moto and starts its server."""

import os
import sys

# Without AWS's own policies an attachment of one is refused.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.server import main  # noqa: E402  # moto reads the variable as it is imported

from . import autoscaling, ec2, ecs, elasticache, rds, refusals  # noqa: E402, F401  # each patches as it is read

main(sys.argv[1:])
