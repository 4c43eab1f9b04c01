"""Terraform works with the emulator and a folder of providers, and with nothing else."""

import os
import shutil
import subprocess
import tempfile

from .account import expect

ROOT = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_cloudwatch_log_group" "check" {
  name = "check/terraform"
}

resource "aws_ssm_parameter" "check" {
  name  = "/check"
  type  = "String"
  value = aws_cloudwatch_log_group.check.arn
}
"""


def applies(account):
    expect(shutil.which("terraform") is not None and "TF_CLI_CONFIG_FILE" in os.environ, True)
    environment = os.environ | {"AWS_ACCESS_KEY_ID": account.number}
    with tempfile.TemporaryDirectory() as folder:

        def terraform(*words):
            command = ["terraform", f"-chdir={folder}", *words, "-no-color"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode == 1:
                raise AssertionError(done.stdout + done.stderr)
            return done.returncode

        with open(os.path.join(folder, "main.tf"), "w") as file:
            file.write(ROOT)
        terraform("init")
        terraform("apply", "-auto-approve")
        # 2 would say that there is something to change.
        expect(terraform("plan", "-detailed-exitcode"), 0)
        terraform("destroy", "-auto-approve")


PROOFS = [("Terraform applies with a folder of providers, and plans no change", applies)]
