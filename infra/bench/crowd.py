# SPDX-License-Identifier: Apache-2.0
"""An audience of any size, made as it is read: who they are, and the rows that stores hold of them.

It guarantees rows that the product's own code opens, each person under a key of their own, and the
same person at every reading. Nobody is kept: a million people take no more memory than one page.
The profile is that of somebody who filled in a form of the shop and bought there: `PLAIN_BYTES` of
plaintext in its two sections, as docs/spec/segments.md and docs/spec/events.md shape them.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.fact_document import FACTS_VERSION
from chalicelib.domain.ids import SHARDS, PurposeId, SubjectId, decode_id, encode_id
from chalicelib.domain.standing import Standing, dump_standing
from chalicelib.domain.state import MEASUREMENT, PROFILING
from chalicelib.proof.sealing import Kek, SubjectKeys
from infra.bench.people import AUDIENCE, LIST, VAULT
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.clock import START_MS

PLAIN_BYTES: Final = 800
CITIES: Final = ("Stockholm", "Göteborg", "Malmö")
INTERESTS: Final = ("perennials", "vegetables")
"""Every second person's, in turn."""

KEK: Final = b"k" * 32
"""The key of the first epoch; `infra.bench.null_aws` opens it as this, too."""
_KEK: Final = Kek(1, KEK)
_NONCE: Final = bytes(12)
_PLACE_CHARS: Final = 8
_NOW_S: Final = START_MS // 1000
_DAY_S: Final = DAY_MS // 1000
_ABOUT: Final = (
    "A small garden behind the house, some shade in the afternoon, heavy soil that we improve a "
    "little every spring. Mostly perennials; a greenhouse would be nice one day, or a cold frame."
)
_PURPOSE: Final = PurposeId("newsletter")
_STANDING: Final = dump_standing(
    Standing(
        given={DEMO_BRAND.id: {LIST: frozenset({_PURPOSE, MEASUREMENT, PROFILING})}},
        since_s={DEMO_BRAND.id: {LIST: _NOW_S - 400 * _DAY_S}},
    )
)


class Member(NamedTuple):
    """What the audience and the vault hold of one person."""

    sid: SubjectId
    wrapped: bytes
    profile: bytes
    facts: bytes
    standing: str


def member(origin: str, shard: str, place: int) -> Member:
    """Return the person at ``place`` (from 0) of ``shard``; ids ascend with places.

    Args:
        origin: the log's origin line.
    """
    seed = hashlib.sha256(f"{shard}#{place}".encode()).digest()
    tail = base64.urlsafe_b64encode(seed[:9]).decode("ascii")
    sid = SubjectId(f"{place:0{_PLACE_CHARS}d}{tail}{shard}A")
    raw, key = decode_id(sid), hashlib.sha256(b"key" + seed).digest()
    facts = facts_text(place, seed)
    profile = profile_text(place, seed, PLAIN_BYTES - len(facts))
    keys = SubjectKeys(key, origin, raw)
    return Member(
        sid=sid,
        wrapped=_KEK.wrap(raw, key, _NONCE),
        profile=keys.seal_profile(profile, _NONCE),
        facts=keys.seal_facts(facts, _NONCE),
        standing=_STANDING,
    )


def profile_text(place: int, seed: bytes, size: int) -> bytes:
    """Return what somebody said of themselves, ``size`` bytes of it."""
    about = {
        "attributes": {
            "about": "",
            "birth_date": f"{1940 + seed[0] % 60}-{1 + seed[1] % 12:02d}-{1 + seed[2] % 28:02d}",
            "city": CITIES[seed[3] % len(CITIES)],
            "country": "Sweden",
            "first_name": f"Reader {place}",
            "interest": INTERESTS[place % len(INTERESTS)],
            "postal_code": f"{100 + seed[4]} {seed[5] % 100:02d}",
        },
        "email": f"reader{place}.{seed[:4].hex()}@example.org",
        "language": "sv",
        "source": {
            "form": DEMO_FORM.id,
            "page": "https://www.example.org/garden/spring",
            "tag": "spring",
        },
    }
    bare = orjson.dumps(about)
    # What they wrote themselves is as long as it takes.
    return bare.replace(b'"about":""', b'"about":"%b"' % _ABOUT[: size - len(bare)].encode(), 1)


def facts_text(place: int, seed: bytes) -> bytes:
    """Return what the shop's events and the measured mails of somebody added up to."""
    last_s = _NOW_S - (1 + seed[6]) * _DAY_S - place % 1_000
    orders = {
        "n": 2 + seed[7] % 8,
        "f": last_s - 500 * _DAY_S,
        "l": last_s,
        "c": {"SEK": [2 + seed[7] % 8, 100_000 + 1_000 * seed[8]]},
        "p": [["pots", last_s], ["garden-tools", last_s], ["seeds", last_s - 90 * _DAY_S]],
    }
    campaigns = [[encode_id(seed[n : n + 16]), last_s - n] for n in range(2)]
    known = {
        "o": orders,
        "m": {"o": [3 + seed[9] % 7, last_s], "oc": campaigns},
        "w": {"v": [12 + seed[10] % 80, last_s], "p": [["greenhouse", last_s]]},
        "s": last_s - 600 * _DAY_S,
    }
    document = {"v": FACTS_VERSION, "b": {DEMO_BRAND.id: known}}
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """``count`` people in equal shards, as DynamoDB's rows of audience and vault."""

    count: int
    origin: str

    def has(self, table: str, shard: str) -> bool:
        """Say whether a partition is made here."""
        return table in _ITEMS and shard in SHARDS

    def size(self, shard: str) -> int:
        """Return how many people are in a shard."""
        number = SHARDS.index(shard)
        return self.count // len(SHARDS) + (number < self.count % len(SHARDS))

    def rows(
        self, table: str, shard: str, *, after: str = "", between: tuple[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield a partition's items in ascending order, each made when it is asked for.

        Args:
            after: the last sort key that is not wanted; "" for none.
            between: the first and the last that are.
        """
        first, last = between or ("", "")
        start = max(_next(after), int(first[:_PLACE_CHARS] or 0))
        stop = int(last[:_PLACE_CHARS]) + 1 if last else self.size(shard)
        for place in range(start, min(stop, self.size(shard))):
            yield _ITEMS[table](_recent(self.origin, shard, place), shard)


def _next(sid: str) -> int:
    return int(sid[:_PLACE_CHARS]) + 1 if sid else 0


_recent = lru_cache(maxsize=2_048)(member)
"""A page of the vault holds those of the page of the audience before it."""


def _audience_item(one: Member, shard: str) -> dict[str, Any]:
    return {
        **_key(one, shard),
        "lists": {"M": {LIST: {"S": "given"}}},
        "st": {"S": one.standing},
        "sealed": {"B": _b64(one.profile)},
        "facts": {"B": _b64(one.facts)},
        "fv": {"N": "3"},
    }


def _vault_item(one: Member, shard: str) -> dict[str, Any]:
    return {**_key(one, shard), "wrapped_key": {"B": _b64(one.wrapped)}}


def _key(one: Member, shard: str) -> dict[str, Any]:
    return {"pk": {"S": shard}, "sk": {"S": one.sid}, "v": {"N": "1"}}


_ITEMS: Final = {AUDIENCE: _audience_item, VAULT: _vault_item}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
