# SPDX-License-Identifier: Apache-2.0
"""The operator's comparison on a running stack: clean after real journeys, and not blind."""

import os
import subprocess
import sys

import boto3

from infra.local import state
from tests.support.local_run import ROOT, until


def fsck(stack):
    """Run the command as `make fsck` does, against a stack."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.fsck"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "KVITTO_LOCAL_DIR": str(stack.state_folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def ledger_of(stack):
    """The ledger table of a stack."""
    settings = state.read_environment(stack.state_folder)
    assert settings is not None
    return boto3.resource(
        "dynamodb",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    ).Table(settings["KVITTO_LEDGER_TABLE"])


def test_it_agrees_after_real_journeys(stack):
    """Those of every test before this one."""
    email = stack.address("compared")
    stack.subscribe(email)
    stack.api("POST", "/suppressions", {"email": stack.address("unknown"), "reason": "manual"})
    code, lines, complaint = fsck(stack)
    assert (code, complaint) == (0, ""), lines
    assert len(lines) > 10
    assert all(line.endswith(", OK") for line in lines)
    assert email not in "".join(lines)


def test_it_waits_for_the_whole_log_and_names_a_row_that_was_changed(own_stack):
    """On a stack with few people: each look reads all there is."""
    stack = own_stack(DEMO_SUBSCRIBERS="1").wait_ready()
    subscriber = stack.subscribe(stack.address("compared"))

    def sequenced():
        code, lines, _ = fsck(stack)
        waiting = next(line for line in lines if line.startswith("outbox:"))
        return code == 0 and waiting == "outbox: 0 entries waiting, OK"

    until(sequenced, "the log to be complete")
    table, key = ledger_of(stack), {"pk": f"S#{subscriber['id']}", "sk": "STATE"}
    before = table.get_item(Key=key)["Item"]
    table.put_item(Item={**before, "folded": before["folded"].replace('"r":false', '"r":true')})
    code, lines, _ = fsck(stack)
    table.put_item(Item=before)
    assert code == 1
    wrong = [line for line in lines if "DIFFERENCE" in line]
    assert [line.partition(":")[0] for line in wrong] == ["states"]
    assert subscriber["id"] in wrong[0]
    assert fsck(stack)[0] == 0
