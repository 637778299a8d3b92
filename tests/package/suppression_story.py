# SPDX-License-Identifier: Apache-2.0
"""The walk's chapters about SES's own list of suppressed addresses, and about files of them.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client
import json
import time
from collections.abc import Callable
from hashlib import sha256

from tests.package.import_story import ANSWERED, WAITS
from tests.package.installation import Installation
from tests.package.lambda_events import body_of

RETURNER, LISTED = "returner@example.org", "listed@example.org"
PUSHED, HASHED = "pushed@example.org", "hashed@example.org"
UPLOAD = (
    '--edge\r\nContent-Disposition: form-data; name="push"\r\n\r\nyes\r\n'
    '--edge\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n'
    "Content-Type: text/csv\r\n\r\n{}\r\n--edge--\r\n"
)
DAY_MS = 86_400_000


def now_ms() -> int:
    """Return Unix milliseconds."""
    return time.time_ns() // 1_000_000


def reasons(site: Installation, email: str) -> list[str]:
    """What an address is suppressed for."""
    items = site.api("GET", "/suppressions", query={"email": email})["items"]
    return [item["reason"] for item in items]


def remembered(site: Installation, since_ms: int) -> None:
    """SES keeps a mail back for what it remembers since then, and the list's date is asked."""
    site.list_at_ses(RETURNER, "COMPLAINT", since_ms)
    mail = site.mails(RETURNER)[-1]["id"]
    site.happen(mail, "Bounce", bounce_sub_type="OnAccountSuppressionList")
    site.consume("record_ses_events")
    assert site.consume("keep_suppressions") == 1


def ses_list(
    site: Installation, join: Callable[[], str], let_an_hour_pass: Callable[[], None]
) -> None:
    """Who confirmed since comes off it, who did not is suppressed; a stranger is taken over.

    Args:
        join: has the returner sign up and confirm; returns the page after it.
        let_an_hour_pass: so that they are written to again.
    """
    join()
    site.consume("record_ses_events", least=0)
    remembered(site, now_ms() - DAY_MS)
    assert site.at_ses(RETURNER) is None
    assert reasons(site, RETURNER) == []
    remembered(site, now_ms() + 60_000)
    assert reasons(site, RETURNER) == ["complaint"]
    site.list_at_ses(RETURNER, "COMPLAINT", now_ms() - DAY_MS)
    let_an_hour_pass()
    join()
    assert reasons(site, RETURNER) == []
    assert site.consume("keep_suppressions") == 1
    assert site.at_ses(RETURNER) is None

    gone = {"email": "gone@example.org", "reason": "bounce"}
    assert site.api("POST", "/suppressions", gone, expect=201)["pushed"]
    site.list_at_ses(LISTED, "BOUNCE", now_ms() - 3 * DAY_MS)
    site.api("POST", "/suppressions/sync", expect=202)
    assert site.consume("keep_suppressions") == 1
    assert site.api("GET", "/suppressions/sync")["added"] == 1
    assert reasons(site, LISTED) == ["bounce"]
    site.schedule("sync_suppressions")
    assert site.consume("keep_suppressions") == 1


def brought_in(site: Installation, rows: str) -> dict[str, str]:
    """A file that was taken in; its id as a word of addresses."""
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    status, value, _ = site.http(
        "POST", "/api/v1/suppressions/imports", body=UPLOAD.format(rows), headers=ANSWERED | kind
    )
    assert status == http.client.ACCEPTED, body_of(value)
    return {"import": json.loads(body_of(value))["id"]}


def suppression_files(site: Installation, sign_up: Callable[[str], str]) -> None:
    """A file of an address for SES's list and of two digests, and all of it out again.

    Args:
        sign_up: has an address sign up; returns the mail it got, if any.
    """
    known, unknown = (sha256(email.encode()).hexdigest() for email in (WAITS, HASHED))
    rows = f"email,sha256,reason\n{PUSHED},,bounce\n,{known},manual\n,{unknown},manual\n"
    made = brought_in(site, rows)
    assert site.consume("keep_suppressions") == 1
    found = site.api("GET", "/suppressions/imports/{import}", **made)
    assert (found["status"], found["added"], found["matched"]) == ("ready", 3, 1), found
    assert site.at_ses(PUSHED) is not None
    assert "manual" in reasons(site, WAITS)
    lost = brought_in(site, rows)
    bucket = site.environment["KVITTO_BUCKET"]
    site.client("s3").delete_object(Bucket=bucket, Key=f"imports/{lost['import']}/f")
    assert site.consume("keep_suppressions") == 1
    assert site.api("GET", "/suppressions/imports/{import}", **lost)["status"] == "failed"
    assert not sign_up(HASHED)
    assert reasons(site, HASHED) == ["manual"]
    asked = site.api("POST", "/suppressions/exports", {"form": "plain"}, expect=202)
    place = {"export": asked["id"]}
    assert site.consume("keep_suppressions") == 1
    assert site.api("GET", "/suppressions/exports/{export}", **place)["status"] == "ready"
    status, value, _ = site.http(
        "GET", "/api/v1/suppressions/exports/{export}/csv", headers=ANSWERED, **place
    )
    assert status == http.client.OK
    assert HASHED in body_of(value)
