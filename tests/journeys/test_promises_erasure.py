# SPDX-License-Identifier: Apache-2.0
"""Promise 3 of the design: erasure destroys a key; nothing personal is readable anywhere after it,
and every proof still verifies.

One person's life on the real local stack, with data that can be found again in any spelling; then
every table, every version of every object, every message and every log line is searched for it.
The local mailbox is the outside world and is left out: what was mailed was mailed.
"""

import base64
import gzip
import io
import os
import subprocess
import sys
import zipfile
import zlib
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.support.local_run import ROOT, until
from tests.support.stack import link_in, running
from tests.support.stored import checkpoints, is_true_of, logged_leaves

CANARIES = {
    "address": "Kanariefagel.Zq7Xw@Example.org",
    "first name": "Zebulonqa",
    "user agent": "CanaryBrowser/77.31 (Wqzx)",
}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack of its own: every byte on it is looked at."""
    with running(tmp_path_factory.mktemp("erasure")) as started:
        yield started


def spellings(word):
    """A word as bytes somebody may have written it in."""
    found = set()
    for text in {word, word.lower(), word.upper(), word.partition("@")[0].lower()}:
        raw = text.encode()
        found |= {raw, quote(text).encode(), quote(text, safe="").encode()}
        found |= {raw.hex().encode(), raw.hex().upper().encode(), text.encode("utf-16-le")}
        for skip in range(3):
            # However it is cut into triples, the middle of its base64 is one of three.
            whole = base64.b64encode(raw[skip:])[: len(raw[skip:]) // 3 * 4]
            found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return {each for each in found if len(each) >= 8}


NEEDLES = {
    needle.lower(): f"{name}" for name, word in CANARIES.items() for needle in spellings(word)
}


def unpacked(data):
    """The bytes, and what is inside them if they are packed."""
    yield data
    for open_ in (gzip.decompress, zlib.decompress):
        try:
            yield open_(data)
        except (OSError, EOFError, zlib.error):
            continue
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)


def found_in(data):
    """Which canaries are in some bytes."""
    texts = [each.lower() for each in unpacked(data)]
    return {name for needle, name in NEEDLES.items() for text in texts if needle in text}


def plain(value):
    """Every string and bytes of a DynamoDB item, attribute names included."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name).encode()
            yield from plain(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from plain(inner)
    elif isinstance(value, bytes):
        yield value
    else:
        yield str(value).encode()


def versions(stack):
    """Every version of every object: (key, bytes)."""
    with closing(stack.client("s3")) as s3:
        (bucket,) = [found["Name"] for found in s3.list_buckets()["Buckets"]]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for each in page.get("Versions", []):
                place = {"Bucket": bucket, "Key": each["Key"], "VersionId": each["VersionId"]}
                yield each["Key"], s3.get_object(**place)["Body"].read()


def messages(stack):
    """Every message of every queue, dead letters included."""
    with closing(stack.client("sqs")) as sqs:
        for url in sqs.list_queues()["QueueUrls"]:
            while taken := sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30, WaitTimeSeconds=0
            ).get("Messages"):
                for message in taken:
                    yield url, message["Body"].encode()
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def leaks(stack):
    """Where a canary can still be read: {place: what}."""
    rows = stack.settled()
    places = {
        f"{table} {row['pk']['S']} {row['sk']['S']}": b"\n".join(plain(row))
        for table, items in rows.items()
        for row in items
    }
    binary = {
        f"{table} {row['pk']['S']} {row['sk']['S']} {place}": data
        for table, items in rows.items()
        for row in items
        for place, data in enumerate(plain(row))
    }
    objects = {f"object {key}": key.encode() + b"\n" + data for key, data in versions(stack)}
    packed = {f"object {key}": data for key, data in versions(stack)}
    logs = {f"log {name}": stack.log(name).encode() for name in ("app", "aws")}
    queued = {f"queue {url}": body for url, body in messages(stack)}
    searched = [places, binary, objects, packed, logs, queued]
    return {
        place: names
        for each in searched
        for place, data in each.items()
        if (names := found_in(data))
    }


def live(stack, email, first_name, **headers):
    """Sign-up, confirmation, a campaign, its delivery, a proof; return the subscriber."""
    stack.post_form(
        "/forms/demo", {"email": email, "newsletter": "yes", "first_name": first_name}, **headers
    )
    stack.post_form(stack.confirm_link(email), {"answer": "confirm"}, **headers)
    return stack.subscriber(email)


def second_key(stack):
    made = stack.api("POST", "/api-keys", {"name": "colleague", "scopes": ["compliance"]})
    assert made.status == 201, made.text
    return made.json["key"]


def erase(stack, colleague, **body):
    """Ask, approve with the colleague's key, wait; return the erasure."""
    key = "erase-" + "-".join(str(value) for value in body.values())
    asked = stack.api("POST", "/erasures", body, **{"Idempotency-Key": key})
    assert asked.status == 202, asked.text
    place = f"/erasures/{asked.json['id']}"
    assert stack.api("POST", f"{place}/approve").status == 409, "the key that asked"
    approved = stack.api("POST", f"{place}/approve", key=colleague)
    assert approved.status == 202, approved.text

    def look():
        seen = stack.api("GET", place).json
        return seen if seen["status"] == "ready" else None

    return until(look, "the erasure")


def verdicts(bundle, policy, folder):
    """What the offline verifier says: {name: state}."""
    (folder / "bundle.zip").write_bytes(bundle)
    (folder / "policy.txt").write_bytes(policy)
    verifier = [sys.executable, str(ROOT / "tools" / "verify_proof.py"), "bundle.zip"]
    done = subprocess.run(
        [*verifier, "--policy", "policy.txt"], cwd=folder, capture_output=True, check=False
    )
    lines = done.stdout.decode().splitlines()
    return {
        line.partition(": ")[0].rpartition(" ")[2]: line.rpartition(":")[0].rpartition(" ")[0]
        for line in lines
        if ": " in line
    }


def test_promise_3_nothing_personal_is_left_anywhere_and_every_proof_still_verifies(
    stack, tmp_path
):
    email, first_name = CANARIES["address"], CANARIES["first name"]
    colleague = second_key(stack)
    agent = {"User-Agent": CANARIES["user agent"]}
    other = stack.subscribe(stack.address("stays"), first_name="Bo")
    person = live(stack, email, first_name, **agent)
    stack.finished(stack.send_campaign("To all", "<p>Hello {{ first_name | default('you') }}</p>"))
    mail = stack.wait_mail(email, "To all")
    unsubscribe = link_in(mail["text"], "/unsubscribe")
    bundle = stack.export_proof(email=email)
    assert found_in(bundle) == set(CANARIES), "the search finds what is there"
    assert set.union(*leaks(stack).values()) == set(CANARIES)
    rows = stack.settled()
    kept = [row for row in rows["kvitto-audience"] if row["sk"]["S"] == other["id"]]
    assert any(row["sk"]["S"] == person["id"] for row in rows["kvitto-vault"])

    done = erase(stack, colleague, email=email, country="SE", language="sv")
    assert [each["country"] for each in done["consequences"]] == ["*", "SE"]

    assert leaks(stack) == {}
    after = stack.settled()
    mine = {
        table: [row for row in items if person["id"] in (row["sk"]["S"], row["pk"]["S"][2:])]
        for table, items in after.items()
    }
    assert mine["kvitto-vault"] == mine["kvitto-audience"] == mine["kvitto-activity"] == []
    for row in mine["kvitto-ledger"]:
        assert row["sk"]["S"] == "STATE" or row["sk"]["S"].startswith("E#")
        assert "ct" not in row
    assert [row for row in after["kvitto-audience"] if row["sk"]["S"] == other["id"]] == kept
    assert stack.subscriber(email) is None
    assert stack.suppressions(email) == ["erased"]

    answer = stack.post_form(unsubscribe, ONE_CLICK)
    assert answer.status == 200
    assert stack.settled()["kvitto-ledger"] == after["kvitto-ledger"], "nothing is appended"

    policy = stack.get("/ledger/policy").body
    seen = verdicts(bundle, policy, tmp_path)
    assert {seen[name] for name in ("integrity", "signature", "inclusion", "chain")} == {"PASS"}
    objects = stack.objects()
    leaves, signed = logged_leaves(objects), checkpoints(objects)
    assert all(is_true_of(note, leaves, policy.decode()) for note in signed.values())


def test_promise_3_the_certificate_is_json_or_a_page_and_names_nobody(stack):
    email = stack.address("certified")
    stack.subscribe(email)
    done = erase(stack, second_key(stack), email=email, ground="objection", suppress=False)
    place = f"/erasures/{done['id']}/certificate"
    shown = until(
        lambda: (answer := stack.api("GET", place)).status == 200 and answer, "the certificate"
    )
    assert shown.json["reference"] == done["id"]
    assert shown.json["ground"] == "objection"
    assert shown.json["leaf"].encode() in logged_leaves(stack.objects())
    page = stack.api("GET", f"{place}?language=sv", Accept="text/html")
    assert (page.type, page.status) == ("text/html", 200)
    assert "Intyg om radering" in page.text
    assert shown.json["kid"] in page.text
    for text in (page.text, shown.text):
        assert "certified" not in text
        assert done["subscriber"] not in text
    assert stack.suppressions(email) == []


def test_promise_3_a_restored_vault_is_erased_again_by_the_replay(stack):
    """Break it: the operator restores a backup from before the erasure."""
    email = stack.address("restored")
    person = stack.subscribe(email, first_name="Back")
    before = stack.settled()
    erase(stack, second_key(stack), email=email)
    stack.settled()
    restored = ("kvitto-vault", "kvitto-audience", "kvitto-ledger")
    with closing(stack.client("dynamodb")) as dynamo:
        for table in restored:
            for row in before[table]:
                if person["id"] in (
                    row["sk"]["S"],
                    row["pk"]["S"][2:],
                    row.get("sid", {}).get("S"),
                ):
                    dynamo.put_item(TableName=table, Item=row)
    assert stack.subscriber(email) is not None, "the backup brought them back"
    replayed = subprocess.run(
        [sys.executable, "-m", "infra.replay_erasures"],
        cwd=ROOT,
        env={**os.environ, **stack.environment()},
        capture_output=True,
        check=False,
    )
    assert replayed.returncode == 0, replayed.stderr
    assert b"done again: 1" in replayed.stdout
    after = stack.settled()
    for table in ("kvitto-vault", "kvitto-audience"):
        assert not [row for row in after[table] if row["sk"]["S"] == person["id"]]
    chain = [row for row in after["kvitto-ledger"] if row["pk"]["S"] == f"S#{person['id']}"]
    assert not [row for row in chain if "ct" in row]
    assert stack.subscriber(email) is None
