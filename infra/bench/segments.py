# SPDX-License-Identifier: Apache-2.0
"""Segments asked of many people: with their rows at hand, and read from the stores by the shard.

It guarantees that every clause is asked of everybody, that each person has a key of their own and
is opened once, and no figure of a segment that did not choose the very half it should. The product
and its floor take turns, so that whatever else the machine does falls on both.
"""

import gc
import hmac
from binascii import a2b_base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.adapters import aws
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import SHARDS, ListId, decode_id
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_compile import Compiled, compile_expression
from chalicelib.domain.segments import parse
from chalicelib.ports.audience_scan import Row
from chalicelib.proof.opening import Wanted
from chalicelib.services.segment_run import Evaluator, Verdict
from chalicelib.services.shard_people import PLANNED
from infra.bench.crowd import CITIES, INTERESTS, KEK, PLAIN_BYTES, member
from infra.bench.line import Line, Meter, metered, peak_rss_mib
from infra.bench.people import AUDIENCE, LIST, VAULT
from infra.bench.prices import Counted
from infra.bench.sink import ORIGIN, null_aws, real_container, since
from infra.local.demo_data import DEMO_BRAND
from tests.support.clock import START_MS
from tests.support.memory_keys import MemoryKeyWrapper

WHERE: Final = {
    "all": [
        {"fact": "orders.last", "op": "gte", "value": {"ago": {"months": 12}}},
        {"fact": "orders.sum", "op": "gte", "value": 100_000, "currency": "SEK"},
        {"fact": "person.age", "op": "gte", "value": 18},
        {"fact": "place.city", "op": "in", "value": list(CITIES)},
        {"fact": "field.interest", "op": "eq", "value": INTERESTS[0]},
    ]
}
"""Four clauses hold for everybody and the last for every second: it is asked of everybody, too."""
FIELDS: Final = {"interest": FieldType.CHOICE}
CHUNK: Final = 5_000
"""People made, and held in memory, before they are measured."""
MILLION: Final = 1_000_000
_SALT: Final = ORIGIN.encode()
_INFO: Final = b"cl1/profile/2\x01"


Stored: TypeAlias = tuple[bytes, bytes, bytes, bytes]
"""What is opened of one person: id, wrapped key, profile, facts."""


def segment() -> Compiled:
    """Return the measured segment, ready to be asked."""
    moment = Moment(now_ms=START_MS, zone=DEMO_BRAND.zone)
    return compile_expression(parse(WHERE, FIELDS), DEMO_BRAND.id, moment)


def segment_evaluation(size: int) -> Iterator[Line]:
    """Print profiles per CPU second: unwrapped, opened, parsed and judged, no store in between.

    Args:
        size: people.
    """
    compiled, spent, floor = segment(), Meter(), Meter()
    found, keys = Counter[Verdict](), set[bytes]()
    for start in range(0, size, CHUNK):
        rows = [_row(place) for place in range(start, min(start + CHUNK, size))]
        stored = [_stored(row) for row in rows]
        keys.update(wrapped for _, wrapped, _, _ in stored)
        evaluator = Evaluator(scan=_Rows(rows), wrapper=MemoryKeyWrapper(), origin=ORIGIN)
        gc.collect()
        with metered(floor):
            opened = _bare_opening(stored)
        with metered(spent):
            judged = [verdict for _, verdict in evaluator.people(compiled, SHARDS[0])]
        found.update(judged)
        if abs(opened - PLAIN_BYTES * len(rows)) > 5 * len(rows):
            raise AssertionError("a profile is not as large as it should be")
    _require_every_second(found, size)
    if len(keys) != size:
        raise AssertionError("somebody had another's key")
    yield Line(
        bench="segment.evaluation",
        value=size / spent.cpu_s,
        unit="profiles per CPU second",
        floor=size / floor.cpu_s,
        floor_is="bare unwrap, two hmac.digest, AES-GCM and orjson of the same sections",
        n=size,
        cpu_s=spent.cpu_s,
        more={**_asked(compiled), "matched": found[Verdict.MATCHED] / size},
    )


@dataclass(slots=True, kw_only=True)
class Read:
    """What it took to read and judge, and the least it could have taken."""

    product: Meter = field(default_factory=Meter)
    parsing: Meter = field(default_factory=Meter)
    opening: Meter = field(default_factory=Meter)

    @property
    def floor_s(self) -> float:
        """CPU seconds of the floor."""
        return self.parsing.cpu_s + self.opening.cpu_s


def segment_plan(size: int) -> Iterator[Line]:
    """Print what it costs to choose whom a campaign is for, with every adapter real.

    Args:
        size: people, in 16 shards.
    """
    compiled, read, found = segment(), Read(), Counter[Verdict]()
    counted = Counted(requests={}, write_units=0, read_units=0)
    with null_aws() as endpoint:
        container = real_container(endpoint)
        endpoint.add_crowd(size)
        for shard in SHARDS:
            before = endpoint.counted()
            with metered(read.product):
                people = container.evaluator.people(compiled, shard, LIST, PLANNED)
                judged = [verdict for _, verdict in people]
            found.update(judged)
            counted = counted.plus(since(before, endpoint.counted()))
            _bare_shard(shard, read)
    _require_every_second(found, size)
    million = MILLION / size
    yield Line(
        bench="segment.plan",
        value=read.product.cpu_s * million,
        unit="CPU seconds per 1,000,000",
        floor=read.floor_s * million,
        floor_is="the same client's answers parsed, and the sections opened as bare as above",
        n=size,
        cpu_s=read.product.cpu_s,
        peak_rss_mib=peak_rss_mib(),
        calls=counted.scaled(1 / size).requests,
        more={
            **_asked(compiled),
            "read_units": counted.read_units / size,
            "per_wall_s": size / read.product.wall_s,
            "floor_of_parsing": read.parsing.cpu_s * million,
            "floor_of_opening": read.opening.cpu_s * million,
        },
    )


def _asked(compiled: Compiled) -> dict[str, object]:
    kinds = {question.clause.fact.kind.value for question in compiled.questions}
    return {
        "plaintext_bytes": PLAIN_BYTES,
        "clauses": len(compiled.questions),
        "kinds_of_facts": sorted(kinds),
    }


def _require_every_second(found: Counter[Verdict], size: int) -> None:
    """Raise unless every second person was chosen and everybody else asked and left out."""
    if found.keys() - {Verdict.MATCHED, Verdict.OTHER} or found.total() != size:
        raise AssertionError(f"not everybody could be asked: {found}")
    if abs(2 * found[Verdict.MATCHED] - size) > len(SHARDS):
        raise AssertionError(f"chosen were {found[Verdict.MATCHED]} of {size}")


# The product, given rows instead of stores


class _Rows:
    """`AudienceScan` of rows that are there."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def people(
        self,
        shard: str,  # noqa: ARG002  # the port's
        list_id: ListId | None = None,  # noqa: ARG002
        statuses: Sequence[str] = (),  # noqa: ARG002
        *,
        wanted: Wanted,  # noqa: ARG002
    ) -> Iterator[Row]:
        """Yield them."""
        return iter(self._rows)


def _row(place: int) -> Row:
    one = member(ORIGIN, SHARDS[0], place)
    lists = {str(LIST): "given"}
    return Row(one.sid, lists, one.standing, None, one.wrapped, one.profile, one.facts)


def _stored(row: Row) -> Stored:
    return decode_id(row.sid), row.wrapped or b"", row.profile or b"", row.facts or b""


# The floor


def _bare_opening(people: Iterable[Stored]) -> int:
    """Do for each what no reader of these sections can leave out; return the bytes opened."""
    unwrap, digest, loads = AESGCM(KEK).decrypt, hmac.digest, orjson.loads
    total = 0
    for sid, wrapped, profile, facts in people:
        key = unwrap(wrapped[5:17], wrapped[17:], sid + wrapped[1:5])
        derived = digest(digest(_SALT, key, "sha256"), _INFO, "sha256")
        opened = AESGCM(derived).decrypt
        one = opened(profile[1:13], profile[13:], b"cl1/profile" + sid)
        other = opened(facts[1:13], facts[13:], b"cl1/facts" + sid)
        loads(one)
        loads(other)
        total += len(one) + len(other)
    return total


def _bare_shard(shard: str, read: Read) -> None:
    """Read a shard page by page with the product's client, and open everybody in it."""
    columns = "sk, v, lists, st, rhythm, sealed, facts"
    start: dict[str, Any] | None = {}
    while start is not None:
        with metered(read.parsing):
            rows, start = _bare_page(AUDIENCE, columns, "pk = :pk", {":pk": shard}, start)
            if not rows:
                continue
            ends = {":pk": shard, ":first": rows[0]["sk"]["S"], ":last": rows[-1]["sk"]["S"]}
            between = "pk = :pk AND sk BETWEEN :first AND :last"
            keys, _ = _bare_page(VAULT, "sk, v, wrapped_key", between, ends, {})
        with metered(read.opening):
            _bare_opening(
                (
                    a2b_base64(row["sk"]["S"].replace("-", "+").replace("_", "/") + "=="),
                    a2b_base64(key["wrapped_key"]["B"]),
                    a2b_base64(row["sealed"]["B"]),
                    a2b_base64(row["facts"]["B"]),
                )
                for row, key in zip(rows, keys, strict=True)
            )
        # As the product does: the next page takes the memory of this one.
        rows.clear()
        keys.clear()


def _bare_page(
    table: str, columns: str, condition: str, values: dict[str, str], start: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    answer = aws.rows_client().query(
        TableName=table,
        ProjectionExpression=columns,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
        **({"ExclusiveStartKey": start} if start else {}),
    )
    return answer["Items"], answer.get("LastEvaluatedKey")
