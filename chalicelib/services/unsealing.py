# SPDX-License-Identifier: Apache-2.0
"""The entry that says data was opened: written before any of it leaves.

Guarantees that who gets an answer is preceded by an entry of the ledger, and that one that cannot
be written stops the answer. A person looked for stands in their own chain; people merely listed
are told by one entry in no chain, so that no script ever gets into the way of a visitor's act.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import SubjectState
from chalicelib.errors import Conflict, NotFound
from chalicelib.ports.ledger import LedgerStore
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import Chain, Draft, Ledger
from chalicelib.vocabulary import EventType


class UnsealReason(StrEnum):
    """Why data was opened: the words of the entry (docs/spec/leaf.md)."""

    SEARCH = "search"
    PROOF = "proof"
    ACCESS_REQUEST = "access-request"
    SUPPORT = "support"
    LEGAL_CLAIM = "legal-claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks and how they came to the person.

    Attributes:
        clue: kind of what they had, such as ``link``; never what it was.
        key: id of the API key.
    """

    reason: UnsealReason
    clue: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """A person whose data may be shown now. ``chain`` None: erased, nothing opens any more."""

    sid: SubjectId
    chain: Chain | None
    state: SubjectState


class Unsealing:
    """Writes ``data.unsealed``."""

    def __init__(self, *, ledger: Ledger, store: LedgerStore) -> None:
        self._ledger = ledger
        self._store = store

    def person(self, sid: SubjectId, look: Look) -> Unsealed:
        """Record that one person's data is opened, and return them.

        Of an erased person nothing opens: the entry then stands in no chain, as theirs has ended.

        Raises:
            NotFound: there is no such person; nothing was written.
            Conflict: the chain kept moving; nothing was written and nothing may be shown.
            DependencyError: as for Conflict.
        """
        loaded = self._store.load(sid)
        if loaded.state is not None and loaded.state.erased:
            self._ledger.publish(_draft(look.reason))
            return Unsealed(sid=sid, chain=None, state=loaded.state)
        if loaded.state is None or loaded.wrapped_key is None:
            raise NotFound("There is no such subscriber.")
        claims = Claims(link={"clue": look.clue, "key": look.key})
        draft = replace(_draft(look.reason), claims=claims)
        chain = self._ledger.retrying(sid, lambda _: [draft], self._ledger.opened(sid, loaded))
        return Unsealed(sid=sid, chain=chain, state=chain.state)

    def listing(self) -> None:
        """Record that subscribers are shown to somebody: one entry, in nobody's chain.

        Raises:
            DependencyError: it could not be written; nothing may be shown.
        """
        # Its id is random: only a repeat of this very write can find it there already.
        with suppress(Conflict):
            self._ledger.publish(_draft(UnsealReason.SUPPORT))


def _draft(reason: UnsealReason) -> Draft:
    return Draft(type=EventType.DATA_UNSEALED, channel=None, reason=reason)
