# SPDX-License-Identifier: Apache-2.0
"""Unsubscribing by mail: the envelope alone is read, and nothing of a mail is kept."""

import json

import pytest

from chalicelib.domain.ids import decode_id
from chalicelib.domain.state import ConsentStatus
from chalicelib.entrypoints import queues
from chalicelib.entrypoints.received_mail import MAX_RECIPIENTS, local_parts
from chalicelib.errors import InputError
from tests.support.faults import FailOnce, Moment

DOMAIN = "leave.example.org"
TOKEN = "a" * 60


def notice(*recipients):
    """What SES says when a receipt rule stops at a mail."""
    sender = "writer@example.net"
    return json.dumps(
        {
            "notificationType": "Received",
            "receipt": {"recipients": list(recipients), "action": {"type": "Stop"}},
            "mail": {
                "source": sender,
                "destination": ["somebody-else@example.net"],
                "headers": [{"name": "From", "value": sender}],
                "commonHeaders": {"subject": "please stop"},
            },
        }
    )


def event(*bodies):
    return {"Records": [{"messageId": f"m{n}", "body": b} for n, b in enumerate(bodies)]}


@pytest.fixture
def world(world):
    """The installation with a domain whose mail it receives."""
    object.__setattr__(world.settings, "inbound_domain", DOMAIN)
    yield world
    object.__setattr__(world.settings, "inbound_domain", "")


@pytest.fixture
def address(world):
    """The unsubscribe address of a subscriber."""
    sid = world.subscribe("visitor@example.org")
    local = world.tokens.unsubscribe_local_part(world.brands.get("demo"), decode_id(sid))
    return f"{local}@{DOMAIN}"


def statuses(world):
    (sid,) = world.rows.vault
    return {str(item.status) for item in world.state(sid).consents.values()}


def test_only_what_may_be_a_token_at_our_domain_is_read():
    others = (f"{TOKEN}@example.com", f"news@{DOMAIN}", TOKEN, f"{'1' * 60}@{DOMAIN}", "@", "")
    mine = (f"{TOKEN.upper()}@{DOMAIN.upper()}", f"{TOKEN}@{DOMAIN}")
    assert local_parts(notice(*others, *mine), DOMAIN) == (TOKEN,)
    assert local_parts(notice(*others, f"{TOKEN}@"), "") == ()
    assert local_parts(notice(*[f"news@{DOMAIN}"] * MAX_RECIPIENTS, *mine), DOMAIN) == ()


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", '{"notificationType":"Bounce"}', '{"notificationType":"Received"}',
     '{"notificationType":"Received","receipt":{"recipients":1}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_notice_of_a_mail_goes_back_to_the_queue(world, body):
    with pytest.raises(InputError):
        local_parts(body, DOMAIN)
    assert queues.receive_mails(event(body)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_mail_to_the_address_unsubscribes_and_one_to_any_other_is_passed_over(world, address):
    before = len(world.rows.entries)
    bodies = [notice(f"{TOKEN}@{DOMAIN}"), notice("postmaster@" + DOMAIN), notice()]
    assert queues.receive_mails(event(*bodies)) == {"batchItemFailures": []}
    assert len(world.rows.entries) == before
    mail = notice(f"{TOKEN}@{DOMAIN}", address.upper())
    assert queues.receive_mails(event(mail, mail)) == {"batchItemFailures": []}
    assert len(world.rows.entries) == before + 1
    assert statuses(world) == {ConsentStatus.WITHDRAWN}


def test_a_failure_puts_that_mail_alone_back_and_it_counts_once(world, address):
    before = len(world.rows.entries)
    world.faults = FailOnce("LedgerStore.commit", Moment.AFTER)
    answer = queues.receive_mails(event(notice(address), notice("x@" + DOMAIN)))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert queues.receive_mails(event(notice(address))) == {"batchItemFailures": []}
    assert len(world.rows.entries) == before + 1


def test_nothing_of_the_mail_is_kept_or_logged(world, address, caplog):
    caplog.set_level("DEBUG")
    queues.receive_mails(event(notice(address), "broken writer@example.net"))
    kept = repr((world.rows, world.outside_rows, world.catalog_rows, world.sending_rows))
    for part in ("writer@example.net", "please stop", address, address.partition("@")[0]):
        assert part not in kept
        assert part not in caplog.text


def test_the_header_of_a_campaign_mail_names_link_and_address(world):
    world.__dict__.pop("composer", None)
    world.subscribe("visitor@example.org")
    world.campaign()
    world.settle()
    page, address = dict(world.mails[-1].message.headers)["List-Unsubscribe"].split(", ")
    assert page.startswith("<https://mail.example.org/unsubscribe/")
    local, _, domain = address.removeprefix("<mailto:").removesuffix(">").partition("@")
    assert (len(local) <= 64, domain) == (True, DOMAIN)
    assert world.unsubscribe.withdraw_by_mail(local)
    assert "visitor" not in page + address
