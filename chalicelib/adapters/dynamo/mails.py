# SPDX-License-Identifier: Apache-2.0
"""`ports.mails.MailStore` on the ledger table.

Guarantees one plain put for a mail, and answers that fold to the same row in any order.

    S#<sid>/M#<n10>      the mail that answered request n      S#<sid>/M#<n10>#A    its answer

The answer is a row of its own: an update would be charged for the whole mail once more.
"""

from dataclasses import replace
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    Item,
    binary,
    conditionally,
    key,
    number,
    query,
    require_binary,
    require_text,
    text,
)
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.mails import StoredMail

MAIL_VERSION: Final = 1
"""Schema version of these rows; they have their own, as they change apart from the chain's."""
_VERSION: Final = number(MAIL_VERSION)


class DynamoMailStore:
    """Confirmation mails beside their chain."""

    def __init__(self, ledger_table: str) -> None:
        self._table = ledger_table

    def put(self, sid: SubjectId, request: int, sealed: bytes) -> None:
        """Store the mail about to be sent; the latest one of a request stands."""
        item = {**mail_key(sid, request), "v": _VERSION, "ct": binary(sealed)}
        with translated("store a confirmation mail"):
            client("dynamodb").put_item(TableName=self._table, Item=item)

    def answer(self, sid: SubjectId, request: int, sealed: bytes, rank: int, at_ms: int) -> bool:
        """Keep an answer: the higher rank stays, of equals the later. False when another stays."""
        place: dict[str, Any] = {"rank": number(rank), "at_ms": number(at_ms)}
        done, _ = conditionally(
            "store the answer to a confirmation mail",
            client("dynamodb").put_item,
            TableName=self._table,
            Item={**answer_key(sid, request), "v": _VERSION, "ct": binary(sealed), **place},
            ConditionExpression=(
                "attribute_not_exists(pk) OR #rank < :rank OR (#rank = :rank AND at_ms < :at)"
            ),
            ExpressionAttributeNames={"#rank": "rank"},
            ExpressionAttributeValues={":rank": place["rank"], ":at": place["at_ms"]},
        )
        return done is not None

    def read(self, sid: SubjectId) -> tuple[StoredMail, ...]:
        """Return everything kept of the person's confirmation mails by request, read strongly.

        Raises:
            FatalError: a row has a schema version this code does not know.
        """
        rows = query(
            "read confirmation mails",
            client("dynamodb"),
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :mail)",
            ExpressionAttributeValues={":pk": text(f"S#{sid}"), ":mail": text("M#")},
            ConsistentRead=True,
        )
        found: dict[int, StoredMail] = {}
        for row in rows:
            _, number_text, *is_answer = require_text(_known(row), "sk").split("#")
            request, part = int(number_text), require_binary(row, "ct")
            held = found.get(request, StoredMail(request=request))
            found[request] = replace(held, answer=part) if is_answer else replace(held, sealed=part)
        return tuple(found[request] for request in sorted(found))


def mail_key(sid: SubjectId, request: int) -> dict[str, dict[str, str]]:
    """Return the key of the mail that answered a request."""
    return key(f"S#{sid}", f"M#{request:010d}")


def answer_key(sid: SubjectId, request: int) -> dict[str, dict[str, str]]:
    """Return the key of the answer to that mail."""
    return key(f"S#{sid}", f"M#{request:010d}#A")


def _known(row: Item) -> Item:
    if row.get("v") != _VERSION:
        raise FatalError("a stored mail has a schema version this code does not know")
    return row
