# SPDX-License-Identifier: Apache-2.0
"""Campaigns: their life cycle, the immutable manifest of who is planned, and chunks of it.

A manifest is written once per campaign and shard; a chunk is a range of it. So a chunk claimed
once is a person mailed at most once.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    RANDOM_ID_BYTES,
    BrandId,
    CampaignId,
    DeliveryId,
    EventId,
    ListId,
    PurposeId,
    SubjectId,
    decode_id,
    decode_stored_id,
    encode_id,
    require_slug,
)
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import Stop
from chalicelib.errors import FatalError, IllegalTransition

MAX_RECIPIENTS_PER_CALL = 50
"""Destinations in one SendBulkEmail call (AWS SES v2 API reference)."""
_MAGIC = b"KVMANI\x00\x01"
_RECORD_BYTES = RANDOM_ID_BYTES + DELIVERY_ID_BYTES


class CampaignStatus(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"
    TESTED = "tested"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What a marketer, the clock, or the end of the work does to a campaign."""

    EDIT = "edit"
    TEST = "test"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    SEND = "send"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


_NEXT: Mapping[tuple[CampaignStatus, Act], CampaignStatus] = {
    (CampaignStatus.DRAFT, Act.EDIT): CampaignStatus.DRAFT,
    (CampaignStatus.DRAFT, Act.TEST): CampaignStatus.TESTED,
    (CampaignStatus.DRAFT, Act.CANCEL): CampaignStatus.CANCELLED,
    (CampaignStatus.TESTED, Act.EDIT): CampaignStatus.DRAFT,
    (CampaignStatus.TESTED, Act.TEST): CampaignStatus.TESTED,
    (CampaignStatus.TESTED, Act.SCHEDULE): CampaignStatus.SCHEDULED,
    (CampaignStatus.TESTED, Act.SEND): CampaignStatus.SENDING,
    (CampaignStatus.TESTED, Act.CANCEL): CampaignStatus.CANCELLED,
    (CampaignStatus.SCHEDULED, Act.EDIT): CampaignStatus.DRAFT,
    (CampaignStatus.SCHEDULED, Act.UNSCHEDULE): CampaignStatus.TESTED,
    (CampaignStatus.SCHEDULED, Act.SEND): CampaignStatus.SENDING,
    (CampaignStatus.SCHEDULED, Act.CANCEL): CampaignStatus.CANCELLED,
    (CampaignStatus.SENDING, Act.PAUSE): CampaignStatus.PAUSED,
    (CampaignStatus.SENDING, Act.CANCEL): CampaignStatus.CANCELLED,
    (CampaignStatus.SENDING, Act.FINISH): CampaignStatus.SENT,
    (CampaignStatus.PAUSED, Act.RESUME): CampaignStatus.SENDING,
    (CampaignStatus.PAUSED, Act.CANCEL): CampaignStatus.CANCELLED,
    (CampaignStatus.PAUSED, Act.FINISH): CampaignStatus.SENT,
}


def next_status(status: CampaignStatus, act: Act) -> CampaignStatus:
    """Return the status after ``act``.

    Raises:
        IllegalTransition: the act is not possible from ``status``.

    """
    try:
        return _NEXT[status, act]
    except KeyError:
        raise IllegalTransition(
            f"A campaign that is {status} cannot {act}. Nothing was changed."
        ) from None


def possible_acts(status: CampaignStatus) -> frozenset[Act]:
    """Return what can be done to a campaign from where it is.

    Example:
        >>> possible_acts(CampaignStatus.SENT)
        frozenset()

    """
    return frozenset(act for known, act in _NEXT if known is status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a campaign says: Jinja2 sources. ``text`` None is made from the HTML.

    ``html`` holds MJML where that is the ``kind``.
    """

    subject: str
    html: str
    text: str | None = None
    kind: ContentKind = ContentKind.HTML


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One mailing to one list under one purpose. What it says is stored beside it (`Content`).

    Attributes:
        subject: of its content, so that lists of campaigns show it.
        source_sha256: hex SHA-256 of its content as written (`domain.campaign_fingerprint`).
        minimum_grade: the weakest evidence of consent that is enough; ``E`` takes any.
        tested_fingerprint: what the latest accepted test was a test of; None since an edit.
        scheduled_ms: when it starts by itself; None unless it is scheduled.
        problem: code of what keeps it from going on by itself; None when nothing does.
        stop: why the product itself stopped it; None while nothing did.
        risk_accepted: somebody let it go on although it was stopped; until it is edited.
        retry_of: the campaign whose failures it sends again; None: it is no such campaign.
        retry_unsent: whether it also sends to whom that campaign calls unsent.
        go_ms: when its plan was whole and chunks were let go, Unix milliseconds; None before.
        content_sha256: hex SHA-256 of the frozen content; None while a draft.
        chunk_size: recipients per chunk, fixed when the sending starts, 1 to 50.
        finished_ms: when everybody was accounted for, also of a cancelled campaign.
        planned: people planned, known once every shard is planned; else None.
        woken_ms: when its messages were last made again, Unix milliseconds.
        wakes: how often in a row that was done without anything coming of it.
        plan_event: id of the ledger entry that commits to the whole plan, chosen at the start so
            that it is written once; None before, and in campaigns started by an older version.

    """

    id: CampaignId
    brand: BrandId
    list: ListId
    purpose: PurposeId
    name: str
    subject: str
    source_sha256: str
    status: CampaignStatus
    created_ms: int
    segment: str | None = None
    minimum_grade: Grade = Grade.E
    tested_fingerprint: str | None = None
    scheduled_ms: int | None = None
    problem: str | None = None
    stop: Stop | None = None
    risk_accepted: bool = False
    retry_of: CampaignId | None = None
    retry_unsent: bool = False
    go_ms: int | None = None
    content_sha256: str | None = None
    chunk_size: int = MAX_RECIPIENTS_PER_CALL
    started_ms: int | None = None
    finished_ms: int | None = None
    planned: int | None = None
    woken_ms: int | None = None
    wakes: int = 0
    plan_event: EventId | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        require_slug(self.brand, "brand")
        require_slug(self.list, "list")
        require_slug(self.purpose, "purpose")

    @property
    def unfinished(self) -> bool:
        """Whether it was started and somebody in it may still be unaccounted for."""
        return self.started_ms is not None and self.finished_ms is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person planned: the subject and the id of their delivery."""

    sid: SubjectId
    delivery: DeliveryId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRef:
    """A range of a shard's manifest: records ``number * size`` up to ``size`` further."""

    campaign: CampaignId
    shard: str
    number: int

    @property
    def name(self) -> str:
        """What delivery rows and message tags call it: shard and number, never a person."""
        return f"{self.shard}-{self.number}"


class ChunkStatus(StrEnum):
    """Where a chunk is. ``dispatched`` without a commit in time becomes ``unknown`` for good.

    ``partial``: some outcomes are committed, and SES surely did not take the others yet.
    """

    CLAIMED = "claimed"
    DISPATCHED = "dispatched"
    PARTIAL = "partial"
    DONE = "done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a campaign is: ``planned = sent + rejected + unknown + sum(skipped) + open``."""

    planned: int = 0
    sent: int = 0
    rejected: int = 0
    unknown: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    first_ms: int | None = None
    last_ms: int | None = None

    @property
    def accounted(self) -> int:
        """People whose outcome is known, or known to be unknown."""
        return self.sent + self.rejected + self.unknown + sum(self.skipped.values())

    @property
    def open(self) -> int:
        """People planned whose outcome is still to come; 0 at the end."""
        return self.planned - self.accounted

    @property
    def failed(self) -> int:
        """Those of the skipped whom the product could not send to, whoever tried."""
        return self.skipped.get("failed", 0)

    @property
    def rate(self) -> float:
        """Accepted messages per second over the time from the first to the last commit."""
        if not self.sent or self.first_ms is None or self.last_ms is None:
            return 0.0
        return round(self.sent * 1000 / max(self.last_ms - self.first_ms, 1000), 1)


def pack_manifest(recipients: Iterable[Recipient]) -> bytes:
    """Return the manifest bytes: an 8-byte header with the schema version, 28 bytes a person.

    Raises:
        FatalError: as `pack_people`.

    """
    return pack_people(
        (person.sid, decode_id(person.delivery, DELIVERY_ID_BYTES)) for person in recipients
    )


def pack_people(people: Iterable[tuple[SubjectId, bytes]]) -> bytes:
    """Return the manifest of people as a plan chooses them, each with a raw delivery id.

    Args:
        people: ids that a store of ours holds, and 12 bytes for each.

    Raises:
        FatalError: the people are not in the order of their ids' text, or one is there twice: a
            person is found in a manifest by that order (`find_place`). Or a delivery id is not
            of 12 bytes.

    """
    parts, last = [_MAGIC], ""
    for sid, delivery in people:
        if sid <= last:
            raise FatalError("a manifest names people in the order of their ids, each once")
        if len(delivery) != DELIVERY_ID_BYTES:
            raise FatalError("a delivery id is 12 bytes")
        parts += decode_stored_id(sid), delivery
        last = sid
    return b"".join(parts)


def manifest_length(total_bytes: int) -> int:
    """Return how many people a manifest of ``total_bytes`` names.

    Raises:
        FatalError: the length is not that of a whole manifest.

    """
    people, rest = divmod(total_bytes - len(_MAGIC), _RECORD_BYTES)
    if rest or people < 0:
        raise FatalError("a manifest is not whole")
    return people


def record_range(first: int, last: int) -> tuple[int, int]:
    """Return the first and last byte (inclusive) of records ``first`` up to ``last``, exclusive."""
    return len(_MAGIC) + first * _RECORD_BYTES, len(_MAGIC) + last * _RECORD_BYTES - 1


def find_place(
    sid: SubjectId, people: int, read: Callable[[int, int], bytes]
) -> tuple[int, bytes] | None:
    """Return a person's place in a manifest of ``people`` and their record; None: not planned.

    Ids are random, so a place is guessed from the id itself and almost always lies in the first
    window looked at; what is left is halved, so that no manifest takes more than a few dozen looks.

    Args:
        read: returns the bytes of the records from the first place up to the second, exclusive.

    Raises:
        FatalError: a record is not whole.

    """
    low, high = 0, people
    guess = int(_fraction(sid) * people)
    reach = 4 * int(people**0.5) + 8
    while low < high:
        first, last = max(low, min(guess - reach, high - 1)), min(high, max(guess + reach, low + 1))
        records = read(first, last)
        ids = [person.sid for person in read_records(records)]
        place = bisect_left(ids, sid)
        if place < len(ids) and ids[place] == sid:
            start = place * _RECORD_BYTES
            return first + place, records[start : start + _RECORD_BYTES]
        if 0 < place < len(ids):
            return None
        if place == 0:
            high = first
        else:
            low = last
        guess = (low + high) // 2
    return None


_ORDER = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""The alphabet of ids in the order in which DynamoDB and Python sort it."""


def _fraction(sid: SubjectId) -> float:
    """Where an id lies between the first and the last that could be, 0 to 1."""
    return sum(_ORDER.index(char) / 64.0 ** (n + 1) for n, char in enumerate(sid[:8]))


def chunk_range(number: int, size: int) -> tuple[int, int]:
    """Return the first and last byte (inclusive) of chunk ``number`` in its manifest."""
    return record_range(number * size, (number + 1) * size)


def read_sids(data: bytes) -> Iterator[SubjectId]:
    """Yield the ids of the people in ``data``, whole records without the header.

    Raises:
        FatalError: as `read_records`.

    """
    return (SubjectId(encode_id(data[start : start + RANDOM_ID_BYTES])) for start in _starts(data))


def read_records(data: bytes) -> Iterator[Recipient]:
    """Yield the people in ``data``, whole records without the header.

    Raises:
        FatalError: ``data`` ends inside a record.

    """
    for start in _starts(data):
        record = data[start : start + _RECORD_BYTES]
        yield Recipient(
            sid=SubjectId(encode_id(record[:RANDOM_ID_BYTES])),
            delivery=DeliveryId(encode_id(record[RANDOM_ID_BYTES:])),
        )


def _starts(data: bytes) -> range:
    if len(data) % _RECORD_BYTES:
        raise FatalError("a chunk of a manifest is not whole")
    return range(0, len(data), _RECORD_BYTES)
