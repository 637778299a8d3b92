# SPDX-License-Identifier: Apache-2.0
import pytest

from chalicelib.domain.message_times import accepted_ms


def test_an_id_of_the_present_form_hints_at_its_time():
    assert accepted_ms("0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-0a1b2c3d4e5f-000000") == (
        1714701408845
    )


@pytest.mark.parametrize("other", ["", "0100-a", "<x@example.org>", "0102018f3c2b1a4d"])
def test_another_form_hints_at_nothing(other):
    assert accepted_ms(other) is None
