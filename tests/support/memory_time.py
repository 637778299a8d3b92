# SPDX-License-Identifier: Apache-2.0
"""The ports of time in memory: an index of anchors, and an authority that stamps with a hash.

The authority asks nobody and trusts no root until a test turns it on; its stamps are nobody's but
its own, so a bundle with one proves nothing to a verifier.
"""

import json
from hashlib import sha256

from chalicelib.errors import BadSignature, Malformed
from chalicelib.ports.time import Anchor
from tests.support.clock import FakeClock
from tests.support.faults import Faults, no_faults, struck


class MemoryAnchors:
    """`ports.time.Anchors` in memory."""

    def __init__(self, rows: dict[int, Anchor] | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else {}
        self.faults = faults

    def add(self, anchor: Anchor) -> None:
        with struck(self.faults, "Anchors.add"):
            self.rows[anchor.size] = anchor

    def latest(self, size: int) -> Anchor | None:
        with struck(self.faults, "Anchors.latest"):
            return max(
                (each for each in self.rows.values() if each.size <= size),
                key=lambda each: each.size,
                default=None,
            )

    def next_above(self, index: int) -> Anchor | None:
        with struck(self.faults, "Anchors.next_above"):
            return min(
                (each for each in self.rows.values() if each.size > index),
                key=lambda each: each.size,
                default=None,
            )


class MemoryTimeAuthority:
    """`ports.time.TimeAuthority` with the test's clock; ``ahead_ms`` is how wrong it goes."""

    def __init__(self, clock: FakeClock, faults: Faults = no_faults) -> None:
        self.clock = clock
        self.faults = faults
        self.stamps = False
        self.ahead_ms = 0
        self.stamped: list[bytes] = []
        self.roots: tuple[bytes, ...] = ()
        self.certificates = b""

    def stamp(self, data: bytes) -> bytes:
        with struck(self.faults, "TimeAuthority.stamp"):
            self.stamped.append(data)
            time_ms = self.clock.now_ms() + self.ahead_ms
            return json.dumps([sha256(data).hexdigest(), time_ms, len(self.stamped)]).encode()

    def verify(self, data: bytes, response: bytes) -> int:
        try:
            digest, time_ms, _ = json.loads(response)
        except ValueError:
            raise Malformed("not a stamp") from None
        if digest != sha256(data).hexdigest():
            raise BadSignature("a stamp over other bytes")
        return int(time_ms)
