# SPDX-License-Identifier: Apache-2.0
"""Promises 6, 8 and 9: looking changes nothing, nothing leaks, nobody is told apart."""

import base64
import hashlib
import json
import random  # noqa: TID251  # seeded: the same rubbish every time
import re
from functools import cache
from urllib.parse import quote

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.config import Settings
from infra.local import demo
from tests.support.emulator import start_empty
from tests.support.local_run import until
from tests.support.stack import link_in
from tests.support.stored import logged_leaves
from tests.support.world import VISITOR, World

# Promise 6: no GET or HEAD changes state.


def live_targets(stack):
    """Every address that GET may be tried on, with ids and tokens that work."""
    email = stack.address("reader")
    sid = stack.subscribe(email)["id"]
    campaign = stack.send_campaign("To look at", "<p>News</p>")
    stack.finished(campaign)
    text = stack.wait_mail(email, "To look at")["text"]
    leave, choose = link_in(text, "/unsubscribe"), link_in(text, "/preferences")
    stack.export_proof(email=email)
    stack.sign_up(waiting := stack.address("waiting"))
    confirm = stack.confirm_link(waiting)
    api = stack.get("/api/v1/openapi.json").json
    ids = {
        "subscriber": sid,
        "list": "newsletter",
        "form": "demo",
        "brand": "demo",
        "count": "A" * 22,
        "message": "A" * 22,
        "template": "order",
        "segment": "regulars",
        "campaign": campaign,
        "erasure": "A" * 22,
        "import": "A" * 22,
        "number": 1,
        "domain": "gmail",
        "export": stack.api("POST", "/exports", {"campaign": campaign, "outcomes": ["sent"]}).json[
            "id"
        ],
        "request": "A" * 22,
        "version": 1,
        "proof": stack.api("GET", "/proofs").json["items"][0]["id"],
        "api_key": stack.api("GET", "/api-keys").json["items"][0]["id"],
    }
    pages = ["/", "/favicon.ico", "/forms/demo", "/privacy/demo", "/console", "/console/login"]
    pages += ["/console/overview", "/console/logout", f"/console/campaigns/{campaign}", "/nowhere"]
    pages += ["/ledger/checkpoint", "/ledger/policy", confirm, leave, f"{confirm}?act=refuse"]
    pages += [f"{confirm}?answer=confirm", f"{leave}?List-Unsubscribe=One-Click", "/local/mailbox"]
    pages += [f"/forms/demo?email={quote(email)}&newsletter=yes", "/local/mailbox.json"]
    pages += [f"/forms/demo/{part}" for part in ("embed.js", "challenge", "descriptor")]
    pages += [choose, f"{leave}/reason", "/rights/demo", f"/certificates/{'A' * 22}"]
    pages += ["/console/forms", "/console/forms/demo", f"/address/{'A' * 43}"]
    # Looking at subscribers is itself an entry of the ledger: the next test.
    paths = (path for path in api["paths"] if "/subscribers" not in path)
    return pages + [path.format(**ids) for path in paths]


def test_promise_6_get_and_head_of_everything_there_is_leave_every_row_as_it_was(stack):
    targets = live_targets(stack)
    key = {"Authorization": f"Bearer {stack.api_key}"}
    login = stack.post_form("/console/login", {"key": stack.api_key})
    cookie = {"Cookie": login.headers["Set-Cookie"].split(";")[0]}
    rows, objects = stack.settled(), stack.kept_objects()
    mails = stack.get("/local/mailbox/count").body
    tricks = {"X-HTTP-Method-Override": "POST", "Idempotency-Key": "looking"}
    for target in targets:
        for method in ("GET", "HEAD"):
            for headers in ({}, {**key, **cookie, **tricks}):
                answer = stack.ask(method, target, headers=headers)
                assert answer.status < 500, (method, target)
                if method == "HEAD":
                    assert answer.body == b""
    assert stack.settled() == rows
    assert stack.kept_objects() == objects
    assert stack.get("/local/mailbox/count").body == mails


def test_promise_6_looking_at_subscribers_adds_its_own_entry_and_changes_nobody(stack):
    email = stack.address("reader")
    sid = stack.subscribe(email)["id"]
    before, leaves = stack.settled(), logged_leaves(stack.objects())
    for target in ("/subscribers", f"/subscribers/{sid}", f"/subscribers?email={quote(email)}"):
        assert stack.api("GET", target).status == 200
    after = stack.settled()
    for table in before.keys() - {"kvitto-ledger"}:
        assert after[table] == before[table], table
    people = [row for row in after["kvitto-ledger"] if row["pk"]["S"].startswith("S#")]
    assert people == [row for row in before["kvitto-ledger"] if row["pk"]["S"].startswith("S#")]
    added = [json.loads(leaf) for leaf in logged_leaves(stack.objects())[len(leaves) :]]
    assert [(leaf["typ"], leaf["rsn"]) for leaf in added] == [("data.unsealed", "support")] * 3
    assert all(leaf.keys() == {"ctl", "id", "rsn", "ts", "typ", "v"} for leaf in added)


def test_promise_6_no_rubbish_in_an_address_or_a_body_makes_a_get_act(stack):
    """Break it: seeded rubbish, half-right tokens, and GETs that carry a form's body."""
    email = stack.address("reader")
    stack.sign_up(email)
    confirm = stack.confirm_link(email)
    rows = stack.settled()
    dice = random.Random(6)
    letters = "AZaz09-_%/.?&=~+ äö\u2028'\"<>{}"
    for _ in range(60):
        rubbish = quote("".join(dice.choices(letters, k=dice.randint(1, 40))), safe="/?&=%")
        place = dice.choice(["/confirm/", "/unsubscribe/", "/forms/", "/api/v1/", "/", "/c/"])
        assert stack.ask(dice.choice(["GET", "HEAD"]), place + rubbish).status < 500, rubbish
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for target, body in (
        (confirm, "answer=confirm"),
        (confirm, "answer=refuse"),
        ("/forms/demo", f"email={quote(stack.address())}&newsletter=yes"),
    ):
        assert stack.ask("GET", target, body, form).status == 200
    assert stack.settled() == rows


# Promise 8: personal data is sealed; logs, queues, tags, URLs, keys and the ledger hold none.

CANARY = "canary-bird-7f3a"
NAME = "Kanarienvogel-9c1d"
AGENT = "CanaryBrowser-4e2b"
NETWORK = "203.0.113.77"
DIGESTS = ("md5", "sha1", "sha256", "sha512")


def spellings(text):
    """A text as it might be written: plain, percent-encoded, hex, base64 at every offset."""
    data = text.encode()
    yield data
    yield "".join(f"%{byte:02X}" for byte in data).encode()
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the letters that depend on the neighbours.
            yield encode(b"\0" * offset + data)[offset + 1 : -4]


@cache
def canaries(email):
    """Every spelling of what the visitor gave, and unkeyed digests of the address."""
    words = [CANARY, NAME, AGENT, NETWORK]
    found = {spelling for word in words for spelling in spellings(word)}
    for name in DIGESTS:
        digest = hashlib.new(name, email.encode())
        found |= {digest.digest(), digest.hexdigest().encode(), base64.b64encode(digest.digest())}
    return found


def hits(haystack, email):
    data = haystack if isinstance(haystack, bytes) else haystack.encode()
    lowered = data.lower()
    return [word for word in canaries(email) if word in data or word.lower() in lowered]


def flattened(item):
    """Every name and value of a row, as bytes."""
    if isinstance(item, dict):
        return b" ".join(flattened(part) for pair in item.items() for part in pair)
    if isinstance(item, list):
        return b" ".join(flattened(part) for part in item)
    return item if isinstance(item, bytes) else str(item).encode()


@pytest.fixture(scope="module")
def sung(stack):
    """A stack on which the canaries have walked through everything, failures included."""
    email = f"{CANARY}@example.org"
    headers = {"User-Agent": AGENT, "Referer": f"https://example.com/{CANARY}"}
    headers |= {"X-Forwarded-For": NETWORK}
    fields = {"email": email, "newsletter": "yes", "measurement": "yes", "first_name": NAME}
    stack.post_form("/forms/demo", fields, **headers)
    stack.post_form(stack.confirm_link(email), {"answer": "confirm"}, **headers)
    stack.finished(stack.send_campaign("Song", "<p>Hej {{ first_name }}</p>"))
    mail = stack.wait_mail(email, "Song")
    for kind in ("Bounce", "Complaint"):
        stack.control("POST", "events", message_id=mail["id"], type=kind)
    stack.export_proof(email=email, recipient=NAME)
    stack.api("POST", "/suppressions", {"email": email, "reason": f"{NAME} asked"})
    # What fails is logged: none of it may hold what was sent.
    for bad in ({**fields, "email": f"{CANARY}@"}, {**fields, "first_name": NAME * 90}):
        stack.post_form("/forms/demo", bad, **headers)
    stack.api(
        "POST", "/suppressions", {"email": f"{CANARY} {NAME}", "reason": f"{NAME}\n"}, **headers
    )
    stack.api("POST", "/proofs", {"email": f"{CANARY}-other@example.org"}, **headers)
    stack.api("GET", f"/subscribers?email={CANARY}", **headers)
    stack.control("POST", "faults", kind="error_500", times=3)
    stack.post_form("/forms/demo", {**fields, "email": f"{CANARY}-2@example.org"}, **headers)
    stack.post_form(f"/confirm/{CANARY}", {"answer": NAME}, **headers)
    until(lambda: '"WARNING"' in stack.log("app"), "a logged failure")
    stack.control("DELETE", "faults")
    stack.settled()
    return stack, email, mail


def test_promise_8_a_persons_data_is_in_no_log_no_clear_attribute_no_key_and_no_leaf(sung):
    stack, email, _ = sung
    assert hits(stack.log("app"), email) == []
    for name, items in stack.settled().items():
        for item in items:
            assert hits(flattened(item), email) == [], (name, item["pk"], item["sk"])
    objects = stack.objects()
    for key, data in objects.items():
        assert hits(key, email) == [], key
        if not key.startswith("bundles/"):
            assert hits(data, email) == [], key
    leaves = logged_leaves(objects)
    assert leaves
    assert [leaf for leaf in leaves if hits(leaf, email)] == []
    assert [leaf for leaf in leaves if b"@" in leaf] == []


def test_promise_8_a_persons_data_is_in_no_tag_and_no_url_of_a_mail(sung):
    stack, email, mail = sung
    links = re.findall(r"https?://[^\s\"<>]+", mail["html"] + mail["text"])
    links += [value for name, value in mail["headers"] if name.startswith("List-")]
    assert len(links) >= 4
    assert [link for link in links if hits(link, email)] == []
    for one in [*stack.mails(email), mail]:
        assert hits(json.dumps(one["tags"]), email) == []
        assert set(one["tags"]) <= {"c", "r", "a", "m"}


def test_promise_8_dead_letters_hold_nothing_of_a_person_but_what_ses_itself_wrote(sung):
    stack, email, _ = sung
    sqs = stack.client("sqs")
    urls = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith("-dlq")]
    urls = [url for url in urls if "ses-events" not in url]
    assert len(urls) >= 5
    for url in urls:
        waiting = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        for message in waiting.get("Messages", []):
            assert hits(message["Body"], email) == []
    sqs.close()


def test_promise_8_no_queue_message_of_ours_names_anybody():
    """Break it: every message of a whole life, a proof and a failure included, is looked into."""
    world, email = World(), f"{CANARY}@example.org"
    seen = []
    handle = world.handle

    def listen(queue, body):
        seen.append((queue, json.dumps(dict(body))))
        handle(queue, body)

    world.handle = listen
    world.subscribe(email, first_name=NAME)
    world.campaign()
    world.settle()
    from chalicelib.services.proofs import Wish

    job = world.proofs.request({"email": email}, Wish(recipient=NAME))
    world.settle()
    world.suppressions.add(email, "manual")
    world.sign_up(email)
    world.settle()
    assert world.proofs.get(job.id).status == "ready"
    assert {queue for queue, _ in seen} >= {"confirmations", "plans", "chunks", "proofs"}
    assert [body for _, body in seen if hits(body, email)] == []


# Promise 9: known, unknown and suppressed addresses cannot be told apart.


def test_promise_9_the_answer_is_the_same_byte_for_byte_but_for_the_typed_address(stack):
    known, confirmed = stack.address("aaaa"), stack.address("bbbb")
    stack.sign_up(known)
    stack.confirm_link(known)
    stack.subscribe(confirmed)
    suppressed, stranger = stack.address("cccc"), stack.address("dddd")
    for email in (suppressed, stranger):
        stack.api("POST", "/suppressions", {"email": email, "reason": "manual"})
    bounced = stack.address("bounce", "simulator.amazonses.com")
    stack.sign_up(bounced)
    until(lambda: stack.suppressions(bounced), "the bounce")
    left = stack.address("eeee")
    stack.sign_up(left)
    stack.post_form(stack.confirm_link(left), {"answer": "refuse"})
    unknown = stack.address("ffff")
    answers = {}
    for email in (known, confirmed, suppressed, stranger, bounced, left, unknown):
        answer = stack.sign_up(email, first_name="X")
        headers = sorted((name, value) for name, value in answer.headers.items() if name != "Date")
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
        shown = email.replace("+", "&#43;")
        text = answer.text.replace(email, "").replace(shown, "").replace(quote(email), "")
        answers[email] = (answer.status, headers, text)
    assert len({repr(answer) for answer in answers.values()}) == 1


class Recorder:
    """The AWS calls of this process, in order, without what differs by chance."""

    def __init__(self):
        self.calls = []

    def __call__(self, params, model, **_):
        body = params["body"]
        asked = (
            json.loads(body) if isinstance(body, bytes | str) and body[:1] in (b"{", "{") else {}
        )
        self.calls.append((model.service_model.service_name, model.name, _shape(asked)))


def _shape(asked):
    """Which rows are touched: a new subject's row is put where a known one's is checked."""
    if "TransactItems" in asked:
        parts = [part for item in asked["TransactItems"] for part in item.values()]
        return tuple(part["TableName"] for part in parts)
    if "RequestItems" in asked:
        return tuple((name, len(part["Keys"])) for name, part in asked["RequestItems"].items())
    return asked.get("TableName") or asked.get("KeyId") or asked.get("QueueUrl")


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """The product over the emulator in this process, and every call it makes."""
    started, _ = start_empty()
    seed = tmp_path / "log.key"
    seed.write_bytes(bytes(32))
    environment = {
        **started["environment"],
        "KVITTO_BASE_URL": "http://127.0.0.1:8000",
        "KVITTO_LEDGER_ORIGIN": "localhost/kvitto/recorded",
        "KVITTO_CONTROLLER": "local",
        "KVITTO_LOG_KEY": f"file:{seed}",
        "KVITTO_SIGNUPS_PER_HOUR": "1000",
        "KVITTO_PLAIN_SIGNUPS_PER_HOUR": "1000",
        "KVITTO_FORM_SIGNUPS_PER_HOUR": "1000",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    clients.forget_clients()
    container = demo.prepare(Settings.from_env(environment), "key-of-a-recorded-run")
    recorder = Recorder()
    for service in ("dynamodb", "kms", "sqs", "s3", "sesv2"):
        clients.client(service).meta.events.register("before-call", recorder)
    yield container, recorder
    clients.forget_clients()


def test_promise_9_the_same_calls_are_made_in_the_same_order_whoever_it_is(recorded):
    """Break it: tell them apart by what the service does for known, unknown and suppressed."""
    container, recorder = recorded

    def calls_of(email):
        recorder.calls.clear()
        container.signup.submit("demo", {"email": email, "newsletter": "yes"}, VISITOR, "en")
        return list(recorder.calls)

    calls_of("warm-up@example.org")
    unknown = calls_of("known@example.org")
    container.suppressions.add("stranger@example.org", "manual")
    suppressed = "suppressed@example.org"
    calls_of(suppressed)
    container.suppressions.add(suppressed, "complaint")
    told_apart = {
        "known": calls_of("known@example.org"),
        "known, again": calls_of("known@example.org"),
        "suppressed stranger": calls_of("stranger@example.org"),
        "suppressed": calls_of(suppressed),
    }
    assert {service for service, _, _ in unknown} == {"dynamodb", "kms", "sqs"}
    assert "GenerateMac" in [name for _, name, _ in unknown]
    for who, calls in told_apart.items():
        assert calls == unknown, who
