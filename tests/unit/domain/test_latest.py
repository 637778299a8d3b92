# SPDX-License-Identifier: Apache-2.0
"""A set that keeps its latest members is the same set in whatever order it was told."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.latest import Cap, Latest, Seen, fitting, seen

CAP = Cap(members=3, max_bytes=70)
NAMES = ("a", "bb", "a-name-of-some-length", "ö", 'a "quoted" one', "c")
told = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5)), max_size=12)


def built(way: list[tuple[str, int]], cap: Cap = CAP) -> Latest:
    return reduce(lambda known, each: seen(known, [each[0]], each[1], cap), way, Latest())


@given(told, st.data())
def test_any_order_and_any_repetition_gives_the_same_set(way, data):
    again = [*way, *data.draw(st.lists(st.sampled_from(way), max_size=4) if way else st.just([]))]
    assert built(data.draw(st.permutations(again))) == built(way)


@given(told)
def test_what_is_kept_is_the_longest_run_of_latest_names_that_fits(way):
    last = {name: max(at for other, at in way if other == name) for name, _ in way}
    ranked = sorted((Seen(at, name) for name, at in last.items()), reverse=True)
    kept = fitting([member.name for member in ranked], CAP)
    assert built(way).ranked() == ranked[: len(kept)]
    edge = ranked[len(kept)] if len(kept) < len(ranked) else None
    assert built(way).edge == edge


def test_a_name_dropped_once_does_not_come_back_when_there_is_room_again():
    """Only a later sight of it brings it back: else the set would tell the order of arrival."""
    cap = Cap(members=2, max_bytes=1_000)
    full = built([("a", 1), ("b", 2), ("c", 3)], cap)
    assert full.at_s == {"b": 2, "c": 3}
    assert full.edge == Seen(1, "a")
    assert seen(full, ["a"], 1, cap) == full
    assert seen(full, ["a"], 4, cap).at_s == {"a": 4, "c": 3}


def test_names_of_one_second_are_told_apart_by_the_name():
    cap = Cap(members=2, max_bytes=1_000)
    assert seen(Latest(), ["c", "a", "b"], 1, cap).at_s == {"b": 1, "c": 1}


def test_the_cap_counts_bytes_as_they_are_written():
    assert fitting(["å" * 10], Cap(members=1, max_bytes=36)) == ("å" * 10,)
    assert fitting(["å" * 10], Cap(members=1, max_bytes=35)) == ()


def test_a_set_of_which_nothing_was_seen_is_false():
    assert not Latest()
    assert built([("a", 1)])
