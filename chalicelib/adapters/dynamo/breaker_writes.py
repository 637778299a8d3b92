# SPDX-License-Identifier: Apache-2.0
"""Keys of the breakers' rows, and the one transaction that counts harms, each once.

Guarantees that a place joins its set in its chunk's row together with the counters, and only where
it was in no set before. Several harms share the rows of their chunk, campaign and domain's day.

Source: Amazon DynamoDB API Reference, TransactWriteItems (up to 100 actions, each on another row;
with ALL_OLD a failed condition answers the row).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.dynamo.folds import chunk_key
from chalicelib.adapters.dynamo.items import ROW_VERSION, Item, expiry, key, number
from chalicelib.adapters.dynamo.ledger_rows import update
from chalicelib.domain.breakers import Harm
from chalicelib.domain.campaigns import ChunkRef
from chalicelib.domain.ids import CampaignId
from chalicelib.errors import FatalError
from chalicelib.ports.breakers import Harmed

BREAKERS: Final = "BRK"
HARMED_AT_ONCE: Final = 25
"""At most three rows each: fewer than a transaction may have, and than often meet another's."""
OURS: Final = "(attribute_not_exists(v) OR v = :v)"
"""The row is new, or of a version this code knows."""

_COUNTED: Final = {Harm.HARD: "hard", Harm.COMPLAINT: "complained"}


def summary_key(campaign: CampaignId) -> Item:
    """Return the key of a campaign's counters."""
    return key(f"{BREAKERS}#C#{campaign}", "SUM")


def domain_partition(domain: str) -> str:
    """Return the partition of a domain's days; ``domain`` is its key."""
    return f"{BREAKERS}#D#{domain}"


def day_key(domain: str, day: str) -> Item:
    """Return the key of a domain's counters of one day."""
    return key(domain_partition(domain), day)


def updated(
    table: str,
    row: Item,
    expression: str,
    condition: str,
    names: Mapping[str, str],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """Return an Update action of a transaction; ``:v`` is this code's version of rows."""
    known = {":v": number(ROW_VERSION), **values}
    action = update(table, row, expression, known, condition=condition, names=names)
    action["Update"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return action


def harm_writes(table: str, harmed: Sequence[Harmed], expires_ms: int) -> tuple[Item, ...]:
    """Return the actions that count ``harmed``: one for each chunk first, then the counters.

    Args:
        harmed: up to `HARMED_AT_ONCE`, each mail and harm once.
        expires_ms: of the days' counters, Unix milliseconds.
    """
    campaigns: dict[CampaignId, Counter[str]] = defaultdict(Counter)
    days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in harmed:
        campaigns[each.mail.chunk.campaign][_COUNTED[each.harm]] += 1
        days[each.domain, each.day][_COUNTED[each.harm]] += 1
    return (
        *(_join(table, chunk, of_chunk) for chunk, of_chunk in _by_chunk(harmed).items()),
        *(_add(table, summary_key(campaign), counts) for campaign, counts in campaigns.items()),
        *(_add(table, day_key(*day), counts, expires_ms) for day, counts in days.items()),
    )


def counted_before(harmed: Sequence[Harmed], failed: Mapping[int, Item]) -> frozenset[Harmed]:
    """Return what of ``harmed`` was counted already.

    Args:
        failed: rows, by place in `harm_writes`, that refused the transaction.

    Raises:
        FatalError: they refused it for another reason.
    """
    chunks = tuple(_by_chunk(harmed).values())
    known = frozenset(
        each
        for place, row in failed.items()
        if place < len(chunks)
        for each in chunks[place]
        if str(each.mail.place) in row.get(each.harm, {}).get("NS", ())
    )
    if not known:
        raise FatalError("a count was refused, and not because it was counted before")
    return known


def _by_chunk(harmed: Sequence[Harmed]) -> Mapping[ChunkRef, Sequence[Harmed]]:
    chunks: dict[ChunkRef, list[Harmed]] = defaultdict(list)
    for each in harmed:
        chunks[each.mail.chunk].append(each)
    return chunks


def _join(table: str, chunk: ChunkRef, harmed: Sequence[Harmed]) -> dict[str, Any]:
    """Let places join the sets of their chunk's row, if none of them is there."""
    sets: dict[Harm, list[str]] = defaultdict(list)
    for each in harmed:
        sets[each.harm].append(str(each.mail.place))
    values: dict[str, Any] = {}
    conditions = [OURS]
    for harm, places in sets.items():
        values[f":{harm}"] = {"NS": places}
        values |= {f":{harm}{place}": {"N": place} for place in places}
        absent = " AND ".join(f"NOT contains(#{harm}, :{harm}{place})" for place in places)
        conditions.append(f"(attribute_not_exists(#{harm}) OR ({absent}))")
    return updated(
        table,
        chunk_key(chunk),
        "SET v = :v ADD " + ", ".join(f"#{harm} :{harm}" for harm in sets),
        " AND ".join(conditions),
        {f"#{harm}": str(harm) for harm in sets},
        values,
    )


def _add(
    table: str, row: Item, counts: Mapping[str, int], expires_ms: int | None = None
) -> dict[str, Any]:
    values = {f":{name}": number(count) for name, count in counts.items()}
    kept = "" if expires_ms is None else ", expires_at = :expires"
    if expires_ms is not None:
        values[":expires"] = expiry(expires_ms)
    return updated(
        table,
        row,
        f"SET v = :v{kept} ADD " + ", ".join(f"#{name} :{name}" for name in counts),
        OURS,
        {f"#{name}": name for name in counts},
        values,
    )
