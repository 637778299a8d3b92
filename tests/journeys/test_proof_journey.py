# SPDX-License-Identifier: Apache-2.0
"""Journey 5: a proof is asked for, fetched as a zip, and checked by the verifier of its own."""

import io
import json
import re
import subprocess
import sys
import zipfile

import pytest

from tests.support.local_run import ROOT
from tests.support.stack import files_of, link_in

VERDICT = re.compile(r"^(PASS|FAIL|NOT PROVEN) ([a-z]+): (.+)$", re.MULTILINE)
NAMES = "integrity signature witnesses inclusion consistency disclosures notice time chain erasure"
PROVEN = {"integrity", "signature", "inclusion", "consistency", "disclosures", "notice", "chain"}


@pytest.fixture
def verify(tmp_path):
    """Run the verifier as anybody would: on its own, in a folder of its own."""

    def run(bundle, policy=None):
        (tmp_path / "bundle.zip").write_bytes(bundle)
        arguments = ["bundle.zip"]
        if policy is not None:
            (tmp_path / "policy.txt").write_bytes(policy)
            arguments += ["--policy", "policy.txt"]
        command = [sys.executable, "-I", str(ROOT / "tools" / "verify_proof.py"), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False
        )
        return done.returncode, VERDICT.findall(done.stdout), done.stdout + done.stderr

    return run


def assert_every_verdict_once(verdicts):
    assert sorted(name for _, name, _ in verdicts) == sorted(NAMES.split())


def assert_proves(outcome):
    code, verdicts, said = outcome
    assert code == 0, said
    assert_every_verdict_once(verdicts)
    assert {name for verdict, name, _ in verdicts if verdict == "PASS"} >= PROVEN, said
    assert "FAIL" not in {verdict for verdict, _, _ in verdicts}


def repacked(bundle, change):
    """The bundle with some files changed, zipped again in the same order."""
    files = files_of(bundle)
    change(files)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(bundle_file := io.BytesIO(bundle)) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        assert bundle_file
        for info in old.infolist():
            if info.filename in files:
                new.writestr(info, files[info.filename])
    return out.getvalue()


def test_a_proof_is_fetched_and_verifies_against_the_published_policy(installation, verify):
    stack, email = installation, installation.address("reader")
    stack.subscribe(email)
    policy = stack.get("/ledger/policy").body
    bundle = stack.export_proof(email=email, reason="audit", recipient="An authority")
    assert_proves(verify(bundle, policy))
    code, verdicts, _ = verify(bundle)
    assert code == 0
    assert ("NOT PROVEN", "signature") in {(verdict, name) for verdict, name, _ in verdicts}


def test_a_proof_is_asked_for_by_link_or_id_as_well(stack, verify):
    email = stack.address("reader")
    subscriber = stack.subscribe(email)
    stack.finished(stack.send_campaign("With a link", "<p>News</p>"))
    link = link_in(stack.wait_mail(email, "With a link")["text"], "/unsubscribe")
    policy = stack.get("/ledger/policy").body
    for selector in ({"token": link.rpartition("/")[2]}, {"subscriber": subscriber["id"]}):
        assert_proves(verify(stack.export_proof(**selector), policy))


def test_a_bundle_is_a_conflict_until_it_is_ready_and_unknown_ones_are_not_found(stack):
    email = stack.address("reader")
    stack.subscribe(email)
    job = stack.api("POST", "/proofs", {"email": email}).json
    early = stack.api("GET", f"/proofs/{job['id']}/bundle")
    assert early.status in (200, 409)
    assert stack.api("GET", "/proofs/AAAAAAAAAAAAAAAAAAAAAA").status == 404
    assert stack.api("POST", "/proofs", {"email": stack.address("nobody")}).status == 404


@pytest.mark.parametrize("name", ["events/0.leaf.json", "chain.json", "checkpoint.note"])
def test_a_bundle_changed_in_one_byte_fails(stack, verify, name):
    email = stack.address("reader")
    stack.subscribe(email)
    bundle = stack.export_proof(email=email)

    def flip(files):
        data = bytearray(files[name])
        data[len(data) // 2] ^= 1
        files[name] = bytes(data)

    code, verdicts, said = verify(repacked(bundle, flip), stack.get("/ledger/policy").body)
    assert code == 1, said
    assert "FAIL" in {verdict for verdict, _, _ in verdicts}


def test_a_withdrawal_cannot_be_left_out_of_a_bundle(stack, verify):
    email = stack.address("reader")
    stack.subscribe(email)
    stack.finished(stack.send_campaign("To leave by", "<p>News</p>"))
    link = link_in(stack.wait_mail(email, "To leave by")["text"], "/unsubscribe")
    assert stack.post_form(link, {"List-Unsubscribe": "One-Click"}).status == 200
    bundle = stack.export_proof(email=email)
    files = files_of(bundle)
    leaves = [name for name in files if re.fullmatch(r"events/\d+\.leaf\.json", name)]
    (withdrawal,) = [n for n in leaves if json.loads(files[n])["typ"] == "consent.withdrawn"]
    number = withdrawal.partition(".")[0]

    def leave_out(files):
        for name in [name for name in files if name.startswith(f"{number}.")]:
            del files[name]

    code, _, said = verify(repacked(bundle, leave_out), stack.get("/ledger/policy").body)
    assert code == 1, said


def test_another_stacks_policy_does_not_vouch_for_the_bundle(stack, package_stack, verify):
    email = stack.address("reader")
    stack.subscribe(email)
    bundle = stack.export_proof(email=email)
    code, verdicts, said = verify(bundle, package_stack.get("/ledger/policy").body)
    assert code == 1, said
    assert ("FAIL", "signature") in {(verdict, name) for verdict, name, _ in verdicts}
