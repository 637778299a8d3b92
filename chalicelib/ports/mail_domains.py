# SPDX-License-Identifier: Apache-2.0
"""What DNS said of mail domains, for a while, under keyed pseudonyms: domains may name owners."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.mail_domains import MailDomain


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDomainRow:
    """One answer.

    Attributes:
        took_ms: how long it took to ask.
        until_ms: from then on it counts for nothing, whether it is still stored or not.
    """

    verdict: MailDomain
    took_ms: int
    until_ms: int


class MailDomainRows(Protocol):
    """Answers that expire."""

    def read(self, name: str) -> MailDomainRow | None:
        """Return what is kept under a pseudonym, however old; None where nothing readable is."""
        ...

    def put(self, name: str, row: MailDomainRow) -> None:
        """Keep an answer in place of any other."""
        ...
