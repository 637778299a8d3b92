# SPDX-License-Identifier: Apache-2.0
"""Customer events of other systems of the controller: read, gated and kept once.

Guarantees that nothing is kept of somebody unknown, not even a pseudonym of their address, and
that an address given here ends as the id of its person: it is in no row, message or log line.
Refuses to make anybody a subscriber: an order or an account made elsewhere is no consent.

Idempotency key: the event's id under its brand.
"""

from dataclasses import dataclass

from chalicelib.domain.customer_event_body import EventError, Told, read_event
from chalicelib.domain.customer_events import CURRENCY_DIFFERS
from chalicelib.domain.ids import SubjectId
from chalicelib.ports.catalog import Brands
from chalicelib.ports.system import Clock
from chalicelib.services.facts_folder import NOBODY, FactFolder, Folded
from chalicelib.services.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one event.

    Attributes:
        id: the sender's.
        status: a `Folding`.
        reason: an `Ignored`, or `CURRENCY_DIFFERS`.
    """

    id: str
    status: str
    reason: str | None = None


class CustomerEvents:
    """Takes events in."""

    def __init__(
        self, *, ledger: Ledger, brands: Brands, folder: FactFolder, clock: Clock, order_days: int
    ) -> None:
        self._ledger = ledger
        self._brands = brands
        self._folder = folder
        self._clock = clock
        self._order_days = order_days

    def take(self, body: object, place: str = "") -> Taken:
        """Keep the event that a request's JSON value says, if it may be kept.

        Args:
            place: where in the request the value stands, such as ``events[3]``.

        Raises:
            EventError: it breaks a rule, or its brand is unknown; nothing was kept.
            DependencyError: it may have been kept; sending it again is safe.
        """
        told = read_event(body, self._clock.now_ms(), place=place, order_days=self._order_days)
        if self._brands.get(told.event.brand) is None:
            raise EventError({f"{place}.brand".lstrip("."): "unknown_brand"})
        sid = self._person(told)
        folded = NOBODY if sid is None else self._folder.keep(sid, told.event)
        return Taken(id=told.event.id, status=folded.folding.value, reason=_reason(folded))

    def _person(self, told: Told) -> SubjectId | None:
        if told.email is None:
            return told.subscriber
        return self._ledger.lookup(self._ledger.mac(told.email.normal)).sid


def _reason(folded: Folded) -> str | None:
    if folded.reason is not None:
        return folded.reason.value
    return CURRENCY_DIFFERS if folded.currency_differs else None
