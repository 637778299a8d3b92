# SPDX-License-Identifier: Apache-2.0
"""What became of each person planned, in the words of a campaign's answer, and who is asked for.

Guarantees a word for every code, and that the people of each word and reason are as many as the
campaign's answer counts (`domain.outcomes.Tally`). Refuses to say more of somebody than is known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.outcomes import REASON_OF, OutcomeCode
from chalicelib.errors import InputError


class Account(StrEnum):
    """What is said of one person planned.

    Attributes:
        PLANNED: nothing came of it yet; a call for them may be under way.
        EARLIER: settled by the first version of sending, which counted people and did not say who.

    """

    SENT = "sent"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    PLANNED = "planned"
    EARLIER = "earlier"


FAILED: Final = "failed"
UNSENT: Final = "unsent"
REASONS: Final = (*(str(reason) for reason in SkipReason), FAILED, UNSENT)
"""Why somebody is skipped, as a campaign's answer names it."""

Told = tuple[Account, str | None]
"""What is said of somebody, and why they were skipped."""

_TOLD: Final[Mapping[int, Told]] = {
    OutcomeCode.OPEN: (Account.PLANNED, None),
    OutcomeCode.DISPATCHED: (Account.PLANNED, None),
    OutcomeCode.SENT: (Account.SENT, None),
    OutcomeCode.RESOLVED_SENT: (Account.SENT, None),
    OutcomeCode.REJECTED: (Account.REJECTED, None),
    OutcomeCode.UNKNOWN: (Account.UNKNOWN, None),
    OutcomeCode.UNSENT: (Account.SKIPPED, UNSENT),
    OutcomeCode.FAILED: (Account.SKIPPED, FAILED),
    OutcomeCode.EARLIER: (Account.EARLIER, None),
    **{code: (Account.SKIPPED, str(reason)) for code, reason in REASON_OF.items()},
}


def told(code: int) -> Told:
    """Return what is said of somebody whose stored outcome is ``code``, and why.

    Example:
        >>> told(OutcomeCode.NO_CONSENT)
        (<Account.SKIPPED: 'skipped'>, 'no-consent')
    """
    return _TOLD[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who is asked for.

    Attributes:
        outcomes: any of these; none at all: everybody.
        reasons: of those, only people skipped for one of these; none at all: whatever the reason.

    """

    outcomes: frozenset[Account] = frozenset()
    reasons: frozenset[str] = frozenset()

    @property
    def codes(self) -> frozenset[int]:
        """The stored outcomes of whom is asked for."""
        return frozenset(code for code, said in _TOLD.items() if self._fits(*said))

    def _fits(self, account: Account, reason: str | None) -> bool:
        named = not self.outcomes or account in self.outcomes
        return named and (not self.reasons or reason in self.reasons)


def read_asked(outcomes: Iterable[str], reasons: Iterable[str]) -> Asked:
    """Return who is asked for.

    Raises:
        InputError: a word nobody here knows, or reasons of people who have none.

    """
    words, whys = frozenset(outcomes), frozenset(reasons)
    if not words <= {str(account) for account in Account}:
        detail = f"An outcome is one of: {', '.join(Account)}."
        raise InputError(code="bad_outcome", detail=detail)
    if not whys <= frozenset(REASONS):
        raise InputError(code="bad_reason", detail=f"A reason is one of: {', '.join(REASONS)}.")
    if whys and words and Account.SKIPPED not in words:
        detail = "Only people skipped have a reason: ask for the outcome skipped, or for none."
        raise InputError(code="reason_without_skipped", detail=detail)
    return Asked(outcomes=frozenset(map(Account, words)), reasons=whys)
