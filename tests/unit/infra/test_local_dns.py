# SPDX-License-Identifier: Apache-2.0
"""The local stack's DNS controls: who may use them, and what they refuse."""

import json

import pytest

from infra.local.dns_controls import DnsControls
from infra.local.dns_zone import Zone
from infra.local.http_server import Request
from infra.local.ses_identity import Identity, Standing, change, records

JSON = (("Content-Type", "application/json"),)


def ask(zone, method="PUT", body=None, peer="127.0.0.1", headers=JSON):
    request = Request(
        method=method,
        target="/local/dns",
        headers=headers,
        body=b"" if body is None else json.dumps(body).encode(),
        too_large=False,
        peer=peer,
    )
    answer = DnsControls(zone=zone).respond(request)
    return answer.status, json.loads(answer.body)


def test_a_record_is_planted_shown_and_taken_out():
    zone = Zone()
    record = {"name": "Shop.example.", "type": "TXT", "values": ["v=spf1 -all"]}
    planted = [{"name": "shop.example", "type": "TXT", "values": ["v=spf1 -all"]}]
    assert ask(zone, body=record) == (200, {"records": planted})
    assert ask(zone, "GET") == (200, {"records": planted})
    assert ask(zone, body={**record, "values": None}) == (200, {"records": []})


@pytest.mark.parametrize(
    "body",
    [
        {"name": "shop.example", "type": "PTR", "values": ["x"]},
        {"name": "shop.example", "type": "TXT", "values": "x"},
        {"name": "shop.example", "type": "TXT", "values": [1]},
        {"name": "shop.example", "type": "TXT"},
        ["shop.example"],
    ],
)
def test_what_is_no_record_is_refused_and_nothing_is_planted(body):
    zone = Zone()
    assert ask(zone, body=body)[0] == 400
    assert zone.planted() == []


def test_only_this_machine_with_json_may_change_names():
    zone, record = Zone(), {"name": "shop.example", "type": "TXT", "values": ["x"]}
    assert ask(zone, body=record, peer="192.0.2.1")[0] == 403
    assert ask(zone, body=record, headers=(*JSON, ("X-Local-Peer", "192.0.2.1")))[0] == 403
    assert ask(zone, body=record, headers=(("Content-Type", "text/plain"),))[0] == 400
    assert ask(zone, "POST", body=record)[0] == 400
    assert zone.planted() == []


def test_an_identity_has_the_same_keys_at_every_start_and_an_address_has_none():
    first, again = Identity(name="example.org"), Identity(name="example.org")
    assert first.tokens == again.tokens
    assert len(set(first.tokens)) == 3
    assert Identity(name="news@example.org").tokens == ()
    assert {found.type for found in records(first, "eu-north-1")} == {"CNAME", "TXT"}


def test_a_change_that_names_no_member_changes_none():
    standing = Standing()
    with pytest.raises(ValueError, match="nonsense"):
        change(standing, {"enforcement": "SHUTDOWN", "nonsense": 1})
    assert standing == Standing()
