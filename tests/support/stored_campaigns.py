# SPDX-License-Identifier: Apache-2.0
"""How a campaign that an earlier version kept in one row stands in today's two."""

from typing import Any

from chalicelib.domain.campaign_fingerprint import source_digest
from chalicelib.domain.campaigns import Content


def beside(row: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The two rows of a campaign that an earlier version kept in one."""
    item = dict(row["item"])
    said = {name: item.pop(name) for name in ("html", "text") if name in item}
    content = Content(
        subject=item["subject"]["S"],
        **{name: value["S"] for name, value in said.items()},
    )
    source = {
        "pk": {"S": f"CAMPAIGN#{item['sk']['S']}"},
        "sk": {"S": "SOURCE"},
        "v": item["v"],
        "subject": item["subject"],
        **said,
    }
    item["source_sha256"] = {"S": source_digest(content)}
    return {**row, "item": item}, {**row, "item": source}
