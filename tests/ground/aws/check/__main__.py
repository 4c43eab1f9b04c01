"""Runs every proof, and says for each whether it held."""

import os
import sys
import time
import traceback

from . import database, services, tasks, terraform
from .account import Account


def main():
    account = Account()
    account.prepare()
    failed = 0
    for module in [tasks, database, services, terraform]:
        for says, proof in module.PROOFS:
            began = time.monotonic()
            try:
                proof(account)
            except Exception:
                failed += 1
                print(f"FAILED  {says}", flush=True)
                traceback.print_exc()
            else:
                print(f"ok      {says} ({time.monotonic() - began:.1f} s)", flush=True)
    # What is left of a failure can be looked at.
    if not failed:
        account.reset()
    print(f"{failed} failed" if failed else "all held")
    sys.exit(failed != 0)


if __name__ == "__main__":
    os.environ.setdefault("NO_PROXY", "*")
    main()
