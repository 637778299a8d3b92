# SPDX-License-Identifier: Apache-2.0
"""What somebody may ask of an import, and say otherwise of it later.

Guarantees that what comes out can be read and judged by. Refuses, in words, purposes that nobody
may import, zones and countries that do not exist, and columns no table of the file has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain.catalog import Brand, UnsubscribeScope
from chalicelib.domain.country_names import CODES
from chalicelib.domain.ids import ListId, PurposeId, require_slug
from chalicelib.domain.import_formats import Field, Layout, remapped
from chalicelib.domain.import_found import ReadFile, TableSeen
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.import_values import UTC_ZONE, Dates
from chalicelib.domain.imports import JudgedBy, Mode, OptOuts, ReadAs, Target
from chalicelib.domain.state import NO_MEMBERSHIP
from chalicelib.errors import InputError

NEWSLETTER: Final = PurposeId("newsletter")
MAX_NAMED_BYTES: Final = 100_000
"""Names of columns somebody chooses, together: they are kept on one row of the store."""
MAX_PURPOSES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """What is asked for; "" and None stand for the brand's own, or for nothing said.

    Attributes:
        columns: header → field, for a file whose columns do not tell; "" leaves a column out.
        keep: headers of further columns to keep as attributes.
        again: also where the same file was imported before.
    """

    brand: str
    list: str
    purposes: tuple[str, ...] = (NEWSLETTER,)
    mode: Mode = Mode.IMPORT
    opt_outs: OptOuts | None = None
    zone: str = ""
    dates: Dates | None = None
    country: str = ""
    basis: Basis = Basis.CONSENT
    objection_at_ms: int | None = None
    columns: Mapping[str, str] | None = None
    keep: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remap:
    """What is said otherwise of an import; None leaves it as it is."""

    columns: Mapping[str, str] | None = None
    keep: tuple[str, ...] | None = None
    zone: str | None = None
    dates: Dates | None = None
    country: str | None = None
    basis: Basis | None = None
    objection_at_ms: int | None = None


def target_of(asked: NewImport, brand: Brand, list_id: ListId) -> Target:
    """Return what the rows become.

    A cut-over takes each file as often as it comes: its opt-outs only ever add up.

    Raises:
        InputError: ``bad_purpose``.
    """
    by_brand = brand.unsubscribe_scope is UnsubscribeScope.BRAND
    return Target(
        brand=brand.id,
        list=list_id,
        purposes=_purposes(asked.purposes),
        mode=asked.mode,
        opt_outs=asked.opt_outs or (OptOuts.BRAND if by_brand else OptOuts.LIST),
        again=asked.again,
    )


def asked_to_read(asked: NewImport, brand: Brand) -> ReadAs:
    """Return how the file is read.

    Raises:
        InputError: ``bad_mapping``, ``unknown_time_zone``.
    """
    return _small(
        ReadAs(
            zone=_zone(asked.zone or brand.zone),
            dates=asked.dates,
            columns=dict(asked.columns or {}),
            keep=asked.keep,
        )
    )


def asked_to_judge(asked: NewImport) -> JudgedBy:
    """Return on what its rows are judged.

    Raises:
        InputError: ``bad_statement``.
    """
    return JudgedBy(
        basis=asked.basis,
        objection_at_ms=_offered(asked.basis, asked.objection_at_ms),
        country=_country(asked.country),
    )


def read_otherwise(held: ReadAs, said: Remap, file: ReadFile | None) -> ReadAs:
    """Return how the file is read after somebody said otherwise.

    Args:
        file: what was found in it, once it was read.

    Raises:
        InputError: ``bad_mapping``, ``unknown_time_zone``.
    """
    changed = ReadAs(
        zone=held.zone if said.zone is None else _zone(said.zone),
        dates=held.dates if said.dates is None else said.dates,
        columns=held.columns if said.columns is None else dict(said.columns),
        keep=held.keep if said.keep is None else said.keep,
    )
    if file is not None and changed != held:
        _require_mappable(file, changed)
    return _small(changed)


def judged_otherwise(held: JudgedBy, said: Remap) -> JudgedBy:
    """Return on what rows are judged after somebody said otherwise.

    Raises:
        InputError: ``bad_statement``.
    """
    basis = held.basis if said.basis is None else said.basis
    stays = basis is Basis.SOFT_OPT_IN and said.objection_at_ms is None
    offered = held.objection_at_ms if stays else said.objection_at_ms
    return replace(
        held,
        basis=basis,
        objection_at_ms=_offered(basis, offered),
        country=held.country if said.country is None else _country(said.country),
    )


def mapped(layout: Layout, read_as: ReadAs) -> Layout:
    """Return the layout of a table with the columns that somebody chose, as far as it has them.

    Raises:
        InputError: ``bad_mapping``.
    """
    has = frozenset(layout.headers)
    columns = {header: field for header, field in read_as.columns.items() if header in has}
    return remapped(layout, columns, [header for header in read_as.keep if header in has])


def _require_mappable(file: ReadFile, read_as: ReadAs) -> None:
    known = {header for table in file.tables for header in table.headers}
    if not known.issuperset({*read_as.columns, *read_as.keep}):
        raise InputError("bad_mapping", "The file has no such column. Nothing was changed.")
    for table in file.tables:
        mapped(_layout(table), read_as)


def _small(read_as: ReadAs) -> ReadAs:
    named = (*read_as.columns, *read_as.columns.values(), *read_as.keep)
    if sum(len(name.encode()) for name in named) > MAX_NAMED_BYTES:
        raise InputError(
            "bad_mapping", "So many columns cannot be chosen at once. Nothing was changed."
        )
    return read_as


def _layout(table: TableSeen) -> Layout:
    return Layout(
        format=table.format,
        headers=table.headers,
        fields=tuple(Field(name) if name else None for name in table.fields),
        part=table.part,
    )


def _purposes(asked: tuple[str, ...]) -> tuple[PurposeId, ...]:
    named = tuple(dict.fromkeys(PurposeId(require_slug(each, "purpose")) for each in asked))
    if not 1 <= len(named) <= MAX_PURPOSES:
        raise InputError("bad_purpose", f"Name 1 to {MAX_PURPOSES} purposes.")
    if NO_MEMBERSHIP & set(named):
        raise InputError(
            "bad_purpose",
            "Measuring and profiling are asked of each person here. No file can give them.",
        )
    return named


def _zone(name: str) -> str:
    if name in (UTC_ZONE, "UTC"):
        return UTC_ZONE
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            "unknown_time_zone",
            "There is no such time zone. Use a name such as Europe/Stockholm.",
        ) from None
    return name


def _country(code: str) -> str:
    if code and code not in CODES:
        raise InputError("bad_statement", "A country is two capital letters of ISO 3166-1.")
    return code


def _offered(basis: Basis, at_ms: int | None) -> int | None:
    if basis is Basis.SOFT_OPT_IN and at_ms is None:
        raise InputError(
            "bad_statement",
            "A soft opt-in needs since when each sale offered the objection.",
        )
    if basis is Basis.CONSENT and at_ms is not None:
        raise InputError(
            "bad_statement", "An objection offered at sales belongs to the basis soft-opt-in."
        )
    return at_ms
