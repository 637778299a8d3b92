# SPDX-License-Identifier: Apache-2.0
"""How our rows look to the low-level DynamoDB client, and the three calls that need care.

Guarantees that a row of an unknown schema version is never read as if it were ours, that a failed
condition comes back with the row that failed it, and that a batch write is whole or raises.

Source: Amazon DynamoDB API Reference, BatchWriteItem (25 requests, UnprocessedItems) and
UpdateItem (ReturnValuesOnConditionCheckFailure).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from chalicelib.adapters.aws import error_code, translated
from chalicelib.errors import FatalError, Throttled, Unavailable
from chalicelib.ports.system import Clock, RandomBytes

Item: TypeAlias = Mapping[str, Mapping[str, Any]]

ROW_VERSION: Final = 1
MS_PER_S: Final = 1_000
MAX_BATCH: Final = 25
"""Requests in one BatchWriteItem."""
BATCH_TRIES: Final = 8
FIRST_WAIT_MS: Final = 25
LONGEST_WAIT_MS: Final = 1_000


def text(value: str) -> dict[str, str]:
    """Return ``value`` as a string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return ``value`` as a number attribute."""
    return {"N": str(value)}


def expiry(until_ms: int) -> dict[str, str]:
    """Return the TTL of a row kept until ``until_ms`` (Unix milliseconds), and never for less."""
    return number(-(-until_ms // MS_PER_S))


def binary(value: bytes) -> dict[str, bytes]:
    """Return ``value`` as a binary attribute."""
    return {"B": value}


def key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    """Return the primary key of a row."""
    return {"pk": text(pk), "sk": text(sk)}


def of_partition(pk: str) -> dict[str, Any]:
    """Return the members of a Query that ask for every row of a partition."""
    return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": text(pk)}}


def require_version(item: Item, known: Sequence[int] = (ROW_VERSION,)) -> Item:
    """Return ``item`` when its schema version is one of those ``known`` for its kind.

    Raises:
        FatalError: the row has another version, or none.
    """
    if number_of(item, "v") not in known:
        kind = str(item.get("pk", {}).get("S", "?")).partition("#")[0]
        raise FatalError(
            f"a stored row of kind {kind} has a schema version this code does not know"
        )
    return item


def text_of(item: Item, name: str) -> str | None:
    """Return a string attribute, or None when the row has none."""
    value = item.get(name)
    return None if value is None else str(value["S"])


def number_of(item: Item, name: str) -> int | None:
    """Return a whole-number attribute, or None when the row has none."""
    value = item.get(name)
    return None if value is None else int(value["N"])


def binary_of(item: Item, name: str) -> bytes | None:
    """Return a binary attribute, or None when the row has none."""
    value = item.get(name)
    return None if value is None else bytes(value["B"])


def require_binary(item: Item, name: str) -> bytes:
    """Return a binary attribute every row of this kind has.

    Raises:
        FatalError: the row has none.
    """
    value = binary_of(item, name)
    if value is None:
        raise FatalError(f"a stored row lacks {name}")
    return value


def require_text(item: Item, name: str) -> str:
    """Return a string attribute every row of this kind has.

    Raises:
        FatalError: the row has none.
    """
    value = text_of(item, name)
    if value is None:
        raise FatalError(f"a stored row lacks {name}")
    return value


def require_number(item: Item, name: str) -> int:
    """Return a whole-number attribute every row of this kind has.

    Raises:
        FatalError: the row has none.
    """
    value = number_of(item, name)
    if value is None:
        raise FatalError(f"a stored row lacks {name}")
    return value


def conditionally(
    what: str,
    call: Callable[..., Any],
    *,
    known: Sequence[int] = (ROW_VERSION,),
    **request: Any,
) -> tuple[dict[str, Any] | None, Item]:
    """Make a conditional write; return its answer, or None and the row that failed the condition.

    The row is empty when there is none. Only this error is swallowed; all others are translated.

    Args:
        known: the schema versions of this kind of row.

    Raises:
        FatalError: the row that failed the condition is of an unknown schema version.
    """
    from botocore.exceptions import ClientError

    with translated(what):
        try:
            answer = call(ReturnValuesOnConditionCheckFailure="ALL_OLD", **request)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            old: Item = error.response.get("Item", {})
            return None, require_version(old, known) if old else {}
        return dict(answer), {}


def put_all(
    what: str,
    client: Any,
    table: str,
    items: Sequence[Item],
    clock: Clock,
    random: RandomBytes,
) -> None:
    """Put every item, 25 a call; what DynamoDB did not process is asked for again, with jitter.

    Raises:
        Throttled: some items were still unprocessed after the last try; others may be stored.
    """
    requests = [{"PutRequest": {"Item": item}} for item in items]
    write_all(what, client, table, requests, clock, random)


def delete_all(
    what: str,
    client: Any,
    table: str,
    keys: Sequence[Item],
    clock: Clock,
    random: RandomBytes,
) -> None:
    """Delete every key, as `put_all` puts; deleting what is not there is fine."""
    requests = [{"DeleteRequest": {"Key": item_key}} for item_key in keys]
    write_all(what, client, table, requests, clock, random)


def write_all(
    what: str,
    client: Any,
    table: str,
    requests: Sequence[Mapping[str, Any]],
    clock: Clock,
    random: RandomBytes,
) -> None:
    """Make every write request of one table; no two may name the same row.

    Raises:
        Throttled: some requests were still unprocessed after the last try; others may be done.
    """
    for start in range(0, len(requests), MAX_BATCH):
        left = requests[start : start + MAX_BATCH]
        for attempt in range(BATCH_TRIES):
            if attempt:
                clock.sleep_ms(wait_ms(attempt, random))
            with translated(what):
                answer = client.batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
        else:
            raise Throttled(f"{what}: {len(left)} rows were not written")


def read_all(
    what: str,
    client: Any,
    requests: Mapping[str, Mapping[str, Any]],
    clock: Clock,
    random: RandomBytes,
) -> dict[str, list[Item]]:
    """Return the rows of one BatchGetItem by table, every one that exists, in no order.

    Args:
        requests: by table, as BatchGetItem's `RequestItems`; at most 100 keys, no two the same.

    Raises:
        Unavailable: some rows were still unread after the last try; nothing is returned then.
    """
    found: dict[str, list[Item]] = {table: [] for table in requests}
    left = requests
    for attempt in range(BATCH_TRIES):
        if attempt:
            clock.sleep_ms(wait_ms(attempt, random))
        with translated(what):
            answer = client.batch_get_item(RequestItems=left)
        if "Responses" not in answer:
            raise Unavailable(f"{what}: the answer could not be read")
        for table, rows in answer["Responses"].items():
            found[table].extend(rows)
        left = answer.get("UnprocessedKeys", {})
        if not left:
            return found
    raise Unavailable(f"{what}: not every row could be read")


def wait_ms(attempt: int, random: RandomBytes) -> int:
    """Return a wait chosen evenly from half to the whole of a doubling, bounded span."""
    span = min(FIRST_WAIT_MS << attempt, LONGEST_WAIT_MS)
    return span // 2 + span * int.from_bytes(random(2), "big") // 2 // 65_536


def query(what: str, client: Any, **request: Any) -> Iterator[Item]:
    """Yield every item of a Query, over all its pages."""
    while True:
        with translated(what):
            answer = client.query(**request)
        yield from answer.get("Items", ())
        start = answer.get("LastEvaluatedKey")
        if not start:
            return
        request["ExclusiveStartKey"] = start
