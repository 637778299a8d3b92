# SPDX-License-Identifier: Apache-2.0
"""What becomes of one row of a file: entries, what is sealed, profile, suppressions."""

from dataclasses import replace

import pytest

from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL, SuppressionReason, Via
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.import_rows import FileStatus, History
from chalicelib.domain.import_statement import Basis, Document, DocumentKind
from chalicelib.domain.import_verdicts import Verdict, Why
from chalicelib.domain.imports import JudgedBy, OptOuts
from chalicelib.domain.state import ConsentKey, ConsentStatus, Grade, Membership, Scope
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.import_acts import manifest_hash
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.clock import START_MS
from tests.support.import_site import (
    BATCH,
    DEMO,
    LIST,
    OPTED_IN,
    SALE,
    YEAR_MS,
    ImportSite,
    ended,
    row,
)
from tests.support.people import NEWS

ANNA = "anna@example.org"
SCOPE = Scope(DEMO, EMAIL)
KEY = ConsentKey(DEMO, EMAIL, LIST, NEWS)
WORDING = Document(kind=DocumentKind.WORDING, sha256="ab" * 32, size=10)
ON_SALES = JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=OPTED_IN - 1)


@pytest.fixture
def site():
    return ImportSite()


def may_be_mailed(site, address=ANNA):
    state = site.state(address)
    return state is not None and isinstance(decide(state, SCOPE, LIST, NEWS), Allowed)


def events(site, address=ANNA):
    history = site.people.ledger.history(site.sid(address))
    return [event_of_leaf(entry.leaf) for entry in history]


def why(report):
    (country,) = report.countries
    return dict(country.why)


def test_a_claim_as_strong_as_its_country_asks_gives_consent_of_the_ledgers_own_grade(site):
    report = site.take(row(ANNA))
    assert why(report) == {Why.CONSENT: 1}
    (event,) = events(site)
    assert event.type is EventType.CONSENT_IMPORTED
    assert (event.brand, event.lists, event.purposes) == (DEMO, (LIST,), (NEWS,))
    assert (event.via, event.content, event.notice) == (None, None, None)
    held = site.state(ANNA).consents[KEY]
    assert (held.status, held.grade) == (ConsentStatus.GIVEN, Grade.E)
    assert may_be_mailed(site)


def test_documents_are_committed_to_by_each_entry_and_make_it_grade_d(site):
    by = JudgedBy(documents=(WORDING,))
    site.take(row(ANNA), judged_by=by)
    (event,) = events(site)
    assert event.content == manifest_hash((WORDING,))
    assert site.state(ANNA).consents[KEY].grade is Grade.D
    other = replace(WORDING, sha256="cd" * 32)
    assert manifest_hash((WORDING, other)) == manifest_hash((other, WORDING))


def test_what_the_file_says_is_sealed_with_the_entry_and_no_more(site):
    full = row(
        ANNA,
        source="website",
        history=History(opens=3, rating=4, last_open_ms=OPTED_IN + 5),
        tags=("early", "bread, rolls"),
    )
    site.take(full)
    claims = site.claims(ANNA)
    assert claims.subject == {"email": ANNA, "email_as_typed": ANNA}
    assert claims.session == {"ip": "192.0.2.2"}
    assert claims.link["batch"] == BATCH
    assert claims.choice == {
        "grade": "E",
        "claimed_grade": "B",
        "claimed_ts": OPTED_IN + 60_000,
        "source": "website",
        "status": "subscribed",
        "country": "SE",
        "optin_ts": OPTED_IN,
        "optin_ip": "192.0.2.1",
        "confirm_ts": OPTED_IN + 60_000,
        "confirm_ip": "192.0.2.2",
        "zone": "utc",
        "history": {"opens": 3, "rating": 4, "last_open_ts": OPTED_IN + 5},
        "tags": ["early", "bread, rolls"],
        "line": 2,
    }


def test_a_new_person_has_the_profile_of_the_row(site):
    site.take(row(ANNA, language="sv", attributes={"first_name": "Anna"}, tags=("early", "b")))
    assert site.profile(ANNA) == {
        "attributes": {"first_name": "Anna", "tags": "early, b"},
        "email": ANNA,
        "language": "sv",
    }


def test_a_language_we_do_not_write_is_the_brands_own(site):
    site.take(row(ANNA, language="pt-br"))
    assert site.profile(ANNA)["language"] == "en"


def test_who_is_known_keeps_their_profile(site):
    site.people.confirmed(ANNA, ("other", "offers"))
    site.take(row(ANNA, attributes={"first_name": "Another"}))
    assert site.profile(ANNA)["attributes"] == {}
    assert may_be_mailed(site)


def test_a_claim_too_weak_for_its_country_waits_and_gives_nothing(site):
    report = site.take(row(ANNA, country="DE", confirm_ms=None, confirm_ip=""))
    assert why(report) == {Why.WEAK_EVIDENCE: 1}
    (event,) = events(site)
    assert (event.type, event.via) == (EventType.CONSENT_IMPORTED, Via.OPERATOR)
    assert site.state(ANNA).consents == {}
    assert not may_be_mailed(site)
    assert site.claims(ANNA).choice["claimed_grade"] == "C"


def test_who_waits_may_still_consent_themselves_or_at_a_check_out(site):
    site.take(row(ANNA, status=FileStatus.UNCONFIRMED))
    site.people.confirm_again(site.sid(ANNA))
    assert may_be_mailed(site)


def test_mailchimps_confirm_time_without_an_opt_in_before_it_is_no_double_opt_in_in_germany(site):
    """Mailchimp fills CONFIRM_TIME of contacts that somebody uploaded, too."""
    for said in (
        {"optin_ms": None, "optin_ip": ""},
        {"optin_ms": OPTED_IN + 60_000},
        {"confirm_ip": ""},
        {"optin_ms": OPTED_IN + 120_000},
    ):
        made = ImportSite()
        report = made.take(row(ANNA, country="DE", **said))
        assert why(report) == {Why.WEAK_EVIDENCE: 1}, said
        assert not may_be_mailed(made)


def test_a_sale_with_the_objection_offered_is_a_soft_opt_in_and_no_consent(site):
    report = site.take(row(ANNA, sale=SALE), judged_by=ON_SALES)
    assert why(report) == {Why.SOFT_OPT_IN: 1}
    (event,) = events(site)
    assert (event.type, event.lists, event.via) == (EventType.BASIS_RECORDED, (LIST,), None)
    assert SCOPE in site.state(ANNA).soft_opt_ins
    choice = site.claims(ANNA).choice
    assert (choice["sale"], choice["product"], choice["sale_ts"]) == ("A-1", "bread", OPTED_IN)
    assert choice["objection_ts"] == OPTED_IN - 1
    assert not {"grade", "claimed_grade", "claimed_ts"} & set(choice)


def test_an_opt_out_ends_the_brand_and_own_confirmation_alone_lifts_it(site):
    report = site.take(ended(ANNA, ended_ms=OPTED_IN + 7, ended_reason="no longer of interest"))
    assert why(report) == {Why.OPTED_OUT: 1}
    (event,) = events(site)
    assert (event.type, event.via, event.lists) == (EventType.CONSENT_WITHDRAWN, Via.API, ())
    assert site.state(ANNA).suppressions == ()
    choice = site.claims(ANNA).choice
    assert (choice["status"], choice["ended_ts"]) == ("opted-out", OPTED_IN + 7)
    site.take(row(ANNA))
    assert not may_be_mailed(site)
    site.people.confirm_again(site.sid(ANNA))
    assert may_be_mailed(site)


def test_an_opt_out_of_the_list_alone_leaves_the_brands_other_lists(site):
    site.people.confirmed(ANNA, ("demo", "newsletter"), ("demo", "offers"))
    site.take(ended(ANNA), opt_outs=OptOuts.LIST)
    state = site.state(ANNA)
    assert events(site)[-1].lists == (LIST,)
    assert Membership(*SCOPE, LIST) in state.list_stops
    assert not may_be_mailed(site)
    assert isinstance(decide(state, SCOPE, ListId("offers"), NEWS), Allowed)


def test_an_end_that_stands_is_not_written_again_and_one_that_does_not_is(site):
    for _ in range(3):
        assert why(site.take(ended(ANNA))) == {Why.OPTED_OUT: 1}
    assert site.types(ANNA) == ["consent.withdrawn"]
    site.people.confirm_again(site.sid(ANNA))
    site.people.clock.advance(1)
    assert why(site.take(ended(ANNA))) == {Why.OPTED_OUT: 1}
    assert site.types(ANNA)[-1] == "consent.withdrawn"
    assert not may_be_mailed(site)


@pytest.mark.parametrize("opt_outs", OptOuts)
def test_an_end_of_a_sale_or_a_request_is_written(site, opt_outs):
    site.take(row(ANNA, sale=SALE), judged_by=ON_SALES)
    assert may_be_mailed(site)
    for _ in range(2):
        site.take(ended(ANNA), opt_outs=opt_outs)
    assert not may_be_mailed(site)
    assert site.types(ANNA) == ["basis.recorded", "consent.withdrawn"]


def test_an_opt_out_before_the_persons_own_confirmation_here_changes_nothing(site):
    site.people.confirmed(ANNA)
    report = site.take(ended(ANNA, ended_ms=OPTED_IN))
    assert why(report) == {Why.OLDER: 1}
    assert may_be_mailed(site)
    assert site.types(ANNA) == ["consent.confirmed"]


def test_an_opt_out_before_an_own_confirmation_of_another_list_ends_its_own_list_alone(site):
    site.people.confirmed(ANNA, ("demo", "offers"))
    for _ in range(2):
        report = site.take(ended(ANNA, ended_ms=OPTED_IN))
        assert why(report) == {Why.OPTED_OUT: 1}
    assert [event.lists for event in events(site)] == [(ListId("offers"),), (LIST,)]
    assert not may_be_mailed(site)
    state = site.state(ANNA)
    assert isinstance(decide(state, SCOPE, ListId("offers"), NEWS), Allowed)
    site.take(ended(ANNA, ended_ms=START_MS))
    assert not isinstance(decide(site.state(ANNA), SCOPE, ListId("offers"), NEWS), Allowed)


def test_a_bounce_suppresses_for_every_brand_and_a_confirmation_lifts_it(site):
    report = site.take(ended(ANNA, FileStatus.BOUNCED))
    assert why(report) == {Why.BOUNCED: 1}
    assert [x.reason for x in site.people.suppressions.find(ANNA)] == ["bounce"]
    assert site.types(ANNA) == ["suppression.added"]
    assert site.people.hygiene.macs == {site.people.mac(ANNA)}
    site.people.confirm_again(site.sid(ANNA))
    assert site.people.suppressions.find(ANNA) == ()


def test_a_complaint_suppresses_and_is_an_objection_to_the_brand(site):
    report = site.take(ended(ANNA, FileStatus.COMPLAINED))
    assert why(report) == {Why.COMPLAINED: 1}
    assert [x.reason for x in site.people.suppressions.find(ANNA)] == ["complaint"]
    assert SCOPE in site.state(ANNA).objections
    assert site.claims(ANNA).choice["status"] == "complained"


def test_no_file_writes_a_suppression_that_no_confirmation_lifts(site):
    for status in (FileStatus.OPTED_OUT, FileStatus.BOUNCED, FileStatus.COMPLAINED):
        site.take(ended(f"{status}@example.org", status))
    written = {x.reason for rows in site.people.rows.suppressions.values() for x in rows.values()}
    assert written == {"bounce", "complaint"}


def test_who_is_known_only_for_an_end_has_nothing_but_the_address(site):
    site.take(ended(ANNA, attributes={"first_name": "Anna"}, tags=("early",)))
    assert site.profile(ANNA) == {"attributes": {}, "email": ANNA, "language": "en"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [(FileStatus.SUBSCRIBED, "complaint"), (FileStatus.OPTED_OUT, "manual")],
)
def test_what_the_address_is_suppressed_for_comes_into_the_chain_first(site, status, reason):
    site.people.suppressions.add(ANNA, reason)
    site.take(row(ANNA, status))
    assert [x.reason for x in site.state(ANNA).suppressions] == [reason]
    assert site.types(ANNA)[0] == "suppression.added"
    assert not may_be_mailed(site)


@pytest.mark.parametrize("reason", ["manual", "unsubscribed"])
def test_an_address_suppressed_for_more_than_an_erasure_is_not_brought_here_by_a_claim(
    site, reason
):
    """Such a reason is all that an erasure leaves of somebody who was suppressed for it before."""
    site.people.suppressions.add(ANNA, reason)
    assert why(site.take(row(ANNA))) == {Why.SUPPRESSED: 1}
    assert site.sid(ANNA) is None


def test_a_bounce_of_the_file_replaces_no_heavier_reason(site):
    site.people.suppressions.add(ANNA, "manual")
    site.take(ended(ANNA, FileStatus.BOUNCED))
    assert [x.reason for x in site.people.suppressions.find(ANNA)] == ["manual"]
    assert {x.reason for x in site.state(ANNA).suppressions} == {"manual", "bounce"}


def test_who_was_erased_and_stays_suppressed_gets_no_entry_at_all(site):
    mac = site.people.mac(ANNA)
    site.people.ledger.suppress_stranger(mac, SuppressionReason.ERASED)
    for status in FileStatus:
        report = site.take(row(ANNA, status))
        assert why(report) == {Why.ERASED: 1}
    assert site.sid(ANNA) is None


def test_whose_erasure_is_going_on_gets_no_entry_at_all(site):
    sid = site.people.confirmed(ANNA)
    del site.people.rows.vault[sid]
    for status in FileStatus:
        assert why(site.take(row(ANNA, status))) == {Why.ERASED: 1}
    assert len(site.people.rows.entries) == 1


def test_a_restricted_person_gets_ends_alone(site):
    sid = site.people.confirmed(ANNA)
    restricted = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    site.people.act(sid, restricted)
    assert why(site.take(row(ANNA))) == {Why.RESTRICTED: 1}
    assert site.types(ANNA)[-1] == "subject.restricted"
    assert why(site.take(ended(ANNA))) == {Why.OPTED_OUT: 1}
    assert site.types(ANNA)[-1] == "consent.withdrawn"


def test_who_may_be_mailed_already_gets_no_entry(site):
    site.people.confirmed(ANNA)
    assert why(site.take(row(ANNA))) == {Why.KNOWN: 1}
    assert site.types(ANNA) == ["consent.confirmed"]


def test_who_asked_and_has_yet_to_confirm_can_still_confirm(site):
    request = Draft(
        type=EventType.CONSENT_REQUESTED,
        brand=DEMO,
        lists=(LIST,),
        purposes=(NEWS,),
        notice="11" * 32,
    )
    chain = site.people.ledger.start(site.people.mac(ANNA))
    profile = {"attributes": {}, "email": ANNA, "language": "en"}
    site.people.ledger.append(chain, [request], profile=profile, signup=True)
    assert why(site.take(row(ANNA))) == {Why.PENDING: 1}
    assert site.state(ANNA).consents[KEY].status is ConsentStatus.REQUESTED


def test_a_silent_person_of_france_waits_unless_the_file_knows_of_a_later_click(site):
    old = {"optin_ms": START_MS - 4 * YEAR_MS, "confirm_ms": START_MS - 4 * YEAR_MS + 1}
    assert why(site.take(row(ANNA, country="FR", **old))) == {Why.SILENT: 1}
    clicked = History(last_click_ms=START_MS - YEAR_MS)
    report = site.take(row("bo@example.org", country="FR", history=clicked, **old))
    assert why(report) == {Why.CONSENT: 1}


def test_every_row_counts_once_by_country_and_reason(site):
    report = site.take(
        row(ANNA),
        row("bo@example.de", country=""),
        row("cy@example.org", country=None, confirm_ip=""),
        ended("di@example.org"),
    )
    assert report.by_country() == {
        "SE": {"consent": 1, "opted-out": 1},
        "DE": {"consent": 1},
        "*": {"weak-evidence": 1},
    }
    assert [report.count(verdict) for verdict in Verdict] == [2, 1, 1]


def test_another_brands_confirmation_is_left_alone_by_an_opt_out(site):
    site.people.confirmed(ANNA, ("demo", "newsletter"), ("other", "offers"))
    site.take(ended(ANNA))
    other = Scope(BrandId("other"), EMAIL)
    assert isinstance(decide(site.state(ANNA), other, ListId("offers"), NEWS), Allowed)
    assert not may_be_mailed(site)
