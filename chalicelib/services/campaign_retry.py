# SPDX-License-Identifier: Apache-2.0
"""Retrying a campaign: another, with the same frozen content, to those whom it did not reach.

Guarantees that a campaign is retried once, however often and by however many that is asked for, and
that the retry says and means what was frozen and tested for its parent: nothing is written anew.
Refuses a campaign that is not over, and one in which there is nobody to send to again; then nothing
is stored.
"""

from dataclasses import replace

from chalicelib.domain.campaigns import Campaign, CampaignStatus
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SHARDS, CampaignId
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.domain.retries import places_again, require_over, retry_id, start_event
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.runs import ChunkAccounts
from chalicelib.ports.sending import Sender
from chalicelib.ports.system import Clock
from chalicelib.services.campaign_messages import CampaignMessages
from chalicelib.services.campaign_sight import CampaignSight, Seen
from chalicelib.services.campaign_start import chunk_size
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.vocabulary import EventType

NOBODY = (
    "There is nobody to send to again: everybody in this campaign has the mail, may have it, or "
    "was left out for a reason that a retry does not change. Nothing was changed."
)
NOT_NOTED = (
    "This campaign was sent by an earlier version, which did not note whom it did not reach. So "
    "nobody can be sent to again for sure. Nothing was changed."
)
ONLY_UNSENT = (
    "There is nobody to send to again but those called unsent, whom SES surely does not have. Ask "
    'with "unsent": true to send to them. Nothing was changed.'
)
STILL_UNKNOWN = (
    "Whether {people} have the mail is not known yet; it will be within 72 hours of the send. Ask "
    "again then, since a campaign is retried once. Nothing was changed."
)
OTHERWISE = (
    "This campaign was retried before, {how} those called unsent, and is retried once. Nothing was "
    "changed. Whom the retry did not reach is reached by a retry of it."
)
_FORMER = bytes((OutcomeCode.EARLIER,))
"""What a row of version 1 says of anybody."""


class CampaignRetries:
    """Retries campaigns."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        campaigns: Campaigns,
        accounts: ChunkAccounts,
        ledger: Ledger,
        messages: CampaignMessages,
        sender: Sender,
        clock: Clock,
    ) -> None:
        self._sight = sight
        self._campaigns = campaigns
        self._accounts = accounts
        self._ledger = ledger
        self._messages = messages
        self._sender = sender
        self._clock = clock

    def retry(self, campaign_id: str, *, unsent: bool) -> Campaign:
        """Start the retry of a campaign, and return it; the one there is, if it was made before.

        Idempotency key: the campaign.

        Args:
            unsent: whether those called unsent are sent to as well.

        Raises:
            NotFound: there is no such campaign.
            IllegalTransition: it is not over, or was cancelled.
            Conflict: nobody in it is to be sent to again, or it was retried otherwise before, or
                the unsent are asked for while somebody may yet become one.
            DependencyError: try again.

        """
        parent = self._sight.find(campaign_id)
        found = self._campaigns.get(retry_id(parent.id))
        if found is not None:
            return self._again(found, unsent=unsent)
        seen = self._sight.seen(parent)
        require_over(seen.status, complete=seen.complete)
        if unsent and seen.progress.unknown:
            raise Conflict(STILL_UNKNOWN.format(people=seen.progress.unknown))
        self._require_somebody(parent, unsent=unsent)
        content = self._sight.content(parent)
        child = self._child(parent, unsent=unsent)
        self._commit(child)
        try:
            self._campaigns.create(child, content)
        except Conflict:
            return self._again(self._sight.find(child.id), unsent=unsent)
        self._messages.plan(child)
        return child

    def retried_by(self, seen: Seen) -> CampaignId | None:
        """Return the campaign that retries this one, if there is one: only one that is over has."""
        if not seen.complete:
            return None
        found = self._campaigns.get(retry_id(seen.campaign.id))
        return None if found is None else found.id

    def _again(self, child: Campaign, *, unsent: bool) -> Campaign:
        """Answer for a retry there is; whoever made it may have been lost before its messages."""
        if child.retry_unsent != unsent:
            how = "together with" if child.retry_unsent else "without"
            raise Conflict(OTHERWISE.format(how=how))
        if child.unfinished and child.go_ms is None:
            self._messages.again(child)
        return child

    def _require_somebody(self, parent: Campaign, *, unsent: bool) -> None:
        """Look for the first person who is sent to again."""
        is_noted, has_unsent = True, False
        for shard in SHARDS:
            for view in self._accounts.chunks(parent.id, shard):
                if places_again(view.codes, unsent=unsent):
                    return
                codes = view.codes or _FORMER
                is_noted &= OutcomeCode.EARLIER not in codes
                has_unsent |= OutcomeCode.UNSENT in codes
        if has_unsent:
            raise Conflict(ONLY_UNSENT)
        raise Conflict(NOBODY if is_noted else NOT_NOTED)

    def _child(self, parent: Campaign, *, unsent: bool) -> Campaign:
        """Return the retry as it starts: what the parent froze, and nothing of how it went."""
        now_ms = self._clock.now_ms()
        return replace(
            parent,
            id=retry_id(parent.id),
            status=CampaignStatus.SENDING,
            created_ms=now_ms,
            started_ms=now_ms,
            retry_of=parent.id,
            retry_unsent=unsent,
            chunk_size=chunk_size(self._sender.quota_per_second()),
            plan_event=self._ledger.new_event_id(),
            scheduled_ms=None,
            problem=None,
            stop=None,
            risk_accepted=False,
            go_ms=None,
            finished_ms=None,
            planned=None,
            woken_ms=None,
            wakes=0,
            revision=0,
        )

    def _commit(self, child: Campaign) -> None:
        """Write into the ledger that it starts, before it does; once, also of two at once."""
        draft = Draft(
            type=EventType.CAMPAIGN_COMMITTED,
            event=start_event(child.id),
            brand=child.brand,
            channel=EMAIL,
            lists=(child.list,),
            purposes=(child.purpose,),
            campaign=child.id,
            content_sha256=child.content_sha256,
        )
        try:
            self._ledger.record(draft)
        except Conflict:
            return  # Whoever wrote it meant the same campaign.
