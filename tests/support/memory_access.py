# SPDX-License-Identifier: Apache-2.0
"""`ports.access` in memory, over the rows of the activity fake."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.domain.ids import SubjectId
from chalicelib.ports.access import AccessLink, AddressLink, AddressWish
from tests.support.faults import Faults, no_faults, struck
from tests.support.memory_outside import OutsideRows


class _Rows:
    def __init__(self, rows: OutsideRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else OutsideRows()
        self.faults = faults

    @contextmanager
    def _call(self, name: str) -> Iterator[OutsideRows]:
        with struck(self.faults, name), self.rows.lock:
            yield self.rows


class MemoryAccessStore(_Rows):
    """Links by the hash of their token."""

    def put(self, token_sha256: str, link: AccessLink, keep_ms: int) -> None:
        with self._call("AccessStore.put") as rows:
            rows.access_links[token_sha256] = link

    def get(self, token_sha256: str) -> AccessLink | None:
        with self._call("AccessStore.get") as rows:
            return rows.access_links.get(token_sha256)


class MemoryAddressWishes(_Rows):
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
