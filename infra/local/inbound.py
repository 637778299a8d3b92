# SPDX-License-Identifier: Apache-2.0
"""Receiving mail as SES does: `POST /local/inbound` tells the topic that a receipt rule names.

It guarantees the notice that SES publishes when a rule stops at a mail: envelope, headers and
verdicts, not the mail. The body is JSON or a form with `from`, `to` and `subject`.
It refuses a domain that no rule of the template receives for, and pages of other origins.

Source: Amazon SES developer guide, "Contents of notifications for Amazon SES email receiving".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from infra.local.http_server import Answer, Request
from infra.local.mailbox_pages import missing_page, received_page
from infra.local.mailbox_routes import page
from infra.local.ses_events import timestamp

_OWN = ("", "same-origin", "none")
_JSON = "application/json"


@dataclass(slots=True, kw_only=True)
class Inbound:
    """The receiving side.

    Attributes:
        topics: ARN of the topic that is told of mail to a domain.
    """

    publish: Callable[[str, str], None]
    now_ms: Callable[[], int]
    new_id: Callable[[], str]
    topics: dict[str, str] = field(default_factory=dict)

    def respond(self, request: Request) -> Answer:
        """Receive one mail."""
        is_json = request.header("Content-Type").split(";")[0].strip() == _JSON
        if request.method != "POST":
            return _said(405, "Mail is received by POST.", is_json=is_json)
        if request.header("Sec-Fetch-Site") not in _OWN:
            return _said(403, "Mail is received from this stack's own pages.", is_json=is_json)
        try:
            mail = _mail(request.body, is_json=is_json)
        except (ValueError, KeyError, TypeError):
            return _said(400, "Send from, to and subject.", is_json=is_json)
        topic = self.topics.get(mail["to"].rpartition("@")[2].lower())
        if topic is None:
            return _said(404, "No receipt rule takes mail for this domain.", is_json=is_json)
        notice = self._notice(topic, mail)
        self.publish(topic, json.dumps(notice))
        if is_json:
            return _json(200, {"id": notice["mail"]["messageId"]})
        return page(200, received_page())

    def _notice(self, topic: str, mail: dict[str, str]) -> dict[str, Any]:
        at = timestamp(self.now_ms())
        headers = {"From": mail["from"], "To": mail["to"], "Subject": mail["subject"]}
        return {
            "notificationType": "Received",
            "receipt": {
                "timestamp": at,
                "processingTimeMillis": 20,
                "recipients": [mail["to"]],
                "spfVerdict": {"status": "GRAY"},
                "dkimVerdict": {"status": "GRAY"},
                "dmarcVerdict": {"status": "GRAY"},
                "action": {"type": "Stop", "topicArn": topic},
            },
            "mail": {
                "timestamp": at,
                "source": mail["from"],
                "messageId": self.new_id(),
                "destination": [mail["to"]],
                "headersTruncated": False,
                "headers": [{"name": name, "value": value} for name, value in headers.items()],
                "commonHeaders": {
                    "from": [mail["from"]],
                    "to": [mail["to"]],
                    "subject": mail["subject"],
                },
            },
        }


def _mail(body: bytes, *, is_json: bool) -> dict[str, str]:
    """Return sender, recipient and subject of a body.

    Raises:
        ValueError, KeyError, TypeError: it holds something else.
    """
    text = body.decode("utf-8")
    told = json.loads(text) if is_json else dict(parse_qsl(text, keep_blank_values=True))
    return {name: str(told[name]) for name in ("from", "to", "subject")}


def _said(status: int, sentence: str, *, is_json: bool) -> Answer:
    if is_json:
        return _json(status, {"detail": sentence})
    return page(status, missing_page(sentence))


def _json(status: int, value: dict[str, str]) -> Answer:
    return Answer(
        status=status, headers=(("Content-Type", _JSON),), body=json.dumps(value).encode()
    )
