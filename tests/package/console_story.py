# SPDX-License-Identifier: Apache-2.0
"""The walk's chapters about the console: entered, looked at, left.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client

from tests.package.installation import KEY, Installation
from tests.package.lambda_events import body_of


def entered(site: Installation) -> dict[str, str]:
    """The header of somebody who gave their key."""
    status, _, headers = site.http(
        "POST",
        "/console/login",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=f"key={KEY}",
    )
    assert status == http.client.SEE_OTHER
    return {"Cookie": headers["Set-Cookie"].partition(";")[0]}


def operators(site: Installation) -> None:
    """A key is made, shown and revoked; the console is entered, looked at and left."""
    made = site.api("POST", "/api-keys", {"name": "second", "scopes": ["read"]}, expect=201)
    assert len(site.api("GET", "/api-keys")["items"]) == 2
    site.api("GET", "/api-keys/{api_key}", api_key=made["id"])
    site.api("DELETE", "/api-keys/{api_key}", expect=204, api_key=made["id"])
    site.page("GET", "/console/login")
    site.page("POST", "/console/login", {"key": made["key"]}, expect=403)
    cookie = entered(site)
    (campaign, *_) = site.api("GET", "/campaigns")["items"]
    (form,) = site.api("GET", "/forms")["items"]
    shown = site.http("GET", "/console/forms/{form}", headers=cookie, form=form["id"])[1]
    (notice, *_) = form["notices"]
    assert notice["sha256"] in body_of(shown)
    read = site.http("GET", "/console/notices/{notice}", headers=cookie, notice=notice["sha256"])
    assert read[0] == http.client.OK
    for route in (
        "/console/overview",
        "/console/forms",
        "/console/segments",
        "/console/segments/new",
        "/console/campaigns",
        "/console/deliverability",
        *(f"/console/campaigns/{campaign['id']}{part}" for part in ("", "/mail", "/progress")),
        "/console/compliance",
        "/console/compliance/erasures",
    ):
        words = {"campaign": campaign["id"]} if campaign["id"] in route else {}
        declared = route.replace(campaign["id"], "{campaign}")
        assert site.http("GET", declared, headers=cookie, **words)[0] == http.client.OK
    examined = site.api("GET", "/deliverability", query={"brand": "walk"})
    assert {check["id"] for check in examined["checks"] if check["verdict"] == "ok"} >= {
        *("sending", "identity", "dkim", "spf", "dmarc", "events"),
    }
    assert site.api("GET", "/deliverability/domains")["items"] == []
    released = "/deliverability/domains/{domain}/resume"
    site.api("POST", released, expect=404, domain="gmx")
    lifecycle = "/console/brands/{brand}/lifecycle"
    assert site.http("GET", lifecycle, headers=cookie, brand="walk")[0] == http.client.OK
    site.http("POST", "/console/logout", headers=cookie)


def files(site: Installation) -> None:
    """What came in and what goes out in files is looked at, and what was said of nobody."""
    cookie = entered(site)
    imports = site.api("GET", "/imports")["items"]
    places = [("/console/imports/{import}", {"import": each["id"]}) for each in imports]
    for route, words in (
        *places,
        ("/console/imports", {}),
        ("/console/imports/new", {}),
        ("/console/brands/{brand}/import-rules", {"brand": "walk"}),
        ("/console/lists/{list}/export", {"list": "letters"}),
        ("/console/suppressions", {}),
    ):
        assert site.http("GET", route, headers=cookie, **words)[0] == http.client.OK, route
    assert "items" in site.api("GET", "/suppressions/events-of-nobody")
    site.http("POST", "/console/logout", headers=cookie)
