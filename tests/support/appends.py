# SPDX-License-Identifier: Apache-2.0
"""Appends as the ledger service makes them, without the service: for tests of the stores."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId, SubjectId, encode_id
from chalicelib.domain.state import SubjectState
from chalicelib.ports.ledger import (
    Append,
    ConfirmToken,
    NewSubject,
    ProfileWrite,
    StoredEntry,
    Suppressed,
)
from chalicelib.proof import canonical
from tests.support.clock import START_MS

BRAND = BrandId("demo")
LIST = ListId("newsletter")


def subject(name: str) -> SubjectId:
    """The same id for the same name."""
    return SubjectId(_id("subject", name))


def event(name: str) -> EventId:
    return EventId(_id("event", name))


def mac(name: str) -> str:
    return encode_id(sha256(b"mac" + name.encode()).digest())


def token_hash(name: str) -> str:
    return sha256(b"token" + name.encode()).hexdigest()


def _id(kind: str, name: str) -> str:
    return encode_id(sha256(f"{kind} {name}".encode()).digest()[:16])


def leaf(event_id: EventId, at_ms: int) -> bytes:
    """The two members the stores look at, in a leaf's encoding."""
    return canonical.encode({"id": event_id, "ts": at_ms})


def entry(name: str, n: int, sealed: bytes | None = b"sealed") -> StoredEntry:
    """Entry ``n`` of the subject ``name``: event `<name> <n>`, one millisecond after the last."""
    event_id = event(f"{name} {n}")
    return StoredEntry(n=n, event=event_id, leaf=leaf(event_id, START_MS + n), sealed=sealed)


def first_append(name: str, entries: int = 1, **changes: Any) -> Append:
    """A new subject's first append, with its audience row."""
    made = tuple(entry(name, n) for n in range(entries))
    append = Append(
        sid=subject(name),
        expected_entries=0,
        entries=made,
        state=SubjectState(entries=entries, last_ms=START_MS + entries - 1),
        last_leaf_hash=sha256(made[-1].leaf).hexdigest(),
        new_subject=NewSubject(wrapped_key=b"wrapped " + name.encode(), macs=(mac(name),)),
        profile=ProfileWrite(sealed=b"profile " + name.encode(), lists=((LIST, "pending"),)),
        macs=(mac(name),),
    )
    return replace(append, **changes)


def next_append(name: str, n: int, **changes: Any) -> Append:
    """An append of one entry to a known subject's chain of length ``n``."""
    made = entry(name, n)
    append = Append(
        sid=subject(name),
        expected_entries=n,
        entries=(made,),
        state=SubjectState(entries=n + 1, last_ms=START_MS + n),
        last_leaf_hash=sha256(made.leaf).hexdigest(),
        macs=(mac(name),),
        check_subject=True,
    )
    return replace(append, **changes)


def confirm_token(name: str) -> ConfirmToken:
    return ConfirmToken(
        token_sha256=token_hash(name),
        sid=subject(name),
        request=event(f"{name} 0"),
        request_entry=0,
        form="demo",
        form_version=1,
        brand=BRAND,
        lists=(LIST,),
        purposes=(PurposeId("measurement"), PurposeId("newsletter")),
        notice=sha256(b"notice").hexdigest(),
        language="sv",
        expires_ms=START_MS + 72 * 3_600_000,
    )


def suppressed(name: str, brand: BrandId | None = None, reason: str = "bounce") -> Suppressed:
    return Suppressed(
        mac=mac(name), brand=brand, reason=reason, since_ms=START_MS, event=event(f"{name} 0")
    )
