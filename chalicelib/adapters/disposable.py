# SPDX-License-Identifier: Apache-2.0
"""Disposable mail domains, from the list the `disposable-email-domains` package carries.

Guarantees that the list (some 200 kB) is loaded when a form first asks for it, and never changes
while a process runs.
"""

from functools import cached_property


class ListedDisposableDomains:
    """The `DisposableDomains` port over the package's list."""

    @cached_property
    def _listed(self) -> frozenset[str]:
        from disposable_email_domains import blocklist

        return frozenset(blocklist)

    def __contains__(self, domain: str) -> bool:
        """Say whether the domain or one above it, but never a bare top-level one, is listed."""
        labels = domain.split(".")
        return any(".".join(labels[n:]) in self._listed for n in range(len(labels) - 1))
