# SPDX-License-Identifier: Apache-2.0
"""Whom a retry is for in one shard: those of its parent's shard whose outcome is a failure.

Guarantees ascending order, each person once, nobody but who was planned in the parent, and a memory
that does not grow with the shard. Neither the list nor a segment is asked again: whoever left since
is left out at the send, as always.
"""

from collections.abc import Iterator
from itertools import groupby

from chalicelib.domain.campaigns import Campaign, read_records, record_range
from chalicelib.domain.ids import CampaignId, SubjectId
from chalicelib.domain.retries import places_again
from chalicelib.domain.runs import MAX_RUN_CHUNKS, ChunkView
from chalicelib.errors import FatalError, NotFound
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.outside import Blobs
from chalicelib.ports.runs import ChunkAccounts
from chalicelib.services.plans import manifest_key


class RetriedPeople:
    """Reads whom a campaign did not reach."""

    def __init__(self, *, campaigns: Campaigns, accounts: ChunkAccounts, blobs: Blobs) -> None:
        self._campaigns = campaigns
        self._accounts = accounts
        self._blobs = blobs

    def of(self, retry: Campaign, shard: str) -> Iterator[SubjectId]:
        """Yield whom a retry is for, as its parent's account is now.

        Raises:
            NotFound: the parent is gone.
            FatalError: its plan and its account name different people.
            DependencyError: what was yielded before is a part of the shard and nothing more.
        """
        parent = self._parent(retry.retry_of)
        views = self._accounts.chunks(parent.id, shard)
        for _, run in groupby(views, key=lambda view: view.chunk.number // MAX_RUN_CHUNKS):
            yield from self._of_run(parent, list(run), unsent=retry.retry_unsent)

    def _of_run(
        self, parent: Campaign, views: list[ChunkView], *, unsent: bool
    ) -> Iterator[SubjectId]:
        """Those of up to sixteen chunks, by one read of the manifest where there are any."""
        size = parent.chunk_size
        wanted = [
            (view.chunk.number * size, len(view.codes or b""), places)
            for view in views
            if (places := places_again(view.codes, unsent=unsent))
        ]
        if not wanted:
            return
        (first, _, _), (last, people, _) = wanted[0], wanted[-1]
        key = manifest_key(parent.id, views[0].chunk.shard)
        data = self._blobs.get_range(key, *record_range(first, last + people))
        sids = [person.sid for person in read_records(data)]
        if len(sids) != last + people - first:
            raise FatalError("a campaign's plan and its account name different people")
        for start, _, places in wanted:
            yield from (sids[start - first + place] for place in places)

    def _parent(self, campaign: CampaignId | None) -> Campaign:
        parent = None if campaign is None else self._campaigns.get(campaign)
        if parent is None:
            raise NotFound("the campaign that is retried is missing")
        return parent
