# SPDX-License-Identifier: Apache-2.0
"""Counts and stops in memory: the guarantees of the real ones, and the same contract suite."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib.domain.breakers import (
    MAX_STOPS,
    Counts,
    Harm,
    Level,
    Note,
    Stops,
    summed,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import CampaignId
from chalicelib.ports.breakers import About, Harmed, Tripped
from tests.support.faults import Faults, no_faults, struck

KEEP_WARNING_MS = 7 * DAY_MS
_COUNTED = {Harm.HARD: Counts(hard=1), Harm.COMPLAINT: Counts(complained=1)}


@dataclass(slots=True, kw_only=True)
class BreakerState:
    """Everything counted and held; outlives any store made over it."""

    harmed: set[tuple[MailPlace, Harm]] = field(default_factory=set)
    campaigns: dict[str, Counts] = field(default_factory=dict)
    bases: dict[str, Counts] = field(default_factory=dict)
    days: dict[str, dict[str, Counts]] = field(default_factory=dict)
    held: dict[About, set[str]] = field(default_factory=lambda: {about: set() for about in About})
    notes: dict[tuple[About, str], Note] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def stops(self) -> Stops:
        with self.lock:
            return Stops(
                campaigns=frozenset(map(CampaignId, self.held[About.CAMPAIGN])),
                domains=frozenset(self.held[About.DOMAIN]),
            )

    def add_to_day(self, domain: str, day: str, counts: Counts) -> Counts:
        days = self.days.setdefault(domain, {})
        days[day] = days.get(day, Counts()) + counts
        return days[day]


class MemoryBreakerRows:
    """`ports.breakers.BreakerRows` in memory."""

    def __init__(self, state: BreakerState | None = None, faults: Faults = no_faults) -> None:
        self.state = state if state is not None else BreakerState()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[BreakerState]:
        with struck(self.faults, f"BreakerRows.{name}"), self.state.lock:
            yield self.state

    def harm(self, harmed: Sequence[Harmed]) -> frozenset[Harmed]:
        with self._call("harm") as state:
            return frozenset(each for each in harmed if self._counted(state, each))

    @staticmethod
    def _counted(state: BreakerState, each: Harmed) -> bool:
        if (each.mail, each.harm) in state.harmed:
            return False
        state.harmed.add((each.mail, each.harm))
        campaign, one = each.mail.chunk.campaign, _COUNTED[each.harm]
        state.campaigns[campaign] = state.campaigns.get(campaign, Counts()) + one
        state.add_to_day(each.domain, each.day, one)
        return True

    def deliver(self, campaign: CampaignId, mails: int, quiet: int) -> Counts:
        with self._call("deliver") as state:
            more = Counts(delivered=mails, quiet=quiet)
            state.campaigns[campaign] = state.campaigns.get(campaign, Counts()) + more
            return self._since(state, campaign)

    def deliver_to(self, domain: str, day: str, mails: int) -> Counts:
        with self._call("deliver_to") as state:
            return state.add_to_day(domain, day, Counts(delivered=mails))

    def of_campaign(self, campaign: CampaignId) -> Counts:
        with self._call("of_campaign") as state:
            return self._since(state, campaign)

    @staticmethod
    def _since(state: BreakerState, campaign: str) -> Counts:
        counted = state.campaigns.get(campaign, Counts())
        return counted - state.bases.get(campaign, Counts())

    def of_domain(self, domain: str, now_ms: int) -> Counts:
        with self._call("of_domain") as state:
            return summed(state.days.get(domain, {}), now_ms)

    def stops(self) -> Stops:
        with self._call("stops") as state:
            return state.stops

    def stop(self, about: About, note: Note) -> Tripped:
        with self._call("stop") as state:
            known = state.notes.get((about, note.key))
            if known is not None and known.level is Level.STOP:
                return Tripped.BEFORE
            if len(state.held[about]) >= MAX_STOPS:
                return Tripped.FULL
            state.held[about].add(note.key)
            state.notes[about, note.key] = note
            return Tripped.NEW

    def warn(self, about: About, note: Note) -> None:
        with self._call("warn") as state:
            if _standing(state.notes.get((about, note.key)), note.at_ms) is None:
                state.notes[about, note.key] = note

    def note(self, about: About, key: str, now_ms: int) -> Note | None:
        with self._call("note") as state:
            return _standing(state.notes.get((about, key)), now_ms)

    def domains(self, now_ms: int) -> tuple[Note, ...]:
        with self._call("domains") as state:
            found = [
                _standing(note, now_ms)
                for (about, _), note in sorted(state.notes.items())
                if about is About.DOMAIN
            ]
            return tuple(note for note in found if note is not None)

    def settle(self, campaign: CampaignId) -> None:
        with self._call("settle") as state:
            state.held[About.CAMPAIGN].discard(campaign)

    def release(self, about: About, key: str) -> None:
        with self._call("release") as state:
            state.held[about].discard(key)
            state.notes.pop((about, key), None)
            if about is About.DOMAIN:
                state.days.pop(key, None)
            elif key in state.campaigns:
                state.bases[key] = state.campaigns[key]


def _standing(note: Note | None, now_ms: int) -> Note | None:
    if note is None or note.level is Level.STOP:
        return note
    return note if now_ms < note.at_ms + KEEP_WARNING_MS else None
