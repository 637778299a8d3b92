# SPDX-License-Identifier: Apache-2.0
"""Stored entries and profiles, read back: what a leaf shows, and what was sealed beside it.

Guarantees that sealed bytes open only with their own subject's keys and beside their own leaf.
"""

from collections.abc import Mapping

from chalicelib.domain.events import Event, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId, decode_id
from chalicelib.errors import Malformed, NotFound
from chalicelib.ports.ledger import StoredEntry
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims, decode_claims
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.merkle import leaf_hash
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.vocabulary import EventType


def seal_profile(keys: SubjectKeys, profile: Mapping[str, JsonValue], nonce: bytes) -> bytes:
    """Return the sealed profile: ``email`` (deliverable), ``language``, ``attributes``."""
    return keys.seal_profile(canonical.encode(dict(profile)), nonce)


def open_profile(keys: SubjectKeys, sealed: bytes) -> dict[str, JsonValue]:
    """Return the profile given to `seal_profile`.

    Raises:
        EvidenceError: the sealed bytes are another subject's, or were altered.

    """
    document = canonical.decode(keys.open_profile(sealed))
    if not isinstance(document, dict):
        raise Malformed("a sealed profile is not an object")
    return document


def open_claims(keys: SubjectKeys, entry: StoredEntry) -> Claims:
    """Return the sealed part of a stored entry.

    Raises:
        NotFound: it was erased.
        EvidenceError: it does not belong to this leaf, or was altered.

    """
    if entry.sealed is None:
        raise NotFound("The personal data of this entry was erased.")
    plaintext = keys.open_claims(decode_id(entry.event), leaf_hash(entry.leaf), entry.sealed)
    return decode_claims(plaintext)


def event_of_leaf(leaf: bytes) -> Event:
    """Return the event a leaf shows in plain sight.

    Raises:
        EvidenceError: the bytes are not a leaf of this version.

    """
    fields = parse_leaf(leaf).fields
    return Event(
        type=EventType(fields.type),
        at_ms=fields.ts_ms,
        brand=BrandId(fields.brand) if fields.brand else None,
        channel=fields.channel,
        lists=tuple(ListId(item) for item in fields.lists),
        purposes=tuple(PurposeId(item) for item in fields.purposes),
        notice=fields.notice_sha256,
        content=fields.content_sha256,
        via=Via(fields.via) if fields.via else None,
        reason=fields.reason,
    )
