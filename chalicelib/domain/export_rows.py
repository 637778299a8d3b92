# SPDX-License-Identifier: Apache-2.0
"""A person of an export as a row, and the files of every tool that such rows are written to.

Guarantees that whoever must not be mailed stands in no file as somebody who may: who waits is left
out of a format that has no word for it. What is written of a claim is the claim, never more: a
double opt-in is said only of somebody whose own confirmation, or whose file, showed one. Refuses
to show personal data by `repr`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import orjson

from chalicelib.domain.csv_rows import csv_row
from chalicelib.domain.ids import SubjectId, decode_stored_id
from chalicelib.domain.import_rows import NO_SUCH_COUNTRY, History, RowSale

VERSION: Final = "1"
"""Of the columns of `ExportFormat.KVITTO`; the cell of its first column."""
_DOUBLE: Final = frozenset({"A", "B"})
_COMPLAINTS: Final = ("abuse", "spam")
_BOM: Final = "\ufeff".encode()


class ExportFormat(StrEnum):
    """Whose import reads the file."""

    KVITTO = "kvitto"
    MAILCHIMP = "mailchimp"
    LISTMONK = "listmonk"
    BREVO = "brevo"


class ExportStatus(StrEnum):
    """How somebody stands here, as an export says it."""

    SUBSCRIBED = "subscribed"
    WAITING = "waiting"
    OPTED_OUT = "opted-out"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """One person on one list; times in Unix ms.

    Attributes:
        claimed_status: what a file said of somebody who waits; "" where none did.
        list: "" for what concerns every list of the brand.
        basis: ``consent`` or ``soft-opt-in`` of somebody subscribed.
        grade: of the consent that stands here, or "".
        claimed_grade: of the file that the consent, or the claim, came with, or "".
        country: code; `NO_SUCH_COUNTRY` where a file named a country that does not exist.
        zone: how the times were read: "utc", or "assumed" and a zone; "" where there is none.
    """

    uid: SubjectId
    email: str = field(repr=False)
    status: ExportStatus
    claimed_status: str = ""
    brand: str = ""
    list: str = ""
    purposes: tuple[str, ...] = ()
    basis: str = ""
    grade: str = ""
    claimed_grade: str = ""
    source: str = field(default="", repr=False)
    optin_ms: int | None = None
    optin_ip: str = field(default="", repr=False)
    confirm_ms: int | None = None
    confirm_ip: str = field(default="", repr=False)
    ended_ms: int | None = None
    ended_reason: str = field(default="", repr=False)
    ended_campaign: str = field(default="", repr=False)
    zone: str = ""
    sale: RowSale | None = field(default=None, repr=False)
    history: History | None = None
    language: str = ""
    country: str = ""
    tags: tuple[str, ...] = field(default=(), repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_double(self) -> bool:
        """Whether a double opt-in was shown: here, or by the file they came with."""
        return bool({self.grade, self.claimed_grade} & _DOUBLE)


_Cell = Callable[[ExportRow], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """One table of an export.

    Attributes:
        name: in a ZIP.
        statuses: who stands in it.
        columns: header and what a row says in it, in order.
    """

    name: str
    statuses: frozenset[ExportStatus]
    columns: tuple[tuple[str, _Cell], ...]
    delimiter: str = ","
    begins: bytes = b""

    def head(self) -> bytes:
        """Return the row of column names, and what stands before it."""
        return self.begins + csv_row([name for name, _ in self.columns], self.delimiter)

    def row(self, row: ExportRow) -> bytes:
        """Return a person's row."""
        return csv_row([cell(row) for _, cell in self.columns], self.delimiter)


def rfc3339(unix_ms: int | None) -> str:
    """Return a time with its milliseconds in UTC; "" for none."""
    if unix_ms is None:
        return ""
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(unix_ms: int | None) -> str:
    """A time as Mailchimp writes it: UTC, without saying so."""
    return "" if unix_ms is None else f"{datetime.fromtimestamp(unix_ms // 1000, UTC):%F %T}"


def _tags(tags: Sequence[str]) -> str:
    return ",".join('"' + tag.replace('"', '""') + '"' for tag in tags)


def _json(document: Mapping[str, object]) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode() if document else ""


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _attribute(name: str) -> _Cell:
    return lambda row: row.attributes.get(name, "")


def _of_sale(read: Callable[[RowSale], str]) -> _Cell:
    return lambda row: "" if row.sale is None else read(row.sale)


def _of_history(read: Callable[[History], str]) -> _Cell:
    return lambda row: "" if row.history is None else read(row.history)


def _country(row: ExportRow) -> str:
    """A country as others name it."""
    return "" if row.country == NO_SUCH_COUNTRY else row.country


_KVITTO: Final[tuple[tuple[str, _Cell], ...]] = (
    ("kvitto_export", lambda _: VERSION),
    ("email", lambda row: row.email),
    ("status", lambda row: str(row.status)),
    ("claimed_status", lambda row: row.claimed_status),
    ("brand", lambda row: row.brand),
    ("list", lambda row: row.list),
    ("purposes", lambda row: " ".join(row.purposes)),
    ("basis", lambda row: row.basis),
    ("grade", lambda row: row.grade),
    ("claimed_grade", lambda row: row.claimed_grade),
    ("source", lambda row: row.source),
    ("optin_time", lambda row: rfc3339(row.optin_ms)),
    ("optin_ip", lambda row: row.optin_ip),
    ("confirm_time", lambda row: rfc3339(row.confirm_ms)),
    ("confirm_ip", lambda row: row.confirm_ip),
    ("ended_time", lambda row: rfc3339(row.ended_ms)),
    ("ended_reason", lambda row: row.ended_reason),
    ("ended_campaign", lambda row: row.ended_campaign),
    ("zone", lambda row: row.zone),
    ("sale", _of_sale(lambda sale: sale.reference)),
    ("product", _of_sale(lambda sale: sale.product)),
    ("sale_time", _of_sale(lambda sale: rfc3339(sale.at_ms))),
    ("objection_how", _of_sale(lambda sale: sale.objection_how)),
    ("objection_time", _of_sale(lambda sale: rfc3339(sale.objection_at_ms))),
    ("rating", _of_history(lambda past: _number(past.rating))),
    ("opens", _of_history(lambda past: _number(past.opens))),
    ("clicks", _of_history(lambda past: _number(past.clicks))),
    ("last_open", _of_history(lambda past: rfc3339(past.last_open_ms))),
    ("last_click", _of_history(lambda past: rfc3339(past.last_click_ms))),
    ("language", lambda row: row.language),
    ("country", lambda row: row.country),
    ("tags", lambda row: _tags(row.tags)),
    ("attributes", lambda row: _json(row.attributes)),
)


def _spam_told(row: ExportRow) -> str:
    """Mailchimp's reason; a complaint is told by a word in it."""
    told = any(word in row.ended_reason.casefold() for word in _COMPLAINTS)
    is_complaint = row.status is ExportStatus.COMPLAINED
    return (
        " ".join(filter(None, ("abuse", row.ended_reason)))
        if is_complaint and not told
        else (row.ended_reason)
    )


_MAILCHIMP: Final[tuple[tuple[str, _Cell], ...]] = (
    ("Email Address", lambda row: row.email),
    ("First Name", _attribute("first_name")),
    ("Last Name", _attribute("last_name")),
    ("Name", _attribute("name")),
    ("Language", lambda row: row.language),
    ("MEMBER_RATING", _of_history(lambda past: _number(past.rating))),
    ("OPTIN_TIME", lambda row: _seconds(row.optin_ms)),
    ("OPTIN_IP", lambda row: row.optin_ip),
    ("CONFIRM_TIME", lambda row: _seconds(row.confirm_ms)),
    ("CONFIRM_IP", lambda row: row.confirm_ip),
    ("CC", _country),
    ("TAGS", lambda row: _tags(row.tags)),
)
_UNSUBSCRIBED: Final[tuple[tuple[str, _Cell], ...]] = (
    *_MAILCHIMP,
    ("UNSUB_TIME", lambda row: _seconds(row.ended_ms)),
    ("UNSUB_CAMPAIGN_TITLE", lambda row: row.ended_campaign),
    ("UNSUB_REASON", _spam_told),
)
_CLEANED: Final[tuple[tuple[str, _Cell], ...]] = (
    *_MAILCHIMP,
    ("CLEAN_TIME", lambda row: _seconds(row.ended_ms)),
    ("CLEAN_CAMPAIGN_TITLE", lambda row: row.ended_campaign),
)


def _name(row: ExportRow) -> str:
    said = row.attributes
    parts = (said.get("first_name", ""), said.get("last_name", ""))
    return said.get("name") or " ".join(filter(None, parts))


def _listmonk_attributes(row: ExportRow) -> str:
    own = {"language": row.language, "country": _country(row), "tags": list(row.tags)}
    said = {name: value for name, value in row.attributes.items() if name != "name"}
    return _json({**{name: value for name, value in own.items() if value}, **said}) or "{}"


_LISTMONK_STATUS: Final = MappingProxyType(
    {
        ExportStatus.SUBSCRIBED: "enabled",
        ExportStatus.OPTED_OUT: "blocklisted",
        ExportStatus.BOUNCED: "blocklisted",
        ExportStatus.COMPLAINED: "blocklisted",
    }
)
_LISTMONK: Final[tuple[tuple[str, _Cell], ...]] = (
    ("uuid", lambda row: str(UUID(bytes=decode_stored_id(row.uid)))),
    ("email", lambda row: row.email),
    ("name", _name),
    ("attributes", _listmonk_attributes),
    ("status", lambda row: _LISTMONK_STATUS[row.status]),
    ("created_at", lambda row: rfc3339(row.optin_ms)),
    ("updated_at", lambda row: rfc3339(row.ended_ms or row.confirm_ms or row.optin_ms)),
)


def _brevo_double(row: ExportRow) -> str:
    """Brevo's category: 1 is yes, 2 is no, and nothing says nothing."""
    if row.status is ExportStatus.WAITING:
        return "2"
    return "1" if row.status is ExportStatus.SUBSCRIBED and row.is_double else ""


def _brevo_time(row: ExportRow) -> str:
    """A double opt-in counts with a time alone; it may be known by its confirmation only."""
    confirmed_ms = row.confirm_ms if row.is_double else None
    return rfc3339(confirmed_ms if row.optin_ms is None else row.optin_ms)


_BREVO: Final[tuple[tuple[str, _Cell], ...]] = (
    ("EMAIL", lambda row: row.email),
    ("FIRSTNAME", _attribute("first_name")),
    ("LASTNAME", _attribute("last_name")),
    ("NAME", _attribute("name")),
    ("LANGUAGE", lambda row: row.language),
    ("COUNTRY", _country),
    ("TAGS", lambda row: _tags(row.tags)),
    ("SOURCE", lambda row: row.source),
    ("OPT_IN_TIME", _brevo_time),
    ("OPT_IN_IP", lambda row: row.optin_ip),
    ("DOUBLE_OPT-IN", _brevo_double),
    (
        "EMAIL_BLACKLISTED",
        lambda row: "" if row.status in (ExportStatus.SUBSCRIBED, ExportStatus.WAITING) else "1",
    ),
)

_EVERY: Final = frozenset(ExportStatus)


def _member(kind: str, columns: tuple[tuple[str, _Cell], ...], *of: ExportStatus) -> ExportFile:
    """A file of Mailchimp's; it is told by its name, so the name holds nothing else.

    The last column tells it, too: a file that is taken out of the ZIP may have lost its name.
    """
    return ExportFile(
        name=f"{kind}_members_export.csv",
        statuses=frozenset(of),
        columns=(*columns, ("KVITTO_STATUS", lambda _: kind)),
    )


FILES: Final[Mapping[ExportFormat, tuple[ExportFile, ...]]] = MappingProxyType(
    {
        ExportFormat.KVITTO: (ExportFile(name="", statuses=_EVERY, columns=_KVITTO),),
        ExportFormat.MAILCHIMP: (
            _member("subscribed", _MAILCHIMP, ExportStatus.SUBSCRIBED),
            _member("unsubscribed", _UNSUBSCRIBED, ExportStatus.OPTED_OUT, ExportStatus.COMPLAINED),
            _member("cleaned", _CLEANED, ExportStatus.BOUNCED),
            _member("nonsubscribed", _MAILCHIMP, ExportStatus.WAITING),
        ),
        ExportFormat.LISTMONK: (
            ExportFile(name="", statuses=frozenset(_LISTMONK_STATUS), columns=_LISTMONK),
        ),
        ExportFormat.BREVO: (
            ExportFile(name="", statuses=_EVERY, columns=_BREVO, delimiter=";", begins=_BOM),
        ),
    }
)
"""The tables of each format; several lie in a ZIP."""
