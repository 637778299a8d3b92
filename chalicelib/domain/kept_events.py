# SPDX-License-Identifier: Apache-2.0
"""What is kept of an event that was counted, whichever way it came: told to us, or measured.

Guarantees that both kinds read back as they were written and say their brand, so that what is no
longer allowed can be found and forgotten. Refuses to name the person, as a customer event does.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from chalicelib.domain.customer_events import CustomerEvent, Kind, load_event
from chalicelib.domain.facts import Behaviour, Measured
from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId
from chalicelib.errors import FatalError

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMail:
    """The first time that somebody opened one mail, or followed a link in it."""

    behaviour: Behaviour
    delivery: DeliveryId

    @property
    def brand(self) -> BrandId:
        """Whose mail it was."""
        return self.behaviour.brand


Kept = CustomerEvent | MeasuredMail


def dump_measured(mail: MeasuredMail) -> bytes:
    """Return what was measured of a mail as it is sealed and kept."""
    behaviour = mail.behaviour
    stored: dict[str, Any] = {
        "v": _VERSION,
        "measured": behaviour.measured.value,
        "brand": behaviour.brand,
        "campaign": behaviour.campaign,
        "delivery": mail.delivery,
        "occurred_ms": behaviour.occurred_ms,
    }
    return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)


def load_kept(kind: Kind, data: bytes) -> Kept:
    """Return what `dump_event` or `dump_measured` wrote, whichever ``kind`` says.

    Raises:
        FatalError: it has a schema version this code does not know.
    """
    if kind is not Kind.MEASUREMENT:
        return load_event(data)
    stored = orjson.loads(data)
    if stored.get("v") != _VERSION:
        raise FatalError("what was measured of a mail has a schema version this code does not know")
    behaviour = Behaviour(
        measured=Measured(stored["measured"]),
        brand=BrandId(stored["brand"]),
        campaign=CampaignId(stored["campaign"]),
        occurred_ms=stored["occurred_ms"],
    )
    return MeasuredMail(behaviour=behaviour, delivery=DeliveryId(stored["delivery"]))
