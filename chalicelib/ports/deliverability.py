# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at: the account, its identities, where events go, and a page of our own."""

from typing import Protocol

from chalicelib.domain.sender_facts import (
    AccountFacts,
    Destination,
    IdentityFacts,
    SetFacts,
)


class SenderFacts(Protocol):
    """What SES says of a sender; nothing is remembered, nothing changed.

    SES takes about one such question a second. Errors of every call: `Throttled`, `Unavailable`.
    """

    def account(self) -> AccountFacts:
        """Return what SES says of the account."""
        ...

    def identity(self, name: str) -> IdentityFacts | None:
        """Return what SES says of an address or domain; None: it knows no such identity."""
        ...

    def configuration_set(self, name: str) -> SetFacts | None:
        """Return what SES says of a configuration set; None: there is none of this name."""
        ...

    def destinations(self, name: str) -> tuple[Destination, ...] | None:
        """Return where events of a configuration set go; None: there is no such set."""
        ...


class OwnPage(Protocol):
    """A page of ours, asked for from outside."""

    def first_line(self, url: str) -> str | None:
        """Return the first line of what answers; None: nobody does, or not with a page."""
        ...
