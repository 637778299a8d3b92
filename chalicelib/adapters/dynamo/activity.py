# SPDX-License-Identifier: Apache-2.0
"""What expires, in the activity table: budgets, idempotency keys and SES events.

Guarantees that a claim or an event is stored once, by a conditional write. Nothing here is safe
because a row expired: DynamoDB removes rows late, so an idempotency key's own time decides.
Refuses nothing a caller names: budgets and keys must hold no personal data.

Rows: `B#<budget>`/`<window start, s>` · `R#<key>`/`R` · `C#<claim>`/`C` · an event of a subject
`S#<subject id>`/`V#<event key>`, of a stranger `V#<event key>`/`V` · how many were nobody's
`T#SES`/`<day>#<why>#<type>`.
"""

from collections.abc import Sequence
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    conditionally,
    key,
    number,
    number_of,
    query,
    require_number,
    require_text,
    require_version,
    text,
    text_of,
)
from chalicelib.adapters.dynamo.ledger_rows import put_new, update
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.event_tallies import KEEP_DAYS, MAX_DAYS, OfNobody, WhyNobody, day_of
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.outside import Attempt, Remembered, StoredEvent

_S: Final = 1_000
"""Milliseconds in a second."""
_OF_NOBODY: Final = "T#SES"


class DynamoActivity:
    """`Activity` on DynamoDB; every call but one is one write."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def count(self, budget: str, window_s: int, now_ms: int) -> int:
        """Add one to the fixed-window counter ``budget`` and return its value.

        A call whose first answer was lost counts twice: a budget is then used a little early.
        """
        window = now_ms // _S // window_s * window_s
        answer, old = conditionally(
            "count against a budget",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=key(f"B#{budget}", str(window)),
            UpdateExpression="SET v = :v, expires_at = :gone ADD used :one",
            ConditionExpression="attribute_not_exists(pk) OR v = :v",
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":gone": number(window + 2 * window_s),
                ":one": number(1),
            },
            ReturnValues="ALL_NEW",
        )
        if answer is None:
            return require_number(old, "used")
        return require_number(answer["Attributes"], "used")

    def begin_request(
        self, attempt: Attempt, request_sha256: str, now_ms: int, *, lease_s: int, keep_s: int
    ) -> Remembered | None:
        """Claim an idempotency key: None when it is new, else what is remembered of it.

        It is new as well when its time or an unanswered claim's lease is over, and when the claim
        is this attempt's own: the client repeats a write whose answer was lost.
        """
        now_s = now_ms // _S
        done, old = conditionally(
            "claim an idempotency key",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **_request_key(attempt.key),
                "v": number(ROW_VERSION),
                "nonce": text(attempt.nonce),
                "request_sha256": text(request_sha256),
                "claimed_ms": number(now_ms),
                "expires_at": number(now_s + keep_s),
            },
            ConditionExpression="attribute_not_exists(pk) OR (v = :v AND (expires_at <= :now"
            " OR (attribute_not_exists(http_status) AND claimed_ms <= :stale)))",
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":now": number(now_s),
                ":stale": number(now_ms - lease_s * _S),
            },
        )
        if done is not None or text_of(old, "nonce") == attempt.nonce:
            return None
        return Remembered(
            request_sha256=require_text(old, "request_sha256"),
            status=number_of(old, "http_status"),
            body=text_of(old, "answer"),
        )

    def finish_request(self, attempt: Attempt, status: int, body: str) -> None:
        """Remember the answer given by ``attempt``.

        Raises:
            Conflict: the claim is gone, or another attempt's by now.
        """
        done, _ = conditionally(
            "remember an answer",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=_request_key(attempt.key),
            UpdateExpression="SET http_status = :status, answer = :body",
            ConditionExpression="v = :v AND nonce = :nonce",
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":nonce": text(attempt.nonce),
                ":status": number(status),
                ":body": text(body),
            },
        )
        if done is None:
            raise Conflict("the idempotency key is not claimed by this attempt")

    def abandon_request(self, attempt: Attempt) -> None:
        """Forget the attempt's own claim; an answer given and another's claim stay."""
        conditionally(
            "forget an idempotency key",
            client("dynamodb").delete_item,
            TableName=self._table,
            Key=_request_key(attempt.key),
            ConditionExpression="attribute_not_exists(http_status) AND v = :v AND nonce = :nonce",
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":nonce": text(attempt.nonce),
            },
        )

    def claim(self, key: str, holder: str, now_ms: int, lasts_ms: int) -> bool:
        """Hold ``key`` for ``holder`` until ``lasts_ms`` have passed; False while another does."""
        until_ms = now_ms + lasts_ms
        done, _ = conditionally(
            "claim something for a while",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={
                **_claim_key(key),
                "v": number(ROW_VERSION),
                "claimed_by": text(holder),
                "until_ms": number(until_ms),
                "expires_at": number(until_ms // _S + 1),
            },
            ConditionExpression="attribute_not_exists(pk)"
            " OR (v = :v AND (claimed_by = :holder OR until_ms <= :now))",
            ExpressionAttributeValues={
                ":v": number(ROW_VERSION),
                ":holder": text(holder),
                ":now": number(now_ms),
            },
        )
        return done is not None

    def unclaim(self, key: str, holder: str) -> None:
        """Give a claim back; another's claim, or none, is left as it is."""
        conditionally(
            "give a claim back",
            client("dynamodb").delete_item,
            TableName=self._table,
            Key=_claim_key(key),
            ConditionExpression="v = :v AND claimed_by = :holder",
            ExpressionAttributeValues={":v": number(ROW_VERSION), ":holder": text(holder)},
        )

    def record_event(self, event: StoredEvent, keep_s: int) -> bool:
        """Store an SES event once; False when it was there already.

        It is kept until ``keep_s`` after it happened. One of nobody is counted in the same
        transaction, which an event that is there already cancels.
        """
        if event.why_nobody is not None:
            return self._counted(event, event.why_nobody, keep_s)
        done, _ = conditionally(
            "store an SES event",
            client("dynamodb").put_item,
            TableName=self._table,
            Item=event_item(event, keep_s),
            ConditionExpression="attribute_not_exists(pk)",
        )
        return done is not None

    def _counted(self, event: StoredEvent, why: WhyNobody, keep_s: int) -> bool:
        day = day_of(event.at_ms)
        gone_s = (day + KEEP_DAYS) * DAY_MS // _S
        count = update(
            self._table,
            key(_OF_NOBODY, f"{_day(day)}#{why}#{event.type}"),
            "SET v = :v, expires_at = :gone ADD events :one",
            {":v": number(ROW_VERSION), ":gone": number(gone_s), ":one": number(1)},
        )
        try:
            with translated("store and count an SES event"):
                client("dynamodb").transact_write_items(
                    TransactItems=[put_new(self._table, event_item(event, keep_s)), count]
                )
        except Conflict:
            return False
        return True

    def of_nobody(self, first_day: int, days: int) -> Sequence[OfNobody]:
        """Return the counts of ``days`` (1 to 60) days from ``first_day``, in order.

        Raises:
            FatalError: so many days are not read at once.
        """
        if not 1 <= days <= MAX_DAYS:
            raise FatalError("counts of 1 to 60 days are read at once")
        rows = query(
            "read how many events were nobody's",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :after",
            ExpressionAttributeValues={
                ":pk": text(_OF_NOBODY),
                ":first": text(_day(first_day)),
                ":after": text(_day(first_day + days)),
            },
        )
        return sorted(_of_nobody(require_version(row)) for row in rows)


def _of_nobody(row: Item) -> OfNobody:
    day, why, name = require_text(row, "sk").split("#", 2)
    return OfNobody(
        day=int(day), why=WhyNobody(why), type=name, count=require_number(row, "events")
    )


def _day(day: int) -> str:
    """Days as text sort as they follow each other."""
    return f"{day:06d}"


def event_item(event: StoredEvent, keep_s: int) -> Item:
    """Return the stored form of an event: what is unknown is absent."""
    item: dict[str, Any] = {
        **_event_key(event),
        "v": number(ROW_VERSION),
        "event_type": text(event.type),
        "at_ms": number(event.at_ms),
        "expires_at": number(event.at_ms // _S + keep_s),
    }
    if event.sid is not None:
        item["sid"] = text(event.sid)
    if event.mac is not None:
        item["mac"] = text(event.mac)
    if event.sealed is not None:
        item["sealed"] = binary(event.sealed)
    return item


def events_key(sid: SubjectId) -> str:
    """Return the partition of a subject's events: an erasure must find them."""
    return f"S#{sid}"


def _event_key(event: StoredEvent) -> dict[str, dict[str, str]]:
    if event.sid is None:
        return key(f"V#{event.key}", "V")
    return key(events_key(event.sid), f"V#{event.key}")


def _claim_key(name: str) -> dict[str, dict[str, str]]:
    return key(f"C#{name}", "C")


def _request_key(name: str) -> dict[str, dict[str, str]]:
    return key(f"R#{name}", "R")
