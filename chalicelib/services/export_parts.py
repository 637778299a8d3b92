# SPDX-License-Identifier: Apache-2.0
"""Rows of an export: a campaign's people with their addresses, opened fifty at a time.

Guarantees a row for everybody asked for, whether or not their address opens; and a memory that one
part bounds, however many people there are. The address is the only thing that is taken from what
is opened, and who was erased or restricted before a part was begun has none in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from chalicelib.domain.accounting import Asked
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.csv_rows import csv_row
from chalicelib.domain.export_rows import rfc3339
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.domain.state import SubjectState
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.send_reads import MAX_PEOPLE, SendReads
from chalicelib.proof.opening import SealedPerson, Wanted, open_sections
from chalicelib.services.export_files import PART_BYTES
from chalicelib.services.recipients import FIRST, Accounted, AccountReader, Spot

COLUMNS: Final = ("address", "subscriber", "outcome", "reason", "message_id", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPart:
    """Some rows of an export.

    Attributes:
        people: how many rows. unopened: how many of them have no address.
        after: where the next part begins; None after the last.

    """

    data: bytes
    people: int
    unopened: int
    after: Spot | None


class ExportWriter:
    """Writes parts.

    Args:
        origin: the log's origin line, under which people's data are sealed.
        part_bytes: no part but the last is smaller.

    """

    def __init__(
        self,
        *,
        reader: AccountReader,
        reads: SendReads,
        store: LedgerStore,
        wrapper: KeyWrapper,
        origin: str,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._reader = reader
        self._reads = reads
        self._store = store
        self._wrapper = wrapper
        self._origin = origin
        self._part_bytes = part_bytes

    def part(self, campaign: Campaign, asked: Asked, spot: Spot) -> ExportPart:
        """Return the rows from ``spot`` on; the first part begins with the names of the columns.

        Raises:
            DependencyError: something could not be read; nothing of the part is told.

        """
        data = bytearray(csv_row(COLUMNS) if spot == FIRST else b"")
        codes, people, unopened = asked.codes, 0, 0
        waiting: list[Accounted] = []
        after: Spot | None = spot
        begun = False
        while after is not None and (not begun or len(data) < self._part_bytes):
            look = self._reader.look(campaign, after, codes)
            begun, after = True, look.after
            people += len(look.people)
            waiting += look.people
            while len(waiting) >= MAX_PEOPLE:
                unopened += self._write(data, waiting[:MAX_PEOPLE])
                del waiting[:MAX_PEOPLE]
        if waiting:
            unopened += self._write(data, waiting)
        return ExportPart(data=bytes(data), people=people, unopened=unopened, after=after)

    def _write(self, data: bytearray, people: Sequence[Accounted]) -> int:
        """Add rows, and return how many of them have no address."""
        unopened = 0
        for person, address in zip(people, self._addresses(people), strict=True):
            unopened += not address
            data += csv_row(
                (
                    address,
                    person.sid,
                    person.account,
                    person.reason or "",
                    person.message_id or "",
                    rfc3339(person.at_ms),
                )
            )
        return unopened

    def _addresses(self, people: Sequence[Accounted]) -> list[str]:
        """The addresses in the order asked; "" where there is none, or it does not open."""
        # Strongly: who was erased before the fence was looked at must not come back by a late read.
        sids = [person.sid for person in people]
        readers = self._reads.readers(sids, strong=True)
        states = self._store.states(sids)
        found = [
            (sid, SealedPerson(decode_id(sid), reader.wrapped_key, reader.sealed, None))
            for sid, reader in readers.items()
            if reader.sealed and may_be_opened(states.get(sid))
        ]
        opened = open_sections(
            [sealed for _, sealed in found],
            self._wrapper.kek,
            self._origin,
            wanted=Wanted.PROFILE,
        )
        addresses: dict[SubjectId, str] = {
            sid: _address(one.profile) for (sid, _), one in zip(found, opened, strict=True)
        }
        return [addresses.get(person.sid, "") for person in people]


def may_be_opened(state: SubjectState | None) -> bool:
    """Say whether somebody's data may be used at all (GDPR Art. 18(2)); unread means no."""
    return state is not None and not state.restricted and not state.erased


def _address(profile: bytes | None) -> str:
    try:
        document = orjson.loads(profile or b"")
    except orjson.JSONDecodeError:
        return ""
    address = document.get("email") if isinstance(document, dict) else None
    return address if isinstance(address, str) else ""
