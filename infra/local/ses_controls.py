# SPDX-License-Identifier: Apache-2.0
"""What the local SES endpoint lets tests and people set: quota, latency, faults, events.

It guarantees that every control answers with the whole state, so that a caller sees what it set.
It refuses callers that are not on this machine, and bodies that are not JSON, so that no web page
can reach it.

| route | body | does |
|---|---|---|
| GET /local/ses/state | | the state |
| PUT /local/ses/quota | max_send_rate?, max_24_hour_send?, sent? | changes the quota; the bucket starts full |
| PUT /local/ses/latency | milliseconds | every call that sends takes so much longer |
| PUT /local/ses/sending | enabled | pauses or resumes the account |
| PUT /local/ses/account | production_access?, enforcement?, vdm?, engagement? | changes how SES stands to the account |
| PUT /local/ses/identity | name, and members of `ses_identity.Identity` | changes an identity; makes it when nobody did |
| PUT /local/ses/configuration-set | name, sending?, suppressed?, engagement? | changes a configuration set |
| POST /local/ses/faults | kind, times?, milliseconds?, status? | plants a fault for the next calls that send |
| DELETE /local/ses/faults | | removes the planted faults |
| PUT /local/ses/events | delay_milliseconds?, copies? | events come later, or more than once |
| POST /local/ses/events | message_id, type, recipient?, bounce_type?, bounce_sub_type?, feedback_type?, delay_type? | makes something happen to an accepted mail |
| PUT /local/ses/suppression | address, reason?, last_update_ms? | puts an address on the account's list as of then; no reason takes it off |
| DELETE /local/ses/mailbox | | forgets every mail |
"""

# ruff: noqa: E501 - the table of routes

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from infra.local import ses_events
from infra.local.http_server import Answer, Request
from infra.local.mailbox import Mailbox
from infra.local.ses_account import SUPPRESSION_REASONS, Account, Fault
from infra.local.ses_errors import SesError
from infra.local.ses_identity import change
from infra.local.ses_publisher import Publisher

FAULTS = (
    "drop_before_accept",
    "drop_after_accept",
    "error_429",
    "error_500",
    "error_500_after_accept",
    "stall",
    "entries",
)


class RefusedError(Exception):
    """A control was asked for something it does not do."""


def controlled(request: Request, act: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    """Answer with what ``act`` makes of the body, if this machine asks and the body is JSON."""
    if not ip_address(request.peer).is_loopback or request.header(
        "X-Local-Peer", "127.0.0.1"
    ) not in (
        "127.0.0.1",
        "::1",
    ):
        return _answer(403, {"detail": "The controls answer only to this machine."})
    is_json = request.header("Content-Type").split(";")[0].strip() == "application/json"
    try:
        body = json.loads(request.body or b"{}")
        if request.method in ("PUT", "POST") and not (is_json and isinstance(body, dict)):
            raise RefusedError("Send a JSON object with Content-Type application/json.")
        return _answer(200, act(body))
    except (RefusedError, ValueError, TypeError, KeyError) as error:
        return _answer(400, {"detail": f"Not understood: {error}"})
    except LookupError as error:
        return _answer(404, {"detail": str(error)})
    except SesError as error:
        return _answer(error.status, {"detail": error.message})


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """The control routes."""

    account: Account
    mailbox: Mailbox
    publisher: Publisher

    def respond(self, request: Request, path: str) -> Answer:
        """Answer one control request."""

        def act(body: dict[str, Any]) -> dict[str, Any]:
            self._act(request.method, path.removeprefix("/local/ses/"), body)
            return self._state()

        return controlled(request, act)

    def _act(self, method: str, control: str, body: dict[str, Any]) -> None:  # noqa: C901, PLR0912 - one table
        account = self.account
        match method, control:
            case "GET", "state":
                pass
            case "PUT", "quota":
                if "max_send_rate" in body:
                    account.bucket.set_rate(float(body["max_send_rate"]))
                account.max_24_hour_send = float(
                    body.get("max_24_hour_send", account.max_24_hour_send)
                )
                account.sent = int(body.get("sent", account.sent))
            case "PUT", "latency":
                account.latency_ms = max(0, int(body["milliseconds"]))
            case "PUT", "sending":
                account.sending_enabled = bool(body["enabled"])
            case "PUT", "account":
                change(account.standing, body)
            case "PUT", "identity":
                self._change_identity(body)
            case "PUT", "configuration-set":
                change(account.options(str(body.pop("name"))), body)
            case "POST", "faults":
                account.faults.append(_fault(body))
            case "DELETE", "faults":
                account.faults.clear()
            case "PUT", "events":
                account.event_delay_ms = max(
                    0, int(body.get("delay_milliseconds", account.event_delay_ms))
                )
                account.event_copies = max(0, int(body.get("copies", account.event_copies)))
            case "POST", "events":
                self._happen(body)
            case "PUT", "suppression":
                self._suppress(body)
            case "DELETE", "mailbox":
                self.mailbox.clear()
            case _:
                raise RefusedError(f"there is no {method} {control}")

    def _change_identity(self, body: dict[str, Any]) -> None:
        name = str(body.pop("name"))
        known = name.lower() in self.account.identities()
        change(self.account.identity(name) if known else self.account.add_identity(name), body)

    def _suppress(self, body: dict[str, Any]) -> None:
        address, reason = str(body["address"]), body.get("reason")
        if reason in SUPPRESSION_REASONS:
            at_ms = body.get("last_update_ms")
            self.account.suppress(address, reason, None if at_ms is None else int(at_ms))
        elif reason is not None:
            raise RefusedError(f"a reason is one of {', '.join(SUPPRESSION_REASONS)}")
        elif self.account.suppressed(address) is not None:
            self.account.unsuppress(address)

    def _happen(self, body: dict[str, Any]) -> None:
        mail = self.mailbox.find(str(body["message_id"]))
        if mail is None:
            raise LookupError("No accepted mail has this message id.")
        recipient = str(body.get("recipient") or mail.draft.destination.addresses[0])
        match body["type"]:
            case "Delivery":
                fate = ses_events.delivery(recipient)
            case "Bounce":
                fate = ses_events.bounce(
                    recipient,
                    bounce_type=str(body.get("bounce_type", "Permanent")),
                    sub_type=str(body.get("bounce_sub_type", "General")),
                )
            case "Complaint":
                fate = ses_events.complaint(
                    recipient, feedback_type=str(body.get("feedback_type", "abuse"))
                )
            case "Reject":
                fate = ses_events.reject()
            case "DeliveryDelay":
                fate = ses_events.delivery_delay(
                    recipient, delay_type=str(body.get("delay_type", "MailboxFull"))
                )
            case "Subscription":
                fate = ses_events.subscription()
            case other:
                raise RefusedError(f"there is no event type {other}")
        self.publisher.happened(mail, fate)

    def _state(self) -> dict[str, Any]:
        account = self.account
        return {
            "quota": {
                "max_send_rate": account.bucket.rate_per_second,
                "max_24_hour_send": account.max_24_hour_send,
                "sent": account.sent,
            },
            "latency_milliseconds": account.latency_ms,
            "sending_enabled": account.sending_enabled,
            "account": asdict(account.standing),
            "identities": [asdict(account.identity(name)) for name in account.identities()],
            "faults": [
                {"kind": fault.kind, "times": fault.times}
                for fault in account.faults
                if fault.times
            ],
            "events": {
                "delay_milliseconds": account.event_delay_ms,
                "copies": account.event_copies,
            },
            "suppressed": {each.address: each.reason for each in account.suppressed_all()},
            "mails": self.mailbox.accepted,
            "calls": dict(account.calls),
        }


def _fault(body: dict[str, Any]) -> Fault:
    if body["kind"] not in FAULTS:
        raise RefusedError(f"a fault is one of {', '.join(FAULTS)}")
    return Fault(
        kind=body["kind"],
        times=int(body.get("times", 1)),
        milliseconds=int(body.get("milliseconds", 0)),
        status=str(body.get("status", "TRANSIENT_FAILURE")),
    )


def _answer(status: int, value: dict[str, Any]) -> Answer:
    return Answer(
        status=status,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(value).encode(),
    )
