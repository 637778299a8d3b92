# SPDX-License-Identifier: Apache-2.0
"""Real leaves for the simulation, built once: three people's chains and the controller's own.

Their times jump about, so that the order of the outbox is not the order of the appends.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from chalicelib.domain.ids import EventId, SubjectId, encode_id
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.leaf import LeafFields, build_controller_leaf, build_leaf
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.vocabulary import EventType
from tests.support.clock import START_MS

ORIGIN = "log.example.org/simulation"
CONTROLLER = "controller"
BASE = "base"
"""Owner of the entries a simulated log begins with: the controller as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A leaf to append. ``sid`` None: the controller's."""

    event: EventId
    leaf: bytes
    tag: bytes | None
    sid: SubjectId | None


@cache
def entry(owner: str, n: int) -> Entry:
    """Entry ``n`` of an owner's chain, or of the controller's."""
    event_id = _bytes(f"{owner} event {n}", 16)
    controllers = owner in (CONTROLLER, BASE)
    fields = LeafFields(
        event_id=event_id,
        type=EventType.LOG_HEARTBEAT if controllers else EventType.RIGHT_REQUESTED,
        ts_ms=START_MS + event_id[0],
        controller="example",
        reason=None if controllers else "access",
    )
    event = EventId(encode_id(event_id))
    if controllers:
        return Entry(event=event, leaf=build_controller_leaf(fields).leaf, tag=None, sid=None)
    sid, keys = _bytes(f"{owner} id", 16), _keys(owner)
    return Entry(
        event=event,
        leaf=build_leaf(fields, Claims(), keys, n).leaf,
        tag=keys.tag(n),
        sid=SubjectId(encode_id(sid)),
    )


@cache
def _keys(owner: str) -> SubjectKeys:
    return SubjectKeys(_bytes(f"{owner} key", 32), ORIGIN, _bytes(f"{owner} id", 16))


def _bytes(label: str, count: int) -> bytes:
    return sha256(label.encode()).digest()[:count]
