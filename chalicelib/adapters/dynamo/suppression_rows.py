# SPDX-License-Identifier: Apache-2.0
"""The row of everything a keyed MAC is suppressed for, and how an append changes it.

Guarantees that all changes of a MAC are one write, and that each reach has an attribute of its own:
such a map needs no parent map, so the first suppression of a MAC and the tenth are the same update.

    X#<mac>/X   b#<brand>  ·  l#<brand>#<channel>#<list>   * stands for every brand, every list
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    number,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.ledger_rows import check, suppression_key, update
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, EventId, ListId
from chalicelib.domain.reach import Reach, reach_of
from chalicelib.ports.ledger import ReachOfMac, Suppressed

_EVERY: Final = "*"
"""No id of a brand or list can be this, nor has one a ``#``."""
_BRAND: Final = "b#"
_NARROW: Final = "l#"
_VERSION: Final = number(ROW_VERSION)


def _name(reach: Reach) -> str:
    brand = reach.brand or _EVERY
    if reach.list is None and reach.channel == EMAIL:
        return _BRAND + brand
    return f"{_NARROW}{brand}#{reach.channel}#{reach.list or _EVERY}"


def _reach(name: str) -> Reach:
    plain = name.startswith(_BRAND)
    _, brand, channel, list_id = (f"{name}#{EMAIL}#{_EVERY}" if plain else name).split("#")
    return Reach(
        brand=None if brand == _EVERY else BrandId(brand),
        channel=channel,
        list=None if list_id == _EVERY else ListId(list_id),
    )


def suppressions_of(item: Item) -> tuple[Suppressed, ...]:
    """Return the suppressions of a MAC, those that reach furthest first."""
    require_version(item)
    mac = require_text(item, "pk").removeprefix("X#")
    found = (
        _suppressed(mac, _reach(name), item[name]["M"])
        for name in item
        if name.startswith((_BRAND, _NARROW))
    )
    return tuple(sorted(found, key=lambda row: row.reach.order))


def _suppressed(mac: str, reach: Reach, values: Item) -> Suppressed:
    return Suppressed(
        mac=mac,
        brand=reach.brand,
        reason=require_text(values, "reason"),
        since_ms=require_number(values, "since"),
        event=EventId(require_text(values, "event")),
        salt_key=binary_of(values, "key"),
        channel=reach.channel,
        list=reach.list,
    )


def suppressions_item(mac: str, kept: Sequence[Suppressed]) -> Item:
    """Return the whole row of a MAC that is suppressed for exactly ``kept``."""
    maps = {_name(row.reach): {"M": _suppression_map(row)} for row in kept}
    return {**suppression_key(mac), "v": _VERSION, **maps}


def suppression_updates(
    table: str,
    put: Sequence[Suppressed],
    lift: Sequence[ReachOfMac] = (),
    without: Sequence[ReachOfMac] = (),
) -> list[dict[str, Any]]:
    """Return one write for each MAC: DynamoDB refuses two of one row in a transaction.

    Args:
        without: what may not be suppressed before it: a condition of the write, or a check where
            there is none.
    """
    macs = dict.fromkeys([row.mac for row in put] + [mac for mac, _ in (*lift, *without)])
    return [
        _suppression_write(
            table,
            mac,
            put={_name(row.reach): row for row in put if row.mac == mac},
            lift=[_name(reach_of(reach)) for lifted, reach in lift if lifted == mac],
            without=[_name(reach_of(reach)) for named, reach in without if named == mac],
        )
        for mac in macs
    ]


def _suppression_write(
    table: str,
    mac: str,
    *,
    put: Mapping[str, Suppressed],
    lift: Sequence[str],
    without: Sequence[str],
) -> dict[str, Any]:
    attributes = enumerate(dict.fromkeys([*put, *lift, *without]))
    alias = {name: f"#b{place}" for place, name in attributes}
    names = {short: name for name, short in alias.items()}
    # Attribute by attribute: the row itself stays when all that stood in it was lifted.
    absent = " AND ".join(f"attribute_not_exists({alias[name]})" for name in without)
    if not put and not lift:
        return check(table, suppression_key(mac), absent, names=names)
    values: dict[str, Any] = {":v": _VERSION}
    sets = ["v = :v"]
    for name, row in put.items():
        value = alias[name].replace("#", ":")
        values[value] = {"M": _suppression_map(row)}
        sets.append(f"{alias[name]} = {value}")
    removes = [alias[name] for name in dict.fromkeys(lift) if name not in put]
    change = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(removes) if removes else "")
    key = suppression_key(mac)
    return update(table, key, change, values, condition=absent or None, names=names)


def _suppression_map(row: Suppressed) -> dict[str, Any]:
    values: dict[str, Any] = {
        "reason": text(row.reason),
        "since": number(row.since_ms),
        "event": text(row.event),
    }
    return values if row.salt_key is None else {**values, "key": binary(row.salt_key)}
