# SPDX-License-Identifier: Apache-2.0
"""`ports.segment_counts` on DynamoDB: the campaigns table.

Rows: `COUNT#<job>`/<shard>, each put once; it expires.
"""

from typing import Final

from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    expiry,
    key,
    number,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.parts import PartRows
from chalicelib.domain.ids import JobId, SubjectId
from chalicelib.ports.segment_counts import Part

_NUMBERS: Final = ("considered", "matched", "excluded", "unreadable", "keyless")


class DynamoCountParts:
    """`CountParts` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._rows = PartRows(campaigns_table, "count")

    def put(self, job: JobId, part: Part, until_ms: int) -> None:
        """Store a part once; one of this shard that is there already stands."""
        self._rows.put(part_item(job, part, until_ms))

    def of(self, job: JobId) -> tuple[Part, ...]:
        """Return the parts stored so far, by shard."""
        return tuple(part_of(row) for row in self._rows.of(_partition(job)))


def part_item(job: JobId, part: Part, until_ms: int) -> Item:
    """Return the row of a part."""
    return {
        **key(_partition(job), part.shard),
        "v": number(ROW_VERSION),
        **{name: number(getattr(part, name)) for name in _NUMBERS},
        "sample": text(" ".join(part.sample)),
        "expires_at": expiry(until_ms),
    }


def part_of(row: Item) -> Part:
    """Return the part a row holds."""
    numbers = {name: require_number(require_version(row), name) for name in _NUMBERS}
    sample = require_text(row, "sample").split()
    return Part(
        shard=require_text(row, "sk"), sample=tuple(SubjectId(each) for each in sample), **numbers
    )


def _partition(job: JobId) -> str:
    return f"COUNT#{job}"
