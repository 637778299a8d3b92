# SPDX-License-Identifier: Apache-2.0
"""Sign-up: one entry, one message, and the same calls and answer for every address."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.adapters.recent import RecentForms
from chalicelib.domain.forms import Field, FieldType
from chalicelib.domain.signup import Problem, SubmissionError
from chalicelib.errors import InputError, NotFound, OverBudget
from chalicelib.ports.outside import Queue
from chalicelib.proof.disclosure import Claims, encode_claims
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import NO_LEAF
from chalicelib.services.signup import Session
from infra.local.demo_data import DEMO_FORM
from tests.support.faults import Moment
from tests.support.world import TICKED, VISITOR, World

ADDRESS = "visitor@example.org"


@pytest.fixture
def world():
    return World()


def calls_of(world, email):
    calls = []

    def record(call, moment):
        if moment is Moment.BEFORE:
            calls.append(call)

    world.faults = record
    accepted = world.signup.submit("demo", {**TICKED, "email": email}, VISITOR, "en")
    world.faults = lambda call, moment: None
    return calls, (accepted.form, accepted.brand)


def test_a_known_an_unknown_and_a_suppressed_address_cause_the_same_calls_and_answer(world):
    """Design §2, promise 9."""
    world.subscribe("known@example.org")
    world.subscribe("suppressed@example.org")
    world.suppressions.add("suppressed@example.org", "manual")
    world.suppressions.add("stranger@example.org", "manual")
    world.sign_up("pending@example.org")
    for email in ("restricted@example.org", "erased@example.org"):
        world.subscribe(email)
        asked = world.erasures.request({"email": email}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    seen = [
        calls_of(world, email)
        for email in (
            "unknown@example.org",
            "known@example.org",
            "suppressed@example.org",
            "stranger@example.org",
            "pending@example.org",
            "restricted@example.org",
            "erased@example.org",
        )
    ]
    assert all(one == seen[0] for one in seen[1:])
    calls = seen[0][0]
    assert calls.count("LedgerStore.commit") == 1
    assert [c for c in calls if c.startswith("Queues.")] == ["Queues.send"]


def test_a_persons_first_entry_is_packed_to_the_length_of_any_other():
    """Else a visitor could choose a browser name for which the two differ by a bucket."""

    def packed(previous):
        claims = Claims(subject={"email": ADDRESS}, link={"previous": previous})
        return int.from_bytes(encode_claims(claims)[1:3], "big")

    later = [packed(sha256(bytes([n])).hexdigest()) for n in range(100)]
    assert min(later) <= packed(NO_LEAF) <= max(later)
    assert max(later) - min(later) < 10


def test_the_queue_message_holds_only_the_request_id(world):
    request = world.sign_up(ADDRESS)
    (message,) = [m for m in world.outside_rows.messages if m.queue is Queue.CONFIRMATIONS]
    assert json.loads(message.body) == {"v": 1, "request": request}


def test_nothing_personal_is_in_the_leaf_or_in_clear_in_any_row(world):
    sid = None
    world.sign_up("canary-visitor@example.org", first_name="Canaryname")
    for row in (world.rows, world.outside_rows, world.sending_rows):
        text = repr(row).casefold()
        assert "canary" not in text, sid


def test_an_unconfirmed_request_changes_nothing_of_a_known_person(world):
    sid = world.subscribe(ADDRESS, first_name="Kim")
    before = world.rows.audience[sid]
    consents = world.state(sid).consents
    world.sign_up(ADDRESS, first_name="Mallory")
    assert world.rows.audience[sid] == before
    assert world.state(sid).consents == consents


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, {"email": Problem.MISSING, "newsletter": Problem.CONSENT_MISSING}),
        ({"email": "nobody", **TICKED}, {"email": Problem.MALFORMED_ADDRESS}),
        ({"email": ADDRESS}, {"newsletter": Problem.CONSENT_MISSING}),
        ({"email": ADDRESS, "newsletter": "off"}, {"newsletter": Problem.CONSENT_MISSING}),
        ({"email": ADDRESS, **TICKED, "first_name": "x" * 999}, {"first_name": Problem.TOO_LONG}),
        (
            {"email": ADDRESS, **TICKED, "first_name": "a\nb"},
            {"first_name": Problem.BAD_CHARACTERS},
        ),
    ],
)
def test_an_unusable_submission_names_its_fields_and_leaves_no_state(world, values, problems):
    before = (len(world.rows.entries), len(world.outside_rows.messages))
    with pytest.raises(SubmissionError) as raised:
        world.signup.submit("demo", values, VISITOR, "en")
    assert raised.value.problems == problems
    assert (len(world.rows.entries), len(world.outside_rows.messages)) == before


def test_a_page_that_shows_a_newer_form_than_this_process_remembers_is_taken(world):
    remembered = RecentForms(world.forms, world.clock)
    world.signup._forms = remembered
    (old,) = {ref.sha256 for ref in remembered.get("demo").notices if ref.language == "en"}
    form = world.forms.get("demo")
    notices = tuple(replace(ref, sha256=ref.sha256[::-1]) for ref in form.notices)
    world.forms.publish(replace(form, version=form.version + 1, notices=notices))
    world.signup.submit("demo", {**TICKED, "email": ADDRESS, "notice": old[::-1]}, VISITOR, "en")
    (entry,) = world.rows.entries.values()
    assert event_of_leaf(entry.leaf).notice == old[::-1]


def test_an_unknown_form_and_a_stale_notice_are_refused(world):
    with pytest.raises(NotFound):
        world.signup.submit("nowhere", {**TICKED, "email": ADDRESS}, VISITOR, "en")
    with pytest.raises(InputError, match="stale_form"):
        world.signup.submit("demo", {**TICKED, "email": ADDRESS, "notice": "0" * 64}, VISITOR, "en")
    assert world.rows.states == {}


def test_over_budget_is_refused_before_anything_that_depends_on_the_address(world):
    world.activity.count = lambda *_: world.settings.signups_per_hour + 1
    calls = []
    world.faults = lambda call, moment: calls.append(call)
    with pytest.raises(OverBudget):
        world.signup.submit("demo", {**TICKED, "email": ADDRESS}, VISITOR, "en")
    assert not any(call.startswith(("AddressMac", "LedgerStore")) for call in calls)


def test_what_is_sealed_is_equally_long_for_a_known_and_an_unknown_address(world):
    sid = world.subscribe("visitor@example.org")
    world.sign_up("visitor@example.org", first_name="x" * 60)
    known = world.store.history(sid)[-1]
    before = set(world.rows.states)
    world.sign_up("unknown@example.org", first_name="x" * 60)
    (stranger,) = set(world.rows.states) - before
    assert len(world.store.history(stranger)[0].sealed) == len(known.sealed)


@pytest.mark.parametrize("pad", [10, 5_000, 50_000])
def test_a_boxs_value_decides_nothing_about_what_is_sealed(world, pad):
    world.sign_up("short@example.org", newsletter="1")
    world.sign_up("other@example.org", newsletter="1" * pad)
    sealed = {len(entry.sealed) for entry in world.rows.entries.values()}
    assert len(sealed) == 1


def test_a_form_whose_answers_could_not_be_sealed_is_refused():
    with pytest.raises(InputError, match="2500 characters"):
        replace(
            DEMO_FORM,
            fields=(
                *DEMO_FORM.fields,
                *(
                    Field(name=f"f{n}", type=FieldType.TEXT, label={"en": "F"}, max_chars=1_000)
                    for n in range(3)
                ),
            ),
        )


def test_the_longest_answers_and_browser_strings_still_fit(world):
    session = Session(
        network="192.0.2.7",
        **dict.fromkeys(("user_agent", "page", "referrer", "language"), "\U0001f600\x1f" * 5_000),
    )
    values = {**TICKED, "email": ADDRESS, "first_name": "\U0001f600" * 60}
    world.signup.submit("demo", values, session, "en")
    assert len(world.rows.states) == 1
