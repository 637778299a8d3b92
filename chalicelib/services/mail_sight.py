# SPDX-License-Identifier: Apache-2.0
"""What is known of one mail of a campaign, wherever it is kept: its own row, chunk and events.

Guarantees that a mail's own row, where it says something, stands; and that nothing is made up: a
mail known to be delivered by its chunk alone has no time of delivery. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.domain.campaigns import Campaign, chunk_range, read_records
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import MailPlace
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId
from chalicelib.domain.message_times import accepted_ms
from chalicelib.domain.runs import RunRef
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.folds import Folds
from chalicelib.ports.outside import Blobs
from chalicelib.ports.runs import ChunkAccounts, Deliveries, MessagePlace, RunStore
from chalicelib.ports.sending import DeliverySeen
from chalicelib.ports.system import Clock
from chalicelib.services.plans import manifest_key

KEPT_MS = 400 * DAY_MS
"""How long a mail is found by its Message-ID, from the start of its campaign, milliseconds."""
CLOCKS_DIFFER_MS = 3600 * 1000
"""How far SES's clock and ours may be apart, and how late a call may be answered."""
MAX_SEARCHED = 50
"""Campaigns looked through for one Message-ID at most, the likeliest first."""
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDelivery:
    """Whose mail a Message-ID is."""

    campaign: CampaignId
    delivery: DeliveryId
    sid: SubjectId


class MailSight:
    """Reads what is known of mails of campaigns, whichever version sent them."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        runs: RunStore,
        accounts: ChunkAccounts,
        folds: Folds,
        campaigns: Campaigns,
        blobs: Blobs,
        clock: Clock,
    ) -> None:
        self._deliveries = deliveries
        self._runs = runs
        self._accounts = accounts
        self._folds = folds
        self._campaigns = campaigns
        self._blobs = blobs
        self._clock = clock

    def delivery(self, delivery: DeliveryId) -> DeliverySeen | None:
        """Return a delivery's row, with what only its chunk knows of it, or None.

        A mail of the first version of sending has no place: all that is known is in its row.
        """
        seen = self._deliveries.delivery(delivery)
        if seen is None:
            return None
        place = MailPlace.read(seen.row.campaign, seen.row.chunk)
        if place is None:
            return seen
        event = self._folds.of_chunk(place.chunk).strongest(place.place, seen.event)
        return replace(
            seen,
            event=event,
            event_ms=seen.event_ms if event == seen.event else None,
            message_id=seen.message_id or self._message_id(place),
        )

    def _message_id(self, place: MailPlace) -> str | None:
        chunk = place.chunk
        run = RunRef(campaign=chunk.campaign, shard=chunk.shard, first=chunk.number, count=1)
        (view,) = self._runs.view(run)
        return view.message_ids[place.place] if place.place < len(view.message_ids) else None

    def by_message_id(self, message_id: str) -> FoundDelivery | None:
        """Return whose mail SES's id names, by the chunks' rows, or None.

        SES's ids begin with the time it took the mail, which its documents do not say: the time
        only decides which campaigns are looked through first.
        """
        for campaign in self._likeliest(accepted_ms(message_id)):
            found = self._accounts.find_message(campaign.id, message_id)
            if found is not None:
                return self._recipient(campaign, found)
        return None

    def _likeliest(self, at_ms: int | None) -> tuple[Campaign, ...]:
        """Campaigns that may have sent a mail: those that were sending then, then the newest."""
        since_ms = self._clock.now_ms() - KEPT_MS
        started = [each for each in self._all() if (each.started_ms or 0) > since_ms]
        started.sort(key=lambda each: each.started_ms or 0, reverse=True)
        if at_ms is not None:
            started.sort(key=lambda each: not _was_sending(each, at_ms))
        return tuple(started[:MAX_SEARCHED])

    def _all(self) -> Iterator[Campaign]:
        cursor = None
        while True:
            page = self._campaigns.page(cursor, _PAGE)
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return

    def _recipient(self, campaign: Campaign, found: MessagePlace) -> FoundDelivery | None:
        chunk = found.chunk
        first, last = chunk_range(chunk.number, campaign.chunk_size)
        data = self._blobs.get_range(manifest_key(campaign.id, chunk.shard), first, last)
        people = tuple(read_records(data))
        if found.place >= len(people):
            return None
        recipient = people[found.place]
        return FoundDelivery(campaign=campaign.id, delivery=recipient.delivery, sid=recipient.sid)


def _was_sending(campaign: Campaign, at_ms: int) -> bool:
    begun_ms, ended_ms = campaign.started_ms or 0, campaign.finished_ms
    after = at_ms >= begun_ms - CLOCKS_DIFFER_MS
    return after and (ended_ms is None or at_ms <= ended_ms + CLOCKS_DIFFER_MS)
