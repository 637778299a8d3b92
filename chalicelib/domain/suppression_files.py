# SPDX-License-Identifier: Apache-2.0
"""Files of suppressed addresses: what each row means, whoever made the file.

Guarantees that a row is an address, a SHA-256 of one, or one of our own keyed MACs, with a reason
and a reach; and that whatever is none of these is refused with its line and a word of a closed
list, never with what it held. Refuses shorter digests: they can be guessed from lists of addresses
at once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.import_formats import detect
from chalicelib.domain.import_records import Record, Rejected, column_key
from chalicelib.domain.reach import EVERYWHERE, Reach, wanted_reach
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.errors import InputError

MAX_ROWS: Final = 100_000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SHORTER: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{96}|[0-9a-f]{128}")
_MAC: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class ExportForm(StrEnum):
    """How addresses stand in a file that goes out."""

    PLAIN = "plain"
    SHA256 = "sha256"


class Column(StrEnum):
    """What a column of a file holds."""

    ADDRESS = "address"
    DIGEST = "sha256"
    MAC = "address_mac"
    REASON = "reason"
    BRAND = "brand"
    LIST = "list"
    CHANNEL = "channel"


_NAMES: Final[Mapping[str, Column]] = {
    **dict.fromkeys(("EMAIL", "E_MAIL", "EMAIL_ADDRESS", "ADDRESS", "MAIL"), Column.ADDRESS),
    **dict.fromkeys(("SHA256", "EMAIL_SHA256", "HASH"), Column.DIGEST),
    "ADDRESS_MAC": Column.MAC,
    "REASON": Column.REASON,
    "BRAND": Column.BRAND,
    "LIST": Column.LIST,
    "CHANNEL": Column.CHANNEL,
}
_WHO: Final = frozenset({Column.ADDRESS, Column.DIGEST, Column.MAC})

_REASONS: Final[Mapping[str, SuppressionReason]] = {
    **dict.fromkeys(
        ("bounce", "bounced", "hard_bounce", "hardbounce", "cleaned"), SuppressionReason.BOUNCE
    ),
    **dict.fromkeys(("complaint", "complained", "spam", "abuse"), SuppressionReason.COMPLAINT),
    **dict.fromkeys(
        ("unsubscribed", "unsubscribe", "opt_out", "optout", "opted_out"),
        SuppressionReason.UNSUBSCRIBED,
    ),
    "manual": SuppressionReason.MANUAL,
    "erased": SuppressionReason.ERASED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWish:
    """What holds for the rows of a file that say nothing of it themselves."""

    reason: SuppressionReason = SuppressionReason.MANUAL
    reach: Reach = EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRow:
    """A row: one of ``address``, ``digest`` and ``mac`` at least is given.

    Attributes:
        digest: SHA-256 of a normal address, lower-case hex.
        mac: keyed MAC, as an export of ours shows it.
    """

    line: int
    reason: SuppressionReason
    reach: Reach
    address: Address | None = field(default=None, repr=False)
    digest: str | None = field(default=None, repr=False)
    mac: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that suppresses nobody, and why, in one word."""

    line: int
    why: str


class Columns:
    """Where in the rows of a file stands what."""

    def __init__(self, header: tuple[str, ...]) -> None:
        """Look at the first record: names of columns, or a row itself.

        Raises:
            InputError: it names columns, and none of whom (``no_address_column``).
        """
        found = {_NAMES[column_key(name)]: n for n, name in reversed([*enumerate(header)])
                 if column_key(name) in _NAMES}  # fmt: skip
        if Column.ADDRESS not in found:
            named = [n for n, name in enumerate(header) if _names_addresses(name)]
            if named:
                found[Column.ADDRESS] = named[0]
        self.is_header = bool(found)
        if not found:
            found = {Column.ADDRESS: 0, Column.REASON: 1}
        elif not _WHO & found.keys():
            raise InputError(
                code="no_address_column",
                detail="No column of the file is named email, sha256 or address_mac. Nothing was"
                " suppressed.",
            )
        self._places = found

    def cell(self, record: Record, column: Column) -> str:
        """Return a cell; "" where the file has no such column."""
        place = self._places.get(column)
        return record.cells[place] if place is not None and place < len(record.cells) else ""

    def has_further(self, record: Record) -> bool:
        """Say whether a row without names of columns holds an address where none is looked for."""
        return not self.is_header and any("@" in cell for cell in record.cells[1:])


def _names_addresses(name: str) -> bool:
    """Whether imports would read addresses from a column of this name."""
    try:
        detect((name,))
    except InputError:
        return False
    return True


def row_of(record: Record, columns: Columns, wish: FileWish) -> SuppressionRow | RefusedRow:
    """Return what a record says; nothing of what a refused one held."""
    try:
        return _row(record, columns, wish)
    except InputError as error:
        return RefusedRow(line=record.line, why=error.code)


def refused_row(rejected: Rejected) -> RefusedRow:
    """Return a record that could not even be read."""
    return RefusedRow(line=rejected.line, why=str(rejected.refusal))


def _row(record: Record, columns: Columns, wish: FileWish) -> SuppressionRow:
    who = columns.cell(record, Column.ADDRESS)
    address = parse_address(who) if "@" in who else None
    digest = columns.cell(record, Column.DIGEST) or ("" if address else who)
    mac = columns.cell(record, Column.MAC)
    if not (who or digest or mac):
        raise InputError(code="no_address", detail="The row names nobody.")
    told = columns.cell(record, Column.REASON)
    alone = bool(mac) and not who and not columns.cell(record, Column.DIGEST)
    row = SuppressionRow(
        line=record.line,
        reason=_reason(told, columns, wish, alone=alone),
        reach=_reach(record, columns, wish.reach),
        address=address,
        digest=_read_digest(digest) if digest else None,
        mac=_read_mac(mac) if mac else None,
    )
    if columns.has_further(record):
        raise InputError(code="several_addresses", detail="A row is of one address.")
    return row


def _reach(record: Record, columns: Columns, wish: Reach) -> Reach:
    brand, list_id = columns.cell(record, Column.BRAND), columns.cell(record, Column.LIST)
    channel = columns.cell(record, Column.CHANNEL).lower()
    if not (brand or list_id):
        return wanted_reach(wish.brand, wish.list, channel or wish.channel)
    return wanted_reach(brand or wish.brand, list_id or None, channel or EMAIL)


def _read_digest(text: str) -> str:
    """Return a SHA-256 in lower-case hex; raises `InputError` by what it is instead."""
    digest = text.lower()
    if _DIGEST.fullmatch(digest):
        return digest
    if _SHORTER.fullmatch(digest):
        raise InputError(code="unsupported_digest", detail="Of digests only SHA-256 is read.")
    raise InputError(code="malformed_address", detail="This is no address, and no SHA-256.")


def _read_mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise InputError(code="malformed_mac", detail="This is no keyed MAC of an address.")
    return text


def _reason(told: str, columns: Columns, wish: FileWish, *, alone: bool) -> SuppressionReason:
    """The reason of a row. Words that nobody knows are an operator's own, where they are a reason.

    Without column names the second cell may be anything, a name say: then it says nothing.
    """
    reason = read_reason(told)
    if reason is None:
        return SuppressionReason.MANUAL if told and columns.is_header else wish.reason
    # Of a keyed MAC and nothing else, as our own export of strangers is, it may be `erased`.
    return reason if reason in OPERATOR_REASONS or alone else SuppressionReason.MANUAL


def read_reason(text: str) -> SuppressionReason | None:
    """Return the reason that a word of any tool means; None where nobody knows it.

    Example:
        >>> read_reason("BOUNCE").value, read_reason("Hard bounce").value
        ('bounce', 'bounce')
    """
    return _REASONS.get(text.strip().lower().replace(" ", "_").replace("-", "_"))


def digest_of(address: Address) -> str:
    """Return the SHA-256 under which other tools know an address, lower-case hex.

    Example:
        >>> digest_of(parse_address("Visitor@Example.org"))[:8]
        'e1997432'
    """
    return sha256(address.normal.encode()).hexdigest()


def digests_of(address: Address) -> tuple[str, ...]:
    """Return every SHA-256 that may stand for an address: of its domain as typed, too.

    Other tools hash a domain beyond ASCII as people write it; ours is in A-labels.
    """
    local, _, domain = address.normal.rpartition("@")
    written = _written(domain)
    both = (digest_of(address), sha256(f"{local}@{written}".encode()).hexdigest())
    return tuple(dict.fromkeys(both))


def _written(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415  # loaded with the address library, where anybody needs it

    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def digest_name(digest: str) -> str:
    """Return what the keyed MAC of a digest is made of; no address is spelled so.

    A digest by itself could be guessed by whoever has a list of addresses. Its MAC cannot.

    Example:
        >>> digest_name("ab")
        'sha256:ab'
    """
    return f"sha256:{digest}"
