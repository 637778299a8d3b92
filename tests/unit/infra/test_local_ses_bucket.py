# SPDX-License-Identifier: Apache-2.0
"""The sending rate counts recipients and allows debt, never more than capacity plus rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.ses_bucket import TokenBucket


class Hand:
    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


@pytest.mark.parametrize(("rate", "capacity"), [(0.5, 1), (1, 1), (14, 14), (50, 50), (500, 500)])
def test_capacity_is_one_second_or_one_call(rate: float, capacity: float) -> None:
    assert TokenBucket(rate, Hand()).capacity == capacity


def test_a_message_passes_while_any_rate_is_left_and_the_next_ones_pay() -> None:
    hand = Hand()
    bucket = TokenBucket(10, hand)
    assert bucket.take(9)
    assert bucket.take(10)
    hand.ms += 900
    assert not bucket.take(1)
    hand.ms += 200
    assert bucket.take(1)


@given(
    rate=st.integers(1, 200),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 1)), max_size=300),
)
def test_no_window_gets_more_than_capacity_plus_rate(
    rate: int, steps: list[tuple[int, int]]
) -> None:
    hand = Hand()
    bucket = TokenBucket(rate, hand)
    accepted = 0
    for wait, recipients in steps:
        hand.ms += wait
        accepted += recipients if bucket.take(recipients) else 0
    assert accepted <= bucket.capacity + rate * hand.ms / 1000 + 1


def test_a_rate_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(0, Hand())
