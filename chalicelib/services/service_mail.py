# SPDX-License-Identifier: Apache-2.0
"""Mails that wait for nobody: confirmations, links to one's own data, messages, tests.

Guarantees that each is charged to the account's rate, so that campaigns start as much later, and
that neither waiting for a slot nor a rate that cannot be charged keeps one from going: somebody is
looking at their mailbox for it.
"""

import logging

from chalicelib.errors import DependencyError, FatalError
from chalicelib.ports.sending import Message, RateSlot, Sender, Sent
from chalicelib.ports.system import Clock

log = logging.getLogger(__name__)


class ServiceSender:
    """Sends mails one by one, past every campaign."""

    def __init__(self, *, sender: Sender, rate: RateSlot, clock: Clock) -> None:
        self._sender = sender
        self._rate = rate
        self._clock = clock

    def send_one(self, sender: str, message: Message) -> Sent:
        """Send a mail now. Unknown outcomes are returned, not raised.

        Raises:
            InputError: ``sender`` or the recipient is not an address.
        """
        try:
            self._rate.charge(1, self._clock.now_ms())
        except (DependencyError, FatalError) as error:
            log.warning("a mail goes without being charged to the rate: %s", error)
        return self._sender.send_one(sender, message)
