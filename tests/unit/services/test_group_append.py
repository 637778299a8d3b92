# SPDX-License-Identifier: Apache-2.0
"""How rows are put into groups, what they are decided on, and who is told. Kills: tests/faults."""

import pytest

from chalicelib.domain.events import SuppressionReason, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.errors import FatalError
from chalicelib.ports.ledger_groups import BEGINNING, Place
from chalicelib.ports.outside import Queue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.group_append import MAX_ROWS, Decided, Row
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import Moment
from tests.support.import_lane import LANE, ImportLane
from tests.support.memory_ledger import LaneRow
from tests.support.memory_outside import MemoryQueues
from tests.support.people import People

DEMO, NEWS = BrandId("demo"), ListId("newsletter")


def addresses(count, name="person"):
    return [f"{name}{number}@example.org" for number in range(count)]


def counted(made, call):
    """Count a call from now on."""
    seen = []

    def listen(name, moment):
        if (name, moment) == (call, Moment.BEFORE):
            seen.append(name)

    made.people.faults = listen
    return seen


@pytest.mark.parametrize(("people", "groups"), [(14, 1), (15, 2), (28, 2), (50, 4), (100, 8)])
def test_fourteen_new_people_share_a_transaction(people, groups):
    made = ImportLane(chunks=(addresses(people),))
    commits = counted(made, "GroupStore.commit_group")
    made.work()
    assert len(commits) == groups
    assert made.place == Place(1, 0)
    made.require_whole()


@pytest.mark.parametrize(("people", "groups"), [(33, 1), (34, 2)])
def test_thirty_three_known_people_share_one(people, groups):
    made = ImportLane(chunks=(addresses(people),))
    for address in addresses(people):
        made.people.confirmed(address)
    known = [Row(mac=made.people.mac(x), decide=lambda _: mail_sent()) for x in addresses(people)]
    commits = counted(made, "GroupStore.commit_group")
    made.appender.append_chunk(LANE, BEGINNING, known)
    assert len(commits) == groups


def mail_sent():
    """Changes nothing that stands in the clear: an entry, its outbox row and the state."""
    draft = Draft(
        type=EventType.CONSENT_MAIL_SENT,
        brand=DEMO,
        lists=(NEWS,),
        purposes=(PurposeId("newsletter"),),
        claims=Claims(),
    )
    return Decided(drafts=(draft,), counts={"known": 1})


def test_fifty_addresses_are_read_at_once():
    made = ImportLane(chunks=(addresses(101),))
    reads = counted(made, "GroupStore.lookup_many")
    made.work()
    assert len(reads) == 3


def test_rows_that_need_nothing_are_counted_and_take_no_room():
    made = ImportLane(chunks=(addresses(2 * MAX_ROWS),))
    nothing = [
        Row(mac=made.people.mac(address), decide=lambda _: Decided(counts={"never": 1}))
        for address in made.chunks[0]
    ]
    commits = counted(made, "GroupStore.commit_group")
    assert made.appender.append_chunk(LANE, BEGINNING, nothing) == Place(1, 0)
    assert len(commits) == 2
    assert made.counts == {"never": 2 * MAX_ROWS}
    assert (made.people.rows.states, made.people.outside.messages) == ({}, [])


def test_an_empty_chunk_is_a_step():
    made = ImportLane(chunks=((), addresses(1)))
    made.work()
    assert (made.place, made.counts) == (Place(2, 0), {"new": 1})


def test_a_chunk_goes_on_where_it_stopped_and_reads_nobody_before_that():
    made = ImportLane(chunks=(addresses(20),))
    decided = []
    rows = [
        Row(mac=row.mac, decide=lambda seen: decided.append(seen.mac) or Decided())
        for row in made.rows(made.chunks[0])
    ]
    made.people.rows.lanes[LANE.owner, LANE.lane] = LaneRow(place=Place(0, 17))
    assert made.appender.append_chunk(LANE, Place(0, 17), rows) == Place(1, 0)
    assert decided == [row.mac for row in rows[17:]]


def test_an_address_twice_is_decided_the_second_time_on_what_the_first_did():
    twice = ["anna@example.org", "bo@example.org", "anna@example.org"]
    made = ImportLane(chunks=(twice,))
    made.work()
    assert made.counts == {"new": 2, "known": 1}
    assert made.written("anna@example.org") == 2
    made.require_whole()


def test_a_chunk_wakes_the_sequencer_once_and_names_whoever_left():
    people = People()
    left = people.confirmed("left@example.org")
    profiling = Draft(
        type=EventType.CONSENT_CONFIRMED,
        brand=DEMO,
        lists=(NEWS,),
        purposes=(PurposeId("profiling"),),
        notice="11" * 32,
        via=Via.PAGE,
    )
    people.act(left, profiling)
    made = ImportLane(chunks=([*addresses(20), "left@example.org"],), people=people)
    people.outside.messages.clear()
    rows = made.rows(addresses(20))
    end = Draft(type=EventType.CONSENT_WITHDRAWN, brand=DEMO, via=Via.API)
    rows.append(Row(mac=people.mac("left@example.org"), decide=lambda _: Decided(drafts=(end,))))
    made.appender.append_chunk(LANE, BEGINNING, rows)
    taken = MemoryQueues(people.outside).take(Queue.SEQUENCING)
    assert taken == [{"v": 1, "forget": left}, {"v": 1}]


def test_who_is_being_erased_is_seen_without_a_chain_and_cannot_be_appended_to():
    people = People()
    sid = people.confirmed("anna@example.org")
    del people.rows.vault[sid]
    made = ImportLane(chunks=(["anna@example.org"],), people=people)
    before = dict(people.rows.entries)
    made.work()
    assert made.counts == {"gone": 1}
    row = Row(mac=people.mac("anna@example.org"), decide=lambda _: mail_sent())
    with pytest.raises(FatalError):
        made.appender.append_chunk(LANE, Place(1, 0), [row])
    assert people.rows.entries == before


def test_a_suppression_that_stands_is_seen_and_hinders_no_append():
    people = People()
    people.suppressor.suppress_mac(people.mac("anna@example.org"), SuppressionReason.COMPLAINT)
    made = ImportLane(chunks=(["anna@example.org"],), people=people)
    made.work()
    state = people.state(made.sid("anna@example.org"))
    assert [x.reason for x in state.suppressions] == ["complaint"]
    assert made.counts == {"new": 1}


def test_a_suppressed_address_is_in_the_index_before_its_row_is_stored():
    address = "bounced@example.org"
    made = ImportLane(chunks=([address],), bounced=frozenset({address}))
    noted = []

    def listen(call, moment):
        if (call, moment) == ("GroupStore.commit_group", Moment.BEFORE):
            noted.extend(made.people.hygiene.macs)

    made.people.faults = listen
    made.work()
    assert noted == [made.people.mac(address)]


def test_nothing_is_decided_to_be_stored_without_an_entry():
    for changes in ({"profile": {"email": "anna@example.org"}}, {"suppress": (object(),)}):
        with pytest.raises(FatalError):
            Decided(**changes)


def test_macs_are_asked_for_together():
    people = People()
    calls = counted(ImportLane(chunks=(), people=people), "AddressMac.macs")
    some = addresses(3)
    assert people.ledger.macs(some) == tuple(map(people.ledger.mac, some))
    assert len(calls) == 1
