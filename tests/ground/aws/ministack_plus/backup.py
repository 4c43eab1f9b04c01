"""Backup: the lock of a vault, for which ministack has no route."""

import json

from ministack.services import backup
from patching import patch

DAYS = ["MinRetentionDays", "MaxRetentionDays"]


@patch(backup, "handle_request")
async def handle_request(old, method, path, headers, body, query):
    """PutBackupVaultLockConfiguration and DeleteBackupVaultLockConfiguration; DescribeBackupVault tells what they left."""
    parts = path.strip("/").split("/")
    if len(parts) != 3 or parts[0] != "backup-vaults" or parts[2] != "vault-lock":
        return await old(method, path, headers, body, query)
    vault = backup._vaults.get(parts[1])
    if vault is None:
        return backup._err("ResourceNotFoundException", f"Vault '{parts[1]}' not found.", 404)
    for name in [*DAYS, "LockDate"]:
        vault.pop(name, None)
    vault["Locked"] = method == "PUT"
    if method == "PUT":
        asked = json.loads(body or b"{}")
        vault.update({name: asked[name] for name in DAYS if asked.get(name) is not None})
        if asked.get("ChangeableForDays") is not None:
            vault["LockDate"] = backup._epoch() + asked["ChangeableForDays"] * 86400
    return backup._no_content()
