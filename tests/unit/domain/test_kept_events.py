# SPDX-License-Identifier: Apache-2.0
"""What is kept of an event reads back, whichever way the event came."""

import orjson
import pytest

from chalicelib.domain.customer_events import CustomerEvent, Kind, ProductViewed, dump_event
from chalicelib.domain.facts import Behaviour, Measured
from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId
from chalicelib.domain.kept_events import MeasuredMail, dump_measured, load_kept
from chalicelib.errors import FatalError

DEMO = BrandId("demo")
OPENED = MeasuredMail(
    behaviour=Behaviour(
        measured=Measured.OPENED, brand=DEMO, campaign=CampaignId("c" * 22), occurred_ms=1_500
    ),
    delivery=DeliveryId("d" * 16),
)
VIEWED = CustomerEvent(id="1", brand=DEMO, occurred_ms=1_500, what=ProductViewed(product="pots"))


def test_what_was_told_and_what_was_measured_are_read_back_and_say_their_brand():
    for kind, kept, data in (
        (Kind.MEASUREMENT, OPENED, dump_measured(OPENED)),
        (Kind.PROFILING, VIEWED, dump_event(VIEWED)),
    ):
        assert load_kept(kind, data) == kept
        assert load_kept(kind, data).brand == DEMO


def test_the_stored_form_of_a_measured_mail_is_as_specified():
    assert dump_measured(OPENED) == (
        b'{"brand":"demo","campaign":"cccccccccccccccccccccc","delivery":"dddddddddddddddd",'
        b'"measured":"opened","occurred_ms":1500,"v":1}'
    )


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_version_is_not_guessed_at(kind):
    with pytest.raises(FatalError):
        load_kept(kind, orjson.dumps({"v": 2}))
