# SPDX-License-Identifier: Apache-2.0
"""Reading a whole shard of the audience: everybody in it, as they are stored, in one pass.

Guarantees an order (the id's text, ascending) and a memory that does not grow with the shard.
Refuses to read what was not asked for: a reader of the plain part touches neither keys nor
sections.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from chalicelib.domain.ids import ListId, SubjectId, decode_stored_id
from chalicelib.proof.opening import SealedPerson, Wanted

NOTHING_SEALED: Final = Wanted(0)
"""The plain part of a row alone."""


class Row(NamedTuple):
    """What the tables hold of one person.

    Attributes:
        lists: list → status.
        standing: as `domain.standing.dump_standing` made it; None in a row older than that.
        rhythm: `domain.frequency.dump_rhythm` as JSON; None where nothing was chosen or counted.
        wrapped: the vault's form of the subject key; None where no section was wanted, or there
            is no key: somebody erased meanwhile, or so new that the store does not show it yet.
        profile: the sealed section; None where not wanted, or never written.
        facts: likewise.
        rest: as of `ports.send_reads.SealedReader`.
    """

    sid: SubjectId
    lists: Mapping[str, str]
    standing: str | None
    rhythm: str | None
    wrapped: bytes | None
    profile: bytes | None
    facts: bytes | None
    rest: int | None = None

    def sealed_person(self) -> SealedPerson | None:
        """Return what `proof.opening.open_sections` takes; None where there is no key."""
        sid, _, _, _, wrapped, profile, facts, _ = self
        if wrapped is None:
            return None
        return SealedPerson(decode_stored_id(sid), wrapped, profile, facts)


class AudienceScan(Protocol):
    """Rows of people by the shard.

    Reads are eventually consistent: they choose whom to consider, never whom to send to. Keys are
    read after the rows they belong to. Errors: `Throttled`, `Unavailable`; they end the pass, and
    what was yielded before is then a part of the shard and nothing more.
    """

    def people(
        self,
        shard: str,
        list_id: ListId | None = None,
        statuses: Sequence[str] = (),
        *,
        wanted: Wanted,
    ) -> Iterator[Row]:
        """Yield the people of a shard, each once, in ascending order of their ids.

        Args:
            shard: one of `domain.ids.SHARDS`.
            list_id: only people whose status on this list is one of ``statuses``.
            statuses: named if and only if a list is.
            wanted: the sections to read.

        Raises:
            FatalError: a list without a status, or a status without a list.
        """
        ...
