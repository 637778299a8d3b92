# SPDX-License-Identifier: Apache-2.0
"""The walk's chapters about what people may ask for by letter, and about being erased.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client

from tests.package.campaign_story import LEAVER, SECOND, VISITOR, age
from tests.package.installation import Installation


def rights(site: Installation) -> str:
    """Requests by letter: one answered, one extended and refused, one left open; return that."""
    letter = {
        "brand": "walk",
        "medium": "letter",
        "received_at": site.api("GET", "/proofs")["items"][0]["created_at"],
        "received_by": "Front desk",
    }
    made = [
        site.api("POST", "/rights-requests", {**letter, "email": email, "right": right}, expect=201)
        for email, right in (
            (VISITOR, "objection"),
            (VISITOR, "access"),
            (SECOND, "portability"),
            ("unheard@example.org", "objection"),
        )
    ]
    answered, refused, left, _ = (each["id"] for each in made)
    assert len(site.api("GET", "/rights-requests", query={"open": "true"})["items"]) == 4
    site.api("POST", "/rights-requests/{request}/answer", request=answered)
    late = {"reason": "complexity"}
    site.api("POST", "/rights-requests/{request}/extend", late, request=refused)
    ground = {"ground": "excessive"}
    site.api("POST", "/rights-requests/{request}/refuse", ground, request=refused)
    assert len(site.api("GET", "/rights-requests", query={"open": "true"})["items"]) == 2
    assert len(site.api("GET", "/rights-requests")["items"]) == 4
    return left


def erasures(site: Installation) -> None:
    """One asked for by one key and approved by another, one cancelled, one of the clock's own."""
    body = {"email": SECOND, "ground": "withdrawn"}
    asked = site.api("POST", "/erasures", body, expect=202)["id"]
    site.api("POST", "/erasures/{erasure}/approve", expect=409, erasure=asked)
    made = site.api(
        "POST", "/api-keys", {"name": "colleague", "scopes": ["compliance"]}, expect=201
    )
    colleague = {"headers": {"Authorization": f"Bearer {made['key']}"}, "erasure": asked}
    status, _, _ = site.http("POST", "/api/v1/erasures/{erasure}/approve", **colleague)
    assert status == http.client.ACCEPTED
    assert site.consume("erase_subjects") == 1
    site.consume("sequence_ledger")
    assert site.api("GET", "/erasures/{erasure}", erasure=asked)["status"] == "ready"
    site.api("GET", "/erasures/{erasure}/certificate", erasure=asked)
    site.page("GET", "/certificates/{erasure}", erasure=asked)
    assert site.api("GET", "/subscribers", query={"email": SECOND})["items"] == []
    age(site, f"ERASURE/{asked}", "SET erased_ms = :then")
    other = site.api("POST", "/erasures", {"email": LEAVER, "suppress": False}, expect=202)["id"]
    site.api("POST", "/erasures/{erasure}/cancel", expect=202, erasure=other)
    again = site.api("POST", "/erasures", {"email": LEAVER, "suppress": False}, expect=202)["id"]
    site.http("POST", "/api/v1/erasures/{erasure}/approve", **{**colleague, "erasure": again})
    assert site.consume("erase_subjects") == 1
    site.schedule("erase_unconfirmed")
    assert len(site.api("GET", "/erasures")["items"]) == 3
