# SPDX-License-Identifier: Apache-2.0
"""`ports.audience_scan.AudienceScan` on DynamoDB: the audience table joined with the vault.

Guarantees one page of each table in memory: a page of the audience is read, then the keys between
its first and its last id. Refuses an answer without rows in it, which would pass for the shard's
end. Rows are written by `adapters.dynamo.ledger`, inside an append.
"""

from binascii import a2b_base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chalicelib.adapters.aws import rows_client, translated
from chalicelib.adapters.dynamo.frequency import ATTRIBUTE as RHYTHM
from chalicelib.adapters.dynamo.items import ROW_VERSION, number, of_partition, text
from chalicelib.adapters.dynamo.ledger_rows import REST, STANDING
from chalicelib.domain.ids import ListId
from chalicelib.errors import FatalError, Unavailable
from chalicelib.ports.audience_scan import Row
from chalicelib.proof.opening import Wanted

_PLAIN: Final = ("sk", "v", "lists", STANDING, RHYTHM, REST)
_SECTIONS: Final = {Wanted.PROFILE: "sealed", Wanted.FACTS: "facts"}
_VERSION: Final = number(ROW_VERSION)
PAGE_ROWS: Final = 700
"""People in a page, at most: what a page takes in memory is the same however long a list is."""

_Stored = Mapping[str, Any]


class DynamoAudienceScan:
    """`AudienceScan` on DynamoDB: Query after Query, and nothing kept between them."""

    def __init__(self, *, audience_table: str, vault_table: str) -> None:
        self._audience = audience_table
        self._vault = vault_table

    def people(
        self,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
        *,
        wanted: Wanted,
    ) -> Iterator[Row]:
        """Yield the people of a shard, each once, in ascending order of their ids.

        Raises:
            FatalError: a list without a status, or a status without a list; a stored row that
                this code does not know.
        """
        if (list_id is None) is not (not statuses):
            raise FatalError("people are read by a list and its statuses, or by neither")
        columns = [name for section, name in _SECTIONS.items() if section in wanted]
        request = {
            "TableName": self._audience,
            **of_partition(shard),
            "ProjectionExpression": ", ".join((*_PLAIN, *columns)),
            "Limit": PAGE_ROWS,
        }
        if list_id is not None:
            named = {f":status{n}": text(status) for n, status in enumerate(statuses)}
            request["FilterExpression"] = f"lists.#list IN ({', '.join(named)})"
            request["ExpressionAttributeNames"] = {"#list": list_id}
            request["ExpressionAttributeValues"] |= named
        return self._rows(shard, request, with_keys=bool(columns))

    def _rows(self, shard: str, request: dict[str, Any], *, with_keys: bool) -> Iterator[Row]:
        what = f"read the people of shard {shard}"
        start: _Stored | None = {}
        while start is not None:
            page, start = rows_page(what, request, start)
            keys = self._keys(shard, page) if page and with_keys else {}
            for stored in page:
                yield _row(stored, keys)
            # The next page is read only when this one is gone.
            page.clear()
            keys.clear()

    def _keys(self, shard: str, page: Sequence[_Stored]) -> dict[str, str]:
        """Return the wrapped keys, as base64, of everybody from a page's first id to its last."""
        request = {
            "TableName": self._vault,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": text(shard),
                ":first": page[0]["sk"],
                ":last": page[-1]["sk"],
            },
            "ProjectionExpression": "sk, v, wrapped_key",
            "Limit": PAGE_ROWS,
        }
        keys: dict[str, str] = {}
        start: _Stored | None = {}
        while start is not None:
            rows, start = rows_page(f"read the keys of shard {shard}", request, start)
            for stored in rows:
                if stored.get("v") != _VERSION or "wrapped_key" not in stored:
                    raise _unknown()
                keys[stored["sk"]["S"]] = stored["wrapped_key"]["B"]
        return keys


def rows_page(
    what: str, request: Mapping[str, Any], start: _Stored
) -> tuple[list[_Stored], _Stored | None]:
    """Return one page of a Query, and where the next one begins; None after the last.

    Raises:
        Unavailable: an answer without rows in it, which would pass for the end.
    """
    after = {"ExclusiveStartKey": start} if start else {}
    with translated(what):
        answer = rows_client().query(**request, **after)
    if "Items" not in answer:
        raise Unavailable(f"{what}: the answer could not be read")
    return answer["Items"], answer.get("LastEvaluatedKey")


def _row(stored: _Stored, keys: Mapping[str, str]) -> Row:
    if stored.get("v") != _VERSION:
        raise _unknown()
    standing, rhythm, rest = stored.get(STANDING), stored.get(RHYTHM), stored.get(REST)
    try:
        sid = stored["sk"]["S"]
        key = keys.get(sid)
        return Row(
            sid,
            {name: status["S"] for name, status in stored["lists"]["M"].items()},
            None if standing is None else standing["S"],
            None if rhythm is None else rhythm["S"],
            None if key is None else a2b_base64(key, strict_mode=True),
            _binary(stored, "sealed"),
            _binary(stored, "facts"),
            None if rest is None else int(rest["N"]),
        )
    except (KeyError, ValueError):
        raise _unknown() from None


def _binary(stored: _Stored, name: str) -> bytes | None:
    value = stored.get(name)
    return None if value is None else a2b_base64(value["B"], strict_mode=True) or None


def _unknown() -> FatalError:
    return FatalError(
        "a person's stored row has a schema version or a form this code does not know"
    )
