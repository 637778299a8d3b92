# SPDX-License-Identifier: Apache-2.0
"""What happens to accepted mails: each recipient's fate, published as events off the sender's path.

It guarantees at least one Send event for every accepted mail whose configuration set asks for it,
then the fate of each recipient, in order; a permanent bounce and a complaint put the address on the
account's suppression list, unless the mail's configuration set says otherwise. Simulator addresses
never get there, as with SES, and a mail that the list itself kept back changes no date on it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from time import sleep

from infra.local import ses_events
from infra.local.ses_account import Account
from infra.local.ses_events import Fate
from infra.local.ses_message import Mail

Publish = Callable[[str, str], None]
_log = logging.getLogger("kvitto.local.ses")


class Publisher:
    """Publishes events in its own thread.

    Args:
        publish: given a topic's ARN and a record.
        now_ms: clock in Unix milliseconds.
    """

    def __init__(self, account: Account, publish: Publish, now_ms: Callable[[], int]) -> None:
        self._account = account
        self._publish = publish
        self._now_ms = now_ms
        self._waiting: SimpleQueue[tuple[Mail, tuple[Fate | None, ...] | None, int]] = SimpleQueue()
        Thread(target=self._run, name="ses-events", daemon=True).start()

    def accepted(self, mail: Mail, failure: Fate | None = None) -> None:
        """Let an accepted mail meet its fate; a rendering failure is its only event."""
        self._waiting.put((mail, (failure,) if failure else None, self._now_ms()))

    def happened(self, mail: Mail, fate: Fate) -> None:
        """Let something happen to a mail that was accepted earlier."""
        self._waiting.put((mail, (fate,), self._now_ms()))

    def _run(self) -> None:
        while True:
            mail, given, since_ms = self._waiting.get()
            due_ms = since_ms + self._account.event_delay_ms
            if (wait_ms := due_ms - self._now_ms()) > 0:
                sleep(wait_ms / 1000)
            for fate in given if given is not None else self._fates(mail):
                self._tell(mail, fate)

    def _fates(self, mail: Mail) -> tuple[Fate | None, ...]:
        """Return Send and what follows it."""
        if ses_events.EICAR in mail.raw:
            return (None, ses_events.reject())
        follow = [
            fate
            for recipient in mail.draft.destination.addresses
            for fate in ses_events.fates(
                recipient, self._account.effective_suppression(recipient, mail.configuration_set)
            )
        ]
        return (None, *follow)

    def _tell(self, mail: Mail, fate: Fate | None) -> None:
        kind = "Send" if fate is None else fate.type
        if mail.outcome != "Bounce" or kind == "Complaint":
            mail.outcome = kind
        if fate is not None:
            self._suppress(fate, self._account.reasons_of(mail.configuration_set))
        topics = self._account.topics(mail.configuration_set, kind)
        if not topics:
            return
        record = ses_events.record(mail, fate, now_ms=self._now_ms())
        for topic in topics:
            for _ in range(self._account.event_copies):
                try:
                    self._publish(topic, record)
                except Exception as error:  # noqa: BLE001 - the thread must outlive any one topic
                    _log.error("event %s was not published: %s", kind, type(error).__name__)

    def _suppress(self, fate: Fate, reasons: tuple[str, ...]) -> None:
        """Keep the suppression list as SES keeps it."""
        if ses_events.simulator_mailbox(fate.recipient) is not None or fate.is_remembered:
            return
        refused = fate.type == "Bounce" and fate.details["bounceType"] == "Permanent"
        reason = "BOUNCE" if refused else "COMPLAINT" if fate.type == "Complaint" else None
        if reason in reasons:
            self._account.suppress(fate.recipient, reason)
