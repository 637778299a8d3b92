# SPDX-License-Identifier: Apache-2.0
"""The verdict on a row of an import, as its preview counts it and its run writes it.

Guarantees that both come to the same as long as nothing changed here in between, and that of
several rows of one address one is chosen whatever order they came in. Names in counters hold
nothing personal: a country, a verdict, a reason.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from chalicelib.domain.country_rules import Rules, rule_for
from chalicelib.domain.import_rows import FileStatus, ImportRow
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.import_verdicts import Here, Known, Why, claimed_grade, known_of, why
from chalicelib.domain.imports import JudgedBy, Mode, Target
from chalicelib.domain.reach import Reached
from chalicelib.domain.state import Grade, SubjectState

DUPLICATE: Final = "duplicate"
PASSED_OVER: Final = "passed-over"
ALIKE: Final = "alike"
"""Counter of people whose mailbox is probably that of somebody counted, too."""
ROWS: Final = "rows"
"""Counter of everything that was gone through."""
LEFT_OUT: Final = "left-out"
"""Counter of rows that another row of their address stands for, or that the mode passes over."""
_OF_ENDS: Final = (FileStatus.COMPLAINED, FileStatus.BOUNCED, FileStatus.OPTED_OUT)
"""Which end an address is counted under when the file says several; all of them are written. The
opt-out comes last: it alone may be older than the person's own word, and end nothing."""
_UNKNOWN_MS: Final = 2**63
"""Stands for a time nobody stated: such an end is older than nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """On what the rows of an import are judged."""

    target: Target
    by: JudgedBy
    rules: Rules


class Judged(NamedTuple):
    """What becomes of a row; ``why`` is None for one that the mode of the import passes over."""

    country: str
    why: Why | None

    @property
    def counter(self) -> str:
        """Name of what it counts in.

        Example:
            >>> Judged("DE", Why.WEAK_EVIDENCE).counter
            'DE:wait:weak-evidence'
        """
        return f"{self.country}:{self.why.verdict}:{self.why}" if self.why else PASSED_OVER


GONE: Final = Known(here=Here.ERASED)
"""Somebody whose erasure is going on."""


def here_of(
    judging: Judging, state: SubjectState | None, suppressed: tuple[tuple[Reached, str], ...]
) -> Known:
    """Return what stands here about the address of a row.

    Args:
        state: of its person; None where nobody has it.
        suppressed: how far it is suppressed, and why.
    """
    target = judging.target
    return known_of(state, suppressed, target.wanted, target.scope)


def judged(judging: Judging, row: ImportRow, known: Known, *, no_mail: bool = False) -> Judged:
    """Return what becomes of a row.

    Args:
        no_mail: no mail arrives at the domain of its address.
    """
    if judging.target.mode is Mode.CUT_OVER and not row.is_end:
        return Judged("", None)
    country, rule = rule_for(judging.rules, row.country, row.address.domain, judging.by.country)
    return Judged(country, why(row, known, rule, judging.by.terms, no_mail=no_mail))


class Rank(NamedTuple):
    """How a row compares with another of its address: the greatest one stands for them."""

    subscribed: bool
    sold: bool
    grade: int
    newest_ms: int
    tie: bytes


def rank(row: ImportRow, basis: Basis) -> Rank:
    """Return how a row that ends nothing compares, on a basis.

    Equal rows but for their lines are equal, so that the order of the file decides nothing.
    """
    sale = row.sale
    sold = sale is not None and sale.at_ms is not None and bool(sale.reference)
    shown = claimed_grade(row, frozenset())
    return Rank(
        subscribed=row.status is FileStatus.SUBSCRIBED,
        sold=sold and basis is Basis.SOFT_OPT_IN,
        grade=-tuple(Grade).index(shown),
        newest_ms=row.newest_ms or 0,
        tie=_tie(row),
    )


def end_rank(row: ImportRow) -> Rank:
    """Return how an end compares with another of its address and status.

    The later one stands, and one without a time above all: an opt-out must not be found older than
    the person's own word by the older of two rows.
    """
    newest = _UNKNOWN_MS if row.ended_ms is None else row.ended_ms
    return Rank(
        subscribed=False,
        sold=False,
        grade=-_OF_ENDS.index(row.status),
        newest_ms=newest,
        tie=_tie(row),
    )


def _tie(row: ImportRow) -> bytes:
    """Tell rows apart by everything they say but where they stood."""
    told = (
        (row.optin_ms, row.optin_ip, row.confirm_ms, row.confirm_ip, row.double_opt_in),
        (row.ended_ms, row.ended_reason, row.ended_campaign),
        (row.country, row.source, row.language, row.tags, sorted(row.attributes.items())),
        (row.address.typed, row.history, row.sale),
    )
    return sha256(repr(told).encode()).digest()
