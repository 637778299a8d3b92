# SPDX-License-Identifier: Apache-2.0
"""What reading found in the file of an import: its tables, and how much lies in which lane.

Guarantees that nothing here is about a person: names of columns and numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.import_formats import Format, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSize:
    """How many chunks of each kind lie in a lane: they are worked through in this order.

    Attributes:
        ends: of rows that end something; chunks 0 to ``ends`` - 1 of the lane.
        goes: of all other rows; the chunks after those.
        history: of opens and clicks; they are no chunks to work through, they fold into ``goes``.
    """

    ends: int = 0
    goes: int = 0
    history: int = 0

    @property
    def chunks(self) -> int:
        """Chunks to work through."""
        return self.ends + self.goes


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSeen:
    """Tables of the file with the same columns.

    Attributes:
        fields: for each header what it is for; "" for one that is left out.
        count: tables.
    """

    format: Format
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    part: Part | None = None
    encoding: str = "utf-8"
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """What reading found.

    Attributes:
        mac: keyed MAC of the file's SHA-256.
        tables: by their columns, as many as a row of the store takes.
        lanes: those that have rows.
        counts: ``rows``; of them ``kept`` lie in lanes, others are ``rejected:<code>`` or
            ``passed-over``. ``note:<note>`` of rows, ``history`` of opens and clicks,
            ``file:<kind>`` of files in a ZIP that are no tables.
        reports: objects with the places of rejected rows.
    """

    mac: str
    tables: tuple[TableSeen, ...] = ()
    lanes: Mapping[str, LaneSize] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    reports: int = 0
