# SPDX-License-Identifier: Apache-2.0
"""What the doctor finds of a sender: checks in a fixed order, each with a verdict and a record.

Guarantees that a sender is called ready only by what is known to be right or known to matter less:
what could not be looked up, and what only deserves a look, never stands in its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from chalicelib.domain.tongues import ENGLISH, Tongue

BULK_FROM: Final = 5_000
"""Mails a day to one provider from which its rules for bulk senders hold.
Source: Google, "Email sender guidelines"; once reached, they hold for good."""


class Verdict(StrEnum):
    """How a check ended; the worst comes first."""

    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    OK = "ok"


class Provider(StrEnum):
    """Who asks for a thing of whoever sends in bulk."""

    GMAIL = "gmail"
    YAHOO = "yahoo"
    MICROSOFT = "microsoft"


class CheckId(StrEnum):
    """What is checked, in the order it is shown."""

    SENDING = "sending"
    PRODUCTION_ACCESS = "production-access"
    QUOTA = "quota"
    IDENTITY = "identity"
    FROM_DOMAIN = "from-domain"
    DKIM = "dkim"
    MAIL_FROM = "mail-from"
    SPF = "spf"
    DMARC = "dmarc"
    ALIGNMENT = "alignment"
    EVENTS = "events"
    TRACKING = "tracking"
    SUPPRESSION = "suppression"
    ONE_CLICK = "one-click"
    RATES = "rates"


_ALL: Final = frozenset(Provider)
REQUIRED_BY: Final[Mapping[CheckId, frozenset[Provider]]] = {
    CheckId.SENDING: _ALL,
    CheckId.PRODUCTION_ACCESS: _ALL,
    CheckId.IDENTITY: _ALL,
    CheckId.FROM_DOMAIN: _ALL,
    CheckId.DKIM: _ALL,
    CheckId.MAIL_FROM: _ALL,  # It fails only where SES would send nothing at all.
    CheckId.SPF: _ALL,
    CheckId.DMARC: _ALL,
    CheckId.ALIGNMENT: _ALL,
    CheckId.ONE_CLICK: frozenset({Provider.GMAIL, Provider.YAHOO}),
}
"""Source: Google, "Email sender guidelines FAQ"; Yahoo, "Sender best practices"; Microsoft,
"Outlook's new requirements for high-volume senders" (550 5.7.515 since 5 May 2025)."""


class Said(NamedTuple):
    """What a code stands for."""

    id: CheckId
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """A record to publish; ``name`` is whole and has no dot at its end."""

    type: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding.

    Attributes:
        code: stable name of what was found.
        text: its sentence in English, with places.
        facts: what goes into the places.
        records: what to publish.
    """

    id: CheckId
    code: str
    verdict: Verdict
    text: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    records: tuple[DnsRecord, ...] = ()

    @property
    def required_by(self) -> tuple[Provider, ...]:
        """Who asks for it, in a fixed order."""
        return tuple(each for each in Provider if each in REQUIRED_BY.get(self.id, ()))

    @property
    def blocks(self) -> bool:
        """Whether it keeps a sender from sending in bulk."""
        return self.verdict is Verdict.FAIL and bool(self.required_by)

    def sentence(self, tongue: Tongue = ENGLISH) -> str:
        """Return what is, and what to do, in one sentence.

        Raises:
            KeyError: a place has no value.
        """
        values = {
            name: tongue.number(value) if isinstance(value, int) else value
            for name, value in self.facts.items()
        }
        return tongue.say(self.text).format_map(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings of a brand at one time, in the order of `CheckId`."""

    brand: str
    address: str
    checked_ms: int
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = {check.verdict for check in self.checks}
        return next((each for each in Verdict if each in found), Verdict.OK)

    @property
    def blocking(self) -> tuple[CheckId, ...]:
        """The checks that keep it from sending in bulk."""
        return tuple(check.id for check in self.checks if check.blocks)

    @property
    def ready(self) -> bool:
        """Whether it may send in bulk."""
        return not self.blocking

    def missed(self, provider: Provider) -> tuple[CheckId, ...]:
        """Return the checks that keep it from sending in bulk to one provider."""
        return tuple(
            check.id for check in self.checks if check.blocks and provider in check.required_by
        )
