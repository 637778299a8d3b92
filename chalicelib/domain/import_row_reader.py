# SPDX-License-Identifier: Apache-2.0
"""Makes an `ImportRow` of a record, by the layout of its file.

Guarantees that an end outweighs everything else a row says: somebody opted out, bounced or
complained is taken as such even where a time, a tag or an attribute of the row cannot be read.
Refuses a row without an address, or with a status nobody here knows: it is `Unusable`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypeVar

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.country_rules import country_code
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.import_formats import Field, Format, Layout, Part
from chalicelib.domain.import_records import Record, Rejected
from chalicelib.domain.import_rows import (
    ENDS,
    Activity,
    FileStatus,
    History,
    ImportRow,
    Note,
    RowProblem,
    RowSale,
    Unusable,
)
from chalicelib.domain.import_values import (
    MAX_TAGS_BYTES,
    UTC_ZONE,
    Clock,
    UnreadableError,
    attribute_name,
    json_size,
    one_line,
    read_attributes,
    read_count,
    read_flag,
    read_ip,
    read_tags,
    short,
)
from chalicelib.errors import InputError

_Read = TypeVar("_Read")

_WORDS: Final = {
    FileStatus.SUBSCRIBED: "subscribed active enabled confirmed",
    FileStatus.UNCONFIRMED: "unconfirmed pending waiting",
    FileStatus.NOT_SUBSCRIBED: "not-subscribed nonsubscribed transactional",
    FileStatus.OPTED_OUT: "opted-out optout opt-out unsubscribed disabled blocklisted blacklisted",
    FileStatus.BOUNCED: "bounced bounce cleaned",
    FileStatus.COMPLAINED: "complained complaint spam abuse",
}
STATUS_WORDS: Final[Mapping[str, FileStatus]] = MappingProxyType(
    {word: status for status, words in _WORDS.items() for word in words.split()}
)
"""Every word of a status column that is understood, in lower case; ``_`` and space count as -."""
_NOTHING: Final = frozenset({"-", "n/a", "nan", "nil", "none", "null", "off"})
"""How tools write that a cell holds nothing."""
_KEPT_TEXTS: Final = (Field.FIRST_NAME, Field.LAST_NAME, Field.NAME)
_COMPLAINTS: Final = ("abuse", "spam")
_PARTS: Final[Mapping[Part | None, FileStatus]] = {
    Part.SUBSCRIBED: FileStatus.SUBSCRIBED,
    Part.UNSUBSCRIBED: FileStatus.OPTED_OUT,
    Part.CLEANED: FileStatus.BOUNCED,
    Part.NONSUBSCRIBED: FileStatus.NOT_SUBSCRIBED,
}
_BREVO_NO: Final = "2"
"""Brevo's category DOUBLE_OPT-IN: 1 is yes, 2 is no."""
_DOUBLE_GRADES: Final = frozenset({"A", "B"})
_ZONE: Final = re.compile(r"utc|assumed [A-Za-z0-9_+/-]{1,64}")
_MAX_LANGUAGE_CHARS: Final = 35


class _RowError(Exception):
    """This row cannot be used."""

    def __init__(self, problem: RowProblem, name: Field) -> None:
        """Keep both for `Unusable`."""
        super().__init__(problem)
        self.problem = problem
        self.name = name


@dataclass(slots=True)
class _Cells:
    """A row's cells by field, and what had to be left out while they were read."""

    cells: Sequence[str]
    places: Mapping[Field, int]
    clock: Clock
    notes: set[Note] = field(default_factory=set)
    zone: str = ""

    def text(self, name: Field) -> str:
        place = self.places.get(name)
        return "" if place is None else self.cells[place].strip()

    def time(self, name: Field) -> int | None:
        text = self.text(name)
        at_ms = self._or_note(text, self.clock.read, Note.TIME) if text else None
        if at_ms is not None:
            assumed = self.clock.is_assumed(text)
            self.zone = f"assumed {self.clock.zone}" if assumed else self.zone or UTC_ZONE
        return at_ms

    def ip(self, name: Field) -> str:
        return self._or_note(self.text(name), read_ip, Note.IP) or ""

    def count(self, name: Field) -> int | None:
        return self._or_note(self.text(name), read_count, Note.DETAILS)

    def _or_note(self, text: str, read: Callable[[str], _Read], note: Note) -> _Read | None:
        try:
            return read(text)
        except UnreadableError:
            self.notes.add(note)
            return None


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, layout: Layout, clock: Clock, brand: BrandId, list_id: ListId) -> None:
        """Keep where everything stands.

        Args:
            layout: of the file.
            clock: for Mailchimp's export, whose times are UTC whatever was stated, the zone of
                ``clock`` is not looked at.
            brand: of the import: rows of Kvitto's own export that name another are left out.
            list_id: likewise.
        """
        self._format = layout.format
        self._part = layout.part
        is_utc = layout.format in (Format.MAILCHIMP, Format.MAILCHIMP_ACTIVITY, Format.KVITTO)
        zone = UTC_ZONE if is_utc else clock.zone
        self._clock = Clock(zone=zone, dates=clock.dates, now_ms=clock.now_ms)
        self._own = {Field.BRAND: str(brand), Field.LIST: str(list_id)}
        self._places: dict[Field, int] = {
            name: place
            for place, name in enumerate(layout.fields)
            if name is not None and name is not Field.KEEP
        }
        self._blocked = tuple(
            place for place, name in enumerate(layout.fields) if name is Field.BLOCKED
        )
        self._kept = tuple(
            (place, attribute_name(layout.headers[place]))
            for place, name in enumerate(layout.fields)
            if name is Field.KEEP
        )

    def read(self, record: Record) -> ImportRow | Unusable:
        """Return what a row says, or why it is left out."""
        cells = _Cells(record.cells, self._places, self._clock)
        try:
            return self._row(record.line, cells)
        except _RowError as error:
            return self._unusable(record.line, error)

    def ended(self, rejected: Rejected) -> ImportRow | None:
        """Return the end that a rejected row tells of by its other cells; None for all else."""
        row = None if rejected.rest is None else self.read(Record(rejected.line, rejected.rest))
        if not isinstance(row, ImportRow) or not row.is_end:
            return None
        return replace(row, notes=row.notes | {Note.DETAILS})

    def activity(self, record: Record) -> Activity | Unusable:
        """Return the open or click a row of Mailchimp's activity files tells of."""
        cells = _Cells(record.cells, self._places, self._clock)
        try:
            address = _address(cells)
            at_ms = cells.time(Field.TIMESTAMP)
            if at_ms is None:
                raise _RowError(RowProblem.BAD_TIME, Field.TIMESTAMP)
        except _RowError as error:
            return self._unusable(record.line, error)
        return Activity(address=address, click=self._part is Part.CLICKS, at_ms=at_ms)

    def _unusable(self, line: int, error: _RowError) -> Unusable:
        place = self._places.get(error.name)
        return Unusable(
            line=line, problem=error.problem, column=None if place is None else place + 1
        )

    def _row(self, line: int, cells: _Cells) -> ImportRow:
        address = _address(cells)
        self._require_own(cells)
        status = self._status(cells)
        is_end = status in ENDS
        tags, attributes = ((), {}) if is_end else self._extras(cells)
        country = country_code(cells.text(Field.COUNTRY) or attributes.get("country", ""))
        if country is None:
            cells.notes.add(Note.COUNTRY)
        ended = cells.time(Field.BOUNCED_TIME) or cells.time(Field.ENDED_TIME) if is_end else None
        return ImportRow(
            line=line,
            status=status,
            address=address,
            language=_language(cells.text(Field.LANGUAGE) or attributes.get("language", "")),
            country=country,
            tags=tags,
            attributes=attributes,
            optin_ms=self._optin(cells),
            optin_ip=cells.ip(Field.OPTIN_IP),
            confirm_ms=cells.time(Field.CONFIRM_TIME),
            confirm_ip=cells.ip(Field.CONFIRM_IP),
            double_opt_in=self._is_double(cells),
            source=short(cells.text(Field.SOURCE)),
            ended_ms=ended,
            ended_reason=short(cells.text(Field.ENDED_REASON)),
            ended_campaign=short(cells.text(Field.ENDED_CAMPAIGN)),
            history=_history(cells),
            sale=_sale(cells),
            # Last: whatever was read before may have left a note or a zone.
            zone=self._zone(cells),
            notes=frozenset(cells.notes),
        )

    def _require_own(self, cells: _Cells) -> None:
        for name, own in self._own.items():
            if cells.text(name) not in ("", own):
                raise _RowError(RowProblem.OTHER_LIST, name)

    def _status(self, cells: _Cells) -> FileStatus:
        if not any(_is_yes(cells.cells[place]) for place in self._blocked):
            return self._told(cells)
        try:
            status = self._told(cells)
        except _RowError:  # Out all the same, whatever cannot be read.
            return _complained(cells)
        return status if status in ENDS else _complained(cells)

    def _told(self, cells: _Cells) -> FileStatus:
        """What all columns but those of blocked people say."""
        if self._format is Format.MAILCHIMP:
            return self._mailchimp(cells)
        status = _said(cells)
        if status is not None:
            if status is FileStatus.UNCONFIRMED and self._format is Format.KVITTO:
                return STATUS_WORDS.get(cells.text(Field.CLAIMED_STATUS), status)
            return _complained(cells) if status is FileStatus.OPTED_OUT else status
        if cells.text(Field.ENDED_TIME):
            return _complained(cells)
        return self._by_opt_in(cells)

    def _mailchimp(self, cells: _Cells) -> FileStatus:
        """By its columns; a file's name says it only where no column does.

        Who subscribed and who never did stand in the same columns. Where neither a name nor a
        status tells them apart, both times of a sign-up do: who never did has not got them.
        """
        if cells.text(Field.BOUNCED_TIME):
            return FileStatus.BOUNCED
        if cells.text(Field.ENDED_TIME) or cells.text(Field.ENDED_REASON):
            return _complained(cells)
        status = _said(cells) or _PARTS.get(self._part)
        if status is not None:
            return _complained(cells) if status is FileStatus.OPTED_OUT else status
        times = (cells.time(Field.OPTIN_TIME), cells.time(Field.CONFIRM_TIME))
        return FileStatus.NOT_SUBSCRIBED if None in times else FileStatus.SUBSCRIBED

    def _by_opt_in(self, cells: _Cells) -> FileStatus:
        """Brevo: who never confirmed waits; a column that says nothing takes nobody out."""
        try:
            double = self._double_cell(cells)
        except UnreadableError:
            raise _RowError(RowProblem.UNKNOWN_STATUS, Field.DOUBLE_OPT_IN) from None
        try:
            single = read_flag(cells.text(Field.OPT_IN))
        except UnreadableError:
            raise _RowError(RowProblem.UNKNOWN_STATUS, Field.OPT_IN) from None
        if double is False or (double is None and single is False):
            return FileStatus.UNCONFIRMED
        return FileStatus.SUBSCRIBED

    def _zone(self, cells: _Cells) -> str:
        """The zone of the row's times; of a time we exported, the one it was once read in."""
        said = cells.text(Field.ZONE) if self._format is Format.KVITTO else ""
        return said if cells.zone and _ZONE.fullmatch(said) else cells.zone

    def _double_cell(self, cells: _Cells) -> bool | None:
        text = cells.text(Field.DOUBLE_OPT_IN)
        return False if text == _BREVO_NO else read_flag(text)

    def _is_double(self, cells: _Cells) -> bool:
        if self._format is Format.KVITTO:
            grades = {cells.text(name) for name in (Field.GRADE, Field.CLAIMED_GRADE)}
            return bool(grades & _DOUBLE_GRADES)
        try:
            return self._double_cell(cells) is True
        except UnreadableError:  # Only somebody who is out gets here with such a cell.
            return False

    def _optin(self, cells: _Cells) -> int | None:
        """When a contact was added counts as an opt-in only where the file says there was one."""
        stated = cells.time(Field.OPTIN_TIME)
        if stated is not None or not (cells.text(Field.DOUBLE_OPT_IN) or cells.text(Field.OPT_IN)):
            return stated
        return cells.time(Field.ADDED_TIME)

    def _extras(self, cells: _Cells) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Tags, and the attributes that the profile keeps; only of people who may be written to."""
        try:
            tags = tuple(short(one_line(tag)) for tag in read_tags(cells.text(Field.TAGS)))
        except UnreadableError:
            raise _RowError(RowProblem.BAD_TAGS, Field.TAGS) from None
        try:
            said, is_nested = read_attributes(cells.text(Field.ATTRIBUTES))
        except UnreadableError:
            raise _RowError(RowProblem.BAD_ATTRIBUTES, Field.ATTRIBUTES) from None
        if is_nested:
            cells.notes.add(Note.NESTED)
        own = {str(name): text for name in _KEPT_TEXTS if (text := cells.text(name))}
        chosen = {name: cells.cells[place].strip() for place, name in self._kept if name}
        told = {name: one_line(text) for name, text in {**said, **chosen, **own}.items()}
        attributes = {name: text for name, text in told.items() if text}
        chars = sum(map(len, attributes.values())) + sum(map(len, tags))
        if chars > MAX_TYPED_CHARS or json_size(tags) > MAX_TAGS_BYTES:
            raise _RowError(RowProblem.TOO_LONG, Field.ATTRIBUTES)
        return tags, attributes


def _address(cells: _Cells) -> Address:
    text = cells.text(Field.EMAIL)
    if not text:
        raise _RowError(RowProblem.NO_ADDRESS, Field.EMAIL)
    try:
        return parse_address(text)
    except InputError:
        raise _RowError(RowProblem.MALFORMED_ADDRESS, Field.EMAIL) from None


def _said(cells: _Cells) -> FileStatus | None:
    """What the column of statuses says; None for nothing."""
    word = "-".join(cells.text(Field.STATUS).lower().replace("_", " ").split())
    if not word:
        return None
    if word not in STATUS_WORDS:
        raise _RowError(RowProblem.UNKNOWN_STATUS, Field.STATUS)
    return STATUS_WORDS[word]


def _is_yes(cell: str) -> bool:
    """Whether a cell of a column of blocked addresses says so: by anything that is not a no."""
    try:
        return cell.strip().lower() not in _NOTHING and read_flag(cell) is True
    except UnreadableError:
        return True


def _complained(cells: _Cells) -> FileStatus:
    reason = cells.text(Field.ENDED_REASON).casefold()
    told = any(word in reason for word in _COMPLAINTS)
    return FileStatus.COMPLAINED if told else FileStatus.OPTED_OUT


def _language(text: str) -> str:
    tag = text.strip().replace("_", "-").lower()
    plain = tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= _MAX_LANGUAGE_CHARS
    return tag if plain else ""


def _history(cells: _Cells) -> History | None:
    found = History(
        opens=cells.count(Field.OPENS),
        clicks=cells.count(Field.CLICKS),
        rating=cells.count(Field.RATING),
        last_open_ms=cells.time(Field.LAST_OPEN),
        last_click_ms=cells.time(Field.LAST_CLICK),
    )
    return None if found == History() else found


def _sale(cells: _Cells) -> RowSale | None:
    at_ms = cells.time(Field.SALE_TIME)
    found = RowSale(
        reference=short(cells.text(Field.SALE)),
        product=short(cells.text(Field.PRODUCT)),
        at_ms=at_ms,
        objection_how=short(cells.text(Field.OBJECTION_HOW)),
        objection_at_ms=cells.time(Field.OBJECTION_TIME),
    )
    return found if found.reference or at_ms is not None else None
