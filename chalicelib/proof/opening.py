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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import EvidenceError
from chalicelib.proof.sealing import (
    FACTS_CONTEXT,
    NONCE_END,
    PROFILE_CONTEXT,
    SEALED_MIN_BYTES,
    SECTION_VERSION,
    WRAP_HEADER_BYTES,
    BadSeal,
    Kek,
    SubjectKeys,
    section_key,
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
_opened: Callable[["Sections"], Opened] = partial(tuple.__new__, Opened)
UNREADABLE: Final = Opened(profile=None, facts=None, unreadable=True)
_NOTHING: Final = Opened(profile=None, facts=None)


_Unwrap: TypeAlias = Callable[[bytes, bytes], bytes]
Sections: TypeAlias = tuple[bytes | None, bytes | None, bool]
"""What an `Opened` holds; a named tuple for each would take as long as a clause of a segment."""
Opener: TypeAlias = Callable[[bytes, bytes, bytes | None, bytes | None], Sections]
"""Takes what a `SealedPerson` holds."""


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
        opens = opener(kek_of, origin, wanted=wanted)
        yield from [_opened(opens(*person)) for person in batch]


def opener(kek_of: Callable[[int], Kek], origin: str, *, wanted: Wanted) -> Opener:
    """Return what opens one person after the other; to be dropped after `BATCH` of them.

    It keeps the epoch keys they turned out to need, and nothing of anybody.

    Args:
        kek_of, origin, wanted: as for `open_sections`; what ``kek_of`` raises, this raises.
    """
    derived, epochs = section_key(origin.encode("utf-8")), _Epochs(kek_of)
    known = epochs.unwraps.get
    wants_profile, wants_facts = Wanted.PROFILE in wanted, Wanted.FACTS in wanted

    def opens(sid: bytes, wrapped: bytes, profile: bytes | None, facts: bytes | None) -> Sections:
        one = profile if wants_profile else None
        other = facts if wants_facts else None
        if one is None and other is None:
            return _NOTHING
        try:
            # By the bytes that name the epoch: what they say is read once.
            ks = (known(wrapped[:WRAP_HEADER_BYTES]) or epochs.learnt(wrapped))(sid, wrapped)
            decrypt = AESGCM(derived(ks)).decrypt
            # Both as `sealing.open_section` would, without a call for each.
            if one is not None:
                if one[:1] != SECTION_VERSION:
                    one = SubjectKeys(ks, origin, sid).open_profile(one)
                elif len(one) < SEALED_MIN_BYTES:
                    return UNREADABLE
                else:
                    one = decrypt(one[1:NONCE_END], one[NONCE_END:], PROFILE_CONTEXT + sid)
            if other is not None:
                if len(other) < SEALED_MIN_BYTES or other[:1] != SECTION_VERSION:
                    return UNREADABLE
                other = decrypt(other[1:NONCE_END], other[NONCE_END:], FACTS_CONTEXT + sid)
        except (EvidenceError, InvalidTag):
            return UNREADABLE
        return one, other, False

    return opens


class _Epochs:
    """How keys of each epoch are unwrapped; of one that is lost, asked once and not for each."""

    def __init__(self, kek_of: Callable[[int], Kek]) -> None:
        self._kek_of = kek_of
        self.unwraps: dict[bytes, _Unwrap] = {}

    def learnt(self, wrapped: bytes) -> _Unwrap:
        """Ask for the key of an epoch, by a wrapped key that names it."""
        epoch = wrapped_epoch(wrapped)
        unwrap: _Unwrap
        try:
            unwrap = self._kek_of(epoch).unwrap
        except EvidenceError:
            unwrap = _lost
        self.unwraps[wrapped[:WRAP_HEADER_BYTES]] = unwrap
        return unwrap


def _lost(_: bytes, __: bytes) -> bytes:
    raise BadSeal("a wrapped subject key names an epoch whose key is lost")
