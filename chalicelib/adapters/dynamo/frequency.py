# SPDX-License-Identifier: Apache-2.0
"""`ports.audience.FrequencyStore` on the audience row: one JSON attribute, `rhythm`.

Guarantees that a cap holds under concurrency: every write is conditional on the very text that
was read. Never makes a row, so that nothing comes back after an erasure. A row without the
attribute is somebody without a limit.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    Item,
    conditionally,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import subject_key
from chalicelib.domain.frequency import (
    Frequency,
    Rhythm,
    dump_rhythm,
    give_back,
    load_rhythm,
    take,
)
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import NotFound, Throttled

ATTRIBUTE: Final = "rhythm"
TRIES: Final = 16
"""Campaigns that may want a slot of one person in the same moment, generously."""


class DynamoFrequencyStore:
    """`FrequencyStore` on DynamoDB: one strong read, and one conditional write per change."""

    def __init__(self, audience_table: str) -> None:
        self._table = audience_table

    def get(self, sid: SubjectId) -> Frequency:
        """Return what the person chose; no limit where they chose nothing or have no row."""
        return rhythm_of(self._read(sid)).frequency

    def put(self, sid: SubjectId, frequency: Frequency) -> None:
        """Keep what the person chose; slots already taken stay counted.

        Raises:
            NotFound: the subject has no audience row (any more); none is made.
        """
        if not self._change(sid, lambda rhythm: replace(rhythm, frequency=frequency)):
            raise NotFound("There is nobody to keep this for.")

    def take(self, sid: SubjectId, at_ms: int) -> bool:
        """Count one mail at ``at_ms`` if a slot is free; say whether it was."""
        return self._change(sid, lambda rhythm: take(rhythm, at_ms))

    def give_back(self, sid: SubjectId, at_ms: int) -> None:
        """Forget one slot taken at ``at_ms``; where there is none, nothing happens."""
        self._change(sid, lambda rhythm: give_back(rhythm, at_ms))

    def _change(self, sid: SubjectId, change: Callable[[Rhythm], Rhythm | None]) -> bool:
        """Write what ``change`` makes of the row; False when it says no or there is no row.

        A failed condition brings the row as it is now, so only the first try reads.
        """
        row = self._read(sid)
        for _ in range(TRIES):
            if not row:
                return False
            before = rhythm_of(row)
            after = change(before)
            if after is None or after == before:
                return after is not None
            answer, row = self._write(sid, text_of(row, ATTRIBUTE), after)
            if answer is not None:
                return True
        raise Throttled("change a rhythm: others kept changing it")

    def _read(self, sid: SubjectId) -> Item:
        with translated("read a rhythm"):
            answer = client("dynamodb").get_item(
                TableName=self._table,
                Key=subject_key(sid),
                ConsistentRead=True,
                ProjectionExpression=f"pk, v, {ATTRIBUTE}",
            )
        row: Item = answer.get("Item", {})
        return require_version(row) if row else {}

    def _write(
        self, sid: SubjectId, before: str | None, after: Rhythm
    ) -> tuple[dict[str, Any] | None, Item]:
        values = {":new": text(json.dumps(dump_rhythm(after), separators=(",", ":")))}
        condition = f"attribute_exists(pk) AND attribute_not_exists({ATTRIBUTE})"
        if before is not None:
            # A row that is gone has no such text either, so this makes none.
            condition = f"{ATTRIBUTE} = :old"
            values[":old"] = text(before)
        return conditionally(
            "change a rhythm",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=subject_key(sid),
            UpdateExpression=f"SET {ATTRIBUTE} = :new",
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )


def rhythm_of(row: Item) -> Rhythm:
    """Return what an audience row says about frequency; nothing chosen where it says nothing."""
    stored = text_of(row, ATTRIBUTE)
    return load_rhythm(json.loads(stored)) if stored is not None else Rhythm()
