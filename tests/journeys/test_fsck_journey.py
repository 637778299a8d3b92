# SPDX-License-Identifier: Apache-2.0
"""The operator's comparison on a running stack: clean after real journeys, and not blind."""

import os
import subprocess
import sys

import boto3
import pytest

from tests.support.local_run import ROOT, until


@pytest.fixture
def fsck(stack):
    """Run the command as `make fsck` does, against this stack."""

    def run():
        done = subprocess.run(
            [sys.executable, "-m", "infra.fsck"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "KVITTO_LOCAL_DIR": str(stack.state_folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


@pytest.fixture
def settings(stack):
    from infra.local import state

    found = state.read_environment(stack.state_folder)
    assert found is not None
    return found


@pytest.fixture
def table(settings):
    """The ledger table of the stack."""
    return boto3.resource(
        "dynamodb",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        region_name=settings["AWS_REGION"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    ).Table(settings["KVITTO_LEDGER_TABLE"])


def test_it_agrees_after_real_journeys_and_names_a_row_that_was_changed(stack, fsck, table):
    email = stack.address("compared")
    subscriber = stack.subscribe(email)
    stack.api("POST", "/suppressions", {"email": stack.address("unknown"), "reason": "manual"})
    code, lines, complaint = fsck()
    assert (code, complaint) == (0, ""), lines
    assert len(lines) > 10
    assert all(line.endswith(", OK") for line in lines)
    assert email not in "".join(lines)

    def sequenced():
        code, lines, _ = fsck()
        waiting = next(line for line in lines if line.startswith("outbox:"))
        return code == 0 and waiting == "outbox: 0 entries waiting, OK"

    until(sequenced, "the log to be complete")
    key = {"pk": f"S#{subscriber['id']}", "sk": "STATE"}
    before = table.get_item(Key=key)["Item"]
    table.put_item(Item={**before, "folded": before["folded"].replace('"r":false', '"r":true')})
    try:
        code, lines, _ = fsck()
    finally:
        table.put_item(Item=before)
    assert code == 1
    wrong = [line for line in lines if "DIFFERENCE" in line]
    assert [line.partition(":")[0] for line in wrong] == ["states"]
    assert subscriber["id"] in wrong[0]
    assert fsck()[0] == 0
