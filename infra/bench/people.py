# SPDX-License-Identifier: Apache-2.0
"""Confirmed subscribers by the thousand, as the rows that stores hold of them.

It guarantees rows that the product's own code opens: real keys, wraps, seals and folded states,
the state copied from one person who walked the real double opt-in. Made directly, because ten
thousand real journeys would take longer than what is to be measured.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.ids import ListId, SubjectId, encode_id, shard_of
from chalicelib.domain.standing import dump_standing, standing
from chalicelib.domain.state import load_state
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import Kek, SubjectKeys
from chalicelib.services.entries import seal_profile

LEDGER, VAULT, AUDIENCE = "kvitto-ledger", "kvitto-vault", "kvitto-audience"
LIST = ListId("newsletter")
_KEK = Kek(1, b"k" * 32)
_NONCE = bytes(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the three tables hold of one subscriber.

    Attributes:
        state: the folded state's JSON.
        standing: what the audience row says of it.
    """

    sid: SubjectId
    mac: str
    wrapped_key: bytes
    sealed: bytes
    state: str
    standing: str


def people(count: int, origin: str, state: str) -> Iterator[Person]:
    """Yield ``count`` people, the same at every call, whose keys belong to the log ``origin``."""
    stands = dump_standing(standing(load_state(state)))
    for number in range(count):
        raw = hashlib.sha256(b"subject %d" % number).digest()[:16]
        key = hashlib.sha256(b"key %d" % number).digest()
        profile: dict[str, JsonValue] = {
            "attributes": {"first_name": f"Reader {number}"},
            "email": f"reader{number}@example.org",
            "language": "en",
        }
        yield Person(
            sid=SubjectId(encode_id(raw)),
            mac=encode_id(hashlib.sha256(b"mac %d" % number).digest()),
            wrapped_key=_KEK.wrap(raw, key, _NONCE),
            sealed=seal_profile(SubjectKeys(key, origin, raw), profile, _NONCE),
            state=state,
            standing=stands,
        )


def dynamo_rows(person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, item) of what an append stores of a person, in DynamoDB's own JSON."""
    shard = {"pk": {"S": shard_of(person.sid)}, "sk": {"S": person.sid}, "v": {"N": "1"}}
    yield VAULT, {**shard, "wrapped_key": {"B": _b64(person.wrapped_key)}}
    lists = {"M": {LIST: {"S": "given"}}}
    sealed = {"B": _b64(person.sealed)}
    yield AUDIENCE, {**shard, "lists": lists, "st": {"S": person.standing}, "sealed": sealed}
    state = {
        "pk": {"S": f"S#{person.sid}"},
        "sk": {"S": "STATE"},
        "v": {"N": "1"},
        "n": {"N": "3"},
        "folded": {"S": person.state},
        "tip": {"S": hashlib.sha256(person.sid.encode()).hexdigest()},
        "macs": {"L": [{"S": person.mac}]},
    }
    yield LEDGER, state


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
