# SPDX-License-Identifier: Apache-2.0
"""Ledger leaves: RFC 8785 JSON that commits to personal data without holding any.

Guarantees that a leaf has only closed members, that a subject's leaf carries exactly four digests
whatever was sealed, and that `parse_leaf` accepts one byte string per leaf. Refuses free text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chalicelib.errors import Malformed
from chalicelib.proof import base64url, canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import CLAIM_NAMES, Claims, disclose, disclosure_digest
from chalicelib.proof.event_types import CHANNELS, RULES, VIAS, Belongs
from chalicelib.proof.merkle import leaf_hash
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.proof.tiles import MAX_LEAF_BYTES
from chalicelib.vocabulary import EventType

LEAF_VERSION: Final = "cl/1"
DIGEST_ALGORITHM: Final = "sha-256"
MAX_TS_MS: Final = 253_402_300_799_999

_ID_BYTES, _DIGEST_BYTES = 16, 32
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_CAMPAIGN = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HEX_HASH = re.compile(r"[0-9a-f]{64}")


class BadLeaf(Malformed):
    """A leaf, or the fields for one, break a rule of docs/spec/leaf.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What a `subject.erased` entry reveals, so that anyone can see which leaves went dark.

    Attributes:
        chain_key: Ktag, 32 bytes.
        chain_length: entries of the chain before this one.
        vault_ref: SHA-256 (hex) of the 16-byte subject id; what a restored vault is replayed by.
        final_after_ms: when the last backup of the key is gone, Unix milliseconds.
    """

    chain_key: bytes
    chain_length: int
    vault_ref: str
    final_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafFields:
    """What a leaf says in plain sight; absent brand, lists or purposes mean all of them.

    Attributes:
        event_id: 16 random bytes.
        ts_ms: Unix milliseconds, 1 to the end of year 9999.
        controller, brand: slugs. lists, purposes: slugs, kept sorted and unique.
        channel, via, reason: words of the closed lists in `event_types`.
        notice_sha256, manifest_sha256, content_sha256: lower-case hex.
        campaign: 1 to 32 characters of the base64url alphabet.

    Raises:
        BadLeaf: at construction, when a value is out of its list or range, or a member is
            missing or not allowed for the type.
    """

    event_id: bytes
    type: EventType
    ts_ms: int
    controller: str
    brand: str | None = None
    channel: str | None = None
    lists: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    notice_sha256: str | None = None
    via: str | None = None
    reason: str | None = None
    manifest_sha256: str | None = None
    content_sha256: str | None = None
    campaign: str | None = None
    erasure: Erasure | None = None

    def __post_init__(self) -> None:
        """Sort the lists, then check every value and the members of the type."""
        object.__setattr__(self, "type", _event_type(self.type))
        object.__setattr__(self, "lists", _sorted_unique(self.lists))
        object.__setattr__(self, "purposes", _sorted_unique(self.purposes))
        _require_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLeaf:
    """A leaf ready to append: its bytes, RFC 6962 hash, and disclosures in `CLAIM_NAMES` order."""

    leaf: bytes
    hash: bytes
    disclosures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLeaf:
    """A leaf read back: `tag` is None and `digests` may be empty for a controller's event."""

    fields: LeafFields
    tag: bytes | None
    digests: tuple[str, ...]


def build_leaf(fields: LeafFields, claims: Claims, key: SubjectKeys, n: int) -> BuiltLeaf:
    """The leaf of entry `n` (from 0) of a subject's chain, committing to all four claims.

    Raises:
        BadLeaf: the type belongs to no subject, a claim is over 16 KiB, or the leaf too long.
    """
    if RULES[fields.type].belongs is Belongs.CONTROLLER:
        raise BadLeaf(f"{fields.type} belongs to no subject")
    disclosures = disclose(fields.event_id, claims, key)
    members = _members(fields)
    members["_sd"] = sorted(disclosure_digest(text) for text in disclosures)
    members["_sd_alg"] = DIGEST_ALGORITHM
    members["tag"] = base64url.encode(key.tag(n))
    leaf = _encoded(members)
    return BuiltLeaf(leaf=leaf, hash=leaf_hash(leaf), disclosures=disclosures)


def build_controller_leaf(fields: LeafFields, *, digests: Sequence[str] = ()) -> BuiltLeaf:
    """The leaf of an event that stands in no chain; `_sd` only when `digests` are given.

    Raises:
        BadLeaf: the type needs a subject, a digest is malformed or double, or the leaf too long.
    """
    if RULES[fields.type].belongs is Belongs.SUBJECT:
        raise BadLeaf(f"{fields.type} needs a subject")
    members = _members(fields)
    if digests:
        members["_sd"] = list(_digests(sorted(digests)))
        members["_sd_alg"] = DIGEST_ALGORITHM
    leaf = _encoded(members)
    return BuiltLeaf(leaf=leaf, hash=leaf_hash(leaf), disclosures=())


def parse_leaf(leaf: bytes) -> ParsedLeaf:
    """Everything a leaf says, only if its bytes are the one form `build_*` would write.

    Raises:
        Malformed: over 65,535 bytes, not canonical JSON, an unknown, missing or misplaced member,
            or a value out of its list.
    """
    if len(leaf) > MAX_LEAF_BYTES:
        raise BadLeaf("a leaf is longer than 65,535 bytes")
    members = canonical.decode(leaf, require_canonical=True)
    if not isinstance(members, dict):
        raise BadLeaf("a leaf is not a JSON object")
    fields, tag, digests = _read(members)
    expected = _members(fields)
    for name in ("_sd", "_sd_alg", "tag"):
        if name in members:
            expected[name] = members[name]
    if expected != members:
        raise BadLeaf("a leaf has a member that is unknown or not in its one form")
    return ParsedLeaf(fields=fields, tag=tag, digests=digests)


def _encoded(members: dict[str, JsonValue]) -> bytes:
    leaf = canonical.encode(members)
    if len(leaf) > MAX_LEAF_BYTES:
        raise BadLeaf("a leaf is longer than 65,535 bytes")
    return leaf


def _members(fields: LeafFields) -> dict[str, JsonValue]:
    """The JSON members of `fields`, without digests and tag; members that do not apply absent."""
    members: dict[str, JsonValue] = {
        "ctl": fields.controller,
        "id": base64url.encode(fields.event_id),
        "ts": fields.ts_ms,
        "typ": fields.type.value,
        "v": LEAF_VERSION,
    }
    members.update(_optional_members(fields))
    return members


def _optional_members(fields: LeafFields) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {
        name: value for name, attribute in _TEXT_MEMBERS if (value := getattr(fields, attribute))
    }
    if fields.lists:
        members["lst"] = list(fields.lists)
    if fields.purposes:
        members["pur"] = list(fields.purposes)
    if fields.erasure:
        members["chk"] = base64url.encode(fields.erasure.chain_key)
        members["fin"] = fields.erasure.final_after_ms
        members["kid"] = fields.erasure.vault_ref
        members["num"] = fields.erasure.chain_length
    return members


def _require_fields(fields: LeafFields) -> None:
    """Raise unless every value is in its list or range and the type's members are there."""
    if len(fields.event_id) != _ID_BYTES or not 0 < fields.ts_ms <= MAX_TS_MS:
        raise BadLeaf("an event id is 16 bytes and a time a positive number of milliseconds")
    if not _SLUG.fullmatch(fields.controller):
        raise BadLeaf("a controller id is not a slug")
    if not all(_SLUG.fullmatch(slug) for slug in (*fields.lists, *fields.purposes)):
        raise BadLeaf("a list or purpose id is not a slug")
    rule = RULES[fields.type]
    for name, attribute in _TEXT_MEMBERS:
        value = getattr(fields, attribute)
        if value is not None and not _ALLOWED[name](value):
            raise BadLeaf(f"a leaf member {name} has a value that is not allowed")
    if fields.reason is not None and fields.reason not in rule.reasons:
        raise BadLeaf(f"{fields.type} does not know this reason")
    if fields.erasure:
        _require_erasure(fields.erasure)
    present = _optional_members(fields).keys()
    if not rule.must <= present or not present <= rule.must | rule.may:
        wrong = sorted((rule.must - present) | (present - rule.must - rule.may))
        raise BadLeaf(f"{fields.type} lacks or may not have: {' '.join(wrong)}")


def _require_erasure(erasure: Erasure) -> None:
    if len(erasure.chain_key) != _DIGEST_BYTES or not _HEX_HASH.fullmatch(erasure.vault_ref):
        raise BadLeaf("an erasure has a chain key or vault reference of the wrong form")
    if not 0 < erasure.chain_length < 2**53 or not 0 < erasure.final_after_ms <= MAX_TS_MS:
        raise BadLeaf("an erasure has a length or time out of range")


def _read(members: dict[str, JsonValue]) -> tuple[LeafFields, bytes | None, tuple[str, ...]]:
    """Fields, tag and digests; the caller compares the members with what these would write."""
    if members.get("v") != LEAF_VERSION:
        raise BadLeaf("a leaf of another version")
    kind = _event_type(_text(members.get("typ")))
    fields = LeafFields(
        event_id=base64url.decode(_text(members.get("id")), length=_ID_BYTES),
        type=kind,
        ts_ms=_integer(members.get("ts")),
        controller=_text(members.get("ctl")),
        lists=_texts(members.get("lst", ())),
        purposes=_texts(members.get("pur", ())),
        erasure=_read_erasure(members),
        **{attribute: _text(members[name]) for name, attribute in _TEXT_MEMBERS if name in members},
    )
    digests = _digests(_texts(members.get("_sd", ())))
    if ("_sd" in members) != bool(digests) or ("_sd_alg" in members) != bool(digests):
        raise BadLeaf("a leaf has digests without their algorithm, or the reverse")
    if digests and members["_sd_alg"] != DIGEST_ALGORITHM:
        raise BadLeaf("a leaf has digests of an unknown algorithm")
    return fields, _read_tag(members, RULES[kind].belongs, len(digests)), digests


def _read_tag(members: dict[str, JsonValue], belongs: Belongs, digests: int) -> bytes | None:
    if "tag" not in members:
        if belongs is Belongs.SUBJECT:
            raise BadLeaf("a subject's leaf has no tag")
        return None
    if belongs is Belongs.CONTROLLER or digests != len(CLAIM_NAMES):
        raise BadLeaf("a tag belongs to a subject's leaf with four digests")
    return base64url.decode(_text(members["tag"]), length=_DIGEST_BYTES)


def _read_erasure(members: dict[str, JsonValue]) -> Erasure | None:
    if "chk" not in members:
        return None
    return Erasure(
        chain_key=base64url.decode(_text(members["chk"]), length=_DIGEST_BYTES),
        chain_length=_integer(members.get("num")),
        vault_ref=_text(members.get("kid")),
        final_after_ms=_integer(members.get("fin")),
    )


def _digests(texts: Sequence[str]) -> tuple[str, ...]:
    """The digests, only if each is one and they are sorted and all different."""
    for text in texts:
        base64url.decode(text, length=_DIGEST_BYTES)
    if list(texts) != sorted(set(texts)):
        raise BadLeaf("digests are not sorted or one stands twice")
    return tuple(texts)


def _event_type(text: str) -> EventType:
    try:
        return EventType(text)
    except ValueError as error:
        raise BadLeaf("an event of an unknown type") from error


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise BadLeaf("a leaf member is not text")
    return value


def _integer(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadLeaf("a leaf member is not a number")
    return value


def _texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise BadLeaf("a leaf member is not a list")
    return tuple(_text(item) for item in value)


def _sorted_unique(texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(texts)) != len(texts):
        raise BadLeaf("a list or purpose is named twice")
    return tuple(sorted(texts))


_TEXT_MEMBERS: Final = (
    ("brd", "brand"),
    ("chn", "channel"),
    ("cmp", "campaign"),
    ("cnt", "content_sha256"),
    ("man", "manifest_sha256"),
    ("ntc", "notice_sha256"),
    ("rsn", "reason"),
    ("via", "via"),
)

_ALLOWED: Final[Mapping[str, Callable[[str], object]]] = {
    "brd": _SLUG.fullmatch,
    "chn": CHANNELS.__contains__,
    "cmp": _CAMPAIGN.fullmatch,
    "cnt": _HEX_HASH.fullmatch,
    "man": _HEX_HASH.fullmatch,
    "ntc": _HEX_HASH.fullmatch,
    "rsn": _SLUG.fullmatch,
    "via": VIAS.__contains__,
}
