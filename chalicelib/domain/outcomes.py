# SPDX-License-Identifier: Apache-2.0
"""What became of each person of a chunk: one byte for each place, and how bytes may change.

Guarantees that an outcome only ever becomes better known: one step alone leads back, from
dispatched to open, and only the worker that dispatched takes it, when SES surely took nothing. Two
accounts of the same people merge to one, whichever comes first. Refuses a byte it does not know.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from chalicelib.domain.campaigns import ChunkStatus, Progress
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.tempo import WINDOW_MS, Commit
from chalicelib.errors import Conflict, FatalError


class OutcomeCode(IntEnum):
    """One person's outcome as it is stored. Numbers are fixed for ever; new ones are added.

    From 16 on one for each `SkipReason`, of the same name.

    Attributes:
        OPEN: nothing happened yet; may be sent to.
        DISPATCHED: a worker may be calling SES for them at this moment.
        SENT: SES gave a message id.
        REJECTED: SES refused this very message or person.
        UNKNOWN: a call was made, or may have been, and its answer is lost.
        RESOLVED_SENT: the answer was lost; SES's events told that it had taken the message.
        UNSENT: SES surely does not have it, and nobody will send it any more.
        FAILED: the product could not make or send it, whoever tried.
        EARLIER: settled in a row of version 1, which counts people without saying who.

    """

    OPEN = 0
    DISPATCHED = 1
    SENT = 2
    REJECTED = 3
    UNKNOWN = 4
    RESOLVED_SENT = 5
    UNSENT = 6
    FAILED = 7
    EARLIER = 8
    ERASED = 16
    RESTRICTED = 17
    SUPPRESSED = 18
    OBJECTED = 19
    NO_CONSENT = 20
    WEAK_EVIDENCE = 21
    NO_PROFILE = 22
    UNREADABLE = 23
    RENDERING = 24
    CANCELLED = 25
    PAUSED = 26
    FREQUENCY = 27
    RESTING = 28
    DOMAIN_STOPPED = 29


OPEN: Final = OutcomeCode.OPEN
DISPATCHED: Final = OutcomeCode.DISPATCHED
UNKNOWN: Final = OutcomeCode.UNKNOWN

CODE_OF: Final[Mapping[SkipReason, OutcomeCode]] = {
    reason: OutcomeCode[reason.name] for reason in SkipReason
}
"""The code of each reason."""
REASON_OF: Final[Mapping[OutcomeCode, SkipReason]] = {
    code: reason for reason, code in CODE_OF.items()
}
"""The reason each code from 16 on stands for."""

_UNTOLD: Final = (OPEN, DISPATCHED, OutcomeCode.EARLIER)
"""Nothing came of these yet, or it is counted elsewhere."""
_SKIPS: Final = frozenset(REASON_OF)
_SURE: Final = frozenset({OutcomeCode.SENT, OutcomeCode.REJECTED}) | _SKIPS
"""What the worker that made a call, or made none, knows for certain."""

NEXT: Final[Mapping[OutcomeCode, frozenset[OutcomeCode]]] = {
    OutcomeCode.OPEN: _SKIPS | {OutcomeCode.DISPATCHED, OutcomeCode.FAILED},
    OutcomeCode.DISPATCHED: _SURE | {OutcomeCode.OPEN, OutcomeCode.UNKNOWN},
    OutcomeCode.UNKNOWN: _SURE | {OutcomeCode.UNSENT, OutcomeCode.RESOLVED_SENT},
    OutcomeCode.UNSENT: _SURE | {OutcomeCode.RESOLVED_SENT},
    OutcomeCode.RESOLVED_SENT: frozenset({OutcomeCode.SENT}),
}
"""Where each code may go; those that are not named stay for ever."""

_BY_KNOWLEDGE: Final = (
    OutcomeCode.OPEN,
    OutcomeCode.DISPATCHED,
    OutcomeCode.UNKNOWN,
    OutcomeCode.UNSENT,
    OutcomeCode.FAILED,
    *sorted(_SKIPS),
    OutcomeCode.REJECTED,
    OutcomeCode.RESOLVED_SENT,
    OutcomeCode.SENT,
    OutcomeCode.EARLIER,
)
_RANK: Final[Mapping[int, int]] = {code: rank for rank, code in enumerate(_BY_KNOWLEDGE)}

CLOCKS_APART_MS: Final = 5 * 60 * 1000
"""A worker's clock is ahead of the others' by no more."""
_EXPIRED: Final = bytes.maketrans(bytes((DISPATCHED,)), bytes((UNKNOWN,)))
_GIVEN_BACK: Final = bytes.maketrans(bytes((DISPATCHED,)), bytes((OPEN,)))


def require_codes(codes: bytes) -> bytes:
    """Return ``codes`` when every byte is a code of this version.

    Raises:
        FatalError: one is not; a later version wrote it.

    """
    if not _RANK.keys() >= set(codes):
        raise FatalError("a chunk holds an outcome this code does not know")
    return codes


def status_of(codes: bytes) -> ChunkStatus:
    """Return where a chunk is, which its people's outcomes alone decide.

    ``partial``: somebody may still be sent to. ``unknown``: nobody may, and somebody's answer is
    lost.

    """
    if DISPATCHED in codes:
        return ChunkStatus.DISPATCHED
    if OPEN in codes:
        return ChunkStatus.PARTIAL
    return ChunkStatus.UNKNOWN if UNKNOWN in codes else ChunkStatus.DONE


def require_steps(before: bytes, after: bytes) -> None:
    """Require that every place stays as it is or takes one allowed step (`NEXT`).

    Raises:
        FatalError: somebody's outcome would be lost or made up; nothing may be written.

    """
    _require_same_people(before, after)
    for old, new in set(zip(before, after, strict=True)):
        if old != new and new not in NEXT.get(OutcomeCode(old), frozenset()):
            raise FatalError(f"an outcome cannot go from {OutcomeCode(old).name} to {new}")


def _require_same_people(one: bytes, other: bytes) -> None:
    if len(one) != len(other):
        raise FatalError("a chunk changed the number of its people")


def expired(codes: bytes) -> bytes:
    """Return the codes of a chunk whose worker was not heard of again."""
    return codes.translate(_EXPIRED)


def given_back(codes: bytes) -> bytes:
    """Return the codes of a chunk of which SES surely took nobody dispatched."""
    return codes.translate(_GIVEN_BACK)


def merge(one: bytes, other: bytes) -> bytes:
    """Return what two accounts of the same people tell together: of each the better known.

    Commutes, associates, and repeating it changes nothing. An event of SES that a message was
    sent outweighs a refusal; a message id outweighs both.

    """
    _require_same_people(one, other)
    return bytes(map(_better, one, other))


def _better(one: int, other: int) -> int:
    return one if _RANK[one] >= _RANK[other] else other


def tell(stored: bytes, told: bytes) -> bytes:
    """Return what a chunk is once its own worker tells what came of its mark, however late.

    Whom SES surely did not take is open again; but ``UNSENT`` where the chunk had been called
    unknown, since events, or their absence, may already have been counted on.

    Raises:
        Conflict: somebody was given back since, and may be in another worker's hands.

    """
    _require_same_people(stored, told)
    return bytes(map(_tell, stored, told))


def _tell(stored: int, told: int) -> int:
    if told == OPEN:
        if stored == DISPATCHED:
            return OPEN
        return OutcomeCode.UNSENT if stored == UNKNOWN else stored
    if stored == OPEN:
        raise Conflict("a chunk was given back; its outcome cannot be told any more")
    return _better(stored, told)


def resolve(codes: bytes, told: Mapping[int, OutcomeCode]) -> bytes:
    """Return the codes after ``told``, by place: `RESOLVED_SENT`, or `UNSENT`, of unknown ones.

    A place no longer unknown is left to what is better known.

    Raises:
        FatalError: another code is told, or a place that the chunk does not have.

    """
    after = bytearray(codes)
    for place, code in told.items():
        if code not in (OutcomeCode.RESOLVED_SENT, OutcomeCode.UNSENT):
            raise FatalError("only a lost answer is resolved, by an event or by its absence")
        if not 0 <= place < len(codes):
            raise FatalError("a chunk has no such place")
        if codes[place] in (OutcomeCode.UNKNOWN, OutcomeCode.UNSENT):
            after[place] = _better(codes[place], code)
    return bytes(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """People by what became of them.

    Attributes:
        progress: everybody whose outcome is known, or known to be unknown. ``sent`` counts those
            SES's events told of; ``skipped`` has ``failed`` and ``unsent`` beside the reasons.
        resolved: how many of those sent were unknown before.
        dispatched: how many may be in a call at this moment.
        commits: what workers wrote last, of the minute before the last of them; rows of version 1
            have none.

    """

    progress: Progress
    resolved: int = 0
    dispatched: int = 0
    commits: tuple[Commit, ...] = ()


class Tally:
    """Sums the codes of chunks; nobody open, dispatched or counted elsewhere is in its sums."""

    def __init__(self) -> None:
        self._codes: Counter[int] = Counter()
        self._commits: list[tuple[int, int, int]] = []

    def add(self, codes: bytes, at_ms: int | None) -> None:
        """Count one chunk; ``at_ms`` is when an outcome of it was last written by a worker."""
        self._codes.update(codes)
        if at_ms is not None:
            sent = codes.count(OutcomeCode.SENT) + codes.count(OutcomeCode.RESOLVED_SENT)
            waiting = sum(codes.count(code) for code in _UNTOLD)
            self._commits.append((at_ms, sent, len(codes) - waiting))

    def counted(self, planned: int, earlier: Progress | None = None) -> Counted:
        """Return the sums together with those of rows that count without codes."""
        old = earlier or Progress()
        codes = self._codes
        skipped = Counter(old.skipped)
        skipped.update({str(reason): codes[code] for code, reason in REASON_OF.items()})
        skipped.update(failed=codes[OutcomeCode.FAILED], unsent=codes[OutcomeCode.UNSENT])
        times = [*(at_ms for at_ms, _, _ in self._commits), *_known(old.first_ms, old.last_ms)]
        resolved = codes[OutcomeCode.RESOLVED_SENT]
        return Counted(
            progress=Progress(
                planned=planned,
                sent=old.sent + codes[OutcomeCode.SENT] + resolved,
                rejected=old.rejected + codes[OutcomeCode.REJECTED],
                unknown=old.unknown + codes[OutcomeCode.UNKNOWN],
                skipped={reason: people for reason, people in sorted(skipped.items()) if people},
                first_ms=min(times, default=None),
                last_ms=max(times, default=None),
            ),
            resolved=resolved,
            dispatched=codes[OutcomeCode.DISPATCHED],
            commits=self._latest(),
        )

    def _latest(self) -> tuple[Commit, ...]:
        last_ms = max((at_ms for at_ms, _, _ in self._commits), default=0)
        return tuple(
            Commit(at_ms=at_ms, sent=sent, accounted=accounted)
            for at_ms, sent, accounted in self._commits
            if at_ms > last_ms - WINDOW_MS - CLOCKS_APART_MS
        )


def _known(*times_ms: int | None) -> Iterable[int]:
    return (at_ms for at_ms in times_ms if at_ms is not None)
