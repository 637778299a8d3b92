# SPDX-License-Identifier: Apache-2.0
"""Which mail provider a domain belongs to, where very many people have their mail.

Guarantees one group for every well-known domain, so that a provider is judged whole whatever its
domains are called. Knows nothing of companies' own domains, wherever their mail is kept.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chalicelib.domain.typos import WELL_KNOWN

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook", "hotmail", "live", "msn"),
    "yahoo": ("yahoo", "ymail", "rocketmail", "aol"),
    "apple": ("icloud.com", "me.com", "mac.com"),
    "gmx": ("gmx", "web.de"),
    "mail-com": ("mail.com", "email.com"),
    "proton": ("protonmail.com", "proton.me", "pm.me"),
    "tuta": ("tutanota.com", "tuta.io"),
    "telia": ("telia.com", "telia.se"),
    "tele2": ("tele2.se", "comhem.se"),
    "orange": ("orange.fr", "wanadoo.fr"),
    "sfr": ("sfr.fr", "neuf.fr", "numericable.fr"),
}
"""A whole domain, or the first label of well-known ones."""
QUIET: Final = frozenset({"gmail"})
"""Providers that send SES no complaints. Source: AWS Messaging Blog on Gmail's missing feedback
loop; Google's Postmaster Tools alone show its rate."""


def _grouped() -> Mapping[str, str]:
    found = {}
    for domain in (*WELL_KNOWN, "rocketmail.com"):
        label = domain.partition(".")[0]
        ours = (slug for slug, names in _GROUPS.items() if {domain, label} & set(names))
        found[domain] = next(ours, domain.replace(".", "-"))
    return MappingProxyType(found)


_PROVIDERS: Final = _grouped()


def provider_of(domain: str) -> str | None:
    """Return the provider of a well-known domain, lower-case letters, digits and hyphens.

    Example:
        >>> provider_of("hotmail.se"), provider_of("t-online.de"), provider_of("example.org")
        ('microsoft', 't-online-de', None)
    """
    return _PROVIDERS.get(domain)
