# SPDX-License-Identifier: Apache-2.0
"""When too many mails come back or are reported as unwanted: one decision, from counts alone.

Guarantees that the same counts always decide the same, whatever order they came in, and that a few
mails decide nothing: a rate is asked for only of a sample, and stops only on several people's word.

Source: Google, "Email sender guidelines FAQ" (below 0.1 %, never 0.3 %); AWS SES Developer Guide,
"Reputation metrics" (a review from 5 % bounces on).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_kinds import classify
from chalicelib.domain.health import EventKind
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.ses_events import SesEvent
from chalicelib.domain.stops import StopWhy

SAMPLE: Final = 100
"""Mails of which something must be known before any rate is one."""
WINDOW_DAYS: Final = 3
"""Of how many days (UTC) the mails to a domain are judged together, today's included."""
MAX_STOPS: Final = 100
"""Domains held at once, and campaigns; every call to SES reads all of them."""


class Level(StrEnum):
    """How bad it is."""

    WARN = "warn"
    STOP = "stop"


class Harm(StrEnum):
    """What is counted against a sender; the letter names a set of places in a chunk's row."""

    HARD = "p"
    """The mail came back for good."""
    COMPLAINT = "k"
    """The mail was reported as unwanted."""


def harm_of(event: SesEvent) -> Harm | None:
    """Return what an event counts against the sender as; None: as nothing.

    What SES did not even send, because its own list holds the address, it does not count either.
    """
    kind = classify(event)
    if kind is EventKind.COMPLAINT:
        return Harm.COMPLAINT
    return Harm.HARD if kind is EventKind.PERMANENT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Mails, each counted once for each of these.

    Attributes:
        delivered: taken by the receiving servers.
        quiet: those of them at providers that tell SES of no complaint.
        hard: came back for good.
        complained: reported as unwanted.

    """

    delivered: int = 0
    quiet: int = 0
    hard: int = 0
    complained: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            delivered=self.delivered + other.delivered,
            quiet=self.quiet + other.quiet,
            hard=self.hard + other.hard,
            complained=self.complained + other.complained,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        """Return what came after ``other``."""
        return Counts(
            delivered=self.delivered - other.delivered,
            quiet=self.quiet - other.quiet,
            hard=self.hard - other.hard,
            complained=self.complained - other.complained,
        )

    def sample(self, why: StopWhy) -> int:
        """Return the mails that a rate is of."""
        if why is StopWhy.COMPLAINTS:
            return self.delivered - self.quiet
        return self.delivered + self.hard

    def harmed(self, why: StopWhy) -> int:
        """Return the mails that a rate counts."""
        return self.complained if why is StopWhy.COMPLAINTS else self.hard

    def rate(self, why: StopWhy) -> float:
        """Return the share of the sample, 0 to 1, to a hundredth of a percent."""
        sample = self.sample(why)
        return round(min(self.harmed(why) / sample, 1), 4) if sample > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """Reached by ``least`` mails that are ``of_1000`` thousandths of the sample."""

    level: Level
    why: StopWhy
    least: int
    of_1000: int

    def reached(self, counts: Counts) -> bool:
        """Whether the counts reach it; whole numbers only, so that a limit is met exactly."""
        harmed, sample = counts.harmed(self.why), counts.sample(self.why)
        enough = sample >= SAMPLE and harmed >= self.least
        return enough and 1000 * harmed >= self.of_1000 * sample


_LIMITS: Final = (
    _Limit(level=Level.STOP, why=StopWhy.COMPLAINTS, least=3, of_1000=3),
    _Limit(level=Level.STOP, why=StopWhy.BOUNCES, least=10, of_1000=50),
    _Limit(level=Level.WARN, why=StopWhy.COMPLAINTS, least=1, of_1000=1),
    _Limit(level=Level.WARN, why=StopWhy.BOUNCES, least=5, of_1000=25),
)
"""The gravest first. Least numbers, because events come one by one: a single complaint among 120
mails is no 0.8 %. From 1,000 mails on (of bounces 200) the shares alone decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the counts come to."""

    level: Level
    why: StopWhy


def judge(counts: Counts) -> Judgement | None:
    """Return the gravest limit reached, of a campaign or a recipient domain; None: none is.

    Example:
        >>> judge(Counts(delivered=1000, complained=3)).level
        <Level.STOP: 'stop'>
    """
    for limit in _LIMITS:
        if limit.reached(counts):
            return Judgement(level=limit.level, why=limit.why)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Why something was stopped, or was nearly.

    Attributes:
        key: a campaign's id, or a recipient domain's key (`DomainKey`).
        name: of the provider or domain; of a campaign none.
        counts: as they stood then.
        at_ms: when it was decided, Unix milliseconds.

    """

    key: str
    level: Level
    why: StopWhy
    counts: Counts
    at_ms: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """What is held at this moment: campaigns by id, recipient domains by key."""

    campaigns: frozenset[CampaignId] = field(default_factory=frozenset)
    domains: frozenset[str] = field(default_factory=frozenset)


NO_STOPS: Final = Stops()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainKey:
    """What recipients' domains are counted under: a provider's name, or a keyed pseudonym.

    Attributes:
        name: what a person calls it: the provider, or the domain itself.
        quiet: it tells SES of no complaint.

    """

    key: str
    name: str
    quiet: bool = False


def day_of(at_ms: int) -> str:
    """Return the day (UTC) of a moment as eight digits.

    Example:
        >>> day_of(1_764_000_000_000)
        '20251124'
    """
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y%m%d}"


def window(now_ms: int) -> tuple[str, str]:
    """Return the first and the last day that are judged together now."""
    return day_of(now_ms - (WINDOW_DAYS - 1) * DAY_MS), day_of(now_ms)


def summed(days: Mapping[str, Counts], now_ms: int) -> Counts:
    """Return the counts of the days that are judged together now."""
    first, last = window(now_ms)
    total = Counts()
    for day, counts in days.items():
        if first <= day <= last:
            total += counts
    return total
