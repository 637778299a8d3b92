# SPDX-License-Identifier: Apache-2.0
"""What every `Outbox` and `HeadStore` guarantees, on the fakes and on DynamoDB's adapters."""

import threading
from dataclasses import replace

import pytest

from chalicelib.errors import Conflict
from chalicelib.ports.ledger import Head
from tests.support.appends import event, first_append, leaf, next_append, subject
from tests.support.clock import START_MS

HEAD = Head(size=2, root=b"r" * 32, checkpoint=b"note 2", staged="log/staging/2-aa")


def test_every_entry_waits_once_with_its_chain_place(ports):
    append = first_append("ada", entries=2)
    ports.ledger.commit(append)
    ports.ledger.append_controller_entry(event("c"), leaf(event("c"), START_MS), None)
    waiting = {x.event: x for x in ports.outbox.pending(10)}
    assert set(waiting) == {event("ada 0"), event("ada 1"), event("c")}
    assert [(waiting[x.event].sid, waiting[x.event].n) for x in append.entries] == [
        (append.sid, 0),
        (append.sid, 1),
    ]
    assert waiting[event("ada 0")].leaf == append.entries[0].leaf
    assert (waiting[event("c")].sid, waiting[event("c")].n) == (None, None)


def test_entries_of_a_chain_come_oldest_first_even_when_the_limit_cuts_them(ports):
    for name in ("ada", "bo", "cy", "di", "eve", "flo"):
        ports.ledger.commit(first_append(name, entries=4))
    for limit in (1, 5, 16, 23, 24, 100):
        found = ports.outbox.pending(limit)
        assert len(found) == min(limit, 24)
        assert len({x.key for x in found}) == len(found)
        for sid in {x.sid for x in found}:
            numbers = [x.n for x in found if x.sid == sid]
            assert numbers == list(range(len(numbers)))


def test_settled_entries_leave_the_outbox_and_are_located(ports):
    ports.ledger.commit(first_append("ada", entries=3, index_request=True))
    waiting = ports.outbox.pending(10)
    ports.outbox.settle([(x, 100 + x.n) for x in waiting[:2]])
    assert [x.n for x in ports.outbox.pending(10)] == [2]
    located = ports.ledger.locate(event("ada 0"))
    assert (located.sid, located.n, located.index) == (subject("ada"), 0, 100)


def test_settling_again_is_harmless(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    ports.ledger.append_controller_entry(event("c"), leaf(event("c"), START_MS), b"sealed")
    indexed = [(x, n) for n, x in enumerate(ports.outbox.pending(10))]
    ports.outbox.settle(indexed)
    before = ports.stored_text()
    ports.outbox.settle(indexed)
    ports.outbox.settle([])
    assert ports.stored_text() == before
    assert ports.outbox.pending(10) == ()


def test_more_than_one_batch_settles_whole(ports):
    ports.ledger.commit(first_append("ada", entries=35))
    indexed = [(x, x.n) for x in ports.outbox.pending(100)]
    assert len(indexed) == 35
    ports.outbox.settle(indexed)
    assert ports.outbox.pending(100) == ()
    assert ports.ledger.locate(event("ada 34")).index == 34


def test_settling_one_entry_leaves_later_ones_of_its_chain_waiting(ports):
    ports.ledger.commit(first_append("ada"))
    first = ports.outbox.pending(10)
    ports.ledger.commit(next_append("ada", 1))
    ports.outbox.settle([(first[0], 0)])
    assert [x.n for x in ports.outbox.pending(10)] == [1]


def test_there_is_no_head_before_the_first_and_then_exactly_what_was_swapped_in(ports):
    assert ports.heads.read() is None
    ports.heads.swap(None, HEAD)
    assert ports.heads.read() == HEAD
    published = replace(HEAD, staged=None)
    ports.heads.swap(HEAD, published)
    assert ports.heads.read() == published


@pytest.mark.parametrize(
    "expected",
    [
        None,
        replace(HEAD, size=1),
        replace(HEAD, root=b"x" * 32),
        replace(HEAD, staged=None),
        replace(HEAD, staged="log/staging/other"),
    ],
    ids=["no head", "other size", "other root", "nothing staged", "other batch staged"],
)
def test_a_swap_from_another_head_conflicts_and_changes_nothing(ports, expected):
    ports.heads.swap(None, HEAD)
    with pytest.raises(Conflict):
        ports.heads.swap(expected, replace(HEAD, size=9))
    assert ports.heads.read() == HEAD


def test_a_first_head_is_never_swapped_from_one_that_does_not_exist(ports):
    with pytest.raises(Conflict):
        ports.heads.swap(HEAD, replace(HEAD, size=9))
    assert ports.heads.read() is None


def test_of_swaps_at_the_same_moment_exactly_one_wins(ports):
    ports.heads.swap(None, HEAD)
    won: list[int] = []
    ready = threading.Barrier(4)

    def attempt(size):
        ready.wait()
        try:
            ports.heads.swap(HEAD, replace(HEAD, size=size))
        except Conflict:
            return
        won.append(size)

    threads = [threading.Thread(target=attempt, args=(size,)) for size in range(3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [ports.heads.read().size]
