# SPDX-License-Identifier: Apache-2.0
"""Questions to DNS. Nothing is remembered between them, and no call raises."""

from typing import Protocol

from chalicelib.domain.dns_records import DnsKind, Records


class Dns(Protocol):
    """A resolver."""

    def ask(self, name: str, kind: DnsKind, within_ms: int) -> Records:
        """Return what DNS says; silence, refusals and faults are `DnsAnswer.UNKNOWN`.

        Args:
            name: whole, in A-labels; no search list is tried.
            within_ms: most that may pass, all tries together; at least 500.
        """
        ...
