# SPDX-License-Identifier: Apache-2.0
"""Requests nobody confirmed end after their time; nobody else's do."""

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.rights import Medium, Received, Right
from chalicelib.errors import Conflict
from chalicelib.ports.outside import Queue
from chalicelib.services import unconfirmed
from chalicelib.services.erasure import SWEEP_AGAIN_MS
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import Moment, no_faults
from tests.support.suppression_lists import brought, digest
from tests.support.unconfirmed_runs import NEWSLETTER, run
from tests.support.world import READER, World

EMAIL = "silent@example.org"


def asked(world, email=EMAIL):
    """Somebody who asked and never answered."""
    world.sign_up(email)
    world.settle()
    return world.ledger.lookup(world.ledger.mac(email)).sid


def test_a_request_is_erased_thirty_days_after_it_was_made_and_not_before(world):
    sid = asked(world)
    world.time.advance(30 * DAY_MS - 60_000)
    assert run(world) == 0
    assert sid in world.rows.vault
    world.time.advance(60_001)
    assert run(world) == 1
    assert sid not in world.rows.vault
    assert world.types(sid)[-1] == "subject.erased"
    assert world.suppressions.find(EMAIL) == ()


def test_that_the_confirmation_mail_came_back_is_forgotten_with_the_request(world):
    asked(world)
    world.suppressions.add(EMAIL, "bounce")
    world.time.advance(31 * DAY_MS)
    assert run(world) == 1
    assert world.suppressions.find(EMAIL) == ()


@pytest.mark.parametrize("by_digest", [False, True])
def test_whoever_types_a_suppressed_address_and_waits_does_not_end_its_suppression(
    world, by_digest
):
    if by_digest:
        brought(world, f"{digest(EMAIL)},bounce\n")
    else:
        world.suppressions.add(EMAIL, "bounce")
    asked(world)
    world.time.advance(31 * DAY_MS)
    assert run(world) == 1
    assert [row.reason for row in world.suppressions.find(EMAIL)] == ["erased"]


def test_who_confirmed_stays(world):
    sid = world.subscribe(EMAIL)
    world.time.advance(31 * DAY_MS)
    assert run(world) == 0
    assert sid in world.rows.vault


def test_who_confirmed_once_and_left_and_asked_again_stays(world):
    sid = world.subscribe(EMAIL)
    draft = Draft(type=EventType.CONSENT_WITHDRAWN, via=Via.PAGE, brand="demo")
    world.ledger.append(world.ledger.open(sid), [draft])
    world.time.advance(DAY_MS)
    world.sign_up(EMAIL)
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_who_asked_again_is_kept_until_the_later_requests_time_is_over(world):
    sid = asked(world)
    world.time.advance(20 * DAY_MS)
    world.sign_up(EMAIL)
    world.settle()
    world.time.advance(20 * DAY_MS)
    run(world)
    assert sid in world.rows.vault
    world.time.advance(20 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault


@pytest.mark.parametrize(
    "draft",
    [
        Draft(type=EventType.BASIS_RECORDED, **NEWSLETTER),
        Draft(type=EventType.CONSENT_IMPORTED, **NEWSLETTER),
        Draft(type=EventType.HOLD_PLACED, channel=None, reason="legal-claim"),
        Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="legal-claim"),
    ],
    ids=lambda draft: str(draft.type),
)
def test_another_basis_a_hold_or_a_restriction_keeps_a_person(world, draft):
    sid = asked(world)
    world.ledger.append(world.ledger.open(sid), [draft])
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_a_hold_that_was_released_keeps_nobody(world):
    sid = asked(world)
    for kind, reason in (
        (EventType.HOLD_PLACED, "legal-claim"),
        (EventType.HOLD_RELEASED, "ended"),
    ):
        draft = Draft(type=kind, channel=None, reason=reason)
        world.ledger.append(world.ledger.open(sid), [draft])
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault


def test_who_waits_for_an_answer_about_their_data_is_not_erased_by_the_clock(world):
    """Else the erasure would pass for the answer, and nothing would be left to give access to."""
    sid = asked(world)
    world.time.advance(20 * DAY_MS)
    now_ms = world.time.now_ms()
    letter = Received(medium=Medium.LETTER, received_ms=now_ms, received_by="Desk", entered_by="k")
    made = world.rights.by_officer({"email": EMAIL}, Right.ACCESS, "demo", letter)
    world.time.advance(11 * DAY_MS)
    run(world)
    assert sid in world.rows.vault
    assert world.rights.get(made.id).is_open


def test_who_was_answered_is_kept_by_no_answer_any_more(world):
    sid = asked(world)
    world.rights.by_person(sid, "demo", Right.ACCESS, READER)
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault


def test_who_said_no_is_erased_and_never_imported_back(world):
    world.sign_up(EMAIL)
    world.settle()
    sid = world.confirmation.refuse(world.confirm_token(EMAIL), READER).token.sid
    world.settle()
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault
    assert [row.reason for row in world.suppressions.find(EMAIL)] == ["erased"]


def test_the_worker_decides_anew_on_what_happened_since_the_search(world):
    sid = asked(world)
    world.time.advance(31 * DAY_MS)
    assert world.unconfirmed.search() == 1
    world.sign_up(EMAIL)
    world.settle()
    assert sid in world.rows.vault


def test_who_asks_again_while_the_worker_decides_is_not_erased(world):
    sid = asked(world)
    world.time.advance(31 * DAY_MS)
    world.unconfirmed.search()
    (body,) = world.messages.take(Queue.ERASURES)

    def meanwhile(call, moment):
        if (call, moment) == ("LedgerStore.history", Moment.AFTER):
            world.faults = no_faults
            world.sign_up(EMAIL)

    world.faults = meanwhile
    with pytest.raises(Conflict):
        world.handle(Queue.ERASURES, body)
    assert sid in world.rows.vault
    world.handle(Queue.ERASURES, body)
    world.settle()
    assert sid in world.rows.vault
    world.confirmation.confirm(world.confirm_token(EMAIL), READER)
    assert world.types(sid)[-1] == "consent.confirmed"


def test_the_new_link_of_who_asks_again_at_the_last_moment_still_works(world):
    sid = asked(world)
    world.time.advance(31 * DAY_MS)
    world.unconfirmed.search()
    (body,) = world.messages.take(Queue.ERASURES)
    reads = []

    def meanwhile(call, moment):
        if (call, moment) == ("LedgerStore.history", Moment.BEFORE):
            reads.append(call)
            if len(reads) == 2:  # The chain was read to be shredded, and its links come next.
                world.faults = no_faults
                world.sign_up(EMAIL)
                world.settle(Queue.CONFIRMATIONS)

    world.faults = meanwhile
    with pytest.raises(Conflict):
        world.handle(Queue.ERASURES, body)
    world.confirmation.confirm(world.confirm_token(EMAIL), READER)
    assert world.types(sid)[-1] == "consent.confirmed"


def test_a_suppression_the_chain_never_heard_of_outlives_the_request(world):
    """The sign-up's message was lost, so nothing brought it into the chain."""
    world.suppressions.add(EMAIL, "manual")
    world.sign_up(EMAIL)
    world.messages.take(Queue.CONFIRMATIONS)
    world.settle()
    sid = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault
    assert [row.reason for row in world.suppressions.find(EMAIL)] == ["manual"]
    assert [row.reason for row in world.suppressions.page(None, 10).items] == ["manual"]


def test_what_is_written_late_about_them_is_swept_a_quarter_of_an_hour_later(world):
    sid = asked(world)
    world.time.advance(31 * DAY_MS)
    world.unconfirmed.search()
    (body,) = world.messages.take(Queue.ERASURES)
    world.handle(Queue.ERASURES, body)
    assert sid not in world.rows.vault
    world.blobs.put(f"bundles/{sid}/late.zip", b"plain", "application/zip")
    (again,) = [x for x in world.outside_rows.messages if x.queue is Queue.ERASURES]
    assert again.delay_s * 1000 >= SWEEP_AGAIN_MS
    world.settle()
    assert f"bundles/{sid}/late.zip" not in world.outside_rows.blobs
    assert world.types(sid).count("subject.erased") == 1
    assert world.messages.take(Queue.ERASURES) == []


def test_a_run_reads_a_bounded_piece_and_the_next_goes_on_there(world, monkeypatch):
    monkeypatch.setattr(unconfirmed, "MAX_BUNDLES", 1)
    people = []
    for n in range(130):
        world.time.advance(60_000)
        people.append(asked(world, f"silent{n}@example.org"))
    world.time.advance(31 * DAY_MS)
    assert 0 < run(world) < len(people)
    while run(world):
        pass
    assert not [sid for sid in people if sid in world.rows.vault]
    assert world.erasure_records.place() >= 260


def test_a_repeated_message_sweeps_and_appends_nothing(world):
    sid = asked(world)
    world.time.advance(31 * DAY_MS)
    world.unconfirmed.search()
    (body,) = world.messages.take(Queue.ERASURES)
    for _ in range(2):
        world.handle(Queue.ERASURES, body)
    assert world.types(sid).count("subject.erased") == 1


def test_an_empty_log_has_nothing_to_search():
    world = World()
    world.outside_rows.blobs.clear()
    assert world.unconfirmed.search() == 0
