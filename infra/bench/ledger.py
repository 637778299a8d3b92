# SPDX-License-Identifier: Apache-2.0
"""Building ledger entries, and sequencing them, with nothing outside the process."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.domain.ids import SHARDS, EventId, PurposeId, encode_id
from chalicelib.ports.ledger import Append, Pending
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims, encode_claims
from chalicelib.proof.leaf import LeafFields, build_leaf
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.ledger import Draft, Ledger
from chalicelib.services.sequencing import Sequencer
from chalicelib.vocabulary import EventType
from infra.bench.line import Line, cpu_of
from infra.bench.sink import ORIGIN
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_keys import MemoryAddressMac, MemoryKeyWrapper, MemoryLogSigner
from tests.support.memory_ledger import MemoryHeadStore, MemoryLedgerStore, MemoryOutbox, MemoryRows
from tests.support.memory_outside import MemoryBlobs, MemoryQueues

NOTICE = "11" * 32
CLAIMS = Claims(
    subject={"email": "visitor@example.org", "email_as_typed": "Visitor@example.org"},
    session={
        "ip": "192.0.2.7",
        "lang": "en",
        "referrer": "https://www.example.org/",
        "ua": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "url": "https://mail.example.org/forms/demo",
    },
    choice={"fields": {"newsletter": "yes"}, "attributes": {}, "form": "demo", "version": 1},
    link={"previous": ""},
)
PROFILE: dict[str, JsonValue] = {"attributes": {}, "email": "visitor@example.org", "language": "en"}


def event_building(size: int) -> Iterator[Line]:
    """Print events per CPU second: the leaf with its sealed part alone, then a whole append."""
    floor = size / cpu_of(lambda: _bare_cryptography(size))
    built_s = cpu_of(lambda: _build(size))
    yield Line(
        bench="event_building",
        value=size / built_s,
        unit="events per CPU second",
        floor=floor,
        floor_is="the same digests, derivations, seals and JSON, called directly",
        n=size,
        cpu_s=built_s,
        more={"of": "leaf, four padded disclosures and sealed claims of a new subject"},
    )
    appended_s = cpu_of(lambda: _append(size))
    yield Line(
        bench="event_append",
        value=size / appended_s,
        unit="events per CPU second",
        floor=floor,
        floor_is="as event_building",
        n=size,
        cpu_s=appended_s,
        more={"of": "key made and wrapped, entry, fold, profile sealed; a store that forgets"},
    )


def sequencing(size: int) -> Iterator[Line]:
    """Print entries per CPU second from outbox to signed, published checkpoint, in memory."""
    leaves = _leaves(size)
    floor_s = cpu_of(lambda: _bare_tree(leaves))
    spent = cpu_of(_Sequencing(leaves))
    yield Line(
        bench="sequencing",
        value=size / spent,
        unit="entries per CPU second",
        floor=size / floor_s,
        floor_is="the RFC 6962 hashes of one tree over the same leaves",
        n=size,
        cpu_s=spent,
    )


def _fields(event_id: bytes) -> LeafFields:
    return LeafFields(
        event_id=event_id,
        type=EventType.CONSENT_REQUESTED,
        ts_ms=START_MS,
        controller="example",
        brand=DEMO_BRAND.id,
        channel="email",
        lists=(DEMO_LIST.id,),
        purposes=("newsletter",),
        notice_sha256=NOTICE,
    )


def _build(size: int) -> None:
    random = SeededRandom()
    for _ in range(size):
        event_id = random(16)
        keys = SubjectKeys(random(32), ORIGIN, random(16))
        built = build_leaf(_fields(event_id), CLAIMS, keys, 0)
        keys.seal_claims(event_id, built.hash, encode_claims(CLAIMS), random(12))


def _bare_cryptography(size: int) -> None:
    """Do once per event what no implementation can leave out: the formats' own primitives."""
    names = ("sub", "ses", "cho", "lnk")
    padded = encode_claims(CLAIMS)
    quarter = "c" * (len(padded) // len(names))
    random = SeededRandom()
    for _ in range(size):
        event_id, key, _sid = random(16), random(32), random(16)
        digests = []
        for name in names:
            salt = hmac.digest(hmac.digest(b"o", key, "sha256"), event_id + name.encode(), "sha256")
            disclosure = base64.urlsafe_b64encode(json.dumps([salt.hex(), name, quarter]).encode())
            digests.append(hashlib.sha256(disclosure).hexdigest())
        for info in (b"tag", b"sd", b"enc", b"event"):
            hmac.digest(hmac.digest(b"o", key, "sha256"), info, "sha256")
        leaf = json.dumps({"_sd": sorted(digests), "ts": START_MS, "typ": "consent.requested"})
        leaf_hash = hashlib.sha256(b"\0" + leaf.encode()).digest()
        AESGCM(key).encrypt(random(12), padded, event_id + leaf_hash)


class _ForgetfulStore(MemoryLedgerStore):
    """Accepts every append and keeps nothing: what is measured is the making of it."""

    def commit(self, append: Append) -> None:
        """Forget it."""


def _append(size: int) -> None:
    random = SeededRandom()
    ledger = Ledger(
        store=_ForgetfulStore(),
        wrapper=MemoryKeyWrapper(),
        address_mac=MemoryAddressMac(),
        queues=MemoryQueues(),
        clock=FakeClock(),
        random=random,
        origin=ORIGIN,
        controller="example",
    )
    draft = Draft(
        type=EventType.CONSENT_REQUESTED,
        brand=DEMO_BRAND.id,
        lists=(DEMO_LIST.id,),
        purposes=(PurposeId("newsletter"),),
        notice=NOTICE,
        claims=CLAIMS,
    )
    for number in range(size):
        chain = ledger.start(f"mac {number}")
        ledger.append(chain, [draft], profile=PROFILE, signup=True, wake=False)


def _leaves(size: int) -> list[bytes]:
    """Return distinct real leaves; the event id alone differs, digests need not be theirs."""
    keys = SubjectKeys(b"k" * 32, ORIGIN, bytes(16))
    zero = bytes(16)
    leaf = build_leaf(_fields(zero), CLAIMS, keys, 0).leaf
    return [
        leaf.replace(encode_id(zero).encode(), encode_id(number.to_bytes(16, "big")).encode(), 1)
        for number in range(size)
    ]


def _bare_tree(leaves: list[bytes]) -> None:
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + odd


class _Sequencing:
    """One run of the sequencer over a full outbox, made anew for each try."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._leaves = leaves

    def __call__(self) -> None:
        rows = MemoryRows()
        for number, leaf in enumerate(self._leaves):
            event = EventId(encode_id(number.to_bytes(16, "big")))
            key = (f"Q#{SHARDS[number % len(SHARDS)]}", f"{START_MS + number:013d}#{event}")
            rows.outbox[key] = Pending(key=key, event=event, leaf=leaf, sid=None, n=None)
        sequencer = Sequencer(
            heads=MemoryHeadStore(origin=ORIGIN, rows=rows),
            outbox=MemoryOutbox(rows),
            blobs=MemoryBlobs(),
            signer=MemoryLogSigner(),
            origin=ORIGIN,
        )
        if sequencer.run() != len(self._leaves):
            raise AssertionError("not every entry was sequenced")
