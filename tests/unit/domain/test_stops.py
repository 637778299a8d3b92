# SPDX-License-Identifier: Apache-2.0
"""Why a campaign was stopped, as it is stored."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.stops import Stop, StopWhy, dump_stop, load_stop

NUMBER = st.integers(min_value=0, max_value=2**40)


@given(st.sampled_from(StopWhy), NUMBER, NUMBER, NUMBER, NUMBER, st.lists(st.text(max_size=5)))
def test_a_stop_is_read_as_it_was_written(why, at_ms, delivered, bounced, complained, checks):
    stop = Stop(
        why=why,
        at_ms=at_ms,
        delivered=delivered,
        bounced=bounced,
        complained=complained,
        checks=tuple(checks),
    )
    assert load_stop(dump_stop(stop)) == stop


def test_a_stop_stored_by_this_version_is_read_for_ever():
    assert load_stop('{"why": "complaints", "at_ms": 5, "delivered": 1000, "complained": 3}') == (
        Stop(why=StopWhy.COMPLAINTS, at_ms=5, delivered=1000, complained=3)
    )
    assert load_stop('{"why": "not_ready", "at_ms": 5, "checks": ["dmarc"]}') == Stop(
        why=StopWhy.NOT_READY, at_ms=5, checks=("dmarc",)
    )
