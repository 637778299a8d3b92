# SPDX-License-Identifier: Apache-2.0
"""`ports.access` on the activity table.

Rows: `A#<SHA-256 of the token, hex>`/`A` is a link to one's own data, `N#<SHA-256>`/`N` one to a
new address; `P#<sid>`/`A#<SHA-256>` and `P#<sid>`/`N#<SHA-256>` let an erasure find them and are
written first: a link that works can always be found. `P#<sid>`/`N` is a wished change of address.
"""

from typing import Any

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    key,
    number,
    require_binary,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.ports.access import AccessLink, AddressLink, AddressWish


class DynamoAccessStore:
    """Access links and where an erasure finds them."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        """Store a new link until some time after ``keep_ms`` (Unix milliseconds)."""
        kept = _kept(keep_ms)
        item = {
            **link_key(token_sha256),
            **kept,
            "sid": text(link.sid),
            "brand": text(link.brand),
            "language": text(link.language),
            "until_ms": number(link.expires_ms),
        }
        place = {**key(links_key(link.sid), f"A#{token_sha256}"), **kept}
        for row in (place, item):
            _put(self._table, row)

    def get(self, token_sha256: str) -> AccessLink | None:
        """Return the link, read strongly, expired or not, or None."""
        item = _get(self._table, link_key(token_sha256))
        if item is None:
            return None
        return AccessLink(
            sid=SubjectId(require_text(item, "sid")),
            brand=BrandId(require_text(item, "brand")),
            language=require_text(item, "language"),
            expires_ms=require_number(item, "until_ms"),
        )


class DynamoAddressWishes:
    """Wished changes of address, their links, and where an erasure finds them."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def put(self, wish: AddressWish, keep_ms: int) -> None:
        """Store a wish instead of any before it, until some time after ``keep_ms``."""
        item = {
            **_wish_key(wish.sid),
            **_kept(keep_ms),
            "wish": text(wish.id),
            "brand": text(wish.brand),
            "language": text(wish.language),
            "entries": number(wish.entries),
            "mac": text(wish.mac),
            "sealed": binary(wish.sealed),
            "until_ms": number(wish.expires_ms),
        }
        _put(self._table, item)

    def of(self, sid: SubjectId) -> AddressWish | None:
        """Return the person's newest wish, read strongly, expired or not, or None."""
        item = _get(self._table, _wish_key(sid))
        if item is None:
            return None
        return AddressWish(
            id=require_text(item, "wish"),
            sid=sid,
            brand=BrandId(require_text(item, "brand")),
            language=require_text(item, "language"),
            entries=require_number(item, "entries"),
            mac=require_text(item, "mac"),
            sealed=require_binary(item, "sealed"),
            expires_ms=require_number(item, "until_ms"),
        )

    def put_link(self, token_sha256: str, link: AddressLink, keep_ms: int) -> None:
        """Store a new link until some time after ``keep_ms`` (Unix milliseconds)."""
        kept = _kept(keep_ms)
        item = {
            **address_key(token_sha256),
            **kept,
            "sid": text(link.sid),
            "wish": text(link.wish),
        }
        place = {**key(links_key(link.sid), f"N#{token_sha256}"), **kept}
        for row in (place, item):
            _put(self._table, row)

    def link(self, token_sha256: str) -> AddressLink | None:
        """Return the link, read strongly, or None."""
        item = _get(self._table, address_key(token_sha256))
        if item is None:
            return None
        return AddressLink(
            sid=SubjectId(require_text(item, "sid")), wish=require_text(item, "wish")
        )


def _kept(keep_ms: int) -> dict[str, Any]:
    return {"v": number(ROW_VERSION), "expires_at": number(keep_ms // 1_000 + 1)}


def _put(table: str, row: Item) -> None:
    with translated("store a person's link"):
        client("dynamodb").put_item(TableName=table, Item=row)


def _get(table: str, item_key: Item) -> Item | None:
    with translated("read a person's link"):
        answer = client("dynamodb").get_item(TableName=table, Key=item_key, ConsistentRead=True)
    item: Item | None = answer.get("Item")
    return None if item is None else require_version(item)


def _wish_key(sid: SubjectId) -> dict[str, dict[str, str]]:
    return key(links_key(sid), "N")


def address_key(token_sha256: str) -> dict[str, dict[str, str]]:
    """Return the key of the row of a link to a new address."""
    return key(f"N#{token_sha256}", "N")


def link_key(token_sha256: str) -> dict[str, dict[str, str]]:
    """Return the key of the row of a link to one's own data."""
    return key(f"A#{token_sha256}", "A")


def links_key(sid: SubjectId) -> str:
    """Return the partition that names a person's links."""
    return f"P#{sid}"


def linked(name: str) -> Item | None:
    """Return the key of the link that a row of a person's links names; None where it names none."""
    kind, _, token_sha256 = name.partition("#")
    keys = {"A": link_key, "N": address_key}
    return keys[kind](token_sha256) if token_sha256 else None
