# SPDX-License-Identifier: Apache-2.0
"""People of ours for whose address a digest stands: found by looking at everybody once.

Guarantees that whoever is found takes the suppression over at once. Keeps no address, and opens a
profile for nothing but its address.
"""

from collections.abc import Collection
from typing import Final

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.suppression_files import digests_of
from chalicelib.errors import EvidenceError, InputError, NotFound
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Ledger
from chalicelib.services.suppressions import Suppressor

AT_ONCE: Final = 100


class SuppressionMatches:
    """Looks for people by digest."""

    def __init__(self, *, audience: AudienceStore, ledger: Ledger, suppressor: Suppressor) -> None:
        self._audience = audience
        self._ledger = ledger
        self._suppressor = suppressor

    def page(self, digests: Collection[str], cursor: str | None) -> tuple[int, str | None]:
        """Look at the next people; return how many took something over, and where to go on.

        Repeating is harmless: who took over before is not counted again.

        Raises:
            Conflict: somebody's chain kept moving; look again from ``cursor``.
            DependencyError: likewise.
        """
        page = self._audience.page(cursor, AT_ONCE)
        matched = sum(self._meets(member, digests) for member in page.members)
        return matched, page.cursor

    def _meets(self, member: Member, digests: Collection[str]) -> bool:
        if not member.sealed or member.wrapped_key is None:
            return False
        try:
            keys = self._ledger.keys_of(member.sid, member.wrapped_key)
            address = parse_address(str(open_profile(keys, member.sealed)["email"]))
            if not any(digest in digests for digest in digests_of(address)):
                return False
            chain = self._ledger.open(member.sid)
        except (EvidenceError, InputError, NotFound):
            return False  # Damaged, or erased meanwhile: no mail goes there.
        before = chain.state.entries
        return self._suppressor.meet(chain, address).state.entries > before
