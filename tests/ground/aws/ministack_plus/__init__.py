"""ministack with the answers that Terraform's AWS provider reads back and ministack drops, and snapshots that hold data.

A patch echoes what the caller sent, as AWS does; none makes up a behaviour. Start it with `python -m ministack_plus`.
"""

from patching import made_for

made_for("ministack", "1.5.33")
