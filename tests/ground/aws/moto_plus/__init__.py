"""moto's server with the few answers that Terraform's AWS provider needs and moto lacks.

Start it with `python -m moto_plus --host HOST --port PORT`.
"""

from patching import made_for

made_for("moto", "5.2.5")
