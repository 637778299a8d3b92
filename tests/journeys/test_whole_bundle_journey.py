# SPDX-License-Identifier: Apache-2.0
"""A person's whole story in one bundle: asked, confirmed, mailed, gone; and anyone can check it."""

import json
import re
import shutil
import subprocess
import sys
import time
from hashlib import sha256

from tests.support.local_run import ROOT
from tests.support.stack import files_of, link_in

VERDICT = re.compile(r"^(PASS|FAIL|NOT PROVEN) ([a-z]+): ", re.MULTILINE)
PROVEN = {"integrity", "signature", "inclusion", "consistency", "disclosures", "notice", "chain"}
if shutil.which("openssl"):
    PROVEN |= {"time"}
PATIENCE_S = 20


def answered_bundle(stack, email):
    """The files of a bundle that holds the receiving servers' answers, and the bundle."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        bundle = stack.export_proof(email=email, recipient="An authority", reason="authority")
        files = files_of(bundle)
        lines = json.loads(files["deliveries.json"])
        if all("event" in line for line in lines) or time.monotonic() > deadline:
            return bundle, files, lines


def test_one_bundle_tells_the_whole_story_and_verifies(stack, tmp_path):
    email = stack.address("story")
    stack.subscribe(email)
    campaign = stack.send_campaign("In the story", "<p>Hello {{ first_name }}</p>")
    stack.finished(campaign)
    mail = stack.wait_mail(email, "In the story")
    link = link_in(mail["text"], "/unsubscribe")
    assert stack.post_form(link, {"List-Unsubscribe": "One-Click"}).status == 200

    bundle, files, lines = answered_bundle(stack, email)
    chain = json.loads(files["chain.json"])["total"]
    types = [json.loads(files[f"events/{n}.leaf.json"])["typ"] for n in range(chain)]
    assert types[:3] == ["consent.requested", "consent.mail_sent", "consent.confirmed"]
    assert "consent.withdrawn" in types

    sent = json.loads(files["mails/1.json"])
    (confirmation, *_) = stack.mails(email)
    assert (sent["to"], sent["subject"]) == (email, confirmation["subject"])
    assert sent["text"].splitlines() == confirmation["text"].splitlines()
    committed = json.loads(files["events/1.leaf.json"])["cnt"]
    assert committed == sha256(files["mails/1.json"]).hexdigest()

    first, second = lines
    assert (first["mail"], first["message_id"]) == (1, confirmation["id"])
    assert (first["event"], second["event"]) == ("Delivery", "Delivery")
    assert first["answer"]
    assert (second["campaign"], second["message_id"]) == (campaign, mail["id"])

    content = json.loads(files[f"campaigns/{campaign}.content.json"])
    assert content["source_html"] == "<p>Hello {{ first_name }}</p>"
    assert content["source_html"] in content["html"]
    assert json.loads(files[f"campaigns/{campaign}.leaf.json"])["man"]
    (privacy,) = [name for name in files if name.startswith("privacy/") and name.endswith("html")]
    assert files[privacy] == stack.get("/privacy/demo?language=en").body

    (tmp_path / "bundle.zip").write_bytes(bundle)
    (tmp_path / "policy.txt").write_bytes(stack.get("/ledger/policy").body)
    verifier = str(ROOT / "tools" / "verify_proof.py")
    done = subprocess.run(
        [sys.executable, "-I", verifier, "bundle.zip", "--policy", "policy.txt"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = {name: state for state, name in VERDICT.findall(done.stdout)}
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name for name, state in verdicts.items() if state == "PASS"} >= PROVEN, done.stdout
