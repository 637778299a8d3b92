# SPDX-License-Identifier: Apache-2.0
"""Parts of an export of suppressions: rows by keyed MAC, with what may be said of whose they are.

Guarantees a row for every suppression of every address on the list, whether or not its person can
be opened; and a memory that one part bounds. Of a person nothing but the address is taken, and of
who is restricted or erased not even that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.csv_rows import csv_row
from chalicelib.domain.export_rows import rfc3339
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.suppression_files import ExportForm, digest_of
from chalicelib.errors import EvidenceError, InputError
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.hygiene import SuppressionIndex
from chalicelib.ports.ledger import LedgerStore, Lookup, Suppressed
from chalicelib.ports.ledger_groups import MAX_READ, GroupStore
from chalicelib.services.entries import open_profile
from chalicelib.services.export_files import PART_BYTES, Written
from chalicelib.services.export_parts import may_be_opened
from chalicelib.services.ledger import Ledger

COLUMNS: Final = (
    *("address", "sha256", "address_mac", "brand", "list", "channel", "reason", "since"),
)
ROWS: Final = "rows"
"""What a part counts."""


class SuppressionWriter:
    """Writes parts; no part but the last is smaller than ``part_bytes``."""

    def __init__(
        self,
        *,
        index: SuppressionIndex,
        groups: GroupStore,
        store: LedgerStore,
        audience: AudienceStore,
        ledger: Ledger,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._index = index
        self._groups = groups
        self._store = store
        self._audience = audience
        self._ledger = ledger
        self._part_bytes = part_bytes

    def part(self, form: ExportForm, after: str | None) -> Written:
        """Return the rows from ``after`` on; None begins.

        Raises:
            DependencyError: something could not be read; nothing of the part is told.
        """
        data, rows, cursor = bytearray(), 0, after
        if after is None:
            data += csv_row(COLUMNS)
        while True:
            page = self._index.page(cursor, MAX_READ)
            for line in self._rows(page.items, form):
                data += line
                rows += 1
            cursor = page.cursor
            if cursor is None or len(data) >= self._part_bytes:
                return Written(data=bytes(data), counts={ROWS: rows}, after=cursor)

    def _rows(self, macs: Sequence[str], form: ExportForm) -> Iterator[bytes]:
        found = self._groups.lookup_many(macs) if macs else {}
        addresses = self._addresses(found)
        for mac in macs:
            sid = found[mac].sid
            for row in found[mac].suppressions:
                if sid is None and row.salt_key is None:
                    continue  # Of a digest whose address has taken it over: it has its own row.
                yield _line(row, addresses.get(sid), form)

    def _addresses(self, found: Mapping[str, Lookup]) -> dict[SubjectId | None, Address]:
        """The addresses of people who may be opened."""
        sids = [known.sid for known in found.values() if known.sid and known.suppressions]
        if not sids:
            return {}
        states = self._store.states(sids)
        members = self._audience.members([sid for sid in sids if may_be_opened(states.get(sid))])
        opened: dict[SubjectId | None, Address] = {}
        for sid, member in members.items():
            if not member.sealed or member.wrapped_key is None:
                continue
            try:
                keys = self._ledger.keys_of(sid, member.wrapped_key)
                opened[sid] = parse_address(str(open_profile(keys, member.sealed)["email"]))
            except (EvidenceError, InputError):
                continue  # Damaged: the row has its MAC.
        return opened


def _line(row: Suppressed, address: Address | None, form: ExportForm) -> bytes:
    plain = address.deliverable if address and form is ExportForm.PLAIN else ""
    return csv_row(
        [
            plain,
            digest_of(address) if address else "",
            row.mac,
            row.brand or "",
            row.list or "",
            row.channel,
            row.reason,
            rfc3339(row.since_ms),
        ]
    )
