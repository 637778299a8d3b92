# SPDX-License-Identifier: Apache-2.0
"""`fsck` of what is known of people: nothing that consents forbid, and nothing of nobody.

Guarantees that what may be known is decided on each person's chain anew, and that of what is left
over the number is told and never the content. Names nobody whose processing is restricted: of them
nothing may be deleted before that ends (GDPR Art. 18(2)).
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Final

from chalicelib.domain.customer_events import Kind
from chalicelib.domain.facts import BrandFacts, Facts
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import EvidenceError
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.facts import FactScan, FactStore
from chalicelib.services.fsck import Areas, in_chunks, readable, require
from chalicelib.services.sealed_facts import FactPeople, KnownPerson

FACTS, FACT_ROWS = "facts", "events and orders"
MEMBERS_AT_ONCE: Final = 50
_PARTS: Final = tuple(field.name for field in fields(BrandFacts))


class FactsCheck:
    """Compares facts with consents, and rows of facts with people."""

    def __init__(
        self,
        *,
        people: FactPeople,
        facts: FactStore,
        scan: FactScan,
        audience: AudienceStore,
    ) -> None:
        self._people = people
        self._facts = facts
        self._scan = scan
        self._audience = audience

    def run(self, areas: Areas) -> None:
        """Look at everybody with a row, then at everybody of whom events or orders are kept."""
        areas.add(FACTS, "people")
        areas.add(FACT_ROWS, "holders")
        for sid in self._everybody():
            areas.count(FACTS)
            areas.steady(partial(self._allowed, sid))
        for chunk in in_chunks(self._scan.holders(), MEMBERS_AT_ONCE):
            areas.count(FACT_ROWS, len(chunk))
            if not areas.steady(partial(self._somebody, chunk)):
                continue
            for sid in chunk:
                areas.steady(partial(self._rows_allowed, sid))

    def _allowed(self, sid: SubjectId) -> None:
        person, held = self._read(sid), self._facts.read(sid)
        if person is None or held is None or held.facts is None:
            return
        sealed = held.facts
        facts = readable(lambda: person.open_facts(sealed), FACTS, f"facts of subject {sid}")
        left = _parts(facts) - _parts(person.permitted(facts))
        known = f"{left} parts of what is known of subject {sid} may be known no longer"
        require(left == 0, FACTS, known)

    def _rows_allowed(self, sid: SubjectId) -> None:
        person = self._read(sid)
        if person is None:
            return
        name = f"a row of facts of subject {sid}"
        left = readable(partial(self._leftovers, person), FACT_ROWS, name)
        kept = f"{left} events or orders of subject {sid} may be kept no longer"
        require(left == 0, FACT_ROWS, kept)

    def _leftovers(self, person: KnownPerson) -> int:
        events = [
            kept
            for kept in self._facts.events(person.sid)
            if person.ignored(kept.kind, person.open_event(kept).brand) is not None
        ]
        orders = [
            order
            for _, order in person.opened(self._facts.orders(person.sid))
            if person.ignored(Kind.ORDER, order.brand) is not None
        ]
        return len(events) + len(orders)

    def _read(self, sid: SubjectId) -> KnownPerson | None:
        """Somebody as their consents alone decide; what the operator keeps is no difference."""
        try:
            person = self._people.known(sid)
        except EvidenceError:
            return None  # The person's own area says so.
        if person is None or person.standing.restricted:
            return None
        return replace(person, orders_off=frozenset())

    def _somebody(self, sids: Sequence[SubjectId]) -> None:
        members = self._audience.members(sids)
        for sid in sids:
            nobody = f"events or orders of subject {sid} are kept, who has no profile"
            require(sid in members, FACT_ROWS, nobody)

    def _everybody(self) -> Iterator[SubjectId]:
        cursor = None
        while True:
            page = self._audience.page(cursor, 100)
            yield from (member.sid for member in page.members)
            cursor = page.cursor
            if cursor is None:
                return


def _parts(facts: Facts) -> int:
    """How many parts, of all brands, hold anything."""
    return sum(
        getattr(known, name) is not None for known in facts.brands.values() for name in _PARTS
    )
