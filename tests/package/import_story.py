# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about imports: sent in parts, looked at, answered for, and of a cut-over.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client
import json

from tests.package.installation import KEY, Installation
from tests.package.lambda_events import body_of

COLUMNS = "email,status,country,optin_time,optin_ip,colour\n"
NEW, WAITS, LEFT, BOUNCED = (f"{name}@example.org" for name in ("new", "waits", "left", "bounced"))
STATEMENT = {
    "source": "earlier-tool",
    "basis": "consent",
    "name": "Officer of the walk",
    "position": "Data protection",
    "confirmed": True,
}
ANSWERED = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}


def row(email: str, status: str, country: str = "SE") -> str:
    """A row of somebody who opted in once, at a known time and place."""
    return f"{email},{status},{country},2024-01-02T03:04:05Z,192.0.2.1,red\n"


def waiting(site: Installation) -> dict[str, str]:
    """An import of which one part was sent; its id as a word of addresses."""
    new = {"brand": "walk", "list": "letters", "purposes": ["letters"]}
    made = {"import": site.api("POST", "/imports", new, expect=201)["id"]}
    route = "/imports/{import}/parts/{number}"
    _raw(site, "PUT", route, COLUMNS + row(NEW, "subscribed"), 204, number="1", **made)
    assert _kept(site, made["import"])
    return made


def ended_by_an_erasure(site: Installation, made: dict[str, str]) -> None:
    """Somebody was erased since: its file is gone, and it says so."""
    assert not _kept(site, made["import"])
    assert site.api("GET", "/imports/{import}", **made)["problem_code"] == "erasure"
    worked(site)


def imports(site: Installation, known: str) -> None:
    """Strangers, somebody known, an opt-out, a bounce and a row that cannot be used."""
    rules = site.api("GET", "/brands/{brand}/import-rules", brand="walk")
    norway = {"country": "NO", "consent_grade": "B", "soft_opt_in": False, "silent_days": 365}
    changed = {"version": rules["version"], "rules": [norway]}
    site.api("PUT", "/brands/{brand}/import-rules", changed, brand="walk")
    people = row(NEW, "subscribed") + row(WAITS, "subscribed", "DE") + row(known, "subscribed")
    ended = row(LEFT, "unsubscribed") + row(BOUNCED, "bounced") + "no address,,,,,\n"
    made = begun(site, COLUMNS + people, ended)
    site.api("PUT", "/imports/{import}/mapping", {"keep": ["colour"]}, expect=202, **made)
    worked(site)
    _raw(site, "POST", "/imports/{import}/documents", "Yes, send me letters.", 201, **made)
    worked(site)
    shown = site.api("GET", "/imports/{import}", **made)
    assert (shown["stage"], shown["rows"], len(shown["documents"])) == ("preview", 6, 1)
    rejected, _ = _raw(site, "GET", "/imports/{import}/rejected", None, 200, **made)
    assert "malformed_address" in rejected
    site.api("POST", "/imports/{import}/run", STATEMENT, expect=202, **made)
    worked(site)
    assert site.api("GET", "/imports/{import}", **made)["stage"] == "done"
    for email, types in ((NEW, 1), (WAITS, 1), (LEFT, 1), (BOUNCED, 1)):
        assert len(site.api("GET", "/subscribers", query={"email": email})["items"]) == types
    assert site.api("GET", "/suppressions", query={"email": BOUNCED})["items"]
    again = begun(site, COLUMNS + people, ended, keep=["colour"])
    site.api("POST", "/imports/{import}/run", STATEMENT, expect=202, **again)
    worked(site)
    assert site.api("GET", "/imports/{import}", **again)["stage"] == "done"
    cut_over(site)


def cut_over(site: Installation) -> None:
    """Somebody left the earlier tool meanwhile; another import is begun and stopped."""
    made = begun(site, COLUMNS, row(NEW, "unsubscribed"), mode="cut-over")
    site.api("POST", "/imports/{import}/run", {"confirmed": True}, expect=202, **made)
    worked(site)
    (found,) = site.api("GET", "/subscribers", query={"email": NEW})["items"]
    assert [each["status"] for each in found["lists"]] == ["withdrawn"]
    assert site.api("POST", "/imports/{import}/moved", **made)["ended_at"]
    stopped = begun(site, COLUMNS, row("later@example.org", "subscribed"))
    site.api("POST", "/imports/{import}/cancel", expect=202, **stopped)
    worked(site)
    assert not _kept(site, stopped["import"])
    assert len(site.api("GET", "/imports")["items"]) >= 4


def begun(site: Installation, *parts: str, **asked) -> dict[str, str]:
    """An import whose file was read and checked; its id as a word of addresses."""
    new = {"brand": "walk", "list": "letters", "purposes": ["letters"], **asked}
    made = {"import": site.api("POST", "/imports", new, expect=201)["id"]}
    for number, part in enumerate(parts, start=1):
        route = "/imports/{import}/parts/{number}"
        _raw(site, "PUT", route, part, 204, number=str(number), **made)
    whole = {"parts": len(parts)}
    site.api("POST", "/imports/{import}/uploaded", whole, expect=202, **made)
    assert _kept(site, made["import"])
    worked(site)
    return made


def worked(site: Installation) -> None:
    """Everything that was asked for is done, and what that asks for."""
    site.consume("import_people")


def _kept(site: Installation, import_id: str) -> list[str]:
    """Keys of the objects of an import."""
    bucket = site.environment["KVITTO_BUCKET"]
    found = site.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"imports/{import_id}/")
    return [each["Key"] for each in found.get("Contents", ())]


def _raw(site: Installation, method: str, route: str, body: str | None, expect: int, **words):
    """Ask the API with bytes, or for them; return the answer's text and, of JSON, its value."""
    query = {"kind": "wording"} if route.endswith("documents") else None
    headers = {**ANSWERED, "Content-Type": "application/octet-stream"}
    status, value, _ = site.http(
        method, f"/api/v1{route}", body=body, headers=headers, query=query, **words
    )
    text = body_of(value)
    assert status == expect, text
    is_json = text.startswith("{") and status < http.client.MULTIPLE_CHOICES
    return text, json.loads(text) if is_json else None
