# SPDX-License-Identifier: Apache-2.0
"""A row of whatever tool, as one `ImportRow`: who, with which status, and what the file claims.

Guarantees that what the ledger will keep of a row is made here and nowhere else (`claims_of`), and
that it says of nobody more than the file does. Refuses to show personal data by `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chalicelib.domain.addresses import Address
from chalicelib.domain.forms import MAX_TYPED_CHARS
from chalicelib.domain.state import Grade


class FileStatus(StrEnum):
    """What the file says of somebody."""

    SUBSCRIBED = "subscribed"
    UNCONFIRMED = "unconfirmed"
    NOT_SUBSCRIBED = "not-subscribed"
    OPTED_OUT = "opted-out"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


ENDS: Final = frozenset({FileStatus.OPTED_OUT, FileStatus.BOUNCED, FileStatus.COMPLAINED})
"""What ends: it wins over whatever else any file says."""


class RowProblem(StrEnum):
    """Why a row cannot be used."""

    NO_ADDRESS = "no_address"
    MALFORMED_ADDRESS = "malformed_address"
    UNKNOWN_STATUS = "unknown_status"
    OTHER_LIST = "other_list"
    BAD_TAGS = "bad_tags"
    BAD_ATTRIBUTES = "bad_attributes"
    TOO_LONG = "too_long"
    BAD_TIME = "bad_time"


SENTENCES: Final[Mapping[RowProblem, str]] = MappingProxyType(
    {
        RowProblem.NO_ADDRESS: "The row has no address.",
        RowProblem.MALFORMED_ADDRESS: "This is no e-mail address we can write to.",
        RowProblem.UNKNOWN_STATUS: "Nobody here knows this status. Map the column, or change it.",
        RowProblem.OTHER_LIST: "The row is of another brand or list than this import.",
        RowProblem.BAD_TAGS: "The quotation marks of the tags do not match, or there are over 100.",
        RowProblem.BAD_ATTRIBUTES: "The attributes are no JSON object.",
        RowProblem.TOO_LONG: f"The attributes have over {MAX_TYPED_CHARS:,} characters together.",
        RowProblem.BAD_TIME: "This is no time we can read.",
    }
)


class Note(StrEnum):
    """What of a row was left out, though the row is used; counted in the preview."""

    TIME = "unreadable-time"
    IP = "unreadable-ip"
    COUNTRY = "unknown-country"
    NESTED = "nested-attribute"
    DETAILS = "unreadable-details"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A row that is left out. ``column`` counts from 1; None when no one column is at fault."""

    line: int
    problem: RowProblem
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the earlier tool says of opens and clicks: a claim, never one of our own facts."""

    opens: int | None = None
    clicks: int | None = None
    rating: int | None = None
    last_open_ms: int | None = None
    last_click_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSale:
    """The sale a row names; times in Unix ms, None where it says none."""

    reference: str
    product: str
    at_ms: int | None
    objection_how: str
    objection_at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One person of a file; personal data, never shown by `repr`.

    Attributes:
        country: code; "" where the row says nothing, None where it says no country there is.
        double_opt_in: whether the file says so in a column of its own.
        zone: of the row's times: "utc", or "assumed" and the zone stated for the file; "" where no
            time of the row was read.
        notes: what was left out.
    """

    line: int
    status: FileStatus
    address: Address = field(repr=False)
    language: str = ""
    country: str | None = ""
    tags: tuple[str, ...] = field(default=(), repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    optin_ms: int | None = None
    optin_ip: str = field(default="", repr=False)
    confirm_ms: int | None = None
    confirm_ip: str = field(default="", repr=False)
    double_opt_in: bool = False
    source: str = field(default="", repr=False)
    ended_ms: int | None = None
    ended_reason: str = field(default="", repr=False)
    ended_campaign: str = field(default="", repr=False)
    zone: str = ""
    history: History | None = None
    sale: RowSale | None = field(default=None, repr=False)
    notes: frozenset[Note] = frozenset()

    @property
    def is_end(self) -> bool:
        """Whether the file says that this person is not to be mailed."""
        return self.status in ENDS

    @property
    def is_double_opt_in(self) -> bool:
        """Whether times show two acts: an opt-in, and a later one that came from somewhere.

        One time twice, or a confirmation by itself, shows nothing: tools fill it for contacts that
        somebody uploaded, too.
        """
        both = self.optin_ms is not None and self.confirm_ms is not None
        return both and (self.confirm_ms or 0) > (self.optin_ms or 0) and bool(self.confirm_ip)

    @property
    def newest_ms(self) -> int | None:
        """When the person last did anything, by what the file claims."""
        past = self.history or History()
        sold = self.sale.at_ms if self.sale else None
        times = (self.optin_ms, self.confirm_ms, past.last_open_ms, past.last_click_ms, sold)
        return max((at_ms for at_ms in times if at_ms is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One open or click of Mailchimp's account export."""

    address: Address = field(repr=False)
    click: bool
    at_ms: int

    def added_to(self, history: History | None) -> History:
        """Return the history with this in it; the order of adding does not matter."""
        past = history or History()
        last = past.last_click_ms if self.click else past.last_open_ms
        newest = self.at_ms if last is None else max(last, self.at_ms)
        return History(
            opens=(past.opens or 0) + (not self.click),
            clicks=(past.clicks or 0) + self.click,
            rating=past.rating,
            last_open_ms=past.last_open_ms if self.click else newest,
            last_click_ms=newest if self.click else past.last_click_ms,
        )


NO_SUCH_COUNTRY: Final = "*"
"""The claim of a row whose file named a country that nobody knows."""


def claims_of(row: ImportRow, grade: Grade, claimed_grade: Grade) -> dict[str, object]:
    """Return the sealed ``choice`` of a row's entry; what the row does not say is absent.

    Args:
        grade: what the ledger counts the claim as: ``D`` with documents, else ``E``.
        claimed_grade: how much the file itself shows (`import_verdicts.claimed_grade`).
    """
    past = row.history
    history = {
        "opens": past and past.opens,
        "clicks": past and past.clicks,
        "rating": past and past.rating,
        "last_open_ts": past and past.last_open_ms,
        "last_click_ts": past and past.last_click_ms,
    }
    choice = {
        "grade": str(grade),
        "claimed_grade": str(claimed_grade),
        "claimed_ts": row.confirm_ms if row.is_double_opt_in else row.optin_ms,
        "source": row.source,
        "status": str(row.status),
        "country": NO_SUCH_COUNTRY if row.country is None else row.country,
        "optin_ts": row.optin_ms,
        "optin_ip": row.optin_ip,
        "confirm_ts": row.confirm_ms,
        "confirm_ip": row.confirm_ip,
        "ended_ts": row.ended_ms,
        "ended_reason": row.ended_reason,
        "ended_campaign": row.ended_campaign,
        "zone": row.zone,
        "history": {name: value for name, value in history.items() if value is not None},
        "tags": list(row.tags),
        "line": row.line,
    }
    return {name: value for name, value in choice.items() if value not in (None, "", [], {})}
