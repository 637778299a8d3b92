# SPDX-License-Identifier: Apache-2.0
"""SES's events, a batch at a time: those of campaigns' mails are folded into their chunks.

Guarantees that however many events a batch has of a chunk, they are one write; that the same
events, repeated, shuffled or late, end the same; and that what an event does to a person is done
by `services.feedback` as ever. Only that a campaign's mail was sent or delivered is kept nowhere
but in its chunk, unless the address failed before. An event of a mail without a place (of the
first version of sending, and of every other mail) goes that way whole.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping

from chalicelib.domain.breakers import harm_of
from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.folding import (
    FOLDED,
    Heard,
    Results,
    Told,
    heard_of,
    is_heeded,
    place_of,
    results_of,
)
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.ses_events import SesEvent, SesType, parse
from chalicelib.errors import DependencyError, KvittoError
from chalicelib.ports.folds import Folds, UnresolvedCampaigns, Watermark
from chalicelib.ports.system import Clock
from chalicelib.services.breakers import Breakers, Delivered
from chalicelib.services.feedback import Feedback

log = logging.getLogger(__name__)

WATERMARK_EVERY_MS = 60_000
"""How often a process notes how far events have come, at most."""
BUDGET_MS = 45_000
"""How long a batch is worked on: the handler has 60 seconds, and one event some of them."""
COUNTED_AT_ONCE = 10
"""Messages whose harm is one write and one judgement, so that a stop comes a few mails late."""

_DATED_BY_OTHERS = frozenset({SesType.BOUNCE, SesType.COMPLAINT})


class Folding:
    """Begins batches, and remembers between them when the watermark was last noted."""

    def __init__(
        self,
        *,
        feedback: Feedback,
        breakers: Breakers,
        folds: Folds,
        watermark: Watermark,
        unresolved: UnresolvedCampaigns,
        clock: Clock,
    ) -> None:
        self._feedback = feedback
        self._breakers = breakers
        self._folds = folds
        self._watermark = watermark
        self._unresolved = unresolved
        self._clock = clock
        self._noted_ms: int | None = None

    def batch(self) -> "EventBatch":
        """Return a new batch; its time begins now."""
        return EventBatch(self, self._clock)

    def keep(self, chunk: ChunkRef, told: Told) -> frozenset[int]:
        """Keep what is told of a chunk, and return the places first known as delivered by this.

        Raises:
            DependencyError: it may be kept or not; repeat it.
        """
        added = self._folds.add(chunk, told)
        if told.heard & added.known.given_up:
            # Somebody called unsent was sent to after all; who looks has the right to say so.
            self._unresolved.note(chunk.campaign, self._clock.now_ms(), at_once=True)
        return told.delivered - added.before.delivered

    def delivered(self, mails: Iterable[Delivered]) -> None:
        """Count deliveries told for the first time."""
        self._breakers.delivered(mails)

    def finish(self, event: SesEvent) -> None:
        """Do what an event asks for of its person."""
        self._feedback.record_event(event)

    def count(self, events: Iterable[SesEvent]) -> None:
        """Count what events say against the sender, each once."""
        self._breakers.heard(events)

    def reached(self, event_ms: int) -> None:
        """Note that everything that came with an event of ``event_ms`` is kept."""
        now_ms = self._clock.now_ms()
        if self._noted_ms is not None and now_ms - self._noted_ms < WATERMARK_EVERY_MS:
            return
        try:
            self._watermark.note(min(event_ms, now_ms))
        except DependencyError as error:
            # The next batch notes it; until then somebody unknown stays so a little longer.
            log.warning("The watermark of events was not noted: %s", error)
            return
        self._noted_ms = now_ms


class EventBatch:
    """One batch: `take` each message, `fold` once, `finish` each that did not fail, then `settle`.

    The person comes first: they are not to be mailed again. What counts against the sender is
    counted `COUNTED_AT_ONCE` messages at a time, also where finishing them failed.
    """

    def __init__(self, folding: Folding, clock: Clock) -> None:
        self._folding = folding
        self._clock = clock
        self._until_ms = clock.now_ms() + BUDGET_MS
        self._told: dict[ChunkRef, dict[Heard, set[int]]] = {}
        self._taken: dict[ChunkRef, dict[int, Delivered]] = defaultdict(dict)
        self._named_by: dict[ChunkRef, set[str]] = defaultdict(set)
        self._rest: dict[str, list[SesEvent]] = {}
        self._owing: dict[str, list[SesEvent]] = {}
        self._uncounted: dict[str, KvittoError] = {}
        self._latest_ms: int | None = None

    def take(self, name: str, body: str) -> None:
        """Read one message; nothing is kept yet.

        Args:
            name: of the message, for what `fold` and `finish` say of it.

        Raises:
            InputError: it is not a JSON object; it is no part of the batch.
        """
        rest = []
        for event in parse(body):
            place, heard = place_of(event), heard_of(event)
            if place is not None and heard is not None:
                told = self._told.setdefault(place.chunk, defaultdict(set))
                told[heard].add(place.place)
                self._named_by[place.chunk].add(name)
                if event.type is SesType.DELIVERY and event.sent_to is not None:
                    self._taken[place.chunk][place.place] = Delivered(
                        mail=place, address=event.sent_to, sent_ms=event.sent_ms
                    )
            if place is None or event.type not in FOLDED or is_heeded(event):
                rest.append(event)
            # Servers date what they report by clocks of their own; how late events are, SES's says.
            told_ms = event.sent_ms if event.type in _DATED_BY_OTHERS else event.at_ms
            if told_ms is not None:
                self._latest_ms = max(self._latest_ms or 0, told_ms)
        if rest:
            self._rest[name] = rest

    def fold(self) -> Mapping[str, KvittoError]:
        """Keep what was told of every chunk, and return the messages of which that failed."""
        failed: dict[str, KvittoError] = {}
        delivered: list[Delivered] = []
        for chunk, told in self._told.items():
            try:
                new = self._folding.keep(chunk, Told.of(told))
            except KvittoError as error:
                failed |= dict.fromkeys(self._named_by[chunk], error)
            else:
                delivered += (self._taken[chunk][n] for n in new & self._taken[chunk].keys())
        if delivered:
            self._folding.delivered(delivered)
        if self._latest_ms is not None and not failed:
            self._folding.reached(self._latest_ms)
        return failed

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Messages with events that ask for more than a place in their chunk."""
        return tuple(self._rest)

    @property
    def is_late(self) -> bool:
        """Whether its time is up; messages not finished by then have to come again."""
        return self._clock.now_ms() >= self._until_ms

    def finish(self, name: str) -> None:
        """Do what else the events of a message ask for.

        Raises:
            Conflict: somebody's chain or health kept changing; repeat the whole message.
            DependencyError: repeat the whole message; what was recorded is not recorded again.
        """
        events = self._rest[name]
        if harms := [event for event in events if harm_of(event) is not None]:
            self._owing[name] = harms
        for event in events:
            self._folding.finish(event)
        if len(self._owing) >= COUNTED_AT_ONCE:
            self._count()

    def settle(self) -> Mapping[str, KvittoError]:
        """Count what is not counted yet; return the messages of which that failed."""
        self._count()
        return self._uncounted

    def _count(self) -> None:
        """Count what is owed; of an error nobody foresaw all of it stays owed."""
        try:
            self._folding.count(event for harms in self._owing.values() for event in harms)
        except DependencyError as error:
            self._uncounted |= dict.fromkeys(self._owing, error)
        except KvittoError:
            self._count_alone()
        self._owing = {}

    def _count_alone(self) -> None:
        """Count each message's, so that one that cannot be counted holds no other."""
        for name, harms in self._owing.items():
            try:
                self._folding.count(harms)
            except KvittoError as error:
                self._uncounted[name] = error


class CampaignResults:
    """What became of a campaign's mails, as the receiving servers say."""

    def __init__(self, folds: Folds) -> None:
        self._folds = folds

    def of(self, campaign: CampaignId) -> Results:
        """Return the sums, which may lag some seconds behind.

        A campaign sent by the first version of sending has none.
        """
        return results_of(self._folds.of_campaign(campaign))
