# SPDX-License-Identifier: Apache-2.0
"""Rows and files of imports.

Guarantees every implementation gives, and the contract suite checks: a record is replaced only by
who read its latest revision, a lane is counted on by `ledger_groups.GroupStore.commit_group` alone,
and whatever is read of a file is what was stored under this name for this import, or an error.

Errors of every call: `Throttled`, `Unavailable`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.country_rules import Rules
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.import_rows import Activity, ImportRow
from chalicelib.domain.imports import Import, ImportId
from chalicelib.ports.ledger_groups import BEGINNING, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """How far a lane is, and what was counted on the way."""

    place: Place = BEGINNING
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryTable:
    """The country table of a brand; revision 0 is the one that ships with the product."""

    rules: Rules
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOver:
    """The moving from an earlier tool, which still sends to the list.

    Attributes:
        last_ms: when its opt-outs were taken for the last time, Unix ms.
        ended_ms: since when it does not send any more; None while it does.
    """

    brand: BrandId
    list: ListId
    last_ms: int
    last: ImportId
    ended_ms: int | None = None


class ImportRows(Protocol):
    """Records and lanes of imports; they disappear some time after 400 days."""

    def create(self, record: Import) -> None:
        """Store a new import.

        Raises:
            Conflict: it exists.
        """
        ...

    def get(self, import_id: str) -> Import | None:
        """Return an import, read strongly, or None."""
        ...

    def replace(self, record: Import) -> Import:
        """Store an import in place of the one with this revision; return it with its new one.

        Raises:
            Conflict: its revision is another by now, or it is gone.
        """
        ...

    def page(self, cursor: str | None, limit: int) -> tuple[tuple[Import, ...], str | None]:
        """Return up to ``limit`` (1 to 100) imports, the latest first, and the next cursor.

        Raises:
            InputError: the cursor is not ours.
        """
        ...

    def file_first(
        self, mac: str, way: str, import_id: ImportId, instead_of: ImportId | None = None
    ) -> ImportId | None:
        """Note that a file is imported in a way; return the earlier import that did, if another.

        Args:
            way: what would make a difference: brand, list, mode and the like.
            instead_of: the earlier import whose place is taken, because it ended without success.
        """
        ...

    def open_lanes(self, import_id: ImportId, round_name: str) -> None:
        """Have every one of the 64 lanes of a round begin; those that did are left as they are."""
        ...

    def lane(self, import_id: ImportId, round_name: str, lane: str) -> LaneRow:
        """Return a lane, read strongly.

        Raises:
            NotFound: it was never opened, or is gone.
        """
        ...

    def lanes(self, import_id: ImportId, round_name: str) -> dict[str, LaneRow]:
        """Return every lane of a round, read strongly; empty before `open_lanes`."""
        ...

    def country_rules(self, brand: BrandId) -> CountryTable:
        """Return a brand's table, read strongly."""
        ...

    def put_country_rules(self, brand: BrandId, rules: Rules, revision: int) -> CountryTable:
        """Store a brand's table in place of the one with this revision.

        Raises:
            Conflict: its revision is another by now.
        """
        ...

    def cut_overs(self) -> tuple[CutOver, ...]:
        """Return every moving, ended ones too."""
        ...

    def put_cut_over(self, moving: CutOver) -> None:
        """Store how a moving stands; the latest stands."""
        ...


class Kind(StrEnum):
    """What the rows of a chunk are."""

    ENDS = "s"
    GOES = "g"
    HISTORY = "h"


class ImportFiles(Protocol):
    """Files of imports. All but the reports are sealed with the import's own key.

    Args of every call: ``of`` is the import as it is now: its id, key and attempt name the object.

    Raises, in every call that seals or opens:
        Halted: the import has no key any more, or what is asked for is gone.
        EvidenceError: what is stored is not what was stored under this name.
    """

    def new_key(self, import_id: ImportId) -> bytes:
        """Return a new key, wrapped, for the record of a new import."""
        ...

    def put_part(self, of: Import, number: int, data: bytes) -> None:
        """Keep a part of the file, from 1 on; a repeat replaces it."""
        ...

    def part_size(self, of: Import, number: int) -> int | None:
        """Return how many bytes a part has; None where there is none."""
        ...

    def part(self, of: Import, number: int) -> bytes:
        """Return a part, from 1 on."""
        ...

    def put_rows(
        self, of: Import, lane: str, kind: Kind, number: int, rows: Sequence[bytes]
    ) -> None:
        """Keep a chunk of `domain.import_lines`, numbered from 0 within its lane and kind."""
        ...

    def rows(self, of: Import, lane: str, kind: Kind, number: int) -> tuple[ImportRow, ...]:
        """Return the rows of a chunk of `Kind.ENDS` or `Kind.GOES`, in their order."""
        ...

    def history(self, of: Import, lane: str, number: int) -> tuple[Activity, ...]:
        """Return the opens and clicks of a chunk of `Kind.HISTORY`."""
        ...

    def put_marks(self, of: Import, lane: str, chunk: int, data: bytes) -> None:
        """Keep what checking found of a chunk of the lane, so that running need not ask again."""
        ...

    def marks(self, of: Import, lane: str, chunk: int) -> bytes | None:
        """Return what was kept of a chunk of the lane; None before."""
        ...

    def put_rules(self, of: Import, rules: Rules) -> None:
        """Keep the country table that preview and run judge by."""
        ...

    def rules(self, of: Import) -> Rules:
        """Return that table."""
        ...

    def put_document(self, sha256: str, data: bytes) -> None:
        """Keep a document of a statement, by its hash; it is not destroyed with the import."""
        ...

    def put_rejected(self, of: Import, number: int, data: bytes) -> None:
        """Keep a part, from 0 on, of the CSV of rejected rows for 90 days: places, no cells."""
        ...

    def rejected(self, of: Import) -> Iterator[bytes]:
        """Yield the parts of that CSV in order; it ends early where they are gone."""
        ...

    def destroy_attempts(self, of: Import, attempts: Iterable[int]) -> None:
        """Destroy the rows that earlier attempts of reading left."""
        ...

    def destroy_parts(self, of: Import) -> None:
        """Destroy the parts of the file."""
        ...

    def destroy(self, import_id: ImportId) -> None:
        """Destroy everything of the import but documents and reports."""
        ...
