# SPDX-License-Identifier: Apache-2.0
"""What every `LedgerStore` guarantees, on the fake and on DynamoDB's adapter."""

import threading
from dataclasses import replace

import pytest

from chalicelib.domain.consent import fold
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.ids import BrandId, shard_of
from chalicelib.domain.state import SubjectState
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.ledger import Lookup, NewSubject, ProfileWrite
from chalicelib.vocabulary import EventType
from tests.support.appends import (
    BRAND,
    LIST,
    confirm_token,
    entry,
    event,
    first_append,
    leaf,
    mac,
    next_append,
    subject,
    suppressed,
    token_hash,
)
from tests.support.clock import START_MS


def test_an_unknown_mac_and_subject_are_empty_not_errors(ports):
    assert ports.ledger.lookup(mac("nobody")).sid is None
    loaded = ports.ledger.load(subject("nobody"))
    assert (loaded.state, loaded.macs, loaded.wrapped_key) == (None, (), None)
    assert ports.ledger.states([subject("nobody")]) == {}
    assert ports.ledger.states([]) == {}
    assert ports.ledger.history(subject("nobody")) == ()
    assert ports.ledger.locate(event("nothing")) is None
    assert ports.ledger.token(token_hash("nothing")) is None


def test_a_first_append_stores_everything_and_reads_back_equal(ports):
    request = Event(
        type=EventType.CONSENT_REQUESTED,
        at_ms=START_MS,
        brand=BRAND,
        channel=EMAIL,
        lists=(LIST,),
        notice="0" * 64,
    )
    append = first_append("ada", state=fold([request]), index_request=True)
    ports.ledger.commit(append)

    loaded = ports.ledger.load(append.sid)
    assert loaded.state == append.state
    assert loaded.macs == (mac("ada"),)
    assert loaded.last_leaf_hash == append.last_leaf_hash
    assert loaded.wrapped_key == b"wrapped ada"
    assert ports.ledger.lookup(mac("ada")).sid == append.sid
    assert ports.ledger.history(append.sid) == append.entries
    located = ports.ledger.locate(append.entries[0].event)
    assert (located.sid, located.n, located.index) == (append.sid, 0, None)
    assert ports.ledger.states([append.sid, append.sid]) == {append.sid: append.state}


def test_only_an_append_that_asks_for_it_is_found_by_its_event_at_once(ports):
    ports.ledger.commit(first_append("ada"))
    assert ports.ledger.locate(event("ada 0")) is None


def test_history_returns_the_inclusive_range_asked_for(ports):
    ports.ledger.commit(first_append("ada", entries=12))
    numbers = [x.n for x in ports.ledger.history(subject("ada"), 2, 10)]
    assert numbers == list(range(2, 11))
    assert [x.n for x in ports.ledger.history(subject("ada"), 11)] == [11]
    assert ports.ledger.history(subject("ada"), 5, 4) == ()


def test_an_entry_without_its_ciphertext_reads_as_erased(ports):
    unsealed = replace(first_append("ada"), entries=(entry("ada", 0, sealed=None),))
    ports.ledger.commit(unsealed)
    assert ports.ledger.history(subject("ada"))[0].sealed is None


def test_an_append_decided_on_an_older_chain_conflicts_and_writes_nothing(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(next_append("ada", 1))
    before = ports.stored_text()
    late = replace(next_append("ada", 1), entries=(replace(entry("ada", 1), event=event("late")),))
    with pytest.raises(Conflict):
        ports.ledger.commit(late)
    assert ports.stored_text() == before


def test_an_append_to_a_chain_longer_than_expected_zero_conflicts(ports):
    ports.ledger.commit(first_append("ada"))
    again = first_append("ada", new_subject=None)
    again = replace(again, entries=(replace(again.entries[0], event=event("other")),))
    with pytest.raises(Conflict):
        ports.ledger.commit(again)


def test_an_append_must_hold_the_entries_its_state_counts(ports):
    with pytest.raises(FatalError):
        ports.ledger.commit(first_append("ada", state=SubjectState(entries=2)))
    with pytest.raises(FatalError):
        ports.ledger.commit(replace(first_append("ada"), entries=(), state=SubjectState()))
    assert ports.ledger.load(subject("ada")).state is None


def test_of_two_first_appends_for_one_address_only_one_makes_a_subject(ports):
    ports.ledger.commit(first_append("ada"))
    rival = first_append("rival", new_subject=NewSubject(wrapped_key=b"other", macs=(mac("ada"),)))
    with pytest.raises(Conflict):
        ports.ledger.commit(rival)
    assert ports.ledger.lookup(mac("ada")).sid == subject("ada")
    assert ports.ledger.load(subject("rival")).state is None
    assert ports.ledger.load(subject("rival")).wrapped_key is None
    assert ports.audience.members([subject("rival")]) == {}


def test_a_new_subject_never_replaces_a_stored_key(ports):
    ports.ledger.commit(first_append("ada"))
    fresh = first_append("ada", new_subject=NewSubject(wrapped_key=b"new", macs=(mac("second"),)))
    with pytest.raises(Conflict):
        ports.ledger.commit(fresh)
    assert ports.ledger.load(subject("ada")).wrapped_key == b"wrapped ada"


def test_a_checked_append_conflicts_when_the_address_leads_elsewhere_or_the_key_is_gone(ports):
    ports.ledger.commit(first_append("ada"))
    with pytest.raises(Conflict):
        ports.ledger.commit(next_append("ada", 1, macs=(mac("not hers"),)))
    ports.drop_vault_row(shard_of(subject("ada")), subject("ada"))
    with pytest.raises(Conflict):
        ports.ledger.commit(next_append("ada", 1))
    ports.ledger.commit(next_append("ada", 1, check_subject=False))


def test_a_known_subject_keeps_its_identity_through_later_appends(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(next_append("ada", 1))
    loaded = ports.ledger.load(subject("ada"))
    assert loaded.macs == (mac("ada"),)
    assert loaded.wrapped_key == b"wrapped ada"
    assert loaded.state.entries == 2


def test_a_token_is_consumed_once(ports):
    ports.ledger.commit(first_append("ada"))
    token = confirm_token("ada")
    ports.ledger.put_token(token)
    assert ports.ledger.token(token.token_sha256) == token

    consumed = {"consume_token": token.token_sha256, "consumed_ms": START_MS + 5}
    ports.ledger.commit(next_append("ada", 1, **consumed))
    assert ports.ledger.token(token.token_sha256).used_ms == START_MS + 5
    assert ports.ledger.asked(token.token_sha256).token.used_ms == START_MS + 5
    with pytest.raises(Conflict):
        ports.ledger.commit(next_append("ada", 2, **consumed))
    assert ports.ledger.load(subject("ada")).state.entries == 2


def test_using_one_token_leaves_the_other_tokens_of_a_subject_unused(ports):
    ports.ledger.commit(first_append("ada"))
    other = replace(confirm_token("ada"), token_sha256=token_hash("another"))
    for token in (confirm_token("ada"), other):
        ports.ledger.put_token(token)
    consumed = {"consume_token": other.token_sha256, "consumed_ms": START_MS + 5}
    ports.ledger.commit(next_append("ada", 1, **consumed))
    assert ports.ledger.token(token_hash("ada")).used_ms is None
    assert ports.ledger.asked(token_hash("ada")).token.used_ms is None


def test_a_token_leads_to_its_subject_request_and_profile_in_one_answer(ports):
    assert ports.ledger.asked(token_hash("ada")) is None
    first = first_append("ada")
    ports.ledger.commit(first)
    ports.ledger.put_token(confirm_token("ada"))
    asked = ports.ledger.asked(token_hash("ada"))
    assert asked.token == confirm_token("ada")
    assert asked.subject == ports.ledger.load(subject("ada"))
    assert asked.request == first.entries[0]
    assert asked.profile == b"profile ada"


def test_a_used_token_is_never_stored_anew(ports):
    ports.ledger.put_token(replace(confirm_token("ada"), used_ms=START_MS))
    with pytest.raises(Conflict):
        ports.ledger.put_token(confirm_token("ada"))
    assert ports.ledger.token(token_hash("ada")).used_ms == START_MS


def test_suppressions_are_found_by_mac_and_lifted_one_by_one(ports):
    ports.ledger.commit(first_append("ada"))
    rows = (suppressed("ada"), suppressed("ada", BRAND, "complaint"))
    ports.ledger.commit(next_append("ada", 1, suppress=rows))
    assert ports.ledger.lookup(mac("ada")).suppressions == rows

    lift = ((mac("ada"), None), (mac("ada"), BrandId("never-there")))
    ports.ledger.commit(next_append("ada", 2, lift=lift))
    assert ports.ledger.lookup(mac("ada")).suppressions == rows[1:]


def test_one_append_may_lift_and_put_for_the_same_address(ports):
    ports.ledger.commit(first_append("ada", suppress=(suppressed("ada"),)))
    newer = suppressed("ada", None, "manual")
    ports.ledger.commit(
        next_append("ada", 1, suppress=(newer,), lift=((mac("ada"), None), (mac("ada"), BRAND)))
    )
    assert ports.ledger.lookup(mac("ada")).suppressions == (newer,)


def test_lifting_where_nothing_was_suppressed_changes_nothing_anyone_sees(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(next_append("ada", 1, lift=((mac("ada"), None),)))
    assert ports.ledger.lookup(mac("ada")).suppressions == ()


def test_a_conflict_leaves_suppressions_tokens_and_profiles_alone(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.put_token(confirm_token("ada"))
    late = next_append(
        "ada",
        7,
        suppress=(suppressed("ada"),),
        profile=ProfileWrite(sealed=b"late", lists=()),
        consume_token=token_hash("ada"),
        consumed_ms=START_MS,
    )
    with pytest.raises(Conflict):
        ports.ledger.commit(late)
    assert ports.ledger.lookup(mac("ada")).suppressions == ()
    assert ports.ledger.token(token_hash("ada")).used_ms is None
    assert ports.audience.members([subject("ada")])[subject("ada")].sealed == b"profile ada"


def test_a_stranger_is_suppressed_with_the_key_that_opens_the_entry(ports):
    row = replace(suppressed("stranger"), salt_key=b"s" * 32)
    name = event("controller")
    ports.ledger.append_controller_entry(name, leaf(name, START_MS), None, (row,))
    found = ports.ledger.lookup(mac("stranger"))
    assert (found.sid, found.suppressions) == (None, (row,))
    located = ports.ledger.locate(name)
    assert (located.sid, located.n, located.index) == (None, None, None)


def test_a_controller_entry_is_written_once(ports):
    name = event("controller")
    ports.ledger.append_controller_entry(name, leaf(name, START_MS), b"sealed")
    with pytest.raises(Conflict):
        ports.ledger.append_controller_entry(name, leaf(name, START_MS), b"sealed")
    assert len(ports.outbox.pending(10)) == 1


def test_a_profile_left_out_stays_and_memberships_are_replaced(ports):
    ports.ledger.commit(first_append("ada"))
    profile = ProfileWrite(sealed=None, lists=((LIST, "subscribed"),))
    ports.ledger.commit(next_append("ada", 1, profile=profile))
    member = ports.audience.members([subject("ada")])[subject("ada")]
    assert member.sealed == b"profile ada"
    assert member.lists == ((LIST, "subscribed"),)


def test_states_are_read_a_hundred_at_a_time_and_no_more(ports):
    ports.ledger.commit(first_append("ada"))
    many = [subject(f"nobody {n}") for n in range(99)]
    assert list(ports.ledger.states([*many, subject("ada")])) == [subject("ada")]
    with pytest.raises(FatalError):
        ports.ledger.states([*many, subject("ada"), subject("one too many")])


def test_of_appends_at_the_same_moment_exactly_one_wins(ports):
    ports.ledger.commit(first_append("ada"))
    outcomes: list[str] = []
    ready = threading.Barrier(4)

    def attempt(name):
        rival = next_append("ada", 1)
        rival = replace(rival, entries=(replace(rival.entries[0], event=event(name)),))
        ready.wait()
        try:
            ports.ledger.commit(rival)
        except Conflict:
            outcomes.append("conflict")
        else:
            outcomes.append(name)

    threads = [threading.Thread(target=attempt, args=(f"rival {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winners = [name for name in outcomes if name != "conflict"]
    assert len(winners) == 1
    history = ports.ledger.history(subject("ada"))
    assert [x.event for x in history] == [event("ada 0"), event(winners[0])]
    assert len(ports.outbox.pending(10)) == 2


def moving(name, n, to, *macs, **changes):
    """An append that makes ``to`` the only name by which the subject is found."""
    named = {"macs": tuple(map(mac, macs))} if macs else {}
    return next_append(name, n, move_to=mac(to), check_subject=False, **named, **changes)


def test_a_move_leaves_one_mac_that_leads_to_the_subject(ports):
    ports.ledger.commit(first_append("ada"))
    moved = moving("ada", 1, "ada two")
    ports.ledger.commit(moved)
    assert ports.ledger.load(moved.sid).macs == (mac("ada two"),)
    assert ports.ledger.lookup(mac("ada")).sid is None
    assert ports.ledger.lookup(mac("ada two")).sid == moved.sid
    ports.ledger.commit(next_append("ada", 2, macs=(mac("ada two"),)))
    assert ports.ledger.load(moved.sid).macs == (mac("ada two"),)


def test_a_mac_that_was_left_is_free_for_another_subject(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(moving("ada", 1, "ada two"))
    ports.ledger.commit(first_append("bert", macs=(mac("ada"),), new_subject=new_subject("ada")))
    assert ports.ledger.lookup(mac("ada")).sid == subject("bert")
    with pytest.raises(Conflict):
        ports.ledger.commit(moving("ada", 2, "ada", "ada two"))


def new_subject(name):
    return NewSubject(wrapped_key=b"wrapped", macs=(mac(name),))


def test_a_move_releases_every_other_mac_and_keeps_one_that_is_the_subjects_already(ports):
    macs = (mac("one"), mac("two"), mac("three"))
    found = NewSubject(wrapped_key=b"wrapped", macs=macs)
    ports.ledger.commit(first_append("ada", macs=macs, new_subject=found))
    ports.ledger.commit(moving("ada", 1, "two", "one", "two", "three"))
    assert ports.ledger.load(subject("ada")).macs == (mac("two"),)
    leads = [ports.ledger.lookup(each).sid for each in macs]
    assert leads == [None, subject("ada"), None]


def test_a_move_over_a_lookup_that_is_lost_or_anothers_deletes_nobodys(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(first_append("bert"))
    ports.ledger.commit(moving("ada", 1, "ada two", "ada", "never there"))
    with pytest.raises(Conflict):
        ports.ledger.commit(moving("ada", 2, "ada three", "ada two", "bert"))
    assert ports.ledger.lookup(mac("bert")).sid == subject("bert")


def test_a_move_writes_what_the_former_mac_stays_suppressed_for_with_its_entry(ports):
    ports.ledger.commit(first_append("ada"))
    row = replace(suppressed("ada", reason="manual"), event=event("left"), salt_key=b"k" * 32)
    recorded = ((row.event, leaf(row.event, START_MS + 1)),)
    ports.ledger.commit(moving("ada", 1, "ada two", suppress=(row,), recorded=recorded))
    assert ports.ledger.lookup(mac("ada")) == Lookup(sid=None, suppressions=(row,))
    located = ports.ledger.locate(row.event)
    assert (located.sid, located.n, located.index) == (None, None, None)
    waiting = {each.event: each.sid for each in ports.outbox.pending(10)}
    assert waiting[row.event] is None
    again = moving("ada", 2, "ada three", "ada two", recorded=recorded)
    with pytest.raises(Conflict):
        ports.ledger.commit(again)


def test_nobody_moves_to_a_mac_that_leads_to_somebody_else_and_nothing_is_written(ports):
    ports.ledger.commit(first_append("ada"))
    ports.ledger.commit(first_append("bert"))
    before = ports.stored_text()
    with pytest.raises(Conflict):
        ports.ledger.commit(moving("ada", 1, "bert"))
    assert ports.stored_text() == before


def test_of_two_subjects_who_move_to_one_mac_one_gets_it(ports):
    for name in ("ada", "bert"):
        ports.ledger.commit(first_append(name))
    ports.ledger.commit(moving("ada", 1, "both"))
    with pytest.raises(Conflict):
        ports.ledger.commit(moving("bert", 1, "both"))
    assert ports.ledger.lookup(mac("both")).sid == subject("ada")
