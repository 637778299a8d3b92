# SPDX-License-Identifier: Apache-2.0
"""Profile sections of many people opened in one loop, for reading a whole audience.

Guarantees the bytes `SubjectKeys.open_profile` and `open_facts` give, an answer for each person in
the order asked, and that nothing of one person is kept when the next is read. What does not open
is answered as unreadable: it neither ends the run nor passes for somebody without data. Refuses to
touch a section that was not wanted, and holds no epoch's key longer than one batch.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import Flag, auto
from functools import partial
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from chalicelib.errors import EvidenceError
from chalicelib.proof.sealing import (
    FACTS_CONTEXT,
    PROFILE_CONTEXT,
    SECTION_VERSION,
    WRAP_HEADER_BYTES,
    BadSeal,
    Kek,
    SubjectKeys,
    open_section,
    section_cipher,
    wrapped_epoch,
)

BATCH: Final = 64
"""People read ahead and opened before the epoch keys are asked for again."""


class Wanted(Flag):
    """The sections a reader needs; the others stay sealed."""

    PROFILE = auto()
    FACTS = auto()


class SealedPerson(NamedTuple):
    """What the tables hold of one person.

    Attributes:
        sid: 16 bytes.
        wrapped: the vault's form of the subject key.
        profile: the sealed section; None where none was written.
        facts: likewise.
    """

    sid: bytes
    wrapped: bytes
    profile: bytes | None
    facts: bytes | None


class Opened(NamedTuple):
    """The plaintexts of one person; None where not wanted, or never written.

    ``unreadable``: something wanted is there and does not open; then nothing is told of anything.
    """

    profile: bytes | None
    facts: bytes | None
    unreadable: bool = False


# The named tuple's own constructor is a function of Python around this one, twice as slow.
_opened: Callable[[tuple[bytes | None, bytes | None, bool]], Opened] = partial(
    tuple.__new__, Opened
)
UNREADABLE: Final = Opened(profile=None, facts=None, unreadable=True)
_NOTHING: Final = Opened(profile=None, facts=None)


_Unwrap: TypeAlias = Callable[[bytes, bytes], bytes]


def open_sections(
    people: Iterable[SealedPerson], kek_of: Callable[[int], Kek], origin: str, *, wanted: Wanted
) -> Iterator[Opened]:
    """Yield what was wanted of each person, in order.

    Args:
        people: read ahead by at most `BATCH`.
        kek_of: `ports.keys.KeyWrapper.kek`; asked once for each batch and epoch in it.
        origin: the log's origin line.
        wanted: the sections to open; where a person has none of them, no key is unwrapped.

    Raises:
        Throttled, Unavailable: as `kek_of` does; what was yielded before stays true.
    """
    rest = iter(people)
    while batch := tuple(islice(rest, BATCH)):
        yield from _Batch(kek_of, origin, wanted).opened(batch)


class _Batch:
    """The people of one batch, and the epoch keys they turned out to need."""

    def __init__(self, kek_of: Callable[[int], Kek], origin: str, wanted: Wanted) -> None:
        self._kek_of = kek_of
        self._unwraps: dict[bytes, _Unwrap] = {}
        self._origin = origin
        self._salt = origin.encode("utf-8")
        self._profile = Wanted.PROFILE in wanted
        self._facts = Wanted.FACTS in wanted

    def opened(self, people: Iterable[SealedPerson]) -> list[Opened]:
        found, wants_profile, wants_facts = [], self._profile, self._facts
        for sid, wrapped, profile, facts in people:
            sealed_profile = profile if wants_profile else None
            sealed_facts = facts if wants_facts else None
            if sealed_profile is None and sealed_facts is None:
                found.append(_NOTHING)
                continue
            try:
                found.append(self._person(sid, wrapped, sealed_profile, sealed_facts))
            except EvidenceError:
                found.append(UNREADABLE)
        return found

    def _person(
        self, sid: bytes, wrapped: bytes, profile: bytes | None, facts: bytes | None
    ) -> Opened:
        # By the bytes that name the epoch: what they say is read once in a batch.
        unwrap = self._unwraps.get(wrapped[:WRAP_HEADER_BYTES]) or self._unwrap(wrapped)
        ks = unwrap(sid, wrapped)
        if profile is not None and profile[:1] != SECTION_VERSION:
            keys = SubjectKeys(ks, self._origin, sid)
            return Opened(
                keys.open_profile(profile), None if facts is None else keys.open_facts(facts)
            )
        cipher = section_cipher(ks, self._salt)
        one = None if profile is None else open_section(cipher, profile, PROFILE_CONTEXT + sid)
        other = None if facts is None else open_section(cipher, facts, FACTS_CONTEXT + sid)
        return _opened((one, other, False))

    def _unwrap(self, wrapped: bytes) -> _Unwrap:
        """How keys of the epoch are unwrapped; of one that is lost, asked once and not for each."""
        epoch = wrapped_epoch(wrapped)
        unwrap: _Unwrap
        try:
            unwrap = self._kek_of(epoch).unwrap
        except EvidenceError:
            unwrap = _lost
        self._unwraps[wrapped[:WRAP_HEADER_BYTES]] = unwrap
        return unwrap


def _lost(_: bytes, __: bytes) -> bytes:
    raise BadSeal("a wrapped subject key names an epoch whose key is lost")
