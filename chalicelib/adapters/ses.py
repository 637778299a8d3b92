# SPDX-License-Identifier: Apache-2.0
"""SES v2: the one door every mail leaves through.

Guarantees that a message is in at most one HTTP request (SES has no idempotency token, so a
repeat could be a second mail), and that what is not known to be sent or unsent is called
unknown. Refuses headers, tags and addresses that could break out of their field, before any call.

Two modes behind one port: ``SendBulkEmail`` with an inline template whose parts are single
variables, and one ``SendEmail`` a person where the account may not use the former. The parts
arrive as they were rendered, because SES "doesn't escape HTML content when rendering the HTML
template for a message".
Source: Amazon SES Developer Guide, "Advanced email personalization"
(docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html); limits: "Using
templates to send personalized email" and the API reference v2, SendBulkEmail.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from enum import StrEnum
from typing import Any, Final

from chalicelib.adapters import aws
from chalicelib.adapters.ses_outcomes import (
    Verdict,
    after_entry,
    after_error,
    is_unsupported,
    sdk_errors,
)
from chalicelib.domain.campaigns import MAX_RECIPIENTS_PER_CALL
from chalicelib.domain.rate import QUOTA_LIFE_MS, Quota
from chalicelib.errors import DependencyError, InputError
from chalicelib.ports.sending import Message, Outcome, Sent
from chalicelib.ports.system import Clock

MAX_CALL_BYTES: Final = 900_000
"""SES takes 1 MB of JSON; the rest is room for what surrounds the entries."""
MAX_DATA_CHARS: Final = 262_144
"""Longest ReplacementTemplateData (SES v2 service model); a longer mail goes by SendEmail."""
MAX_HEADERS: Final = 15
NOT_TRIED: Final = Sent(outcome=Outcome.RETRY, reason="not_tried")

_HEADER_NAME: Final = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE: Final = re.compile(r"[ -~]{1,995}")
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS: Final = re.compile(r"(?=.{3,320}\Z)[!-~]+@[!-~]+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_ENVELOPE_BYTES: Final = 400
"""JSON around one entry: names, braces, quotes."""
_PAIR_BYTES: Final = 40
"""JSON around one header or tag, with room for quotes in its value."""


class SendMode(StrEnum):
    """Which operation carries campaign mail."""

    BULK = "bulk"
    SINGLE = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One message of a bulk call, with its place among the messages asked for."""

    place: int
    body: Mapping[str, Any]
    size_bytes: int


class SesSender:
    """The `Sender` port over SES v2.

    Args:
        configuration_set: set whose event destination reports on every message.
        clock: ages the cached quota.
        mode: bulk, or single where bulk is known not to be allowed. Bulk turns to single for the
            life of the process when SES says that it is not allowed or not supported.
        client: returns the SDK's client for a service; it must never retry.
    """

    def __init__(
        self,
        *,
        configuration_set: str,
        clock: Clock,
        mode: SendMode = SendMode.BULK,
        client: Callable[[str], Any] = aws.client,
    ) -> None:
        self.mode = mode
        self._configuration_set = configuration_set
        self._clock = clock
        self._client = client
        self._per_second: tuple[float, int] | None = None

    def send_one(self, sender: str, message: Message) -> Sent:
        """Send one message with ``SendEmail``; one HTTP request or, when it is malformed, none.

        Raises:
            InputError: ``sender`` is not an address.
        """
        sender = _sender(sender)
        return malformed(message) or self._single(sender, message).sent

    def send_many(self, sender: str, messages: Sequence[Message]) -> tuple[Sent, ...]:
        """Send 1 to 50 messages, each in one HTTP request; results in the same order.

        More than 900 KB take several requests. After a request that was throttled, refused as a
        whole or left unanswered, no other is made: its messages are `NOT_TRIED`.

        Raises:
            InputError: no message, more than 50, or ``sender`` is not an address.
        """
        if not 1 <= len(messages) <= MAX_RECIPIENTS_PER_CALL:
            raise InputError(code="bad_batch", detail="A call sends 1 to 50 messages.")
        sender = _sender(sender)
        results: dict[int, Sent] = {}
        for place, message in enumerate(messages):
            bad = malformed(message)
            if bad:
                results[place] = bad
        if self.mode is SendMode.BULK:
            self._send_bulk(sender, messages, results)
        else:
            self._send_singly(sender, messages, results)
        return tuple(results.get(place, NOT_TRIED) for place in range(len(messages)))

    def quota_per_second(self) -> float:
        """Return the account's maximum send rate (recipients per second), at most a minute old.

        When SES does not answer, the last known rate stands.

        Raises:
            DependencyError: SES does not answer and no rate is known yet.
        """
        now_ms = self._clock.now_ms()
        if self._per_second and 0 <= now_ms - self._per_second[1] < QUOTA_LIFE_MS:
            return self._per_second[0]
        try:
            self._per_second = (self.quota().per_second, now_ms)
        except DependencyError:
            if self._per_second is None:
                raise
        return self._per_second[0]

    def quota(self) -> Quota:
        """Ask SES for the account's quota; nothing is kept.

        Raises:
            DependencyError: SES does not answer.
        """
        with aws.translated("reading the sending quota"):
            told = self._client("sesv2").get_account()["SendQuota"]
        return Quota.of(
            float(told["MaxSendRate"]),
            float(told.get("Max24HourSend", -1)),
            float(told.get("SentLast24Hours", 0)),
        )

    def _send_bulk(
        self, sender: str, messages: Sequence[Message], results: dict[int, Sent]
    ) -> None:
        entries = [
            _entry(place, message) for place, message in enumerate(messages) if place not in results
        ]
        for batch in _batches(entries):
            if self.mode is SendMode.BULK and self._bulk_call(sender, batch, results):
                return
        # What is left is too long for a bulk entry, or was refused with its whole batch.
        self._send_singly(sender, messages, results)

    def _bulk_call(self, sender: str, batch: Sequence[_Entry], results: dict[int, Sent]) -> bool:
        """Make one SendBulkEmail call and note its outcomes; say whether to stop."""
        try:
            answer = self._client("sesv2").send_bulk_email(
                FromEmailAddress=sender,
                ConfigurationSetName=self._configuration_set,
                DefaultContent={"Template": _TEMPLATE},
                BulkEmailEntries=[entry.body for entry in batch],
            )
        except sdk_errors() as error:
            if is_unsupported(error):
                self.mode = SendMode.SINGLE
            verdict = after_error(error)
            if verdict.alone or self.mode is SendMode.SINGLE:
                return False
            results |= {entry.place: verdict.sent for entry in batch}
            return verdict.stop
        outcomes = answer.get("BulkEmailEntryResults", ())
        for index, entry in enumerate(batch):
            results[entry.place] = after_entry(outcomes[index] if index < len(outcomes) else {})
        return False

    def _send_singly(
        self, sender: str, messages: Sequence[Message], results: dict[int, Sent]
    ) -> None:
        for place, message in enumerate(messages):
            if place in results:
                continue
            verdict = self._single(sender, message)
            results[place] = verdict.sent
            if verdict.stop:
                return

    def _single(self, sender: str, message: Message) -> Verdict:
        try:
            answer = self._client("sesv2").send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [message.to]},
                Content={"Simple": _simple(message)},
                EmailTags=_tags(message),
                ConfigurationSetName=self._configuration_set,
            )
        except sdk_errors() as error:
            return after_error(error)
        return Verdict(sent=Sent(outcome=Outcome.ACCEPTED, message_id=str(answer["MessageId"])))


_TEMPLATE: Final[Mapping[str, Any]] = {
    "TemplateContent": {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"},
    "TemplateData": '{"subject":"","html":"","text":""}',
}


def malformed(message: Message) -> Sent | None:
    """Return the rejection of a message that must not reach SES, or None when it may."""
    reason = None
    if not _ADDRESS.fullmatch(message.to):
        reason = "malformed_address"
    elif not message.subject.strip() or _CONTROLS.search(message.subject):
        reason = "malformed_subject"
    elif len(message.headers) > MAX_HEADERS or not all(
        _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)
        for name, value in message.headers
    ):
        reason = "malformed_header"
    elif not all(_TAG.fullmatch(name) and _TAG.fullmatch(value) for name, value in message.tags):
        reason = "malformed_tag"
    return Sent(outcome=Outcome.REJECTED, reason=reason) if reason else None


def _sender(sender: str) -> str:
    """Return the From value with a name outside ASCII encoded (RFC 2047)."""
    name, address = parseaddr(sender)
    if _CONTROLS.search(sender) or not _ADDRESS.fullmatch(address):
        raise InputError(code="bad_sender", detail="A sender is a name and one e-mail address.")
    return formataddr((name, address), "utf-8")


def _simple(message: Message) -> dict[str, Any]:
    def part(data: str) -> dict[str, str]:
        return {"Data": data, "Charset": "UTF-8"}

    return {
        "Subject": part(message.subject),
        "Body": {"Text": part(message.text), "Html": part(message.html)},
        "Headers": _pairs(message.headers),
    }


def _entry(place: int, message: Message) -> _Entry:
    parts = {"subject": message.subject, "html": message.html, "text": message.text}
    data = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    body = {
        "Destination": {"ToAddresses": [message.to]},
        "ReplacementTags": _tags(message),
        "ReplacementHeaders": _pairs(message.headers),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
    }
    headers = sum(len(name) + len(value) + _PAIR_BYTES for name, value in message.headers)
    tags = sum(len(name) + len(value) + _PAIR_BYTES for name, value in message.tags)
    size_bytes = _sent_bytes(data) + headers + tags + len(message.to) + _ENVELOPE_BYTES
    return _Entry(place=place, body=body, size_bytes=size_bytes)


def _sent_bytes(data: str) -> int:
    """Return how long JSON text is at most once the SDK quotes it as ASCII.

    A quote or backslash takes one byte more; a character outside ASCII takes six bytes, twelve
    beyond the first plane, which is at most five more for each byte UTF-8 adds.
    """
    outside = len(data.encode(errors="replace")) - len(data)
    return len(data) + data.count('"') + data.count("\\") + 5 * outside


def _batches(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Yield the entries that fit a bulk call, in order, in as few calls as their sizes allow."""
    batch: list[_Entry] = []
    total = 0
    for entry in entries:
        data = entry.body["ReplacementEmailContent"]["ReplacementTemplate"]
        too_long = len(data["ReplacementTemplateData"]) > MAX_DATA_CHARS
        if too_long or entry.size_bytes > MAX_CALL_BYTES:
            continue
        if batch and total + entry.size_bytes > MAX_CALL_BYTES:
            yield batch
            batch, total = [], 0
        batch.append(entry)
        total += entry.size_bytes
    if batch:
        yield batch


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def _tags(message: Message) -> list[dict[str, str]]:
    return _pairs(message.tags)
