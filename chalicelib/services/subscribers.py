# SPDX-License-Identifier: Apache-2.0
"""Subscribers as the API shows them: address, memberships, whether mail may go.

Guarantees that a row whose key is gone is left out, never half shown, and that nobody is shown
before the ledger says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.domain.state import SubjectState, memberships
from chalicelib.errors import EvidenceError, NotFound
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.ports.catalog import Page
from chalicelib.ports.ledger import LedgerStore
from chalicelib.services.entries import open_profile
from chalicelib.services.ledger import Ledger
from chalicelib.services.unsealing import Unsealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One subscriber, opened. ``lists`` are (list id, consent status) pairs."""

    id: SubjectId
    email: str
    language: str
    attributes: dict[str, str]
    lists: tuple[tuple[str, str], ...]
    suppressed: bool


class Subscribers:
    """Reads subscribers for people who may see them."""

    def __init__(
        self, *, ledger: Ledger, store: LedgerStore, audience: AudienceStore, unsealing: Unsealing
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._audience = audience
        self._unsealing = unsealing

    def by_address(self, address: str) -> tuple[Subscriber, ...]:
        """Return the subscriber with this address, if there is one.

        Raises:
            InputError: the address is malformed.
            DependencyError: the entry about it could not be written; so for all of these.
        """
        found = self._ledger.lookup(self._ledger.mac(parse_address(address).normal))
        if found.sid is None:
            return ()
        members = self._audience.members([found.sid])
        return self._opened(list(members.values()))

    def get(self, sid: str) -> Subscriber:
        """Return one subscriber.

        Raises:
            InputError: ``sid`` is not an id.
            NotFound: there is no such subscriber.
        """
        decode_id(sid)
        opened = self._opened(list(self._audience.members([SubjectId(sid)]).values()))
        if not opened:
            raise NotFound("There is no such subscriber.")
        return opened[0]

    def several(self, sids: Sequence[SubjectId]) -> tuple[Subscriber, ...]:
        """Return up to 50 subscribers in the order asked; who is gone is left out."""
        members = self._audience.members(sids)
        return self._opened([members[sid] for sid in sids if sid in members])

    def page(self, cursor: str | None, limit: int) -> Page[Subscriber]:
        """Return one page of all subscribers, in no meaningful order.

        Raises:
            InputError: the cursor is not one of ours.
        """
        page = self._audience.page(cursor, limit)
        return Page(items=self._opened(page.members), cursor=page.cursor)

    def _opened(self, members: Sequence[Member]) -> tuple[Subscriber, ...]:
        if not members:
            return ()
        self._unsealing.listing()
        states = self._store.states([member.sid for member in members])
        opened = (self._open(member, states.get(member.sid)) for member in members)
        return tuple(item for item in opened if item is not None)

    def _open(self, member: Member, state: SubjectState | None) -> Subscriber | None:
        if state is None or member.wrapped_key is None:
            return None
        try:
            keys = self._ledger.keys_of(member.sid, member.wrapped_key)
            profile = open_profile(keys, member.sealed)
        except EvidenceError:
            return None
        attributes = profile.get("attributes")
        return Subscriber(
            id=member.sid,
            email=str(profile["email"]),
            language=str(profile["language"]),
            attributes={
                name: str(value)
                for name, value in (attributes if isinstance(attributes, dict) else {}).items()
            },
            lists=tuple((str(list_id), status) for list_id, status in memberships(state)),
            suppressed=any(x.list is None for x in state.suppressions),
        )
