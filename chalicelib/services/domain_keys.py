# SPDX-License-Identifier: Apache-2.0
"""What recipients' domains are counted under.

Guarantees that a domain outside the well-known ones is a keyed pseudonym, since a domain of one's
own names its owner; its name stays in memory, for whoever has reason to say it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from chalicelib.domain.breakers import DomainKey
from chalicelib.domain.providers import QUIET, provider_of

KEPT: Final = 4_096
"""Domains remembered; most mail goes to a few of them."""
LABEL: Final = "recipient-domain"


class DomainKeys:
    """Finds keys."""

    def __init__(self, blind: Callable[[str, str], str]) -> None:
        """Take what makes a pseudonym of a label and a text (`LinkTokens.blind`)."""
        self._blind = blind
        self._known = lru_cache(KEPT)(self._of)

    def of(self, address: str) -> DomainKey:
        """Return the key of an address' domain.

        Raises:
            DependencyError: the key for pseudonyms cannot be had now.
        """
        return self._known(address.rpartition("@")[2].lower())

    def _of(self, domain: str) -> DomainKey:
        provider = provider_of(domain)
        if provider is not None:
            return DomainKey(key=provider, name=provider, quiet=provider in QUIET)
        return DomainKey(key=self._blind(LABEL, domain), name=domain)
