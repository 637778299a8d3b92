# SPDX-License-Identifier: Apache-2.0
"""Time by somebody else's clock, and the ledger's line in mails, on a running stack."""

import base64
import re
import subprocess
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert

import pytest

from tests.support.local_run import until
from tests.support.time_authority import needs_openssl

LINE = re.compile(r"^ledger (\S+) (\d+) ([0-9a-f]{64})$", re.MULTILINE)


def anchored(stack):
    """Sizes of the stamped checkpoints."""
    found = [re.fullmatch(r"anchors/(\d+)\.tsr", key) for key in stack.objects()]
    return sorted(int(each[1]) for each in found if each)


@needs_openssl
def test_who_signs_up_after_ready_comes_after_a_stamped_checkpoint(own_stack, tmp_path):
    stack = own_stack(DEMO_SUBSCRIBERS="0").wait_ready()
    email = stack.address("reader")
    stack.subscribe(email)
    until(lambda: anchored(stack), "the first anchor")
    objects = stack.objects()
    first = anchored(stack)[0]
    leaves = [each["item"] for each in rows(stack) if each["kind"] == "index"]
    assert leaves
    assert all(first <= int(each["index"]["N"]) for each in leaves)
    note, response = (objects[f"anchors/{first}.{end}"] for end in ("note", "tsr"))
    assert note == objects[f"log/checkpoints/{first}"]

    root = tmp_path / "state" / "keys" / "tsa" / "root.pem"
    named = re.findall(r"^# tsa ([0-9a-f]{64})$", stack.get("/ledger/policy").text, re.MULTILINE)
    assert named == [sha256(PEM_cert_to_DER_cert(root.read_text())).hexdigest()]
    (tmp_path / "note").write_bytes(note)
    (tmp_path / "tsr").write_bytes(response)
    words = ("-in", tmp_path / "tsr", "-data", tmp_path / "note", "-CAfile", root)
    said = subprocess.run(("openssl", "ts", "-verify", *words), capture_output=True, check=False)
    assert said.returncode == 0, said.stderr


def rows(stack):
    """Index rows of entries of people."""
    return [
        {"kind": "index", "item": row}
        for row in stack.settled()["kvitto-ledger"]
        if row["sk"]["S"] == "V" and "sid" in row and "index" in row
    ]


def test_without_an_authority_the_stack_runs_and_names_no_root(own_stack):
    stack = own_stack(KVITTO_LOCAL_NO_TSA="1").wait_ready()
    stack.subscribe(stack.address("reader"))
    assert stack.settled()
    assert anchored(stack) == []
    assert "tsa" not in stack.get("/ledger/policy").text
    assert "time" not in stack.said.read_text()


@pytest.mark.parametrize("kind", ["confirmation", "campaign", "test"])
def test_the_line_in_a_delivered_mail_is_in_the_logs_history(stack, kind):
    email = stack.address(kind)
    if kind == "confirmation":
        stack.sign_up(email)
        mail = stack.wait_mail(email, "confirm")
    else:
        stack.subscribe(email)
        stack.send_campaign(f"News for {kind}", "<p>Hello</p>", tester=email)
        mail = stack.wait_mail(email, "[Test]" if kind == "test" else "News")
    (text,) = LINE.findall(mail["text"].replace("\r\n", "\n"))
    assert f"ledger {' '.join(text)}" in mail["html"]
    origin, size, root = text
    assert origin == stack.origin()
    lines = stack.objects()[f"log/checkpoints/{size}"].decode().split("\n")
    assert lines[:2] == [origin, size]
    assert base64.b64decode(lines[2]).hex() == root
