# SPDX-License-Identifier: Apache-2.0
"""`ports.access.AccessStore` on the activity table.

Rows: `A#<SHA-256 of the token, hex>`/`A` is the link; `P#<sid>`/`A#<SHA-256>` lets an erasure find
it. The second is written first: a link that works can always be found.
"""

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    key,
    number,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.ports.access import AccessLink


class DynamoAccessStore:
    """Access links and where an erasure finds them."""

    def __init__(self, activity_table: str) -> None:
        self._table = activity_table

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        """Store a new link until some time after ``keep_ms`` (Unix milliseconds)."""
        kept = {"v": number(ROW_VERSION), "expires_at": number(keep_ms // 1_000 + 1)}
        item = {
            **link_key(token_sha256),
            **kept,
            "sid": text(link.sid),
            "brand": text(link.brand),
            "language": text(link.language),
            "until_ms": number(link.expires_ms),
        }
        place = {**key(links_key(link.sid), f"A#{token_sha256}"), **kept}
        for row in (place, item):
            with translated("store an access link"):
                client("dynamodb").put_item(TableName=self._table, Item=row)

    def get(self, token_sha256: str) -> AccessLink | None:
        """Return the link, read strongly, expired or not, or None."""
        with translated("read an access link"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=link_key(token_sha256), ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            return None
        return AccessLink(
            sid=SubjectId(require_text(require_version(item), "sid")),
            brand=BrandId(require_text(item, "brand")),
            language=require_text(item, "language"),
            expires_ms=require_number(item, "until_ms"),
        )


def link_key(token_sha256: str) -> dict[str, dict[str, str]]:
    """Return the key of a link's row."""
    return key(f"A#{token_sha256}", "A")


def links_key(sid: SubjectId) -> str:
    """Return the partition that names a person's links."""
    return f"P#{sid}"
