# SPDX-License-Identifier: Apache-2.0
"""How a chunk and a run look in the campaigns table, version 2, and how version 1 is read.

Guarantees that a row of version 1 is never made to say more than it knows: it counts people, so
that all but those it left open are `EARLIER`, and its rounds stay in the row with their counts.

Rows: `K#<campaign>#<shard>`/`<number, 7 digits>` a chunk; the same key with `R<first chunk, 7
digits>` the lease of a run, and of version 1 with `TOTAL` what the shard plans; `P#<campaign>`/
`TOTALS` what all shards plan.
"""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.adapters.dynamo import chunk_counts
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    key,
    number,
    number_of,
    require_binary,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.message_ids import pack_ids, unpack_ids
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.outcomes import require_codes, status_of
from chalicelib.domain.runs import ChunkView, Mark, RunRef, joined
from chalicelib.errors import FatalError

CHUNK_VERSION: Final = 2
KNOWN: Final = (ROW_VERSION, CHUNK_VERSION)
FIRST, LAST = "0000000", "9999999"
"""Between these sort keys are a shard's chunks, and nothing else."""
HOLDS: Final = "v = :v AND #owner = :owner AND #round = :round"
"""The row was last marked by this very mark."""
MARKED_NAMES: Final = {"#owner": "owner", "#round": "round", "#status": "status", "#out": "out"}
_FORMER_ONLY: Final = "claims, lease_ms, people, skipped, unsettled, released_by"


def partition(campaign: CampaignId, shard: str) -> str:
    """Return the partition key of a shard's chunks."""
    return f"K#{campaign}#{shard}"


def chunk_key(chunk: ChunkRef) -> dict[str, dict[str, str]]:
    """Return the primary key of a chunk's row."""
    return key(partition(chunk.campaign, chunk.shard), f"{chunk.number:07d}")


def lease_key(run: RunRef) -> dict[str, dict[str, str]]:
    """Return the primary key of a run's lease."""
    return key(partition(run.campaign, run.shard), f"R{run.first:07d}")


def chunk_rows(
    campaign: CampaignId, shard: str, first: str = FIRST, last: str = LAST
) -> dict[str, Any]:
    """Return the members of a Query that ask for the chunks of a shard."""
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":pk": text(partition(campaign, shard)),
            ":first": text(first),
            ":last": text(last),
        },
    }


def outcome_values(mark: Mark, codes: bytes) -> dict[str, Any]:
    """Return the values of an update that leaves a mark's chunk with ``codes``."""
    return {
        ":v": number(CHUNK_VERSION),
        ":owner": text(mark.owner),
        ":round": number(mark.round),
        ":status": text(status_of(codes)),
        ":out": binary(codes),
    }


def marking(mark: Mark) -> tuple[str, str, Mapping[str, str], Mapping[str, Any]]:
    """Return change, condition, names and values of the one update that lets a worker call SES.

    The condition is the view itself: everybody's outcome and how many marks came before; of
    version 1 the state and how many claims. Every mark and every claim adds one, so that no view
    comes twice; and an event that came since is not written over.
    """
    change = (
        "SET v = :v, #owner = :owner, #round = :round, #status = :status,"
        " #out = :out, dispatched_ms = :now"
    )
    names, view = dict(MARKED_NAMES), mark.view
    values = {**outcome_values(mark, mark.codes), ":now": number(mark.at_ms)}
    if not mark.people:
        change += ", at_ms = :now"
    if not view.version:
        return change, "attribute_not_exists(pk)", names, values
    values |= {":known": number(view.version), ":before": number(view.round)}
    if view.codes is not None:
        values[":seen"] = binary(view.codes)
        return change, "v = :known AND #out = :seen AND #round = :before", names, values
    names["#claims"] = "claims"
    values[":was"] = text(view.status or "")
    change += f" REMOVE {_FORMER_ONLY}"
    return change, "v = :known AND #status = :was AND #claims = :before", names, values


def message_ids_value(mark: Mark, ids: tuple[str | None, ...]) -> dict[str, bytes]:
    """Return the ids of a mark's outcome and of those before it, as stored."""
    return binary(pack_ids(joined(mark.view.message_ids, ids)))


def view_of(item: Item, chunk: ChunkRef) -> ChunkView:
    """Return what a chunk's row says.

    Raises:
        FatalError: the row is of an unknown schema version, not whole, or holds an unknown code.
    """
    require_version(item, KNOWN)
    version = require_number(item, "v")
    codes = None
    if version == CHUNK_VERSION:
        codes = require_codes(require_binary(item, "out"))
        if require_text(item, "status") != status_of(codes):
            raise FatalError("a chunk's state and its people's outcomes disagree")
    return ChunkView(
        chunk=chunk,
        version=version,
        status=ChunkStatus(require_text(item, "status")),
        owner=text_of(item, "owner"),
        round=require_number(item, "round" if version == CHUNK_VERSION else "claims"),
        codes=codes,
        unsettled=chunk_counts.places(item) if codes is None else None,
        message_ids=_ids(item),
        dispatched_ms=number_of(item, "dispatched_ms"),
        lease_ms=number_of(item, "lease_ms") or 0,
        at_ms=number_of(item, "at_ms"),
    )


def ref_of(item: Item, campaign: CampaignId, shard: str) -> ChunkRef:
    """Return which chunk a row of a shard is of."""
    return ChunkRef(campaign=campaign, shard=shard, number=int(require_text(item, "sk")))


def _ids(item: Item) -> tuple[str | None, ...]:
    """Every id in a row: of this version, and of version 1 with its rounds."""
    ids = unpack_ids(binary_of(item, "ids") or b"")
    for part in (*(earlier["M"] for earlier in rounds_of(item)), item):
        listed = part.get("message_ids", {"L": []})["L"]
        ids = joined(ids, tuple(entry.get("S") for entry in listed))
    return ids


def rounds_of(item: Item) -> list[Any]:
    """Return the rounds a row of version 1 had, which stay in it."""
    found: list[Any] = item.get("rounds", {"L": []})["L"]
    return found
