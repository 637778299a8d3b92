# SPDX-License-Identifier: Apache-2.0
"""Proof bundles made by the product: whole ones for the verifier, and what making one reads.

It guarantees a bundle with everything the format can show, stamped by a real authority of its own;
the product's stores are in memory.
"""

import importlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.events import Via
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.domain.signup import MAILS_PER_30_DAYS
from chalicelib.ports.outside import Queue
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.proofs import Wish
from chalicelib.services.unsealing import Look, UnsealReason
from infra.bench.line import Line, Meter, metered
from infra.bench.worlds import BROWSER, new_world
from infra.local.demo_data import DEMO_BRAND

EMAIL = "visitor@example.org"
LOG = "log/"
BEFORE = 0.4
"""Share of a log's entries that are older than the person's."""
VISIT_MS = 31 * DAY_MS // MAILS_PER_30_DAYS + DAY_MS
"""How long somebody stays away, so that they are mailed again."""


@dataclass(slots=True, kw_only=True)
class RealAuthority:
    """`ports.time.TimeAuthority` whose stamps `openssl` accepts, at the time of a test's clock."""

    clock: Any
    stamps: bool = True
    _made: dict[bytes, int] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The root's certificate, DER."""
        return (_openssl().authority().root_der,)

    @property
    def certificates(self) -> bytes:
        """The same, PEM."""
        return bytes(_openssl().authority().root)

    def stamp(self, data: bytes) -> bytes:
        """Return a response over ``data``."""
        now_ms = self.clock.now_ms()
        response = bytes(_openssl().stamp(data, now_ms))
        self._made[response] = now_ms // 1000 * 1000
        return response

    def verify(self, _data: bytes, response: bytes) -> int:
        """Return the stamped time, Unix milliseconds; it knows its own stamps only."""
        return self._made[response]


def whole_bundle(size: int) -> tuple[bytes, bytes]:
    """Return the bundle of somebody with ``size`` entries, and the policy for it.

    They come and go: each time a mail, a campaign and a time stamp.
    """
    world = _stamped_world()
    sid = world.subscribe(EMAIL)
    steps = cycle((_leave, _ask, _confirm))
    # Asking for the proof is an entry, too.
    while (left := size - 1 - world.state(sid).entries) > 0:
        (next(steps) if left > 1 else _look)(world, sid)
    return bytes(_bundles().export(world, {"email": EMAIL})), bytes(world.policy)


def proof_reads(size: int) -> Iterator[Line]:
    """Print how many objects one person's bundle reads out of a log of ``size`` entries."""
    world = _stamped_world()
    older = int(size * BEFORE)
    _bundles().lengthen(world, older)
    world.subscribe(EMAIL)
    _bundles().lengthen(world, size - older)
    _build(world)  # Whatever is made once is made.
    tracemalloc.start()
    _build(world)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reads = _bundles().watch(world)
    meter = _build(world, reads)
    of_log = reads.starting(LOG)
    objects = set(of_log)
    yield Line(
        bench="proof.reads",
        value=len(objects),
        unit="objects of the log that one bundle needs",
        n=size,
        cpu_s=meter.cpu_s,
        more={
            "n_is": "entries in the log",
            "reads": len(of_log),
            "own_reads": len(reads.keys) - len(of_log),
            "bytes_read": reads.total_bytes,
            "peak_allocated_mib": peak_bytes / 1024**2,
        },
    )


def _build(world: Any, reads: Any = None) -> Meter:
    """Make one bundle and return what the worker of proofs spent; ``reads`` is of it alone."""
    job = world.proofs.request({"email": EMAIL}, Wish())
    meter, ready = Meter(), False
    while not ready:
        kept = (len(reads.keys), reads.total_bytes) if reads else (0, 0)
        world.sequencer.run()
        if reads:
            del reads.keys[kept[0] :]
            reads.total_bytes = kept[1]
        with metered(meter):
            ready = world.proofs.build(job.id)
    world.messages.take(Queue.PROOFS)
    return meter


def _stamped_world() -> Any:
    world = new_world()
    world.settings = replace(world.settings, tsa_url="https://tsa.example.org", tsa_roots="tsa.pem")
    world.__dict__["time_authority"] = RealAuthority(clock=world.clock)
    world.settle()  # Whoever comes now comes after a stamped checkpoint.
    return world


def _leave(world: Any, sid: SubjectId) -> None:
    world.campaign()
    world.settle()
    payload = LinkPayload(
        sid=decode_id(sid), brand=bytes.fromhex(DEMO_BRAND.code), delivery=b"d" * 12
    )
    token = world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)
    world.unsubscribe.withdraw(token, BROWSER, Via.PAGE)
    world.settle()
    world.time.advance(VISIT_MS)


def _look(world: Any, sid: SubjectId) -> None:
    world.unsealing.person(sid, Look(reason=UnsealReason.PROOF, clue="subscriber", key=""))


def _ask(world: Any, _sid: SubjectId) -> None:
    world.sign_up(EMAIL)
    world.settle()


def _confirm(world: Any, _sid: SubjectId) -> None:
    world.confirmation.confirm(world.confirm_token(EMAIL), BROWSER)
    world.settle()


def _bundles() -> Any:
    return importlib.import_module("tests.support.bundles")


def _openssl() -> Any:
    return importlib.import_module("tests.support.openssl_stamps")
