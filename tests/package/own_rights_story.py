# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about one's own rights: another address, an objection, a restriction, an end.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client
import re

from tests.package.installation import Installation
from tests.package.lambda_events import body_of

PRESSED, PAGE, CONFIRM = "/address/{token}", "/preferences/{token}", "/confirm/{token}"
BEFORE, AFTER = "mover@example.org", "moved@example.org"


def own_rights(site: Installation) -> None:
    """Somebody signs up, moves to another address, objects, restricts and has themselves erased."""
    token = _own_page(site)
    site.page("POST", PAGE, {"act": "address", "email": AFTER}, token=token)
    assert site.consume("send_confirmations") == 1
    link = re.search(r"/address/([\w-]{43})\b", site.mails(AFTER)[-1]["text"]).group(1)
    assert AFTER in site.page("GET", PRESSED, token=link)
    site.page("POST", PRESSED, token=link)
    assert site.consume("send_confirmations") == 1
    assert AFTER not in site.mails(BEFORE)[-1]["text"]
    assert not site.api("GET", "/subscribers", query={"email": BEFORE})["items"]
    assert site.api("GET", "/subscribers", query={"email": AFTER})["items"]
    site.page("POST", PAGE, {"act": "object"}, token=token)
    site.page("POST", PAGE, {"act": "restrict", "ground": "unlawful"}, token=token)
    status, page, _ = site.http("GET", PAGE, query={"part": "erasure"}, token=token)
    assert status == http.client.OK
    assert 'value="erase"' in body_of(page)
    status, _, headers = site.http(
        "POST",
        PAGE,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body="act=erase",
        token=token,
    )
    assert status == http.client.SEE_OTHER
    erasure = re.search(r"/certificates/([\w-]{22})", headers["Location"]).group(1)
    site.page("GET", "/certificates/{erasure}", erasure=erasure)
    assert site.consume("erase_subjects") == 1
    site.consume("sequence_ledger")
    assert erasure in site.page("GET", "/certificates/{erasure}", erasure=erasure)
    for address in (BEFORE, AFTER):
        assert not site.api("GET", "/subscribers", query={"email": address})["items"]
    site.page("GET", PRESSED, expect=404, token=link)


def _own_page(site: Installation) -> str:
    """Sign up, confirm, ask for a link by the address; return its token."""
    site.page("POST", "/forms/{form_id}", {"email": BEFORE, "letters": "yes"}, form_id="join")
    assert site.consume("send_confirmations") == 1
    confirm = re.search(r"/confirm/([\w-]+)", site.mails(BEFORE)[-1]["text"]).group(1)
    site.page("POST", CONFIRM, {"answer": "confirm"}, token=confirm)
    site.page("POST", "/rights/{brand}", {"email": BEFORE}, brand="walk")
    assert site.consume("send_confirmations") == 1
    return re.search(r"/preferences/([\w-]{43})\b", site.mails(BEFORE)[-1]["text"]).group(1)
