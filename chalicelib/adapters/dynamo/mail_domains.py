# SPDX-License-Identifier: Apache-2.0
"""`ports.mail_domains.MailDomainRows` in the activity table.

Guarantees one read and one write a look, the same for every answer. Refuses to stumble over a row
that other code wrote: what cannot be read is asked for anew.

Rows: `MX#<pseudonym of the domain>`/`MX`.
"""

from typing import Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    expiry,
    key,
    number,
    number_of,
    require_number,
    require_text,
    text,
)
from chalicelib.domain.mail_domains import MailDomain
from chalicelib.ports.mail_domains import MailDomainRow

_SK: Final = "MX"
_VERDICTS: Final = frozenset(MailDomain)


class DynamoMailDomainRows:
    """Answers of DNS, kept for a while."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def read(self, name: str) -> MailDomainRow | None:
        """Return what is kept under a pseudonym, however old; None where nothing readable is."""
        with translated("read what DNS said of a domain"):
            found = client("dynamodb").get_item(TableName=self._table, Key=_key(name))
        item = found.get("Item")
        if item is None or number_of(item, "v") != ROW_VERSION:
            return None
        verdict = require_text(item, "verdict")
        if verdict not in _VERDICTS:
            return None
        return MailDomainRow(
            verdict=MailDomain(verdict),
            took_ms=require_number(item, "took_ms"),
            until_ms=require_number(item, "until_ms"),
        )

    def put(self, name: str, row: MailDomainRow) -> None:
        """Keep an answer in place of any other."""
        item = {
            **_key(name),
            "v": number(ROW_VERSION),
            "verdict": text(row.verdict),
            "took_ms": number(row.took_ms),
            "until_ms": number(row.until_ms),
            "expires_at": expiry(row.until_ms),
        }
        with translated("keep what DNS said of a domain"):
            client("dynamodb").put_item(TableName=self._table, Item=item)


def _key(name: str) -> dict[str, dict[str, str]]:
    return key(f"MX#{name}", _SK)
