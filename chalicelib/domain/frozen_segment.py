# SPDX-License-Identifier: Apache-2.0
"""A segment as it was when its campaign started, with all that decides whom it holds.

Guarantees one byte string for one definition: the expression, the fields it was read with, the
brand's rules of the life cycle, its time zone, and the moment. So whoever plans, and whenever, asks
the very same of everybody; what becomes of the segment later changes nothing. The bytes are stored
by their hash, and the hash alone stands in the campaign's frozen content, which goes to strangers.

Specification: docs/spec/segments.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson

from chalicelib.domain.catalog import Brand
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId
from chalicelib.domain.lifecycle import Rules, dump_rules, fields_of_rules, parse_rules
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_compile import Compiled, compile_expression
from chalicelib.domain.segments import (
    Expression,
    Segment,
    SegmentError,
    SegmentId,
    dump,
    fields_of,
    parse,
)
from chalicelib.errors import FatalError

FROZEN_VERSION: Final = 1
_UNKNOWN: Final = "a frozen segment has a form this code does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSegment:
    """Whom a campaign is for, at one moment.

    Attributes:
        version: of the segment when it was frozen.
    """

    id: SegmentId
    version: int
    brand: BrandId
    where: Expression
    rules: Rules
    moment: Moment

    @classmethod
    def of(cls, segment: Segment, rules: Rules, brand: Brand, now_ms: int) -> Self:
        """Return ``segment`` as it is, for people as they are at ``now_ms``, Unix milliseconds."""
        return cls(
            id=segment.id,
            version=segment.version,
            brand=segment.brand,
            where=segment.where,
            rules=rules,
            moment=Moment(now_ms=now_ms, zone=brand.zone),
        )

    def compiled(self) -> Compiled:
        """Return the tests that are asked of people."""
        return compile_expression(self.where, self.brand, self.moment, self.rules)


def dump_frozen(frozen: FrozenSegment) -> bytes:
    """Return the document of ``frozen``."""
    document = {
        "v": FROZEN_VERSION,
        "segment": {"id": frozen.id, "version": frozen.version, "where": dump(frozen.where)},
        "fields": _named(fields_of(frozen.where)),
        "brand": frozen.brand,
        "lifecycle": dump_rules(frozen.rules),
        "lifecycle_fields": _named(fields_of_rules(frozen.rules)),
        "zone": frozen.moment.zone,
        "now_ms": frozen.moment.now_ms,
    }
    # Names are ASCII and numbers whole, as the language allows no others: this is RFC 8785.
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def load_frozen(data: bytes) -> FrozenSegment:
    """Return what `dump_frozen` wrote.

    Raises:
        FatalError: it has another form.
    """
    try:
        stored = orjson.loads(data)
        if stored["v"] != FROZEN_VERSION:
            raise FatalError(_UNKNOWN)
        segment = stored["segment"]
        return FrozenSegment(
            id=SegmentId(segment["id"]),
            version=segment["version"],
            brand=BrandId(stored["brand"]),
            where=parse(segment["where"], _types(stored["fields"])),
            rules=parse_rules(stored["lifecycle"], _types(stored["lifecycle_fields"])),
            moment=Moment(now_ms=stored["now_ms"], zone=stored["zone"]),
        )
    except (KeyError, TypeError, ValueError, SegmentError) as error:
        raise FatalError(_UNKNOWN) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReference:
    """What the frozen content says of a segment: which one, and the hash of its document.

    Attributes:
        sha256: hex.
    """

    id: SegmentId
    version: int
    sha256: str

    @classmethod
    def to(cls, frozen: FrozenSegment, document: bytes) -> Self:
        """Return the reference to a frozen segment with this document."""
        digest = hashlib.sha256(document).hexdigest()
        return cls(id=frozen.id, version=frozen.version, sha256=digest)

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Self:
        """Return what `stored` wrote.

        Raises:
            FatalError: it has another form.
        """
        match dict(stored):
            case {"id": str(named), "version": int(version), "sha256": str(sha256), **rest} if (
                not rest
            ):
                return cls(id=SegmentId(named), version=version, sha256=sha256)
        raise FatalError(_UNKNOWN)

    def stored(self) -> dict[str, object]:
        """Return it as plain data for a frozen content."""
        return {"id": self.id, "version": self.version, "sha256": self.sha256}

    def require(self, document: bytes) -> FrozenSegment:
        """Return the segment a document holds.

        Raises:
            FatalError: it is not the one that was frozen, or has another form.
        """
        if hashlib.sha256(document).hexdigest() != self.sha256:
            raise FatalError("a frozen segment is not the one its campaign started with")
        return load_frozen(document)


def _named(fields: Mapping[str, FieldType]) -> dict[str, str]:
    return {name: kind.value for name, kind in fields.items()}


def _types(stored: Mapping[str, Any]) -> dict[str, FieldType]:
    return {name: FieldType(told) for name, told in stored.items()}
