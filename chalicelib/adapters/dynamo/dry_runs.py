# SPDX-License-Identifier: Apache-2.0
"""`ports.dry_runs` on DynamoDB: the campaigns table.

Rows: `DRY#<run>`/<shard>, each put once; it expires.
"""

import json
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
from chalicelib.domain.dry_runs import DryRunPart, Failing
from chalicelib.domain.ids import SubjectId

_NUMBERS: Final = ("considered", "planned", "unreadable")


class DynamoDryRunParts:
    """`DryRunParts` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._rows = PartRows(campaigns_table, "dry run")

    def put(self, run: str, part: DryRunPart, until_ms: int) -> None:
        """Store a part once; one of this shard that is there already stands."""
        self._rows.put(part_item(run, part, until_ms))

    def of(self, run: str) -> tuple[DryRunPart, ...]:
        """Return the parts stored so far, by shard."""
        return tuple(part_of(row) for row in self._rows.of(_partition(run)))


def part_item(run: str, part: DryRunPart, until_ms: int) -> Item:
    """Return the row of a part."""
    failing = [[each.sid, each.code, each.part, each.line] for each in part.failing]
    return {
        **key(_partition(run), part.shard),
        "v": number(ROW_VERSION),
        **{name: number(getattr(part, name)) for name in _NUMBERS},
        "why_not": text(json.dumps(dict(part.why_not), sort_keys=True)),
        "failing": text(json.dumps(failing)),
        "expires_at": expiry(until_ms),
    }


def part_of(row: Item) -> DryRunPart:
    """Return the part a row holds."""
    numbers = {name: require_number(require_version(row), name) for name in _NUMBERS}
    return DryRunPart(
        shard=require_text(row, "sk"),
        why_not=json.loads(require_text(row, "why_not")),
        failing=tuple(
            Failing(sid=SubjectId(sid), code=code, part=part, line=line)
            for sid, code, part, line in json.loads(require_text(row, "failing"))
        ),
        **numbers,
    )


def _partition(run: str) -> str:
    return f"DRY#{run}"
