# SPDX-License-Identifier: Apache-2.0
"""Which tool a file came from, told by its columns, and what each column is for.

Guarantees that the names of columns alone decide, compared without case, spaces and hyphens; the
name of a file only adds which part of Mailchimp's export it is. Refuses a file in which no column
holds addresses, and one that is no list, in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.import_records import column_key
from chalicelib.errors import InputError

SAMPLE_ROWS: Final = 200
"""So many rows are looked at to find the column of addresses where no name tells."""
_ENOUGH: Final = 0.9
_HASH_CHARS: Final = frozenset("0123456789abcdefABCDEF")
_HASH_LENGTH: Final = 64


class Format(StrEnum):
    """Where a file came from."""

    KVITTO = "kvitto"
    MAILCHIMP = "mailchimp"
    MAILCHIMP_ACTIVITY = "mailchimp-activity"
    LISTMONK = "listmonk"
    BREVO = "brevo"
    PLAIN = "plain"


class Field(StrEnum):
    """What a column is for; the values are what a mapping names."""

    EMAIL = "email"
    STATUS = "status"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NAME = "name"
    LANGUAGE = "language"
    COUNTRY = "country"
    TAGS = "tags"
    ATTRIBUTES = "attributes"
    OPTIN_TIME = "optin_time"
    OPTIN_IP = "optin_ip"
    CONFIRM_TIME = "confirm_time"
    CONFIRM_IP = "confirm_ip"
    ADDED_TIME = "added_time"
    ENDED_TIME = "ended_time"
    BOUNCED_TIME = "bounced_time"
    ENDED_REASON = "ended_reason"
    ENDED_CAMPAIGN = "ended_campaign"
    SOURCE = "source"
    DOUBLE_OPT_IN = "double_opt_in"
    OPT_IN = "opt_in"
    BLOCKED = "blocked"
    RATING = "rating"
    OPENS = "opens"
    CLICKS = "clicks"
    LAST_OPEN = "last_open"
    LAST_CLICK = "last_click"
    SALE = "sale"
    PRODUCT = "product"
    SALE_TIME = "sale_time"
    OBJECTION_HOW = "objection_how"
    OBJECTION_TIME = "objection_time"
    BRAND = "brand"
    LIST = "list"
    GRADE = "grade"
    CLAIMED_GRADE = "claimed_grade"
    CLAIMED_STATUS = "claimed_status"
    ZONE = "zone"
    TIMESTAMP = "timestamp"
    KEEP = "keep"


class Part(StrEnum):
    """Which part of Mailchimp's export a file is, as its name says."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    CLEANED = "cleaned"
    NONSUBSCRIBED = "nonsubscribed"
    OPENS = "opens"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file's format and columns.

    Attributes:
        headers: the names of the columns as `import_records.column_name` shows them.
        fields: for each column what it is for; None for one that is left out.
        part: of Mailchimp's export.
    """

    format: Format
    headers: tuple[str, ...]
    fields: tuple[Field | None, ...]
    part: Part | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the columns kept as attributes because somebody chose them."""
        return tuple(
            name for name, field in zip(self.headers, self.fields, strict=True) if field is _KEEP
        )

    def place(self, field: Field) -> int | None:
        """Return the column a field is read from."""
        return self.fields.index(field) if field in self.fields else None


_KEEP = Field.KEEP
_REPEATED: Final = frozenset({Field.KEEP, Field.BLOCKED})
"""What several columns may be for: whoever one of them says is out, is out."""

_ANYWHERE: Final = {
    Field.EMAIL: "EMAIL E_MAIL EMAIL_ADDRESS E_MAIL_ADDRESS MAIL ADRESSE_E_MAIL ADRESSE_EMAIL"
    " COURRIEL E_POST EPOST E_POSTADRESS EPOSTADRESS E_MAIL_ADRESSE EMAIL_ADRESSE MAILADRESSE"
    " SUBSCRIBER_EMAIL",
    Field.FIRST_NAME: "FIRST_NAME FIRSTNAME FNAME PRENOM PRÉNOM VORNAME FÖRNAMN FORNAMN",
    Field.LAST_NAME: "LAST_NAME LASTNAME LNAME NOM NACHNAME EFTERNAMN SURNAME",
    Field.NAME: "NAME FULL_NAME FULLNAME NAMN",
    Field.LANGUAGE: "LANGUAGE LANG LANGUE SPRACHE SPRÅK LOCALE",
    Field.COUNTRY: "COUNTRY CC COUNTRY_CODE LAND PAYS",
    Field.TAGS: "TAGS",
}
_BLOCKED: Final = (
    "EMAIL_BLACKLISTED BLACKLISTED EMAILBLACKLISTED BLOCKLISTED EMAIL_BLOCKLISTED"
    " UNSUBSCRIBED OPT_OUT OPTED_OUT OPTOUT"
)
_MAILCHIMP: Final = {
    Field.STATUS: "KVITTO_STATUS",
    Field.OPTIN_TIME: "OPTIN_TIME",
    Field.OPTIN_IP: "OPTIN_IP",
    Field.CONFIRM_TIME: "CONFIRM_TIME",
    Field.CONFIRM_IP: "CONFIRM_IP",
    Field.ENDED_TIME: "UNSUB_TIME",
    Field.BOUNCED_TIME: "CLEAN_TIME",
    Field.ENDED_REASON: "UNSUB_REASON",
    Field.ENDED_CAMPAIGN: "UNSUB_CAMPAIGN_TITLE CLEAN_CAMPAIGN_TITLE",
    Field.RATING: "MEMBER_RATING",
}
_ACTIVITY: Final = {Field.TIMESTAMP: "TIMESTAMP"}
_LISTMONK: Final = {Field.STATUS: "STATUS", Field.ATTRIBUTES: "ATTRIBUTES ATTRIBS"}
_BREVO: Final = {
    Field.DOUBLE_OPT_IN: "DOUBLE_OPT_IN",
    Field.OPT_IN: "OPT_IN",
    Field.BLOCKED: _BLOCKED,
    Field.ADDED_TIME: "ADDED_TIME",
    Field.OPTIN_TIME: "OPT_IN_TIME OPTIN_TIME OPT_IN_DATE DOUBLE_OPT_IN_DATE",
    Field.OPTIN_IP: "OPT_IN_IP OPTIN_IP",
    Field.SOURCE: "SOURCE",
}
_PLAIN: Final = {
    Field.STATUS: "STATUS STATE SUBSCRIPTION_STATUS",
    Field.BLOCKED: _BLOCKED,
    Field.OPTIN_TIME: "OPTIN_TIME OPT_IN_TIME OPTIN_DATE OPT_IN_DATE SUBSCRIBED_AT SUBSCRIBE_DATE"
    " SIGNUP_DATE CONSENT_DATE CONSENT_TIME",
    Field.OPTIN_IP: "OPTIN_IP OPT_IN_IP SIGNUP_IP IP IP_ADDRESS",
    Field.CONFIRM_TIME: "CONFIRM_TIME CONFIRMED_AT CONFIRMATION_DATE",
    Field.CONFIRM_IP: "CONFIRM_IP",
    Field.ENDED_TIME: "UNSUB_TIME UNSUBSCRIBED_AT UNSUBSCRIBE_DATE ENDED_TIME",
    Field.ENDED_REASON: "UNSUB_REASON ENDED_REASON",
    Field.DOUBLE_OPT_IN: "DOUBLE_OPT_IN",
    Field.SOURCE: "SOURCE ORIGIN SIGNUP_SOURCE",
    Field.ATTRIBUTES: "ATTRIBUTES",
    Field.SALE: "SALE ORDER ORDER_ID ORDER_NUMBER",
    Field.PRODUCT: "PRODUCT",
    Field.SALE_TIME: "SALE_TIME ORDER_DATE ORDER_TIME",
    Field.OBJECTION_HOW: "OBJECTION_HOW",
    Field.OBJECTION_TIME: "OBJECTION_TIME",
    Field.LAST_OPEN: "LAST_OPEN LAST_OPENED",
    Field.LAST_CLICK: "LAST_CLICK LAST_CLICKED",
    Field.OPENS: "OPENS",
    Field.CLICKS: "CLICKS",
}
_KVITTO: Final = {
    Field.STATUS: "STATUS",
    Field.BRAND: "BRAND",
    Field.LIST: "LIST",
    Field.GRADE: "GRADE",
    Field.CLAIMED_GRADE: "CLAIMED_GRADE",
    Field.CLAIMED_STATUS: "CLAIMED_STATUS",
    Field.ZONE: "ZONE",
    Field.ATTRIBUTES: "ATTRIBUTES",
    **{
        field: field.upper()
        for field in (
            Field.OPTIN_TIME,
            Field.OPTIN_IP,
            Field.CONFIRM_TIME,
            Field.CONFIRM_IP,
            Field.ENDED_TIME,
            Field.ENDED_REASON,
            Field.ENDED_CAMPAIGN,
            Field.SOURCE,
            Field.RATING,
            Field.OPENS,
            Field.CLICKS,
            Field.LAST_OPEN,
            Field.LAST_CLICK,
            Field.SALE,
            Field.PRODUCT,
            Field.SALE_TIME,
            Field.OBJECTION_HOW,
            Field.OBJECTION_TIME,
        )
    },
}
_COLUMNS: Final[Mapping[Format, Mapping[str, Field]]] = MappingProxyType(
    {
        format_: {
            name: field
            for fields in (_ANYWHERE, own)
            for field, names in fields.items()
            for name in names.split()
        }
        for format_, own in (
            (Format.KVITTO, _KVITTO),
            (Format.MAILCHIMP, _MAILCHIMP),
            (Format.MAILCHIMP_ACTIVITY, _ACTIVITY),
            (Format.LISTMONK, _LISTMONK),
            (Format.BREVO, _BREVO),
            (Format.PLAIN, _PLAIN),
        )
    }
)
_BREVO_SIGNS: Final = frozenset(
    "DOUBLE_OPT_IN OPT_IN EMAIL_BLACKLISTED BLACKLISTED ADDED_TIME MODIFIED_TIME".split()  # noqa: SIM905
)


def part_of(file_name: str) -> Part | None:
    """Return which part of Mailchimp's export the name of a file inside it says it is."""
    name = file_name.lower()
    folder, _, base = name.rpartition("/")
    if "granular_activity" in folder:
        kinds = (part for part in (Part.OPENS, Part.CLICKS) if part in folder or part in base)
        return next(kinds, None)
    if "nonsubscribed" in base or "non_subscribed" in base or "transactional" in base:
        return Part.NONSUBSCRIBED
    for part in (Part.UNSUBSCRIBED, Part.CLEANED, Part.SUBSCRIBED):
        if part in base:
            return part
    return None


def detect(
    header: Sequence[str], sample: Iterable[Sequence[str]] = (), part: Part | None = None
) -> Layout:
    """Return the layout of a file from the names of its columns and its first rows.

    Raises:
        InputError: ``no_header``, ``no_address_column`` or ``hashed_addresses``.
    """
    rows = list(sample)[:SAMPLE_ROWS]
    _require_names(header, rows)
    names = [column_key(text) for text in header]
    format_ = _format(names, part)
    columns = _COLUMNS[format_]
    fields = [columns.get(name) for name in names]
    # The same field by two names: the first column counts, the other may be chosen to be kept.
    fields = [
        field if field in _REPEATED or field not in fields[:place] else None
        for place, field in enumerate(fields)
    ]
    if Field.EMAIL not in fields:
        fields[_address_column(rows, len(names))] = Field.EMAIL
    return Layout(
        format=format_,
        headers=tuple(header),
        fields=tuple(fields),
        part=part if format_ in (Format.MAILCHIMP, Format.MAILCHIMP_ACTIVITY) else None,
    )


def remapped(layout: Layout, columns: Mapping[str, str], keep: Iterable[str] = ()) -> Layout:
    """Return the layout with columns as somebody chose them; ``""`` leaves one out.

    Args:
        columns: header → field.
        keep: headers of further columns to keep as attributes.

    Raises:
        InputError: ``bad_mapping``: no such column or field, a field twice, or no address left.
    """
    fields = list(layout.fields)
    places = {name: place for place, name in enumerate(layout.headers)}
    for header, said in {**dict.fromkeys(keep, Field.KEEP), **columns}.items():
        if header not in places or (said and said not in set(Field)):
            raise _bad_mapping("The file has no such column, or there is no such field.")
        fields[places[header]] = Field(said) if said else None
    single = [field for field in fields if field is not None and field not in _REPEATED]
    if len(single) != len(set(single)):
        raise _bad_mapping("Two columns are mapped to the same field.")
    if Field.EMAIL not in fields:
        raise _bad_mapping("No column is mapped to email.")
    return replace(layout, fields=tuple(fields))


def _format(names: Sequence[str], part: Part | None) -> Format:
    has = frozenset(names)
    is_named = "EMAIL" in has
    if names[0] == "KVITTO_EXPORT":
        return Format.KVITTO
    if {"LEID", "EUID"} <= has or {"MEMBER_RATING", "OPTIN_TIME"} <= has:
        return Format.MAILCHIMP
    if part in (Part.OPENS, Part.CLICKS) and "TIMESTAMP" in has:
        return Format.MAILCHIMP_ACTIVITY
    if is_named and has & _BREVO_SIGNS and "OPTIN_TIME" not in has:
        return Format.BREVO
    exported = {"UUID", "NAME", "ATTRIBUTES", "STATUS"} <= has
    if is_named and (exported or (has <= {"EMAIL", "NAME", "ATTRIBUTES"} and len(has) > 1)):
        return Format.LISTMONK
    return Format.PLAIN


def _require_names(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a file whose first record names no columns."""
    cells = [cell.strip() for cell in (*header, *(cell for row in rows[:1] for cell in row))]
    if any(len(cell) == _HASH_LENGTH and set(cell) <= _HASH_CHARS for cell in cells):
        raise InputError(
            code="hashed_addresses",
            detail="This file holds hashes, not addresses. A list of hashes can only be taken as"
            " suppressions. Nothing was imported.",
        )
    if not any(cell.strip() for cell in header) or any(_is_address(cell) for cell in header):
        raise InputError(
            code="no_header",
            detail="The first line must name the columns, for example email,country. Add such a"
            " line. Nothing was imported.",
        )


def _address_column(rows: Sequence[Sequence[str]], width: int) -> int:
    """The one column of which nine cells in ten are addresses."""
    counts = [
        sum(place < len(row) and _is_address(row[place]) for row in rows) for place in range(width)
    ]
    found = [place for place, count in enumerate(counts) if rows and count >= _ENOUGH * len(rows)]
    if len(found) != 1:
        raise InputError(
            code="no_address_column",
            detail="No column holds e-mail addresses, or several do and none is named email."
            " Name the right one email. Nothing was imported.",
        )
    return found[0]


def _is_address(cell: str) -> bool:
    if "@" not in cell:
        return False
    try:
        parse_address(cell)
    except InputError:
        return False
    return True


def _bad_mapping(detail: str) -> InputError:
    return InputError(code="bad_mapping", detail=f"{detail} Nothing was changed.")
