# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about campaigns: tested, sent, stalled, stopped, changed, waiting for a time.

It guarantees what `story` does: each step asserts what a person would see.
"""

import calendar
import http.client
import json
import time

from chalicelib.domain.ids import shard_of
from chalicelib.domain.outcomes import OutcomeCode
from tests.package.installation import KEY, Installation
from tests.package.lambda_events import body_of

VISITOR, PROOFREADER = "visitor@example.org", "proofreader@example.net"
SECOND, LEAVER = "second@example.org", "leaver@example.org"
SHARDS = 16


def write(site: Installation, subject: str, **more: str) -> str:
    """Write a campaign and return its id."""
    body = {"name": subject, "list": "letters", "purpose": "letters", "subject": subject}
    body |= {"html": "<p>A letter</p>", **more}
    return site.api("POST", "/campaigns", body, expect=201)["id"]


def act(site: Installation, campaign: str, word: str, body=None, *, expect: int = 202) -> None:
    """Do something with a campaign."""
    site.api("POST", f"/campaigns/{{campaign}}/{word}", body, expect=expect, campaign=campaign)


def limit(site: Installation, email: str) -> None:
    """Somebody takes no more than seven mails a week."""
    (found,) = site.api("GET", "/subscribers", query={"email": email})["items"]
    rhythm = {"v": 1, "max_per_week": 7, "paused_until_ms": None, "sent_ms": []}
    site.client("dynamodb").update_item(
        TableName="kvitto-audience",
        Key={"pk": {"S": shard_of(found["id"])}, "sk": {"S": found["id"]}},
        UpdateExpression="SET rhythm = :rhythm",
        ExpressionAttributeValues={":rhythm": {"S": json.dumps(rhythm)}},
    )


def campaigns(site: Installation) -> None:
    """One is sent and finished, one stalls and is cancelled, one is tried, one comes unplanned."""
    limit(site, VISITOR)
    first = write(site, "First")
    act(site, first, "test", {"to": PROOFREADER})
    act(site, first, "send")
    assert site.consume("plan_campaigns") == SHARDS
    assert site.consume("send_chunks") >= 1
    assert [mail["subject"] for mail in site.mails(VISITOR)][-1] == "First"
    assert site.api("GET", "/campaigns/{campaign}", campaign=first)["sent"] == 3
    found_before_ses_told(site, first)
    exported(site, first)
    site.schedule("advance_campaigns")

    second = write(site, "Second")
    act(site, second, "send", expect=409)
    act(site, second, "test", {"to": PROOFREADER})
    act(site, second, "send")
    act(site, second, "pause")
    assert site.consume("plan_campaigns") == SHARDS
    act(site, second, "resume")
    # Planned while it was paused: whoever comes first lets it go, the clock or the message.
    site.schedule("advance_campaigns")
    assert site.consume("plan_campaigns") == 1
    age(site, f"CAMPAIGN/{second}", "SET started_ms = :then, woken_ms = :then, go_ms = :then")
    site.schedule("advance_campaigns")
    act(site, second, "cancel")
    assert site.consume("plan_campaigns") == 1
    assert site.consume("send_chunks") >= 1
    assert site.mails(VISITOR)[-1]["subject"] == "First"

    bought = {"fact": "orders.count", "op": "gte", "value": 0}
    everybody = {"id": "everybody", "brand": "walk", "name": "Everybody", "where": bought}
    site.api("POST", "/segments", everybody, expect=201)
    # A subject that is filled could fail: everybody's mail is tried before the first one goes.
    third = write(site, "{{ 'Third' if list else '' }}", segment="everybody")
    act(site, third, "test", {"to": PROOFREADER})
    dry_run(site, third)
    act(site, third, "send")
    preview(site, third)
    site.consume("plan_campaigns")
    site.consume("send_chunks")
    assert site.mails(VISITOR)[-1]["subject"] == "Third"
    chunk = chunks(site, third)[0]
    lose(site, chunk)
    site.schedule("advance_campaigns")
    assert site.api("GET", "/campaigns/{campaign}", campaign=third)["unknown"] >= 1

    schedule(site)
    fourth = write(site, "Fourth")
    act(site, fourth, "test", {"to": PROOFREADER})
    act(site, fourth, "send")
    site.hand_back("send_chunks", {"v": 1, "campaign": fourth, "shard": "0", "number": 0})
    act(site, fourth, "cancel")
    not_ready(site)
    assert len(site.api("GET", "/campaigns")["items"]) == 6


def not_ready(site: Installation) -> None:
    """What would keep a large mailing from arriving stops it, until somebody accepts that."""
    sixth = write(site, "Sixth")
    act(site, sixth, "test", {"to": PROOFREADER})
    site.change_at_ses("account", production_access=False)
    act(site, sixth, "send")
    site.consume("plan_campaigns", least=SHARDS)
    seen = site.api("GET", "/campaigns/{campaign}", campaign=sixth)
    assert (seen["status"], seen["problem"]) == ("paused", "not_ready")
    assert site.mails(VISITOR)[-1]["subject"] == "Third"
    accept(site, sixth)
    site.consume("plan_campaigns")
    site.consume("send_chunks")
    site.change_at_ses("account", production_access=True)
    assert site.mails(VISITOR)[-1]["subject"] == "Sixth"


def accept(site: Installation, campaign: str) -> None:
    """Somebody who was told lets a campaign go on all the same."""
    route, risk = "/campaigns/{campaign}/resume", {"accept_risk": "true"}
    site.api("POST", route, expect=202, query=risk, campaign=campaign)


def dry_run(site: Installation, campaign: str) -> None:
    """What a campaign would do is told before it does it."""
    path = "/campaigns/{campaign}/dry-run"
    assert site.api("POST", path, expect=202, campaign=campaign)["status"] == "pending"
    assert site.consume("plan_campaigns") == SHARDS
    found = site.api("GET", path, campaign=campaign)["result"]
    assert found["planned"] == found["would_be_mailed"] == 3


def preview(site: Installation, campaign: str) -> None:
    """What a campaign froze is shown as one of its people would get it."""
    path = "/campaigns/{campaign}/preview"
    found = site.api("POST", path, {"email": VISITOR}, campaign=campaign)
    assert (found["subject"], found["would_be_mailed"]) == ("Third", True)


def lose(site: Installation, chunk: str) -> None:
    """Nobody was heard of a chunk again after its mark."""
    pk, sk = chunk.split("/")
    site.client("dynamodb").update_item(
        TableName="kvitto-campaigns",
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET #status = :dispatched, dispatched_ms = :then, #out = :out",
        ExpressionAttributeNames={"#status": "status", "#out": "out"},
        ExpressionAttributeValues={
            ":dispatched": {"S": "dispatched"},
            ":then": {"N": "1"},
            ":out": {"B": bytes((OutcomeCode.DISPATCHED,))},
        },
    )


def found_before_ses_told(site: Installation, campaign: str) -> None:
    """A mail is found by its id in the chunks, and its person in the manifest."""
    clue = {"message_id": site.mails(VISITOR)[-1]["id"]}
    (mail,) = site.api("POST", "/subscribers/search", clue)["mails"]
    assert mail["campaign"] == campaign


def exported(site: Installation, campaign: str) -> None:
    """Everybody is accounted for, in a list and in a file with their addresses."""
    path = "/campaigns/{campaign}/recipients"
    listed = site.api("GET", path, campaign=campaign)["items"]
    assert {person["outcome"] for person in listed} == {"sent"}
    body = {"campaign": campaign, "outcomes": ["sent"]}
    export = site.api("POST", "/exports", body, expect=202)["id"]
    assert site.consume("evaluate_segments") >= 1
    shown = site.api("GET", "/exports/{export}", export=export)
    assert (shown["status"], shown["people"], shown["without_address"]) == ("ready", 3, 0)
    key = {"headers": {"Authorization": f"Bearer {KEY}"}, "export": export}
    status, body, _ = site.http("GET", "/api/v1/exports/{export}/csv", **key)
    assert (status, VISITOR in body_of(body)) == (http.client.OK, True)
    for form, part in (("kvitto", "csv"), ("mailchimp", "zip")):
        whole = {"format": form, "brand": "walk", "list": "letters"}
        export = site.api("POST", "/exports", whole, expect=202)["id"]
        assert site.consume("evaluate_segments") >= 1
        assert site.api("GET", "/exports/{export}", export=export)["people"] >= len(listed)
        key["export"] = export
        assert site.http("GET", f"/api/v1/exports/{{export}}/{part}", **key)[0] == http.client.OK


def schedule(site: Installation) -> None:
    """One is changed, waits for its time, is taken off the clock, and starts by itself."""
    fifth = write(site, "Fifth", segment="everybody")
    then = time.gmtime(calendar.timegm(time.gmtime()) + 3600)
    at = {"at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", then)}
    act(site, fifth, "test", {"to": PROOFREADER})
    seen = site.api("GET", "/campaigns/{campaign}", campaign=fifth)
    change = {"revision": seen["revision"], "html": "<p>Another letter</p>"}
    changed = site.api("PATCH", "/campaigns/{campaign}", change, campaign=fifth)
    assert changed["status"] == "draft"
    act(site, fifth, "schedule", at, expect=409)
    act(site, fifth, "test", {"to": PROOFREADER})
    act(site, fifth, "schedule", at)
    act(site, fifth, "unschedule")
    act(site, fifth, "schedule", at)
    for key in (f"CAMPAIGN/{fifth}", f"SCHEDULED/{fifth}"):
        name = "scheduled_ms" if key.startswith("C") else "at_ms"
        age(site, key, f"SET {name} = :then")
    site.schedule("advance_campaigns")
    assert site.consume("plan_campaigns") == SHARDS
    seen = site.api("GET", "/campaigns/{campaign}", campaign=fifth)
    assert (seen["status"], seen["tested"], seen["problem"]) == ("sending", True, None)
    act(site, fifth, "cancel")
    assert site.consume("plan_campaigns") == 1
    assert site.consume("send_chunks") >= 1


def chunks(site: Installation, campaign: str) -> list[str]:
    """Return partition/sort key of the campaign's chunks."""
    rows = site.client("dynamodb").scan(TableName="kvitto-campaigns")["Items"]
    keys = [(row["pk"]["S"], row["sk"]["S"]) for row in rows]
    mine = [key for key in keys if key[0].startswith(f"K#{campaign}#") and key[1].isdigit()]
    return ["/".join(key) for key in mine]


def age(site: Installation, key: str, change: str, *states: str) -> None:
    """Let a row of the campaigns table be as it would be long after."""
    pk, sk = key.split("/")
    words = {state: {"S": state.removeprefix(":")} for state in states}
    site.client("dynamodb").update_item(
        TableName="kvitto-campaigns",
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression=change,
        ExpressionAttributeValues={":then": {"N": "1"}, **words},
        **({"ExpressionAttributeNames": {"#status": "status"}} if states else {}),
    )
