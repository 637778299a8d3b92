# SPDX-License-Identifier: Apache-2.0
"""Finding over the API: by what a complainant has, and a person's chain in words.

Guarantees that no answer is remembered: asking again is another look, and another entry.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.finding_schemas import CLUES
from chalicelib.entrypoints.api.frame import Call, maybe_rfc3339, operation, rfc3339

if TYPE_CHECKING:
    from chalicelib.services.findings import Finding, FoundEntry, FoundMail, Standing, Stop
    from chalicelib.services.timeline import TimelineItem

MAX_SEARCH_BYTES = 4 << 20
"""A mail of 1 MiB, written as JSON."""


@operation(
    "POST",
    "/subscribers/search",
    KeyScope.COMPLIANCE,
    takes="Search",
    gives="Finding",
    max_bytes=MAX_SEARCH_BYTES,
    looks=True,
)
def search_subscribers(call: Call) -> Mapping[str, Any]:
    """Find one person by address, link, Message-ID or mail, with what allowed that mail."""
    from chalicelib.services.unsealing import UnsealReason  # noqa: PLC0415  # loads cryptography

    clues = {name: call.body[name] for name in CLUES if name in call.body}
    reason = UnsealReason(call.body.get("reason", UnsealReason.SEARCH))
    return _finding(call.container.finder.find(clues, call.key_id, reason))


@operation(
    "POST",
    "/subscribers/{subscriber}/timeline",
    KeyScope.COMPLIANCE,
    takes="TimelineQuestion",
    gives="Timeline",
    looks=True,
)
def read_timeline(call: Call) -> Mapping[str, Any]:
    """Read every entry of one person in words, and on request what is sealed in it."""
    from chalicelib.services.unsealing import Look, UnsealReason  # noqa: PLC0415  # likewise

    body = call.body
    reason = UnsealReason(body.get("reason", UnsealReason.SEARCH))
    items = call.container.timelines.read(
        call.word("subscriber"),
        Look(reason=reason, clue="subscriber", key=call.key_id),
        body.get("language", "en"),
        opened=body.get("open", False),
    )
    return {"items": [_item(item) for item in items], "next_cursor": None}


OPERATIONS = (search_subscribers, read_timeline)


def _finding(found: "Finding") -> Mapping[str, Any]:
    return {
        "subscriber": found.sid,
        "email": found.email,
        "language": found.language,
        "understood": list(found.understood),
        "mails": [_mail(mail) for mail in found.mails],
        "state": _state(found.standing),
    }


def _mail(mail: "FoundMail") -> Mapping[str, Any]:
    return {
        "campaign": mail.campaign,
        "name": mail.name,
        "subject": mail.subject,
        "delivery": mail.delivery,
        "at": maybe_rfc3339(mail.at_ms),
        "message_id": mail.message_id,
        "event": mail.event,
        "event_at": maybe_rfc3339(mail.event_ms),
        "answer": mail.answer,
        "entry": _entry(mail.entry) if mail.entry else None,
    }


def _entry(entry: "FoundEntry") -> Mapping[str, Any]:
    return {
        "n": entry.n,
        "id": entry.event,
        "type": entry.type,
        "at": rfc3339(entry.at_ms),
        "index": entry.index,
    }


def _state(now: "Standing") -> Mapping[str, Any]:
    return {
        "suppressed": any(one.list is None for one in now.suppressions),
        "objected": bool(now.objections),
        "restricted": now.is_restricted,
        "erased": now.is_erased,
        "erasure": now.erasure.id if now.erasure else None,
        "consents": [
            {
                "brand": one.key.brand,
                "list": one.key.list,
                "purpose": one.key.purpose,
                "status": one.status,
                "since": rfc3339(one.since_ms),
                "entry": one.entry,
            }
            for one in now.consents
        ],
        "objections": [_stop(one) for one in now.objections],
        "suppressions": [_stop(one) for one in now.suppressions],
    }


def _stop(stop: "Stop") -> Mapping[str, Any]:
    return {
        "brand": stop.brand,
        "list": stop.list,
        "reason": stop.reason,
        "since": rfc3339(stop.since_ms),
        "entry": stop.entry,
    }


def _item(item: "TimelineItem") -> Mapping[str, Any]:
    fields = item.fields
    return {
        "n": item.n,
        "at": rfc3339(fields.ts_ms),
        "type": fields.type,
        "sentence": item.sentence,
        "brand": fields.brand,
        "lists": list(fields.lists),
        "purposes": list(fields.purposes),
        "via": fields.via,
        "reason": fields.reason,
        "index": item.index,
        "opened": item.opened,
    }
