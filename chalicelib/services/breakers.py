# SPDX-License-Identifier: Apache-2.0
"""Breakers: counts what comes back and what is complained of, and stops the sending by itself.

Guarantees that the same events, repeated, shuffled or late, count the same, and that a stop is
decided from what is counted at that moment and told once. Of mails sent on one day the deliveries
and what came back are counted on that day, whenever it comes. A crash may lose deliveries, never
what came back: a rate then reads too high, never too low. Counts campaigns' mails alone.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.domain.breakers import (
    SAMPLE,
    Counts,
    DomainKey,
    Level,
    Note,
    day_of,
    harm_of,
    judge,
)
from chalicelib.domain.folding import MailPlace, place_of
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.ses_events import SesEvent
from chalicelib.domain.signals import Signal
from chalicelib.errors import DependencyError
from chalicelib.ports.breakers import About, BreakerRows, Harmed, Tripped
from chalicelib.ports.system import Clock
from chalicelib.services.domain_keys import DomainKeys

log = logging.getLogger(__name__)

STOPPED: Final = "sending is stopped by %s"
FULL: Final = "more is to be stopped by %s than can be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A mail that a server took, told for the first time."""

    mail: MailPlace
    address: str
    sent_ms: int | None


class Breakers:
    """Counts and stops."""

    def __init__(self, *, rows: BreakerRows, keys: DomainKeys, clock: Clock) -> None:
        self._rows = rows
        self._keys = keys
        self._clock = clock

    def heard(self, events: Iterable[SesEvent]) -> None:
        """Count what events say against the sender, and stop what has had too much of it.

        Idempotency key: each mail's place and what is counted. Judges also what was counted
        before: a crash may have come between the two.

        Raises:
            DependencyError: repeat them all.
        """
        harmed: list[Harmed] = []
        domains: dict[tuple[DomainKey, CampaignId], None] = {}
        for event in events:
            mail, harm = place_of(event), harm_of(event)
            address = event.sent_to or event.recipient
            if mail is None or harm is None or address is None:
                continue
            domain, day = self._keys.of(address), self._day(event.sent_ms)
            harmed.append(Harmed(mail=mail, harm=harm, domain=domain.key, day=day))
            domains[domain, mail.chunk.campaign] = None
        if not harmed:
            return
        self._rows.harm(harmed)
        for campaign in dict.fromkeys(each.mail.chunk.campaign for each in harmed):
            self.look(campaign)
        for domain, campaign in domains:
            self._judge_domain(domain, campaign)

    def delivered(self, mails: Iterable[Delivered]) -> None:
        """Count deliveries, each one told once, and judge what rates are of.

        They are never told again, so whatever fails here loses them; that is said, no more.
        """
        try:
            self._count(tuple(mails))
        except DependencyError as error:
            log.warning("Deliveries were not counted: %s", error)

    def _count(self, mails: tuple[Delivered, ...]) -> None:
        by_campaign: Counter[tuple[CampaignId, bool]] = Counter()
        by_day: Counter[tuple[DomainKey, str]] = Counter()
        one_of: dict[DomainKey, CampaignId] = {}
        for each in mails:
            domain, campaign = self._keys.of(each.address), each.mail.chunk.campaign
            by_campaign[campaign, domain.quiet] += 1
            by_day[domain, self._day(each.sent_ms)] += 1
            one_of[domain] = campaign
        for campaign in dict.fromkeys(campaign for campaign, _ in by_campaign):
            quiet = by_campaign[campaign, True]
            counts = self._rows.deliver(campaign, by_campaign[campaign, False] + quiet, quiet)
            self._judge(About.CAMPAIGN, campaign, "", counts)
        for (domain, day), count in by_day.items():
            counts = self._rows.deliver_to(domain.key, day, count)
            is_sample = counts.delivered >= SAMPLE > counts.delivered - count
            if counts.hard or counts.complained or is_sample:
                self._judge_domain(domain, one_of[domain])

    def _day(self, sent_ms: int | None) -> str:
        now_ms = self._clock.now_ms()
        return day_of(now_ms if sent_ms is None else max(0, min(sent_ms, now_ms)))

    def look(self, campaign: CampaignId) -> None:
        """Judge a campaign by what is counted now.

        Raises:
            DependencyError: look again.
        """
        self._judge(About.CAMPAIGN, campaign, "", self._rows.of_campaign(campaign))

    def _judge_domain(self, domain: DomainKey, campaign: CampaignId) -> None:
        counts = self._rows.of_domain(domain.key, self._clock.now_ms())
        note = self._judge(About.DOMAIN, domain.key, domain.name, counts)
        if note is not None:
            # So many domains are held that it is the mailing that is bad, not the domain.
            self._stop(About.CAMPAIGN, replace(note, key=campaign, name=""))

    def _judge(self, about: About, key: str, name: str, counts: Counts) -> Note | None:
        """Stop, or warn, if there is reason to; return the note of a stop that found no room."""
        found, now_ms = judge(counts), self._clock.now_ms()
        if found is None:
            return None
        # Read first: what goes on coming back after a stop would write the same row all the time.
        known = self._rows.note(about, key, now_ms)
        if known is not None and known.level in (Level.STOP, found.level):
            return None
        note = Note(
            key=key, level=found.level, why=found.why, counts=counts, at_ms=now_ms, name=name
        )
        if found.level is Level.STOP:
            return note if self._stop(about, note) is Tripped.FULL else None
        self._rows.warn(about, note)
        return None

    def _stop(self, about: About, note: Note) -> Tripped:
        tripped = self._rows.stop(about, note)
        extra = {about.name.lower(): note.key, "signal": Signal.BREAKER}
        if tripped is Tripped.NEW:
            log.warning(STOPPED, note.why, extra=extra)
        elif tripped is Tripped.FULL:
            log.warning(FULL, note.why, extra=extra)
        return tripped
