# SPDX-License-Identifier: Apache-2.0
"""A walk through the whole product: every handler, and every branch that makes a call of its own.

It guarantees that each chapter asserts what a person would see, so that a call that was refused or
never made is not taken for one that was allowed.
"""

import http.client
import re
import time
from dataclasses import replace

from chalicelib.domain.state import dump_state, load_state
from tests.package.breaker_story import feedback
from tests.package.campaign_story import LEAVER, SECOND, VISITOR, campaigns
from tests.package.console_story import files, operators
from tests.package.erasure_story import erasures, rights
from tests.package.import_story import ended_by_an_erasure, imports, waiting
from tests.package.installation import Installation
from tests.package.lambda_events import REGION
from tests.package.own_rights_story import own_rights
from tests.package.proof_story import proofs
from tests.package.segment_story import asked, forgotten
from tests.package.suppression_story import RETURNER, ses_list, suppression_files

STRANGER = "stranger@example.org"
HOUR_MS = 3_600_000


def set_up(site: Installation) -> None:
    """An empty installation, then its brand, list and form."""
    site.schedule("sequence_on_schedule")
    site.page("GET", "/ledger/checkpoint", expect=404)
    site.schedule("erase_unconfirmed")
    site.schedule("log_heartbeat")
    site.schedule("sequence_on_schedule")
    site.make_first_key()
    brand = {
        "id": "walk",
        "name": "Walk",
        "controller_name": "Example Controller",
        "postal_address": "1 Example Street",
        "contact_address": "privacy@example.org",
        "from_address": "news@example.org",
    }
    site.api("POST", "/brands", brand, expect=201, key="brand")
    site.api("POST", "/brands", brand, expect=201, key="brand")
    site.api("POST", "/brands", brand, expect=409, key="brand-again")
    letters = {"id": "letters", "brand": "walk", "name": "Letters"}
    site.api("POST", "/lists", letters, expect=201)
    texts = {"en": "Yes, send me letters."}
    form = {
        "id": "join",
        "brand": "walk",
        "lists": ["letters"],
        "title": texts,
        "promise": texts,
        "fields": [{"name": "email", "type": "email", "label": texts}],
        "boxes": [
            {"name": "letters", "purpose": "letters", "text": texts, "mandatory": True},
            {"name": "measure", "purpose": "measurement", "text": texts},
        ],
    }
    site.api("POST", "/forms", form, expect=201)
    for noun, word in (("brands", "walk"), ("lists", "letters"), ("forms", "join")):
        assert len(site.api("GET", f"/{noun}")["items"]) == 1
        site.api("GET", f"/{noun}/{{{noun[:-1]}}}", **{noun[:-1]: word})
    site.consume("sequence_ledger")
    assert site.consume("anchor_checkpoints") >= 1
    for route in ("/ledger/checkpoint", "/ledger/policy"):
        assert "localhost/kvitto/walk" in site.page("GET", route)
    assert "\n# tsa " in site.page("GET", "/ledger/policy")
    site.page("GET", "/privacy/{brand}", brand="walk")
    moved = {"postal_address": "2 Example Street"}
    site.api("PATCH", "/brands/{brand}", moved, brand="walk")
    assert "2 Example Street" in site.page("GET", "/privacy/{brand}", brand="walk")


def segments(site: Installation) -> None:
    """A segment is checked, written, changed and deleted; a brand gets rules of its own."""
    buyers = {"fact": "orders.count", "op": "gte", "value": 2}
    site.api("POST", "/segments/check", {"brand": "walk", "where": buyers})
    assert site.api("GET", "/segments/facts", query={"brand": "walk"})["items"]
    new = {"id": "buyers", "brand": "walk", "name": "Buyers", "where": buyers}
    site.api("POST", "/segments", new, expect=201)
    site.api("POST", "/segments", new, expect=409)
    changed = {"version": 1, "name": "Bought", "where": buyers}
    for expected in (200, 409):
        site.api("PUT", "/segments/{segment}", changed, expect=expected, segment="buyers")
    assert site.api("GET", "/segments/{segment}", segment="buyers")["version"] == 2
    assert len(site.api("GET", "/segments")["items"]) == 1
    site.api("DELETE", "/segments/{segment}", expect=204, segment="buyers")
    rules = {"stage": [{"is": "loyalty", "where": buyers}], "activity": []}
    for version in range(2):
        known = site.api("GET", "/brands/{brand}/lifecycle", brand="walk")
        assert known["version"] == version
        site.api("PUT", "/brands/{brand}/lifecycle", {**rules, "version": version}, brand="walk")


def sign_up(site: Installation, email: str) -> str:
    """Send the form, let the worker answer; return the text of the newest mail."""
    site.page("GET", "/forms/{form_id}", form_id="join")
    body = {"email": email, "letters": "yes", "measure": "yes"}
    site.page("POST", "/forms/{form_id}", body, form_id="join")
    assert site.consume("send_confirmations") == 1
    return site.mails(email)[-1]["text"] if site.mails(email) else ""


def answer(site: Installation, mail: str, act: str) -> str:
    """Open the link of a confirmation mail, press one of its buttons; return the page after it."""
    token = re.search(r"/confirm/([\w-]+)", mail).group(1)
    site.page("GET", "/confirm/{token}", token=token)
    return site.page("POST", "/confirm/{token}", {"answer": act}, token=token)


def receipt(site: Installation, shown: str) -> None:
    """The receipt that a page leads to, and each of its files."""
    token = re.search(r"/receipt/([\w-]+)", shown).group(1)
    page = site.page("GET", "/receipt/{token}", token=token)
    for part in set(re.findall(r"part=([a-z.-]+)", page)):
        status, _, _ = site.http("GET", "/receipt/{token}", query={"part": part}, token=token)
        assert status == http.client.OK
    assert "act.tlog-proof" in page


def let_an_hour_pass(site: Installation) -> None:
    """Nobody was written to lately, so that whoever signs up again is written to."""
    dynamodb = site.client("dynamodb")
    for row in dynamodb.scan(TableName="kvitto-activity")["Items"]:
        if row["pk"]["S"].startswith("C#"):
            key = {name: row[name] for name in ("pk", "sk")}
            dynamodb.delete_item(TableName="kvitto-activity", Key=key)
    for row in dynamodb.scan(TableName="kvitto-ledger")["Items"]:
        if row["sk"]["S"] == "STATE":
            state = load_state(row["folded"]["S"])
            mails_ms = tuple(at_ms - HOUR_MS for at_ms in state.mails_ms)
            row["folded"]["S"] = dump_state(replace(state, mails_ms=mails_ms))
            dynamodb.put_item(TableName="kvitto-ledger", Item=row)


def wait_for_ses(site: Installation, email: str) -> None:
    """SES asks to wait, then gives no answer, then takes the mail."""
    site.page("POST", "/forms/{form_id}", {"email": email, "letters": "yes"}, form_id="join")
    (message,) = site.take("send_confirmations")
    for fault in ("error_429", "drop_before_accept"):
        site.plant(fault)
        site.hand_back("send_confirmations", message)
    site.hand_over("send_confirmations", [message])
    assert len(site.mails(email)) == 1


def people(site: Installation) -> None:
    """Unknown, known and suppressed addresses; one refuses."""
    confirmed = [
        answer(site, sign_up(site, email), "confirm") for email in (VISITOR, SECOND, LEAVER)
    ]
    let_an_hour_pass(site)
    assert "/unsubscribe/" in sign_up(site, VISITOR)
    answer(site, sign_up(site, "refuser@example.org"), "refuse")
    wait_for_ses(site, "patient@example.org")
    site.api("POST", "/suppressions", {"email": STRANGER, "reason": "manual"}, expect=201)
    sign_up(site, STRANGER)
    assert site.api("GET", "/suppressions", query={"email": STRANGER})["items"]
    assert site.api("GET", "/suppressions")["items"]
    assert site.consume("sequence_ledger") >= 1
    receipt(site, confirmed[0])
    (found,) = site.api("GET", "/subscribers", query={"email": VISITOR})["items"]
    site.api("GET", "/subscribers/{subscriber}", subscriber=found["id"])
    assert len(site.api("GET", "/subscribers")["items"]) == 6


def enrol(site: Installation) -> None:
    """A shop takes people in: by mail, attested, and because of a sale."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    seen = {"form": "join", "boxes": {"letters": True}, "visitor": {"ip": "192.0.2.7"}}
    asked = {"basis": "double-opt-in", "email": "asked@example.org", **seen}
    stated = {"basis": "attested", "email": "stated@example.org", "at": now, **seen}
    sold = {
        "basis": "soft-opt-in",
        "email": "sold@example.org",
        "brand": "walk",
        "purpose": "letters",
        "sale": {"reference": "1", "product": "paper", "at": now},
        "objection_offered": {"how": "a box", "at": now},
    }
    nowhere = {**asked, "email": "asked@nomail.test"}
    for _ in range(2):
        assert site.api("POST", "/subscribers", nowhere, expect=422)["code"] == (
            "undeliverable_address"
        )
    assert site.api("POST", "/subscribers", asked, expect=202)["status"] == "accepted"
    assert site.consume("send_confirmations") == 1
    for body in (stated, sold):
        assert site.api("POST", "/subscribers", body, expect=201)["status"] == "recorded"


def customer_events(site: Installation) -> None:
    """A shop tells an order twice, gives all of it back, and tells of nobody."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    common = {"brand": "walk", "email": VISITOR, "occurred_at": now}
    order = {"id": "1", "amount": 100, "currency": "SEK"}
    placed = {**common, "id": "1", "type": "order.placed", "order": order}
    refund = {**placed, "id": "2", "type": "order.refunded"}
    site.api("POST", "/events", placed, expect=201)
    several = {"events": [placed, refund, {**placed, "email": "nobody@example.org"}]}
    found = site.api("POST", "/events", several)["items"]
    assert [each["status"] for each in found] == ["known", "kept", "ignored"]
    left = {**placed, "id": "3", "order": {**order, "id": "2"}}
    site.api("POST", "/events", left, expect=201)
    site.api("PATCH", "/brands/{brand}", {"keep_orders": False}, brand="walk")
    site.schedule("refold_orders")
    kept = site.client("dynamodb").scan(TableName="kvitto-activity")["Items"]
    assert not [row for row in kept if row["sk"]["S"].startswith("O#")]
    site.api("PATCH", "/brands/{brand}", {"keep_orders": True}, brand="walk")


def messages(site: Installation) -> None:
    """A template is written, changed, used and deleted; a message waits for SES, then goes."""
    words = {"en": {"subject": "Order {{ n }}", "html": "<h1>{{ n }}</h1>", "reason": "You asked."}}
    new = {"id": "order", "brand": "walk", "name": "Order", "kind": "service", "words": words}
    site.api("POST", "/templates", new, expect=201)
    site.api("POST", "/templates", new, expect=409)
    changed = {"version": 1, "name": "Orders", "words": words}
    for expected in (200, 409):
        site.api("PUT", "/templates/{template}", changed, expect=expected, template="order")
    assert site.api("GET", "/templates/{template}", template="order")["version"] == 2
    assert len(site.api("GET", "/templates")["items"]) == 1
    asked = {"email": VISITOR, "template": "order", "data": {"n": "4711"}}
    site.api("POST", "/messages", {**asked, "email": "nobody@example.org"}, expect=404)
    made = site.api("POST", "/messages", asked, expect=202, key="order-4711")
    (queued,) = site.take("send_confirmations")
    site.plant("error_429")
    site.hand_back("send_confirmations", queued)
    site.hand_over("send_confirmations", [queued])
    assert site.mails(VISITOR)[-1]["subject"] == "Order 4711"
    assert site.api("GET", "/messages/{message}", message=made["id"])["status"] == "sent"
    site.api("DELETE", "/templates/{template}", expect=204, template="order")


def leave(site: Installation) -> str:
    """The link in a campaign's mail, opened and then used, and why; return its token."""
    token, _ = ways_out(site, VISITOR)
    for scope in ("list", "brand"):
        site.api("PATCH", "/brands/{brand}", {"unsubscribe_scope": scope}, brand="walk")
        site.page("GET", "/unsubscribe/{token}", token=token)
        site.page("POST", "/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"}, token=token)
    site.page("POST", "/unsubscribe/{token}/reason", {"reason": "too-many"}, token=token)
    brand = site.api("GET", "/brands/{brand}", brand="walk")
    assert brand["unsubscribe_reasons"]["too-many"] == 1
    return token


def ways_out(site: Installation, email: str) -> tuple[str, str]:
    """Return the token of the link and the address in the header of the newest mail."""
    headers = [dict(mail["headers"]) for mail in site.mails(email)]
    header = next(h["List-Unsubscribe"] for h in reversed(headers) if "List-Unsubscribe" in h)
    found = re.fullmatch(r"<https?://[^>]+/unsubscribe/([\w-]+)>, <mailto:([^>]+)>", header)
    assert found is not None, header
    return found[1], found[2]


def preferences(site: Installation) -> None:
    """From a mail's footer, and from an address alone, to one's own page and data."""
    texts = " ".join(mail["text"] for mail in site.mails(VISITOR))
    door = re.search(r"/preferences/([\w-]{60,})", texts).group(1)
    site.page("GET", "/preferences/{token}", token=door)
    site.page("POST", "/preferences/{token}", {"act": "mail"}, token=door)
    assert site.consume("send_confirmations") == 1
    token = re.search(r"/preferences/([\w-]{43})\b", site.mails(VISITOR)[-1]["text"]).group(1)
    page = site.page("GET", "/preferences/{token}", token=token)
    mark = re.search(r'name="mark" value="(\w+)"', page).group(1)
    boxes = dict.fromkeys(re.findall(r'name="([\w-]+\.[\w-]+)" type="checkbox"', page), "1")
    wish = {"act": "save", "mark": mark, "per_week": "7", "mail_language": "sv", **boxes}
    assert boxes
    site.page("POST", "/preferences/{token}", wish, token=token)
    site.page("POST", "/preferences/{token}", {"act": "unsubscribe"}, token=token)
    site.page("POST", "/preferences/{token}", {"act": "access"}, token=token)
    for part in ("data.json", "data.html"):
        status, _, _ = site.http("GET", "/preferences/{token}", query={"part": part}, token=token)
        assert status == http.client.OK
    site.page("GET", "/rights/{brand}", brand="walk")
    site.page("POST", "/rights/{brand}", {"email": "nobody@example.org"}, brand="walk")
    assert site.consume("send_confirmations") == 1


def leave_by_mail(site: Installation) -> None:
    """A mail to the header's address, twice, and one to an address nobody made."""
    _, address = ways_out(site, SECOND)
    for to in (address, address.upper(), f"{'a' * 60}@{address.partition('@')[2]}"):
        site.receive({"from": "somebody@example.net", "to": to, "subject": "unsubscribe"})
    assert site.consume("receive_mails", least=3) == 3
    (found,) = site.api("GET", "/subscribers", query={"email": SECOND})["items"]
    assert [entry["status"] for entry in found["lists"]] == ["withdrawn"]


def finding(site: Installation, token: str) -> None:
    """The leaver of before is found by each clue, and read out in words."""
    mail = site.mails(VISITOR)[-1]
    site.consume("record_ses_events", least=0)
    message_id = f"<{mail['id']}@{REGION}.amazonses.com>"
    clues = ({"email": VISITOR}, {"link": token}, {"message_id": message_id}, {"eml": mail["raw"]})
    found = [site.api("POST", "/subscribers/search", clue) for clue in clues]
    assert len({each["subscriber"] for each in found}) == 1
    assert {each["mails"][0]["campaign"] for each in found[1:]} != {None}
    first = {"message_id": site.mails(VISITOR)[0]["id"]}
    (answered,) = site.api("POST", "/subscribers/search", first)["mails"]
    assert answered["entry"]["type"] == "consent.requested"
    sid = found[0]["subscriber"]
    words = site.api("POST", "/subscribers/{subscriber}/timeline", {"open": True}, subscriber=sid)
    assert words["items"][-1]["type"] == "data.unsealed"


def never_confirmed(site: Installation) -> None:
    """The log as it will read long after: who never answered is found, and looked at anew."""
    sign_up(site, "silent@example.org")
    site.consume("sequence_ledger")
    s3, bucket = site.client("s3"), site.environment["KVITTO_BUCKET"]
    size = int(site.page("GET", "/ledger/checkpoint").splitlines()[1])
    place = {"Bucket": bucket, "Key": f"log/tile/entries/000.p/{size}"}
    entries = s3.get_object(**place)["Body"].read()
    s3.put_object(**place, Body=entries.replace(b'"ts":17', b'"ts":16'))
    site.schedule("erase_unconfirmed")
    assert site.consume("erase_subjects") >= 1
    s3.put_object(**place, Body=entries)
    assert site.api("GET", "/subscribers", query={"email": "silent@example.org"})["items"]


def walk(site: Installation) -> None:
    """Walk through everything once."""
    set_up(site)
    segments(site)
    people(site)
    customer_events(site)
    messages(site)
    campaigns(site)
    asked(site, LEAVER)
    feedback(site)
    ses_list(
        site,
        lambda: answer(site, sign_up(site, RETURNER), "confirm"),
        lambda: let_an_hour_pass(site),
    )
    forgotten(site, LEAVER)
    leave_by_mail(site)
    forgotten(site, SECOND)
    token = leave(site)
    finding(site, token)
    proofs(site, token, (VISITOR, SECOND))
    operators(site)
    owed = rights(site)
    preferences(site)
    sent = waiting(site)
    erasures(site)
    ended_by_an_erasure(site, sent)
    assert site.api("GET", "/rights-requests/{request}", request=owed)["closed_by_erasure"]
    own_rights(site)
    never_confirmed(site)
    enrol(site)
    imports(site, VISITOR)
    suppression_files(site, lambda email: sign_up(site, email))
    files(site)
    site.schedule("sequence_on_schedule")
    site.consume("sequence_ledger", least=0)
    site.schedule("anchor_on_schedule")
    site.consume("anchor_checkpoints", least=0)
