# SPDX-License-Identifier: Apache-2.0
"""Receiving mail locally: the notice that SES publishes, for the template's own domain alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.local.aws import INBOUND_DOMAIN

FORM = "application/x-www-form-urlencoded"
MAIL = {"from": "somebody@example.net", "to": f"token@{INBOUND_DOMAIN}", "subject": "leave"}


def post(local: Any, body: bytes, kind: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{local.ses_url}/local/inbound", body, {"Content-Type": kind, **headers}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def notices(local: Any) -> list[dict[str, Any]]:
    url = local.events_url.replace("kvitto-ses-events", "kvitto-inbound")
    found = local.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    for message in found:
        local.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def test_a_mail_is_told_of_by_its_envelope_without_its_content(local):
    status, text = post(local, json.dumps(MAIL).encode(), "application/json")
    assert status == 200
    (notice,) = notices(local)
    assert notice["notificationType"] == "Received"
    assert notice["receipt"]["recipients"] == [MAIL["to"]]
    assert notice["receipt"]["action"]["type"] == "Stop"
    assert notice["mail"]["messageId"] == json.loads(text)["id"]
    assert "content" not in notice


def test_a_form_is_as_good_and_answers_with_a_page(local):
    status, text = post(local, urlencode(MAIL).encode(), FORM)
    assert (status, "Mail received" in text) == (200, True)
    assert len(notices(local)) == 1


@pytest.mark.parametrize(
    ("status", "change", "headers"),
    [
        (404, {"to": "token@example.net"}, {}),
        (404, {"to": ""}, {}),
        (403, {}, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_other_domains_and_other_sites_are_refused(local, status, change, headers):
    for body, kind in (
        (json.dumps({**MAIL, **change}).encode(), "application/json"),
        (urlencode({**MAIL, **change}).encode(), FORM),
    ):
        assert post(local, body, kind, **headers)[0] == status
    assert notices(local) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"{", b"\xff"])
def test_what_is_no_mail_is_refused(local, body):
    assert post(local, body, "application/json")[0] == 400
    assert post(local, body, FORM)[0] == 400


def test_a_mail_with_an_unsubscribe_address_shows_a_button_that_writes_to_it(local, send):
    way = f"<https://example.com/u>, <mailto:token@{INBOUND_DOMAIN}>"
    content = {
        "Subject": {"Data": "Letter"},
        "Body": {"Text": {"Data": "Hello"}},
        "Headers": [{"Name": "List-Unsubscribe", "Value": way}],
    }
    message = send("visitor@example.org", Content={"Simple": content})
    with urllib.request.urlopen(f"{local.ses_url}/local/mailbox/{message}") as answer:
        page = answer.read().decode()
    assert 'action="/local/inbound"' in page
    assert f'value="token@{INBOUND_DOMAIN}"' in page
