# SPDX-License-Identifier: Apache-2.0
"""Rows of an import as lines, between reading a file and working through its lanes.

Guarantees that a row comes back as it was written, without its address being parsed again. Refuses
lines of a version this code does not know: they live for days, and code may change in between.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from chalicelib.domain.addresses import Address
from chalicelib.domain.import_rows import Activity, FileStatus, History, ImportRow, Note, RowSale
from chalicelib.errors import FatalError

_VERSION: Final = b"1\n"
_PLAIN: Final = (
    *("line", "language", "country", "optin_ms", "optin_ip", "confirm_ms", "confirm_ip"),
    *("double_opt_in", "source", "ended_ms", "ended_reason", "ended_campaign", "zone"),
)
_HISTORY: Final = ("opens", "clicks", "rating", "last_open_ms", "last_click_ms")
_SALE: Final = ("reference", "product", "at_ms", "objection_how", "objection_at_ms")
_DEFAULTS: Final = ("", False)
"""What is not written down; a country that is none is None, and is."""


def row_line(row: ImportRow) -> bytes:
    """Return a row as one line."""
    said = {name: getattr(row, name) for name in _PLAIN}
    kept: dict[str, Any] = {
        name: value
        for name, value in said.items()
        if value not in _DEFAULTS and (value is not None or name == "country")
    }
    kept |= {"status": str(row.status), "address": _address(row.address)}
    if row.tags:
        kept["tags"] = row.tags
    if row.attributes:
        kept["attributes"] = dict(row.attributes)
    if row.notes:
        kept["notes"] = sorted(map(str, row.notes))
    if row.history is not None:
        kept["history"] = [getattr(row.history, name) for name in _HISTORY]
    if row.sale is not None:
        kept["sale"] = [getattr(row.sale, name) for name in _SALE]
    return _line(kept)


def activity_line(activity: Activity) -> bytes:
    """Return an open or click as one line."""
    return _line([_address(activity.address), activity.click, activity.at_ms])


def _line(value: object) -> bytes:
    # What orjson returns holds 4 KiB however short it is, and tens of thousands of lines wait.
    return bytes(memoryview(orjson.dumps(value)))


def chunk_of(lines: Sequence[bytes]) -> bytes:
    """Return lines as one chunk."""
    return _VERSION + b"\n".join(lines)


def rows_of(chunk: bytes) -> tuple[ImportRow, ...]:
    """Return the rows of a chunk.

    Raises:
        FatalError: it is of another version.
    """
    return tuple(map(_row, _lines(chunk)))


def activities_of(chunk: bytes) -> tuple[Activity, ...]:
    """Return the opens and clicks of a chunk.

    Raises:
        FatalError: it is of another version.
    """
    return tuple(
        Activity(address=_read_address(address), click=click, at_ms=at_ms)
        for address, click, at_ms in _lines(chunk)
    )


def _lines(chunk: bytes) -> list[Any]:
    if not chunk.startswith(_VERSION):
        raise FatalError("rows of an import have a version this code does not know")
    return [orjson.loads(line) for line in chunk[len(_VERSION) :].split(b"\n") if line]


def _row(said: Mapping[str, Any]) -> ImportRow:
    plain = {name: said[name] for name in _PLAIN if name in said}
    history, sale = said.get("history"), said.get("sale")
    return ImportRow(
        status=FileStatus(said["status"]),
        address=_read_address(said["address"]),
        tags=tuple(said.get("tags", ())),
        attributes=said.get("attributes", {}),
        notes=frozenset(map(Note, said.get("notes", ()))),
        history=History(**dict(zip(_HISTORY, history, strict=True))) if history else None,
        sale=RowSale(**dict(zip(_SALE, sale, strict=True))) if sale else None,
        **plain,
    )


def _address(address: Address) -> list[str]:
    """The typed form, then the others where they differ from it."""
    found = [address.typed]
    if address.typed != address.deliverable or address.typed != address.normal:
        found.append(address.deliverable)
    if address.deliverable != address.normal:
        found.append(address.normal)
    return found


def _read_address(said: Sequence[str]) -> Address:
    return Address(
        typed=said[0], deliverable=said[min(1, len(said) - 1)], normal=said[len(said) - 1]
    )
