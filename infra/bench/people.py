# SPDX-License-Identifier: Apache-2.0
"""Confirmed subscribers by the thousand, as the rows that stores hold of them.

It guarantees rows that the product's own code opens: real keys, wraps, seals and folded states,
the state copied from one person who walked the real double opt-in. Made directly, because ten
thousand real journeys would take longer than what is to be measured.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.adapters.dynamo.ledger_rows import entry_item
from chalicelib.domain.ids import EventId, ListId, SubjectId, encode_id, shard_of
from chalicelib.domain.standing import dump_standing, standing
from chalicelib.domain.state import load_state
from chalicelib.ports.ledger import StoredEntry
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import Kek, SubjectKeys
from chalicelib.services.entries import seal_profile

LEDGER, VAULT, AUDIENCE = "kvitto-ledger", "kvitto-vault", "kvitto-audience"
LIST = ListId("newsletter")
KEY = b"k" * 32
"""Every key of the null AWS."""
CONTROLLER = "example"
_KEK = Kek(1, KEY)
_NONCE = bytes(12)
DOMAINS: Final = tuple(f"mail{number}.example" for number in range(8))
"""Of people's mailboxes; each is one provider."""


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


def people(
    count: int, origin: str, state: str, domains: Sequence[str] = DOMAINS
) -> Iterator[Person]:
    """Yield ``count`` people, the same at every call, whose keys belong to the log ``origin``.

    Args:
        domains: where they have their mailboxes, in turn.
    """
    stands = dump_standing(standing(load_state(state)))
    for number in range(count):
        raw = hashlib.sha256(b"subject %d" % number).digest()[:16]
        key = hashlib.sha256(b"key %d" % number).digest()
        email = f"reader{number}@{domains[number % len(domains)]}"
        profile: dict[str, JsonValue] = {
            "attributes": {"first_name": f"Reader {number}"},
            "email": email,
            "language": "en",
        }
        yield Person(
            sid=SubjectId(encode_id(raw)),
            mac=_mac(email),
            wrapped_key=_KEK.wrap(raw, key, _NONCE),
            sealed=seal_profile(SubjectKeys(key, origin, raw), profile, _NONCE),
            state=state,
            standing=stands,
        )


def _mac(email: str) -> str:
    """What the product asks the null KMS for (`adapters.kms.KmsAddressMac`)."""
    message = b"cl1/email\0" + CONTROLLER.encode() + b"\0" + email.encode()
    return encode_id(hmac.digest(KEY, message, "sha256"))


def dynamo_rows(person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, item) of what an append stores of a person, in DynamoDB's own JSON."""
    shard = {"pk": {"S": shard_of(person.sid)}, "sk": {"S": person.sid}, "v": {"N": "1"}}
    yield VAULT, {**shard, "wrapped_key": {"B": _b64(person.wrapped_key)}}
    lists = {"M": {LIST: {"S": "given"}}}
    sealed = {"B": _b64(person.sealed)}
    yield AUDIENCE, {**shard, "lists": lists, "st": {"S": person.standing}, "sealed": sealed}
    yield LEDGER, _request(person)
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


def _request(person: Person) -> dict[str, Any]:
    """The entry of what the person asked for: a complaint asks when that was."""
    folded = load_state(person.state)
    event = EventId(encode_id(hashlib.sha256(b"event " + person.sid.encode()).digest()[:16]))
    shown: dict[str, JsonValue] = {
        "_sd": sorted(encode_id(hashlib.sha256(b"%d" % n).digest()) for n in range(4)),
        "_sd_alg": "sha-256",
        "brd": "demo",
        "chn": "email",
        "ctl": CONTROLLER,
        "id": event,
        "lst": [LIST],
        "ntc": "00" * 32,
        "pur": [LIST],
        "tag": encode_id(hashlib.sha256(person.sid.encode()).digest()),
        "ts": folded.last_ms - 2,
        "typ": "consent.requested",
        "v": "cl/1",
    }
    entry = StoredEntry(
        n=folded.last_request or 0, event=event, leaf=canonical.encode(shown), sealed=None
    )
    row = entry_item(person.sid, entry)
    return {**row, "leaf": {"B": _b64(row["leaf"]["B"])}}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
