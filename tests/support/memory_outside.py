# SPDX-License-Identifier: Apache-2.0
"""Blobs, queues and activity in memory, with the conditions of the real services.

`OutsideRows` is what persists; make several of each over one to play several processes.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.event_tallies import MAX_DAYS, OfNobody, WhyNobody, day_of
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.measurement import Hit, Spot
from chalicelib.domain.messages import ServiceMessage
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.access import AccessLink, AddressLink, AddressWish
from chalicelib.ports.facts import KeptEvent, KeptOrder
from chalicelib.ports.mail_domains import MailDomainRow
from chalicelib.ports.outside import Attempt, Blob, Queue, Remembered, StoredEvent
from chalicelib.ports.traces import MailTrace
from tests.support.faults import Faults, Struck, no_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message as SQS keeps it: text, to be seen after a delay."""

    queue: Queue
    body: str
    delay_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """An idempotency key as stored."""

    remembered: Remembered
    nonce: str
    claimed_ms: int
    expires_s: int


@dataclass(slots=True, kw_only=True)
class OutsideRows:
    """Objects, messages and expiring rows; outlives anything made over it."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    messages: list[QueuedMessage] = field(default_factory=list)
    counters: dict[tuple[str, int], int] = field(default_factory=dict)
    requests: dict[str, RequestRow] = field(default_factory=dict)
    claims: dict[str, tuple[str, int]] = field(default_factory=dict)
    events: dict[str, StoredEvent] = field(default_factory=dict)
    of_nobody: dict[tuple[int, WhyNobody, str], int] = field(default_factory=dict)
    traces: dict[str, tuple[MailTrace, int]] = field(default_factory=dict)
    access_links: dict[str, AccessLink] = field(default_factory=dict)
    address_links: dict[str, AddressLink] = field(default_factory=dict)
    address_wishes: dict[SubjectId, AddressWish] = field(default_factory=dict)
    kept_events: dict[tuple[SubjectId, str], KeptEvent] = field(default_factory=dict)
    kept_orders: dict[tuple[SubjectId, str], KeptOrder] = field(default_factory=dict)
    hits: dict[tuple[SubjectId, Spot], Hit] = field(default_factory=dict)
    service_messages: dict[str, ServiceMessage] = field(default_factory=dict)
    uploads: dict[tuple[str, str], tuple[str, dict[int, bytes]]] = field(default_factory=dict)
    mail_domains: dict[str, MailDomainRow] = field(default_factory=dict)
    uploads_begun: int = 0
    fence_moves: int = 0
    fence_moves_of_exports: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)


class OutsideStore:
    """Calls that may fail, over shared rows."""

    def __init__(self, rows: OutsideRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else OutsideRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[OutsideRows]:
        return Struck(self.faults, name, self.rows)


class MemoryBlobs(OutsideStore):
    """`ports.outside.Blobs` in memory."""

    def get(self, key: str) -> Blob | None:
        with self._call("Blobs.get") as rows:
            return rows.blobs.get(key)

    def get_range(self, key: str, first: int, last: int) -> bytes:
        with self._call("Blobs.get_range") as rows:
            if key not in rows.blobs:
                raise NotFound("read part of an object: there is none")
            return rows.blobs[key].data[first : last + 1]

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        with self._call("Blobs.put_new") as rows:
            if key in rows.blobs:
                return False
            keep_blob(rows, key, data, content_type)
            return True

    def put(self, key: str, data: bytes, content_type: str, if_match: str | None = None) -> None:
        with self._call("Blobs.put") as rows:
            blob = rows.blobs.get(key)
            if if_match is not None and (blob is None or blob.etag != if_match):
                raise Conflict("replace an object: it is another by now")
            keep_blob(rows, key, data, content_type)

    def size(self, key: str) -> int | None:
        with self._call("Blobs.size") as rows:
            return len(rows.blobs[key].data) if key in rows.blobs else None

    def address(self, key: str, lasts_s: int) -> str:
        with self._call("Blobs.address"):
            return f"https://store.example.org/{key}?lasts={lasts_s}"

    def delete(self, key: str) -> None:
        with self._call("Blobs.delete") as rows:
            rows.blobs.pop(key, None)

    def delete_all(self, prefix: str) -> int:
        if not prefix.endswith("/"):
            raise FatalError("objects are destroyed by folder")
        with self._call("Blobs.delete_all") as rows:
            gone = [key for key in rows.blobs if key.startswith(prefix)]
            for key in gone:
                del rows.blobs[key]
            return len(gone)


def keep_blob(rows: OutsideRows, key: str, data: bytes, content_type: str) -> None:
    """Store an object as it is read back."""
    etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    rows.blobs[key] = Blob(data=bytes(data), etag=etag)
    rows.content_types[key] = content_type


class MemoryQueues(OutsideStore):
    """`ports.outside.Queues` in memory; `take` plays the consumer."""

    def send(self, queue: Queue, body: dict[str, object], delay_s: int = 0) -> None:
        with self._call("Queues.send") as rows:
            rows.messages.append(QueuedMessage(queue=queue, body=json.dumps(body), delay_s=delay_s))

    def send_all(self, queue: Queue, bodies: Sequence[dict[str, object]]) -> None:
        with self._call("Queues.send_all") as rows:
            rows.messages.extend(
                QueuedMessage(queue=queue, body=json.dumps(body)) for body in bodies
            )

    def take(self, queue: Queue) -> list[dict[str, object]]:
        """Remove and return every message of ``queue``, oldest first, delayed or not."""
        with self.rows.lock:
            taken = [each for each in self.rows.messages if each.queue is queue]
            self.rows.messages = [each for each in self.rows.messages if each.queue is not queue]
        return [json.loads(each.body) for each in taken]


class MemoryActivity(OutsideStore):
    """`ports.outside.Activity` in memory; only an idempotency key's own time forgets it."""

    def count(self, budget: str, window_s: int, now_ms: int) -> int:
        with self._call("Activity.count") as rows:
            window = (budget, now_ms // 1_000 // window_s * window_s)
            rows.counters[window] = rows.counters.get(window, 0) + 1
            return rows.counters[window]

    def begin_request(
        self, attempt: Attempt, request_sha256: str, now_ms: int, *, lease_s: int, keep_s: int
    ) -> Remembered | None:
        with self._call("Activity.begin_request") as rows:
            now_s = now_ms // 1_000
            old = rows.requests.get(attempt.key)
            if old is not None and old.expires_s > now_s:
                is_over = old.claimed_ms <= now_ms - lease_s * 1_000
                if old.remembered.status is not None or not is_over:
                    return None if old.nonce == attempt.nonce else old.remembered
            rows.requests[attempt.key] = RequestRow(
                remembered=Remembered(request_sha256=request_sha256, status=None, body=None),
                nonce=attempt.nonce,
                claimed_ms=now_ms,
                expires_s=now_s + keep_s,
            )
            return None

    def finish_request(self, attempt: Attempt, status: int, body: str) -> None:
        with self._call("Activity.finish_request") as rows:
            old = rows.requests.get(attempt.key)
            if old is None or old.nonce != attempt.nonce:
                raise Conflict("the idempotency key is not claimed by this attempt")
            answered = replace(old.remembered, status=status, body=body)
            rows.requests[attempt.key] = replace(old, remembered=answered)

    def abandon_request(self, attempt: Attempt) -> None:
        with self._call("Activity.abandon_request") as rows:
            old = rows.requests.get(attempt.key)
            if old is None or old.nonce != attempt.nonce:
                return
            if old.remembered.status is None:
                del rows.requests[attempt.key]

    def claim(self, key: str, holder: str, now_ms: int, lasts_ms: int) -> bool:
        with self._call("Activity.claim") as rows:
            held = rows.claims.get(key)
            if held is not None and held[0] != holder and held[1] > now_ms:
                return False
            rows.claims[key] = (holder, now_ms + lasts_ms)
            return True

    def unclaim(self, key: str, holder: str) -> None:
        with self._call("Activity.unclaim") as rows:
            if rows.claims.get(key, ("",))[0] == holder:
                del rows.claims[key]

    def record_event(self, event: StoredEvent, keep_s: int) -> bool:
        with self._call("Activity.record_event") as rows:
            if event.key in rows.events:
                return False
            rows.events[event.key] = event
            if event.why_nobody is not None:
                counted = (day_of(event.at_ms), event.why_nobody, event.type)
                rows.of_nobody[counted] = rows.of_nobody.get(counted, 0) + 1
            return True

    def of_nobody(self, first_day: int, days: int) -> Sequence[OfNobody]:
        if not 1 <= days <= MAX_DAYS:
            raise FatalError("counts of 1 to 60 days are read at once")
        with self._call("Activity.of_nobody") as rows:
            return sorted(
                OfNobody(day=day, why=why, type=name, count=count)
                for (day, why, name), count in rows.of_nobody.items()
                if first_day <= day < first_day + days
            )
