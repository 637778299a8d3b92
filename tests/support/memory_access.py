# SPDX-License-Identifier: Apache-2.0
"""`ports.access` in memory, over the rows of the activity fake."""

from chalicelib.domain.ids import SubjectId
from chalicelib.ports.access import AccessLink, AddressLink, AddressWish
from tests.support.memory_outside import OutsideStore


class MemoryAccessStore(OutsideStore):
    """Links by the hash of their token."""

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        with self._call("AccessStore.put") as rows:
            rows.access_links[token_sha256] = link

    def get(self, token_sha256: str) -> AccessLink | None:
        with self._call("AccessStore.get") as rows:
            return rows.access_links.get(token_sha256)


class MemoryAddressWishes(OutsideStore):
    """Wished changes of address, and their links."""

    def put(self, wish: AddressWish, keep_ms: int) -> None:
        with self._call("AddressWishes.put") as rows:
            rows.address_wishes[wish.sid] = wish

    def of(self, sid: SubjectId) -> AddressWish | None:
        with self._call("AddressWishes.of") as rows:
            return rows.address_wishes.get(sid)

    def put_link(self, token_sha256: str, link: AddressLink, keep_ms: int) -> None:
        with self._call("AddressWishes.put_link") as rows:
            rows.address_links[token_sha256] = link

    def link(self, token_sha256: str) -> AddressLink | None:
        with self._call("AddressWishes.link") as rows:
            return rows.address_links.get(token_sha256)
