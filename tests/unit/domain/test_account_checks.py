# SPDX-License-Identifier: Apache-2.0
"""Checks of the account and its identity: each just right, and each just wrong."""

from dataclasses import replace

import pytest

from chalicelib.domain import account_checks as checks
from chalicelib.domain.account_checks import EVENT_TYPES, HOUR_MS, Heard, Page
from chalicelib.domain.sender_facts import ABSENT, DkimFacts, Sender, SetFacts
from tests.support.memory_deliverability import ACCOUNT, DESTINATION, SET, identity

NOW_MS = 100 * HOUR_MS
RIGHT_SET = SetFacts(name=SET, sending=True)
SENDER = Sender(
    address="news@example.org",
    domain="example.org",
    contact="privacy@example.org",
    region="eu-north-1",
    identities=(identity(),),
)
NO_KEYS = DkimFacts(signing=False, status="NOT_STARTED")


def account(**changes):
    return replace(ACCOUNT, **changes)


def of_set(**changes):
    return replace(RIGHT_SET, **changes)


@pytest.mark.parametrize(
    ("told", "found", "code"),
    [
        (ACCOUNT, RIGHT_SET, "sending_ok"),
        (account(sending=False), RIGHT_SET, "sending_paused"),
        (account(enforcement="SHUTDOWN"), RIGHT_SET, "sending_shut_down"),
        (account(enforcement="PROBATION"), RIGHT_SET, "sending_probation"),
        (account(enforcement="PROBATION"), of_set(sending=False), "sending_set_paused"),
        (ACCOUNT, ABSENT, "sending_set_missing"),
        (ACCOUNT, None, "sending_unknown"),
        (None, RIGHT_SET, "sending_unknown"),
        (None, ABSENT, "sending_set_missing"),
        (None, None, "sending_unknown"),
    ],
)
def test_sending(told, found, code):
    assert checks.sending(SET, told, found).code == code


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (ACCOUNT, "production_ok"),
        (account(production=False), "production_sandbox"),
        (None, "production_unknown"),
    ],
)
def test_production_access(told, code):
    assert checks.production_access(told).code == code


@pytest.mark.parametrize(
    ("told", "heard", "code"),
    [
        (account(per_day=1_000, sent=400), Heard(people=600), "quota_ok"),
        (account(per_day=1_000, sent=400), Heard(people=601), "quota_short"),
        (account(per_day=1_000, sent=1_200), Heard(people=1), "quota_short"),
        (account(per_day=1_000, sent=1_200), Heard(), "quota_ok"),
        (account(per_day=1_000), None, "quota_ok"),
        (account(per_day=None), Heard(people=10**9), "quota_unlimited"),
        (None, Heard(), "quota_unknown"),
    ],
)
def test_quota(told, heard, code):
    check = checks.quota(told, heard)
    assert check.code == code
    assert check.facts.get("left", 0) >= 0


@pytest.mark.parametrize(
    ("identities", "code"),
    [
        ((identity(),), "identity_ok"),
        ((replace(identity("news@example.org"), verified=False), identity()), "identity_ok"),
        ((), "identity_none"),
        (None, "identity_unknown"),
        ((replace(identity("news@example.org"), verified=False),), "identity_address"),
        ((replace(identity(), verified=False, status="PENDING"),), "identity_pending"),
        ((replace(identity(), verified=False, status="FAILED"),), "identity_failed"),
        *(
            ((replace(identity(), verified=False, status="FAILED", error=error),), code)
            for error, code in (
                ("HOST_NOT_FOUND", "identity_host_not_found"),
                ("TYPE_NOT_FOUND", "identity_type_not_found"),
                ("INVALID_VALUE", "identity_invalid_value"),
                ("DNS_SERVER_ERROR", "identity_dns_error"),
                ("SERVICE_ERROR", "identity_failed"),
            )
        ),
    ],
)
def test_identity(identities, code):
    check = checks.identity(replace(SENDER, identities=identities))
    assert check.code == code
    shows_records = check.verdict == "fail" and code not in ("identity_none", "identity_address")
    assert bool(check.records) == shows_records


def test_the_records_of_keys_lead_into_the_zone_that_ses_names():
    found = identity()
    moved = replace(found, dkim=replace(found.dkim, tokens=("abc",), zone="x.dkim.example"))
    (record,) = checks.dkim_records(moved)
    assert (record.type, record.name, record.value) == (
        "CNAME",
        "abc._domainkey.example.org",
        "abc.x.dkim.example",
    )
    assert checks.dkim_records(replace(moved, dkim=replace(moved.dkim, own_key=True))) == ()
    assert checks.dkim_records(replace(moved, dkim=NO_KEYS)) == ()


OTHER = replace(DESTINATION, topic="arn:aws:sns:eu-north-1:123456789012:other")
ENDING_ALIKE = replace(DESTINATION, topic="arn:aws:sns:eu-north-1:1:not-kvitto-ses-events")


@pytest.mark.parametrize(
    ("destinations", "heard", "code"),
    [
        ((DESTINATION,), Heard(), "events_ok"),
        ((DESTINATION,), None, "events_ok"),
        *(
            ((replace(DESTINATION, types=tuple(t for t in EVENT_TYPES if t != kind)),), None, code)
            for kind in EVENT_TYPES
            for code in ("events_missing",)
        ),
        ((), Heard(), "events_missing"),
        ((replace(DESTINATION, enabled=False),), Heard(), "events_missing"),
        ((replace(DESTINATION, topic=""),), Heard(), "events_missing"),
        ((OTHER,), Heard(), "events_other_topic"),
        ((ENDING_ALIKE,), Heard(), "events_other_topic"),
        ((OTHER, DESTINATION), Heard(), "events_ok"),
        (ABSENT, Heard(), "events_no_set"),
        (None, Heard(), "events_unknown"),
        ((DESTINATION,), Heard(sent_ms=NOW_MS - HOUR_MS), "events_ok"),
        ((DESTINATION,), Heard(sent_ms=NOW_MS - HOUR_MS - 1), "events_silent"),
        (
            (DESTINATION,),
            Heard(sent_ms=NOW_MS - 2 * HOUR_MS, event_ms=NOW_MS - 3 * HOUR_MS),
            "events_silent",
        ),
        (
            (DESTINATION,),
            Heard(sent_ms=NOW_MS - 2 * HOUR_MS, event_ms=NOW_MS - 2 * HOUR_MS - 60_000),
            "events_ok",
        ),
        ((DESTINATION,), Heard(event_ms=1), "events_ok"),
    ],
)
def test_events(destinations, heard, code):
    assert checks.events(SET, destinations, heard, NOW_MS).code == code


@pytest.mark.parametrize(
    ("told", "found", "destinations", "code"),
    [
        (ACCOUNT, RIGHT_SET, (DESTINATION,), "tracking_off"),
        (ACCOUNT, RIGHT_SET, (replace(DESTINATION, types=("OPEN",)),), "tracking_events"),
        (ACCOUNT, RIGHT_SET, (replace(DESTINATION, types=("CLICK",)),), "tracking_events"),
        (
            ACCOUNT,
            RIGHT_SET,
            (replace(DESTINATION, types=("CLICK",), enabled=False),),
            "tracking_off",
        ),
        (account(engagement=True), RIGHT_SET, (DESTINATION,), "tracking_engagement"),
        (account(engagement=True), of_set(engagement=False), (DESTINATION,), "tracking_off"),
        (ACCOUNT, of_set(engagement=True), (DESTINATION,), "tracking_engagement"),
        (None, of_set(engagement=True), None, "tracking_engagement"),
        (None, RIGHT_SET, (DESTINATION,), "tracking_unknown"),
        (ACCOUNT, None, (DESTINATION,), "tracking_unknown"),
        (ACCOUNT, RIGHT_SET, None, "tracking_unknown"),
        (ACCOUNT, ABSENT, ABSENT, "tracking_off"),
    ],
)
def test_tracking(told, found, destinations, code):
    assert checks.tracking(told, found, destinations).code == code


@pytest.mark.parametrize(
    ("told", "found", "code"),
    [
        (ACCOUNT, RIGHT_SET, "suppression_ok"),
        (account(suppressed=("BOUNCE",)), RIGHT_SET, "suppression_partial"),
        (account(suppressed=()), RIGHT_SET, "suppression_partial"),
        (account(suppressed=()), of_set(suppressed=("COMPLAINT", "BOUNCE")), "suppression_ok"),
        (ACCOUNT, of_set(suppressed=()), "suppression_partial"),
        (None, of_set(suppressed=("COMPLAINT", "BOUNCE")), "suppression_ok"),
        (None, RIGHT_SET, "suppression_unknown"),
        (ACCOUNT, None, "suppression_unknown"),
    ],
)
def test_suppression(told, found, code):
    assert checks.suppression(told, found).code == code


@pytest.mark.parametrize(
    ("url", "line", "code"),
    [
        ("https://mail.example.org/x", "log mail.example.org/ledger+1+A", "one_click_ok"),
        ("https://mail.example.org/x", "<!doctype html>", "one_click_other"),
        ("https://mail.example.org/x", "", "one_click_other"),
        ("https://mail.example.org/x", None, "one_click_unreachable"),
        ("http://127.0.0.1:8000/x", None, "one_click_local"),
    ],
)
def test_one_click(url, line, code):
    page = Page(url=url, first_line=line)
    assert checks.one_click(page, "mail.example.org/ledger").code == code
