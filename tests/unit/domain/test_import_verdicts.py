# SPDX-License-Identifier: Apache-2.0
"""The verdict table, whole: country, claimed evidence, status in the file, what is here, basis."""

from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.consent import fold
from chalicelib.domain.country_rules import SHIPPED, rule_of
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL, Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.import_rows import FileStatus, History, ImportRow, RowSale, claims_of
from chalicelib.domain.import_statement import Basis, DocumentKind
from chalicelib.domain.import_verdicts import (
    Act,
    Here,
    Known,
    Terms,
    Verdict,
    Why,
    claimed_grade,
    known_of,
    ledger_grade,
    why,
)
from chalicelib.domain.state import ConsentKey, Grade, Scope, SubjectState
from chalicelib.vocabulary import EventType

NOW = 1_800_000_000_000
OPTIN, CONFIRM = NOW - 30 * DAY_MS, NOW - 29 * DAY_MS
BRAND, OTHER = BrandId("demo"), BrandId("other")
WEEKLY, NEWS = ListId("weekly"), PurposeId("newsletter")
SCOPE, KEY = Scope(BRAND, EMAIL), ConsentKey(BRAND, EMAIL, WEEKLY, NEWS)
WORDED = frozenset({DocumentKind.WORDING, DocumentKind.CONFIRMATION_MAIL})
CLAIMED = {
    Grade.A: {"optin_ms": OPTIN, "optin_ip": "192.0.2.1", "confirm_ms": CONFIRM},
    Grade.B: {"optin_ms": OPTIN, "confirm_ms": CONFIRM},
    Grade.C: {"optin_ms": OPTIN, "source": "shop"},
    Grade.D: {},
    Grade.E: {},
}
DOCUMENTS = {Grade.A: WORDED, Grade.D: frozenset({DocumentKind.CONTRACT})}
SOLD = RowSale(reference="17", product="tools", at_ms=OPTIN, objection_how="", objection_at_ms=None)
STRONG_ENOUGH = {"SE": "ABC", "DE": "AB", "FR": "ABC", "NO": "AB"}
ALWAYS = {
    Here.ERASED: Why.ERASED,
    Here.RESTRICTED: Why.RESTRICTED,
    Here.SUPPRESSED: Why.SUPPRESSED,
    Here.OBJECTED: Why.OBJECTED,
    Here.WITHDRAWN: Why.WITHDRAWN,
    Here.GIVEN: Why.KNOWN,
    Here.PENDING: Why.PENDING,
}


def row(grade: Grade = Grade.B, status: FileStatus = FileStatus.SUBSCRIBED, **more) -> ImportRow:
    claimed = CLAIMED[grade]
    ip = {"confirm_ip": "192.0.2.2"} if "confirm_ms" in claimed else {}
    values = {"line": 2, "address": parse_address("visitor@example.org"), "sale": SOLD}
    return ImportRow(status=status, **{**values, **claimed, **ip, **more})


def terms(basis: Basis = Basis.CONSENT, grade: Grade = Grade.B, **more) -> Terms:
    given = {"documents": DOCUMENTS.get(grade, frozenset()), "objection_at_ms": OPTIN - DAY_MS}
    return Terms(basis=basis, now_ms=NOW, **{**given, **more})


def expected(
    country: str,
    grade: Grade,
    status: FileStatus,
    here: Here,
    basis: Basis,
    no_mail: bool,
) -> Why:
    """The table as the specification has it (docs/spec/imports.md section 3)."""
    if here is Here.ERASED:
        return Why.ERASED
    if status in ("complained", "bounced", "opted-out"):
        return Why(status)
    if here in ALWAYS:
        return ALWAYS[here]
    if here is Here.SOLD and basis is Basis.SOFT_OPT_IN:
        return Why.KNOWN
    if status != "subscribed":
        return Why.UNCONFIRMED
    if no_mail:
        return Why.NO_MAIL
    if basis is Basis.SOFT_OPT_IN:
        return Why.SOFT_OPT_IN if country != "NO" else Why.NO_SOFT_OPT_IN
    return Why.CONSENT if grade in STRONG_ENOUGH[country] else Why.WEAK_EVIDENCE


def test_every_pair_of_what_a_file_says_and_what_is_here_has_its_one_answer():
    table = list(product(STRONG_ENOUGH, Grade, FileStatus, Here, Basis, (False, True)))
    for country, grade, status, here, basis, no_mail in table:
        answer = why(
            row(grade, status),
            Known(here=here),
            rule_of(SHIPPED, country),
            terms(basis, grade),
            no_mail=no_mail,
        )
        about = (country, grade, status, here, basis, no_mail)
        assert answer is expected(*about), about
    reached = {expected(*about) for about in table}
    assert reached == set(Why) - {Why.OLDER, Why.NO_SALE, Why.SILENT}


@pytest.mark.parametrize("each", Why)
def test_every_reason_has_a_verdict_an_act_and_a_sentence(each):
    assert each.sentence.endswith(".")
    gives = each.act in (Act.GIVE, Act.SELL)
    assert not gives or each.verdict is Verdict.MAIL
    assert each.act is not Act.HOLD or each.verdict is not Verdict.MAIL


@pytest.mark.parametrize("grade", Grade)
def test_the_claimed_grade_is_what_the_file_shows(grade):
    assert claimed_grade(row(grade), DOCUMENTS.get(grade, frozenset())) is grade


@pytest.mark.parametrize(
    "claims",
    [
        {"confirm_ms": CONFIRM, "confirm_ip": "192.0.2.2"},
        {"optin_ms": OPTIN, "confirm_ms": OPTIN, "confirm_ip": "192.0.2.2"},
        {"optin_ms": CONFIRM, "confirm_ms": OPTIN, "confirm_ip": "192.0.2.2"},
        {"optin_ms": OPTIN, "confirm_ms": CONFIRM},
    ],
    ids=["no opt-in time", "same time", "confirmed before", "no address"],
)
def test_a_confirm_time_alone_equal_earlier_or_from_nowhere_is_no_double_opt_in(claims):
    """Mailchimp fills CONFIRM_TIME for contacts somebody uploaded, too."""
    found = claimed_grade(row(Grade.E, **claims), frozenset())
    assert found > Grade.B
    held = why(row(Grade.E, **claims), Known(here=Here.NOTHING), SHIPPED["DE"], terms())
    assert held is Why.WEAK_EVIDENCE


def test_a_column_of_double_opt_in_counts_with_a_date_only():
    assert claimed_grade(row(Grade.E, double_opt_in=True), frozenset()) is Grade.E
    dated = row(Grade.E, double_opt_in=True, optin_ms=OPTIN)
    assert claimed_grade(dated, frozenset()) is Grade.B


def test_the_ledger_never_counts_a_file_as_more_than_d():
    assert ledger_grade(WORDED) is Grade.D
    assert ledger_grade(frozenset()) is Grade.E


def test_an_opt_out_before_the_person_s_own_confirmation_here_changes_nothing():
    out = row(status=FileStatus.OPTED_OUT, ended_ms=NOW - 10 * DAY_MS)
    own = Known(here=Here.GIVEN, own_ms=NOW - 9 * DAY_MS)
    assert why(out, own, SHIPPED["SE"], terms()) is Why.OLDER


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({"ended_ms": None}, {}),
        ({"ended_ms": NOW - 8 * DAY_MS}, {}),
        ({"ended_ms": NOW - 9 * DAY_MS - DAY_MS + 1}, {}),
        ({}, {"own_ms": None}),
        ({"status": FileStatus.COMPLAINED}, {}),
        ({"status": FileStatus.BOUNCED}, {}),
        ({}, {"here": Here.PENDING}),
    ],
    ids=[
        "time not known",
        "after it",
        "within a day of it",
        "here is less than their own word",
        "complaint",
        "bounce",
        "nothing confirmed",
    ],
)
def test_every_other_end_wins(change, known):
    out = row(status=FileStatus.OPTED_OUT, ended_ms=NOW - 12 * DAY_MS)
    own = Known(here=Here.GIVEN, own_ms=NOW - 9 * DAY_MS)
    answer = why(replace(out, **change), replace(own, **known), SHIPPED["SE"], terms())
    assert answer.verdict is Verdict.NEVER
    assert answer.act in (Act.WITHDRAW, Act.BOUNCE, Act.COMPLAIN)


@pytest.mark.parametrize(
    "sale",
    [
        None,
        replace(SOLD, reference=""),
        replace(SOLD, at_ms=None),
        replace(SOLD, at_ms=OPTIN - 3 * DAY_MS),
        replace(SOLD, objection_at_ms=OPTIN + DAY_MS + 1),
    ],
    ids=["none", "no reference", "no time", "before it was offered", "offered too late"],
)
def test_without_a_sale_at_which_the_objection_was_offered_there_is_no_soft_opt_in(sale):
    asked = terms(Basis.SOFT_OPT_IN)
    nobody = Known(here=Here.NOTHING)
    assert why(row(sale=sale), nobody, SHIPPED["SE"], asked) is Why.NO_SALE
    assert why(row(), nobody, SHIPPED["SE"], asked) is Why.SOFT_OPT_IN
    untold = replace(asked, objection_at_ms=None)
    assert why(row(), nobody, SHIPPED["SE"], untold) is Why.NO_SALE


def test_in_france_the_newest_sign_of_interest_is_at_most_three_years_old():
    nobody, old = Known(here=Here.NOTHING), NOW - 1_096 * DAY_MS
    silent = row(Grade.C, optin_ms=old, sale=None)
    assert why(silent, nobody, SHIPPED["FR"], terms()) is Why.SILENT
    assert why(silent, nobody, SHIPPED["SE"], terms()) is Why.CONSENT
    opened = replace(silent, history=History(last_open_ms=NOW - DAY_MS))
    assert why(opened, nobody, SHIPPED["FR"], terms()) is Why.CONSENT
    sold = row(Grade.E, sale=replace(SOLD, at_ms=old))
    asked = terms(Basis.SOFT_OPT_IN, objection_at_ms=old)
    assert why(sold, nobody, SHIPPED["FR"], asked) is Why.SILENT
    timeless = replace(SHIPPED["FR"], consent_grade=Grade.E)
    assert why(row(Grade.E, sale=None), nobody, timeless, terms()) is Why.SILENT


def event(type_: EventType, **more) -> Event:
    named = {"brand": BRAND, "channel": EMAIL, "lists": (WEEKLY,), "purposes": (NEWS,)}
    return Event(type=type_, **{"at_ms": 5, **named, **more})


ASKED, CONFIRMED = event(EventType.CONSENT_REQUESTED), event(EventType.CONSENT_CONFIRMED)
CLAIM, BOUGHT = event(EventType.CONSENT_IMPORTED), event(EventType.BASIS_RECORDED)
HELD_BACK = replace(CLAIM, via=Via.OPERATOR)
LEFT = event(EventType.CONSENT_WITHDRAWN, via=Via.PAGE)
LEFT_ALL = replace(LEFT, lists=(), purposes=())
LEFT_OTHER = replace(LEFT, brand=OTHER)
BOUNCED = event(EventType.SUPPRESSION_ADDED, brand=None, lists=(), purposes=(), reason="bounce")
OBJECTED = event(EventType.OBJECTION_RECORDED, lists=(), purposes=(), via=Via.PAGE)
STOPPED = event(EventType.SUBJECT_RESTRICTED, reason="objection")


@pytest.mark.parametrize(
    ("chain", "here", "own"),
    [
        ((HELD_BACK,), Here.NOTHING, None),
        ((ASKED,), Here.PENDING, None),
        ((CONFIRMED,), Here.GIVEN, 5),
        ((CLAIM,), Here.GIVEN, None),
        ((CONFIRMED, replace(CLAIM, lists=(ListId("events"),))), Here.GIVEN, None),
        ((CONFIRMED, replace(CONFIRMED, lists=(ListId("events"),), at_ms=9)), Here.GIVEN, 5),
        ((CONFIRMED, BOUGHT), Here.GIVEN, None),
        ((BOUGHT,), Here.SOLD, None),
        ((CONFIRMED, LEFT), Here.WITHDRAWN, None),
        ((LEFT_ALL,), Here.WITHDRAWN, None),
        ((replace(LEFT, purposes=()),), Here.WITHDRAWN, None),
        ((LEFT_OTHER,), Here.NOTHING, None),
        ((LEFT_ALL, CONFIRMED), Here.GIVEN, 5),
        ((LEFT, ASKED), Here.WITHDRAWN, None),
        ((CONFIRMED, event(EventType.CONSENT_EXPIRED)), Here.WITHDRAWN, None),
        ((CONFIRMED, OBJECTED), Here.OBJECTED, None),
        ((CONFIRMED, BOUNCED), Here.SUPPRESSED, 5),
        ((CONFIRMED, STOPPED), Here.RESTRICTED, 5),
        ((CONFIRMED, event(EventType.SUBJECT_ERASED)), Here.ERASED, None),
    ],
)
def test_what_is_here_is_read_from_the_folded_state(chain, here, own):
    found = known_of(fold(chain), (), (KEY,), SCOPE)
    assert (found.here, found.own_ms) == (here, own)


def test_a_suppressed_address_that_nobody_has_is_suppressed_or_erased():
    def of(*rows):
        return known_of(None, rows, (KEY,), SCOPE).here

    assert of() is Here.NOTHING
    assert of((None, "bounce")) is Here.SUPPRESSED
    assert of((BRAND, "complaint")) is Here.SUPPRESSED
    assert of((OTHER, "complaint")) is Here.NOTHING
    assert of((None, "erased"), (BRAND, "manual")) is Here.ERASED


ENTRIES = {
    Act.GIVE: CLAIM,
    Act.SELL: BOUGHT,
    Act.HOLD: HELD_BACK,
    Act.WITHDRAW: replace(LEFT_ALL, via=Via.API),
    Act.BOUNCE: BOUNCED,
}


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("status", FileStatus)
@pytest.mark.parametrize(
    "chain",
    [(), (ASKED,), (CONFIRMED,), (CLAIM,), (BOUGHT,), (LEFT,), (LEFT_ALL,), (OBJECTED,)],
)
def test_what_the_verdict_says_of_mail_is_what_the_fold_does_of_its_act(chain, status, basis):
    """In both directions, for every status of the file, on top of whatever stands."""
    before = fold(chain) if chain else None
    known = known_of(before, (), (KEY,), SCOPE)
    answer = why(row(status=status), known, SHIPPED["SE"], terms(basis))
    entry = ENTRIES.get(answer.act)
    if answer.act is Act.COMPLAIN:
        entry = OBJECTED
    state = fold([entry] if entry else [], before or SubjectState())
    sent = isinstance(decide(state, SCOPE, WEEKLY, NEWS), Allowed)
    if chain == (BOUGHT,) and answer.act is Act.HOLD:
        assert sent  # The sale that stood before goes on standing.
    else:
        assert sent == (answer.verdict is Verdict.MAIL)


def test_the_claims_hold_what_the_file_says_and_a_grade_of_d_or_e():
    told = row(Grade.A, country="DE", tags=("A", "B, c"), zone="utc", history=History(opens=3))
    choice = claims_of(told, Grade.E, Grade.A)
    assert choice == {
        "grade": "E",
        "claimed_grade": "A",
        "claimed_ts": CONFIRM,
        "status": "subscribed",
        "country": "DE",
        "optin_ts": OPTIN,
        "optin_ip": "192.0.2.1",
        "confirm_ts": CONFIRM,
        "confirm_ip": "192.0.2.2",
        "zone": "utc",
        "history": {"opens": 3},
        "tags": ["A", "B, c"],
        "line": 2,
    }
    bare = claims_of(row(Grade.E), Grade.D, Grade.D)
    assert bare == {"grade": "D", "claimed_grade": "D", "status": "subscribed", "line": 2}
