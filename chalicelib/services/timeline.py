# SPDX-License-Identifier: Apache-2.0
"""A person's chain in words: what happened, when, and where in the log it stands.

Guarantees that the entry that says so is written before anything is read out, that sealed values
are opened only when asked for, and that the words are those of the proof bundle's report.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.errors import InputError, NotFound
from chalicelib.ports.ledger import LedgerStore, StoredEntry
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import CLAIM_NAMES
from chalicelib.proof.leaf import LeafFields, parse_leaf
from chalicelib.proof.report.saying import entry_sentence
from chalicelib.services.entries import open_claims
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.unsealing import Look, Unsealing

Opened = Mapping[str, Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """One entry of the chain.

    Attributes:
        n: number in the chain.
        sentence: what it records, in the language asked for.
        index: place in the log; None until it is sequenced.
        opened: its sealed claims by name; None where they stay closed or are gone.
    """

    n: int
    fields: LeafFields
    sentence: str
    index: int | None
    opened: Opened | None = None


class Timelines:
    """Reads chains out to people who may see them."""

    def __init__(self, *, ledger: Ledger, store: LedgerStore, unsealing: Unsealing) -> None:
        self._ledger = ledger
        self._store = store
        self._unsealing = unsealing

    def read(
        self, sid: str, look: Look, language: str, *, opened: bool = False
    ) -> tuple[TimelineItem, ...]:
        """Return every entry of a chain in order, the one this writes among them.

        Args:
            language: one of en, sv, de, fr.
            opened: with the sealed values.

        Raises:
            NotFound: there is no such person, or ``sid`` is no id at all.
            Conflict, DependencyError: the entry could not be written; nothing is shown.
        """
        try:
            decode_id(sid)
        except InputError:
            raise NotFound("There is no such subscriber.") from None
        person = self._unsealing.person(SubjectId(sid), look)
        chain = person.chain if opened else None
        entries = self._ledger.history(person.sid, 0, person.state.entries - 1)
        return tuple(self._item(entry, chain, language) for entry in entries)

    def of_found(self, sid: SubjectId, language: str) -> tuple[TimelineItem, ...]:
        """Return every entry, closed, of somebody `Finder.find` has just told of.

        The entry about that search stands for this reading as well; nothing is written.
        """
        return tuple(self._item(entry, None, language) for entry in self._ledger.history(sid))

    def _item(self, entry: StoredEntry, chain: Chain | None, language: str) -> TimelineItem:
        fields = parse_leaf(entry.leaf).fields
        located = self._store.locate(entry.event)
        return TimelineItem(
            n=entry.n,
            fields=fields,
            sentence=entry_sentence(language, fields),
            index=located.index if located else None,
            opened=_opened(entry, chain) if chain else None,
        )


def _opened(entry: StoredEntry, chain: Chain) -> Opened:
    """The claims that say something; a decoy says nothing."""
    if entry.sealed is None:
        return {}
    claims = open_claims(chain.keys, entry)
    found = {name: getattr(claims, name) for name in CLAIM_NAMES}
    return {name: value for name, value in found.items() if value}
