# SPDX-License-Identifier: Apache-2.0
"""Our own SES v2 endpoint, with the mailbox and the controls of the local stack beside it.

It guarantees the REST-JSON protocol of the operations the product uses, errors included, so that
boto3's own client works unchanged behind AWS_ENDPOINT_URL_SESV2.
It refuses every other operation with 404, and listens on 127.0.0.1 only.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from infra.local.dns_controls import DnsControls
from infra.local.dns_zone import Zone
from infra.local.http_server import Answer, HttpServer, Request
from infra.local.inbound import Inbound
from infra.local.mailbox import Mailbox
from infra.local.mailbox_routes import MailboxRoutes
from infra.local.ses_account import Account
from infra.local.ses_controls import Controls
from infra.local.ses_errors import SesError
from infra.local.ses_operations import Operations
from infra.local.ses_publisher import Publish, Publisher
from infra.local.ses_sending import Sending

_MAX_BODY_BYTES = 64 * 1024 * 1024
_JSON = ("Content-Type", "application/json")


def now_ms() -> int:
    """Return Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def new_message_id() -> str:
    """Return an id in the form of SES's own."""
    part = uuid.uuid4()  # noqa: TID251 - the emulator makes its own ids
    return f"0110{now_ms():012x}-{part}-000000"


def json_answer(status: int, value: Any, *headers: tuple[str, str]) -> Answer:
    """Return a JSON answer."""
    return Answer(status=status, headers=(_JSON, *headers), body=json.dumps(value).encode())


@dataclass(slots=True, kw_only=True)
class SesEndpoint:
    """Everything that answers on the SES endpoint's port.

    Args:
        publish: delivers an event record to a topic.
        region: Region name shown in ids and messages.
        zone: what the stack's DNS answers from; people change it here.
    """

    publish: Publish
    region: str
    zone: Zone = field(default_factory=Zone)
    account: Account = field(init=False)
    mailbox: Mailbox = field(init=False)
    inbound: Inbound = field(init=False)
    _routes: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = field(init=False)
    _sending: Sending = field(init=False)
    _controls: Controls = field(init=False)
    _pages: MailboxRoutes = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(now_ms=now_ms)
        self.mailbox = Mailbox()
        self.inbound = Inbound(publish=self.publish, now_ms=now_ms, new_id=new_message_id)
        publisher = Publisher(self.account, self.publish, now_ms)
        self._sending = Sending(
            account=self.account,
            mailbox=self.mailbox,
            publisher=publisher,
            region=self.region,
            new_id=new_message_id,
            now_ms=now_ms,
        )
        self._controls = Controls(account=self.account, mailbox=self.mailbox, publisher=publisher)
        self._pages = MailboxRoutes(mailbox=self.mailbox)
        operations = Operations(account=self.account)
        self._routes = [
            (method, re.compile("/v2/email" + re.sub(r"\{\w+\}", "([^/]+)", path)), operation)
            for method, path, operation in operations.table()
        ]

    def respond(self, request: Request) -> Answer:
        """Answer one request: the API, the mailbox or a control."""
        path, _, query = request.target.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        if path.startswith("/local/ses"):
            return self._controls.respond(request, path)
        if path == "/local/dns":
            return DnsControls(zone=self.zone).respond(request)
        if path == "/local/inbound":
            return self.inbound.respond(request)
        if path.startswith("/local/"):
            return self._pages.respond(request, path, parameters)
        try:
            if request.method == "POST" and path.startswith("/v2/email/outbound-"):
                return self._send(path, request.body)
            return self._operate(request, path, parameters)
        except SesError as error:
            return json_answer(
                error.status, {"message": error.message}, ("x-amzn-ErrorType", error.kind)
            )

    def _operate(self, request: Request, path: str, parameters: dict[str, str]) -> Answer:
        for method, pattern, operation in self._routes:
            matched = pattern.fullmatch(path) if method == request.method else None
            if matched is not None:
                self.account.count(operation.__name__)
                arguments = [unquote(group) for group in matched.groups()]
                return json_answer(200, operation(_body(request.body), parameters, *arguments))
        raise SesError(
            "UnknownOperationException", 404, "The local SES endpoint does not know this operation."
        )

    def _send(self, path: str, raw_body: bytes) -> Answer:
        """Serve an operation that sends, with the latency and the faults that were asked for."""
        bulk = path == "/v2/email/outbound-bulk-emails"
        self.account.count("send_bulk_email" if bulk else "send_email")
        if self.account.latency_ms:
            time.sleep(self.account.latency_ms / 1000)
        fault = self.account.take_fault()
        kind = fault.kind if fault else None
        if kind == "drop_before_accept":
            return Answer(status=500, drop=True)
        if kind == "error_500":
            raise SesError("InternalServiceErrorException", 500, "Planted by the local stack.")
        if kind == "error_429":
            raise SesError("TooManyRequestsException", 429, "Maximum sending rate exceeded.")
        body = _body(raw_body)
        if bulk:
            result = self._sending.send_bulk_email(body, fault if kind == "entries" else None)
        else:
            result = self._sending.send_email(body)
        if kind == "drop_after_accept":
            return Answer(status=500, drop=True)
        if kind == "error_500_after_accept":
            raise SesError("InternalServiceErrorException", 500, "Planted by the local stack.")
        if kind == "stall" and fault:
            time.sleep(fault.milliseconds / 1000)
        return json_answer(200, result)

    def serve(self, port: int = 0) -> HttpServer:
        """Return a listening, not yet serving server on 127.0.0.1."""
        return HttpServer(("127.0.0.1", port), self.respond, max_body_bytes=_MAX_BODY_BYTES)


def _body(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; no body is an empty object."""
    try:
        loaded = json.loads(raw or b"{}")
    except ValueError as error:
        raise SesError("BadRequestException", 400, "The body is not JSON.") from error
    if not isinstance(loaded, dict):
        raise SesError("BadRequestException", 400, "The body is not a JSON object.")
    return loaded
