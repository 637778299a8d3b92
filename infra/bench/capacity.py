# SPDX-License-Identifier: Apache-2.0
"""DynamoDB's capacity units, counted from items.

It guarantees the published rules: an item's size is its names and values in UTF-8; a write costs
a unit a KiB and twice that in a transaction, a check in a transaction as much as a write; a strong
read a unit for 4 KiB, an eventual one half; a Query rounds the sum of its items, a BatchGetItem
every item.

Source: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" and "DynamoDB item
sizes and formats".
"""

from collections.abc import Iterable, Mapping
from typing import Any

WRITE_BYTES = 1024
READ_BYTES = 4096
_NESTED = 3
"""Bytes a list or map costs beside its members; each member costs one more."""


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the stored size of an item in DynamoDB's own JSON."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(str(content).encode())
    if kind == "N":
        return (len(str(content).strip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "B":
        return len(content) * 3 // 4 - str(content)[-2:].count("=")
    if kind in ("NS", "SS", "BS"):
        return sum(_value_bytes({kind[0]: one}) for one in content)
    if kind == "M":
        return _NESTED + sum(
            1 + len(name.encode()) + _value_bytes(part) for name, part in content.items()
        )
    if kind == "L":
        return _NESTED + sum(1 + _value_bytes(part) for part in content)
    return 1


def write_units(size: int, *, transaction: bool = False) -> int:
    """Return the write units of one item of ``size`` bytes."""
    return max(1, -(-size // WRITE_BYTES)) * (2 if transaction else 1)


def read_units(sizes: Iterable[int], *, strong: bool) -> float:
    """Return the read units of items each rounded on its own; a missing item counts as one."""
    return sum(max(1, -(-size // READ_BYTES)) for size in sizes) * (1.0 if strong else 0.5)
