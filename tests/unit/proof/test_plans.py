# SPDX-License-Identifier: Apache-2.0
"""The plan's tree: the root and paths of RFC 6962, from blocks as from all records at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BrokenProof, Malformed
from chalicelib.proof import merkle
from chalicelib.proof.plans import BLOCK_RECORDS, PlanHasher, PlanIndex, prove_record


def records(count):
    return [n.to_bytes(28, "big") for n in range(count)]


def hashed(count):
    """The index and root over ``count`` records, all in the first shard."""
    hasher = PlanHasher()
    hasher.add(b"".join(records(count)))
    return hasher.index((count, *[0] * 15)), hasher.root()


@given(st.lists(st.integers(0, 700), min_size=16, max_size=16).filter(any))
def test_the_root_is_that_of_every_record_whatever_the_parts_it_came_in(counts):
    plan = records(sum(counts))
    hasher = PlanHasher()
    start = 0
    for count in counts:
        hasher.add(b"".join(plan[start : start + count]))
        start += count
    assert hasher.root() == merkle.root_of_hashes([merkle.leaf_hash(each) for each in plan])
    index = hasher.index(counts)
    assert (index.size, index.start(15)) == (len(plan), len(plan) - counts[15])
    assert PlanIndex.decode(index.encode()) == index


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 512, 513, 1000, 1024, 2817])
def test_every_path_leads_to_the_root_and_reads_two_blocks_at_most(count):
    plan, root = hashed(count)
    everything = records(count)
    for index in {0, count // 2, count - 1, min(count - 1, 255), min(count - 1, 256)}:
        asked = []

        def read(first, last, asked=asked):
            asked.append((first, last))
            assert last - first <= BLOCK_RECORDS
            return b"".join(everything[first:last])

        path = prove_record(plan, index, root, read)
        merkle.verify_inclusion(merkle.leaf_hash(everything[index]), index, count, path, root)
        assert len(asked) <= 2


def test_a_record_that_was_changed_proves_nothing():
    plan, root = hashed(300)
    with pytest.raises(BrokenProof):
        prove_record(plan, 7, root, lambda first, last: b"x" * 28 * (last - first))


def test_an_empty_plan_has_the_empty_root_and_nobody_in_it():
    plan, root = hashed(0)
    assert root == merkle.EMPTY_ROOT
    with pytest.raises(Malformed):
        prove_record(plan, 0, root, lambda first, last: b"")


def test_half_a_record_and_counts_that_do_not_add_up_are_refused():
    hasher = PlanHasher()
    with pytest.raises(Malformed):
        hasher.add(b"x" * 27)
    hasher.add(b"x" * 28)
    with pytest.raises(Malformed):
        hasher.index([0] * 16)
    with pytest.raises(Malformed):
        hasher.index([1])


@pytest.mark.parametrize("cut", [0, 7, 71, -1])
def test_an_index_of_another_length_or_version_is_refused(cut):
    plan, _ = hashed(600)
    data = plan.encode()
    with pytest.raises(Malformed):
        PlanIndex.decode(data[:cut])
    with pytest.raises(Malformed):
        PlanIndex.decode(b"X" + data[1:])
