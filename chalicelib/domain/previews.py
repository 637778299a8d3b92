# SPDX-License-Identifier: Apache-2.0
"""What is told of a campaign's mail to one person: whether they would get it, and what is wrong.

Guarantees the reasons of a send, and the order in which a send would come to them: what the person
said comes before what can be mended. Refuses to say that somebody would be mailed by a campaign
that cannot be sent as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.domain.content import ContentKind, Finding, Part, Severity
from chalicelib.domain.dry_runs import place_of
from chalicelib.domain.eligibility import SENTENCES as SKIPPED
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.frequency import Rhythm, take
from chalicelib.errors import InputError


class OtherReason(StrEnum):
    """Why nobody would be skipped, and the person is not mailed all the same."""

    NOT_IN_SEGMENT = "not-in-segment"
    CONTENT = "content"


WhyNot = SkipReason | OtherReason
NOTHING_MADE: Final = frozenset({SkipReason.ERASED, SkipReason.RESTRICTED, SkipReason.OBJECTED})
"""Nothing is made of these people's data, not even to be looked at (GDPR Art. 18 and 21(3))."""
ORDER: Final[tuple[WhyNot, ...]] = (
    SkipReason.ERASED,
    SkipReason.RESTRICTED,
    SkipReason.SUPPRESSED,
    SkipReason.OBJECTED,
    SkipReason.NO_CONSENT,
    SkipReason.WEAK_EVIDENCE,
    SkipReason.NO_PROFILE,
    SkipReason.UNREADABLE,
    OtherReason.NOT_IN_SEGMENT,
    SkipReason.PAUSED,
    SkipReason.RESTING,
    SkipReason.FREQUENCY,
    SkipReason.RENDERING,
    SkipReason.DOMAIN_STOPPED,
    OtherReason.CONTENT,
    SkipReason.CANCELLED,
)
SENTENCES: Final[Mapping[WhyNot, str]] = {
    **{reason: SKIPPED[reason] for reason in ORDER if isinstance(reason, SkipReason)},
    OtherReason.NOT_IN_SEGMENT: "The person is not in the campaign's segment.",
    OtherReason.CONTENT: "The campaign cannot be sent as it is: an error is among the findings.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something its author should know: a finding, or why the mail cannot be made.

    Attributes:
        part: one of `Part`; None: the mail as a whole.
        line: of the source, from 1; None where the whole part is meant, or where the source was
            compiled from another and its lines mean nothing to its author.
    """

    code: str
    severity: Severity
    part: Part | None
    line: int | None
    sentence: str
    times: int = 1


def told(findings: Iterable[Finding]) -> tuple[Flaw, ...]:
    """Return findings of a compiler."""
    return tuple(
        Flaw(
            code=found.code,
            severity=found.severity,
            part=found.part,
            line=found.line,
            sentence=found.sentence,
            times=found.times,
        )
        for found in findings
    )


def refused(error: InputError, kind: ContentKind) -> Flaw:
    """Return why a mail of this ``kind`` cannot be made.

    Example:
        >>> error = InputError("bad_template", "Line 3 of the HTML: 'nowhere' is undefined.")
        >>> flaw = refused(error, ContentKind.HTML)
        >>> (flaw.part, flaw.line, flaw.sentence)
        (<Part.HTML: 'html'>, 3, "'nowhere' is undefined.")
    """
    part, line, sentence = place_of(error.detail)
    if part is None and error.code == "bad_subject":
        part = "subject"
    if part == "HTML" and kind is ContentKind.MJML:
        line = None
    known = {"subject": Part.SUBJECT, "text": Part.TEXT, "HTML": Part.HTML, "MJML": Part.HTML}
    return Flaw(
        code=error.code,
        severity=Severity.ERROR,
        part=None if part is None else known[part],
        line=line,
        sentence=sentence,
    )


def held_back(rhythm: Rhythm, rest: int | None, at_ms: int) -> SkipReason | None:
    """Return why a mail at ``at_ms`` (Unix milliseconds) is one too many; None: it is not.

    Args:
        rest: as of `ports.send_reads.SealedReader`.
    """
    if rhythm.frequency.paused(at_ms):
        return SkipReason.PAUSED
    if (rest or 0) > at_ms:
        return SkipReason.RESTING
    return None if take(rhythm, at_ms) is not None else SkipReason.FREQUENCY


def first(reasons: Iterable[WhyNot | None]) -> WhyNot | None:
    """Return the reason a send would come to first; None where there is none."""
    found = {reason for reason in reasons if reason is not None}
    return next((reason for reason in ORDER if reason in found), None)
