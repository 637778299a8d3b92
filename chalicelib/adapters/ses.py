# SPDX-License-Identifier: Apache-2.0
"""SES v2: the one door every mail leaves through.

Guarantees that a message is in at most one HTTP request that SES may have taken (SES has no
idempotency token, so a repeat could be a second mail), and that what is not known to be sent or
unsent is called unknown. Refuses headers, tags and addresses that could break out of their field,
before any call.

Two modes behind one port (`adapters.ses_mode`): ``SendBulkEmail`` with an inline template, and one
``SendEmail`` a person, up to eight at a time (`adapters.ses_wire`), each mail put together here.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from chalicelib.adapters import aws, ses_bulk, ses_wire
from chalicelib.adapters.ses_fields import (
    bad_envelope,
    bad_subject,
    from_value,
    malformed,
    sendable,
)
from chalicelib.adapters.ses_mode import ModeSwitch, SendMode
from chalicelib.adapters.ses_outcomes import (
    Verdict,
    after_entry,
    after_error,
    after_single,
    is_unsupported,
    sdk_errors,
)
from chalicelib.adapters.static_text import filled, keys_of
from chalicelib.domain.campaigns import MAX_RECIPIENTS_PER_CALL
from chalicelib.domain.rate import QUOTA_LIFE_MS, Quota
from chalicelib.errors import DependencyError, InputError
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Message, Outcome, Sent
from chalicelib.ports.system import Clock

IN_FLIGHT: Final = 8
"""Requests of single mode at a time; waiting for SES takes most of each one's time."""
NOT_TRIED: Final = Sent(outcome=Outcome.RETRY, reason="not_tried")


class SesSender:
    """The `Sender` port over SES v2.

    Args:
        configuration_set: set whose event destination reports on every message.
        answers_set: the like of mails that answer the person (`Message.answers_person`), for which
            SES's own list of suppressed addresses counts nothing; None: they leave by the same set.
        clock: ages the cached quota, and a mode that holds for a while.
        mode: which operation carries campaign mail.
        client: returns the SDK's client for a service; it must never retry.
        wire: returns what carries several single mails at once, or None: then the client does,
            one after the other.
    """

    def __init__(
        self,
        *,
        configuration_set: str,
        answers_set: str | None = None,
        clock: Clock,
        mode: SendMode = SendMode.AUTO,
        client: Callable[[str], Any] = aws.client,
        wire: Callable[[], ses_wire.Wire | None] = ses_wire.of_process,
    ) -> None:
        self._configuration_set = configuration_set
        self._answers_set = answers_set or configuration_set
        self._clock = clock
        self._switch = ModeSwitch(mode, clock)
        self._client = client
        self._wire = wire
        self._per_second: tuple[float, int] | None = None

    @property
    def mode(self) -> SendMode:
        """How the next call leaves: bulk or single."""
        return self._switch.now

    def ready(self) -> None:
        """Make what the next call leaves by."""
        self._client("sesv2")
        if self.mode is SendMode.SINGLE:
            with suppress(*sdk_errors()):
                self._wire()

    def send_one(self, sender: str, message: Message) -> Sent:
        """Send one message with ``SendEmail``; one HTTP request or, when it is malformed, none.

        Raises:
            InputError: ``sender`` is not an address.
        """
        sender = from_value(sender)
        rejected = malformed(message)
        if rejected:
            return rejected
        by = self._answers_set if message.answers_person else self._configuration_set
        return self._single(ses_bulk.single(sender, by, message)).sent

    def send_bulk(self, sender: str, mail: BulkMail) -> tuple[Sent, ...]:
        """Send a call to 1 to 50 recipients, each in one HTTP request; results in order.

        It is one request, unless it is larger than 900 KB, some entry holds more than a bulk entry
        may, or the mode is single. After a request that was throttled, refused as a whole or left
        unanswered, no other is begun: its entries are `NOT_TRIED`.

        Raises:
            InputError: no entry, more than 50, or ``sender`` is not an address.
            FatalError: the template holds more than places.
        """
        if not 1 <= len(mail.entries) <= MAX_RECIPIENTS_PER_CALL:
            raise InputError(code="bad_batch", detail="A call sends 1 to 50 messages.")
        sender = from_value(sender)
        results = _malformed_entries(mail)
        if self.mode is SendMode.SINGLE or not self._send_bulk(sender, mail, results):
            # In bulk mode: what is too long for an entry, or was refused with its whole request.
            self._send_singly(sender, mail, results)
        return tuple(results.get(place, NOT_TRIED) for place in range(len(mail.entries)))

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

    def _send_bulk(self, sender: str, mail: BulkMail, results: dict[int, Sent]) -> bool:
        """Make the bulk requests and note their outcomes; say whether to stop."""
        places = [place for place in range(len(mail.entries)) if place not in results]
        for request in ses_bulk.requests(sender, self._configuration_set, mail, places):
            # The mode may have turned to single by the request before this one.
            if self.mode is SendMode.BULK and self._bulk_request(request, results):
                return True
        return False

    def _bulk_request(self, request: ses_bulk.Request, results: dict[int, Sent]) -> bool:
        """Make one bulk request and note its outcomes; say whether to stop."""
        try:
            answer = self._client("sesv2").send_bulk_email(**{aws.JSON: request.body})
        except sdk_errors() as error:
            verdict = after_error(error)
            self._switch.heard(verdict.sent)
            if is_unsupported(error):
                self._switch.refused()
                if self.mode is SendMode.SINGLE:
                    return False
            if not verdict.alone:
                results |= dict.fromkeys(request.places, verdict.sent)
            return verdict.stop
        self._switch.heard(None)
        outcomes = answer.get("BulkEmailEntryResults", ())
        for index, place in enumerate(request.places):
            results[place] = after_entry(outcomes[index] if index < len(outcomes) else {})
        return False

    def _send_singly(self, sender: str, mail: BulkMail, results: dict[int, Sent]) -> None:
        """Make one request for each entry without an outcome, and none after one that says stop."""
        places = [place for place in range(len(mail.entries)) if place not in results]
        if not places:
            return
        stopped = False

        def bodies() -> Iterator[bytes]:
            for place in places:
                if stopped:
                    return
                entry = mail.entries[place]
                yield ses_bulk.filled_single(sender, self._configuration_set, mail.static, entry)

        for number, verdict in self._verdicts(bodies()):
            results[places[number]] = verdict.sent
            stopped = stopped or verdict.stop

    def _verdicts(self, bodies: Iterator[bytes]) -> Iterator[tuple[int, Verdict]]:
        """Make a request of each body; yield its number and what is said of it, as answers come."""
        try:
            wire = self._wire()
        except sdk_errors():
            wire = None  # The SDK says of each mail what it lacks.
        if wire is None:
            for number, body in enumerate(bodies):
                yield number, self._single(body)
            return
        for number, answer in wire.exchange(bodies, IN_FLIGHT):
            if isinstance(answer, Exception):
                yield number, after_error(answer)
            else:
                yield number, after_single(answer)

    def _single(self, body: bytes) -> Verdict:
        try:
            answer = self._client("sesv2").send_email(**{aws.JSON: body})
        except sdk_errors() as error:
            return after_error(error)
        return after_single(answer)


def _malformed_entries(mail: BulkMail) -> dict[int, Sent]:
    """Return the rejections of entries that must not reach SES, by place.

    Raises:
        FatalError: the template holds more than places.
    """
    static = mail.static
    keys = ses_bulk.keys(static)
    shared = None
    if not all(sendable(part) for part in (static.subject, static.html, static.text)):
        shared = "malformed_text"
    elif not keys_of(static.subject):
        shared = bad_subject(static.subject)
    found: dict[int, Sent] = {}
    for place, entry in enumerate(mail.entries):
        reason = bad_envelope(entry.to, entry.headers, entry.tags) or shared
        reason = reason or _bad_data(static, keys, entry)
        if reason:
            found[place] = Sent(outcome=Outcome.REJECTED, reason=reason)
    return found


def _bad_data(static: InlineTemplate, keys: frozenset[str], entry: BulkEntry) -> str | None:
    """Return what is wrong with an entry's data, or None."""
    if not keys <= entry.data.keys():
        return "malformed_data"
    if not sendable("".join(entry.data.values())):
        return "malformed_text"
    return bad_subject(filled(static.subject, entry.data)) if keys_of(static.subject) else None
