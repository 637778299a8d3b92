# SPDX-License-Identifier: Apache-2.0
"""Rows of the ledger, vault and audience tables, and the writes that one append is made of.

Guarantees the keys that docs/spec and the stored-data tests freeze. Every row carries its schema
version `v`; of an entry 1 and 2 are read and 2 is written, where the leaf is packed. Rows hold
ids, hashes, MACs, ciphertext and times: nothing that names a person.

    ledger    S#<sid>/E#<n10> · S#<sid>/STATE · Q#<shard>/<ts13>#<event> · V#<event>/V · V#<event>/E
              I#<mac>/I · X#<mac>/X · T#<sha256>/T · HEAD#<origin>/HEAD
    vault     <shard>/<sid>      audience  <shard>/<sid>
"""

import json
from collections.abc import Mapping
from typing import Any, Final

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
from chalicelib.adapters.dynamo.packed_leaves import pack, unpack
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId, SubjectId, shard_of
from chalicelib.ports.ledger import (
    ConfirmToken,
    Located,
    Pending,
    StoredEntry,
)

STANDING: Final = "st"
"""Attribute of an audience row: where somebody stands (`domain.standing`)."""
REST: Final = "rest"
"""Attribute of an audience row: until when the address rests (`domain.health.rest_of`)."""
TOKEN_KEPT_MS: Final = 30 * 24 * 3_600_000
"""An expired token stays this long, so that a late click is told "expired" and not "invalid"."""
_VERSION: Final = number(ROW_VERSION)
ENTRY_VERSION: Final = 2
"""Of an entry's row: since 2 its leaf is packed (docs/adr/0017)."""


def entry_key(sid: SubjectId, n: int) -> dict[str, dict[str, str]]:
    """Return the key of a chain's entry ``n``."""
    return key(f"S#{sid}", f"E#{n:010d}")


def state_key(sid: SubjectId) -> dict[str, dict[str, str]]:
    """Return the key of a subject's STATE row."""
    return key(f"S#{sid}", "STATE")


def subject_key(sid: SubjectId) -> dict[str, dict[str, str]]:
    """Return the key of a subject's row in the vault and in the audience."""
    return key(shard_of(sid), sid)


def lookup_key(mac: str) -> dict[str, dict[str, str]]:
    """Return the key of the row that leads from a MAC to its subject."""
    return key(f"I#{mac}", "I")


def suppression_key(mac: str) -> dict[str, dict[str, str]]:
    """Return the key of the row of everything a MAC is suppressed for."""
    return key(f"X#{mac}", "X")


def located_key(event: EventId) -> dict[str, dict[str, str]]:
    """Return the key of the row that says where an event is."""
    return key(f"V#{event}", "V")


def token_key(token_sha256: str) -> dict[str, dict[str, str]]:
    """Return the key of a confirm token, by the hash of what the link holds."""
    return key(f"T#{token_sha256}", "T")


def entry_item(sid: SubjectId, entry: StoredEntry) -> Item:
    """Return the row of one entry of a chain; without ``sealed`` it has no ciphertext."""
    item: dict[str, Any] = {
        **entry_key(sid, entry.n),
        "v": number(ENTRY_VERSION),
        "event": text(entry.event),
        "leaf": binary(pack(entry.leaf)),
    }
    return item if entry.sealed is None else {**item, "ct": binary(entry.sealed)}


def entry_of(item: Item) -> StoredEntry:
    """Return the entry a row holds."""
    require_version(item, (ROW_VERSION, ENTRY_VERSION))
    stored = require_binary(item, "leaf")
    packed = require_number(item, "v") == ENTRY_VERSION
    return StoredEntry(
        n=int(require_text(item, "sk").removeprefix("E#")),
        event=EventId(require_text(item, "event")),
        leaf=unpack(stored) if packed else stored,
        sealed=binary_of(item, "ct"),
    )


def controller_item(event: EventId, leaf: bytes, sealed: bytes) -> Item:
    """Return the row that keeps what a controller's entry seals; it stands beside its V row."""
    return {
        **key(f"V#{event}", "E"),
        "v": _VERSION,
        "leaf": binary(leaf),
        "ct": binary(sealed),
    }


def pending_item(event: EventId, leaf: bytes, sid: SubjectId | None, n: int | None) -> Item:
    """Return the outbox row of an entry; a controller's entry is spread by its own random id."""
    shard = shard_of(sid if sid is not None else SubjectId(event))
    at_ms = int(json.loads(leaf)["ts"])
    item: dict[str, Any] = {
        **key(f"Q#{shard}", f"{at_ms:013d}#{event}"),
        "v": _VERSION,
        "leaf": binary(leaf),
    }
    return item if sid is None or n is None else {**item, "sid": text(sid), "n": number(n)}


def pending_of(item: Item) -> Pending:
    """Return the entry an outbox row holds."""
    require_version(item)
    pk, sk = require_text(item, "pk"), require_text(item, "sk")
    sid = text_of(item, "sid")
    return Pending(
        key=(pk, sk),
        event=EventId(sk.partition("#")[2]),
        leaf=require_binary(item, "leaf"),
        sid=SubjectId(sid) if sid is not None else None,
        n=number_of(item, "n"),
    )


def located_item(
    event: EventId, sid: SubjectId | None, n: int | None, index: int | None = None
) -> Item:
    """Return the row that says where an event is: always whole, so a later put loses nothing."""
    item: dict[str, Any] = {**located_key(event), "v": _VERSION}
    if sid is not None and n is not None:
        item |= {"sid": text(sid), "n": number(n)}
    if index is not None:
        item["index"] = number(index)
    return item


def located_of(item: Item) -> Located:
    """Return where an event is."""
    require_version(item)
    sid = text_of(item, "sid")
    return Located(
        event=EventId(require_text(item, "pk").removeprefix("V#")),
        sid=SubjectId(sid) if sid is not None else None,
        n=number_of(item, "n"),
        index=number_of(item, "index"),
    )


def token_item(token: ConfirmToken) -> Item:
    """Return the row of a confirm token, with DynamoDB's own expiry (`expires_at`, seconds)."""
    item: dict[str, Any] = {
        **token_key(token.token_sha256),
        "v": _VERSION,
        "sid": text(token.sid),
        "request": text(token.request),
        "entry": number(token.request_entry),
        "form": text(token.form),
        "form_version": number(token.form_version),
        "brand": text(token.brand),
        "lists": {"L": [text(item) for item in token.lists]},
        "purposes": {"L": [text(item) for item in token.purposes]},
        "notice": text(token.notice),
        "language": text(token.language),
        "expires_ms": number(token.expires_ms),
        "expires_at": number((token.expires_ms + TOKEN_KEPT_MS) // 1000),
    }
    return item if token.used_ms is None else {**item, "used_ms": number(token.used_ms)}


def token_of(item: Item, used_ms: int | None = None) -> ConfirmToken:
    """Return the confirm token a row holds; ``used_ms`` is what its subject's STATE says."""
    require_version(item)
    return ConfirmToken(
        token_sha256=require_text(item, "pk").removeprefix("T#"),
        sid=SubjectId(require_text(item, "sid")),
        request=EventId(require_text(item, "request")),
        request_entry=require_number(item, "entry"),
        form=require_text(item, "form"),
        form_version=require_number(item, "form_version"),
        brand=BrandId(require_text(item, "brand")),
        lists=tuple(ListId(part["S"]) for part in item["lists"]["L"]),
        purposes=tuple(PurposeId(part["S"]) for part in item["purposes"]["L"]),
        notice=require_text(item, "notice"),
        language=require_text(item, "language"),
        expires_ms=require_number(item, "expires_ms"),
        used_ms=used_ms if used_ms is not None else number_of(item, "used_ms"),
    )


def used_name(token_sha256: str) -> str:
    """Return the attribute of STATE that says when a confirm token was used.

    There, and not in the token's own row, because every answer to a link changes STATE anyway.
    """
    return f"t#{token_sha256[:32]}"


def put_new(table: str, item: Item) -> dict[str, Any]:
    """Return the transaction's write of a row that must not be there yet."""
    return {
        "Put": {
            "TableName": table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def check(
    table: str,
    item_key: Item,
    condition: str,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the transaction's check of a row it does not write."""
    request: dict[str, Any] = {
        "TableName": table,
        "Key": item_key,
        "ConditionExpression": condition,
    }
    if values:
        request["ExpressionAttributeValues"] = values
    if names:
        request["ExpressionAttributeNames"] = names
    return {"ConditionCheck": request}


def lookup_delete(table: str, mac: str, sid: SubjectId) -> dict[str, Any]:
    """Return the transaction's deletion of a lookup; over another subject's nothing is written."""
    return {
        "Delete": {
            "TableName": table,
            "Key": lookup_key(mac),
            "ConditionExpression": "attribute_not_exists(pk) OR sid = :sid",
            "ExpressionAttributeValues": {":sid": text(sid)},
        }
    }


def update(
    table: str,
    item_key: Item,
    change: str,
    values: Mapping[str, Any],
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the transaction's change of a row."""
    request: dict[str, Any] = {
        "TableName": table,
        "Key": item_key,
        "UpdateExpression": change,
        "ExpressionAttributeValues": values,
    }
    if condition is not None:
        request["ConditionExpression"] = condition
    if names:
        request["ExpressionAttributeNames"] = names
    return {"Update": request}
