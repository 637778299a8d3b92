# SPDX-License-Identifier: Apache-2.0
"""Campaigns whose people and outcomes a test chooses, without sending a mail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.accounting import Asked
from chalicelib.domain.campaigns import ChunkRef, Recipient, pack_manifest
from chalicelib.domain.ids import CampaignId, DeliveryId, SubjectId, encode_id
from chalicelib.domain.outcomes import status_of
from chalicelib.domain.runs import ChunkView
from chalicelib.services.plans import manifest_key
from tests.support.world import World

AT_MS = 1_767_225_600_250
EVERYBODY = Asked()


def sids(count: int, first: int = 0) -> list[SubjectId]:
    """Ids in the order of their text."""
    made = (encode_id(number.to_bytes(16, "big")) for number in range(first, first + count))
    return [SubjectId(sid) for sid in sorted(made)]


def sent_campaign(world: World) -> CampaignId:
    """A campaign that was started, planned and let go."""
    campaign = world.campaign()
    world.settle()
    return campaign


def fill(
    world: World,
    campaign: CampaignId,
    shards: Mapping[str, Sequence[SubjectId]],
    codes: Mapping[str, Sequence[int]],
    size: int = 5,
) -> None:
    """Put people into shards of a campaign with what became of them; no code, no row."""
    rows = world.catalog_rows
    rows.campaigns[campaign] = replace(rows.campaigns[campaign], chunk_size=size)
    for shard, people in shards.items():
        records = pack_manifest(
            Recipient(sid=sid, delivery=DeliveryId(encode_id(bytes(12)))) for sid in people
        )
        world.blobs.put(manifest_key(campaign, shard), records, "application/octet-stream")
        told = codes.get(shard, ())
        for number, start in enumerate(range(0, len(told), size)):
            chunk = ChunkRef(campaign=campaign, shard=shard, number=number)
            part = bytes(told[start : start + size])
            world.run_rows.chunks[chunk] = ChunkView(
                chunk=chunk,
                version=2,
                status=status_of(part),
                owner="owner",
                round=1,
                codes=part,
                message_ids=tuple(f"id-{shard}-{start + n}" for n in range(len(part))),
                dispatched_ms=AT_MS - 1,
                at_ms=AT_MS,
            )
