# SPDX-License-Identifier: Apache-2.0
"""Making the mails of a chunk: one read, then each person opened and rendered.

Guarantees that who cannot have a mail is skipped and the reason kept, that nobody's data stop
another's mail, and that who limited their mail holds a slot of the week before it can go. Nothing
here decides that anybody may be mailed.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from chalicelib.domain.campaigns import Recipient
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.errors import EvidenceError, InputError, KvittoError, Malformed
from chalicelib.ports.audience import FrequencyStore
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.send_reads import SealedReader, SendReads
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.opening import Opened, SealedPerson, Wanted, open_sections
from chalicelib.services.chunk_attempt import Attempt, Waiting, Work
from chalicelib.services.composer import CallComposer, Mailing
from chalicelib.services.slots import Slots

NOBODY: Final[frozenset[SubjectId]] = frozenset()


class ChunkLetters:
    """Makes the mails of chunks.

    Args:
        origin: the log's origin line, under which people's data are sealed.
    """

    def __init__(
        self,
        *,
        reads: SendReads,
        wrapper: KeyWrapper,
        frequency: FrequencyStore,
        composer: CallComposer,
        clock: Clock,
        origin: str,
    ) -> None:
        self._reads = reads
        self._wrapper = wrapper
        self._frequency = frequency
        self._composer = composer
        self._clock = clock
        self._origin = origin

    def attempt(self, work: Work) -> Attempt:
        """Return an attempt at which nothing was done yet."""
        return Attempt(work, Slots(self._frequency))

    def write(self, mailing: Mailing, work: Work) -> Attempt:
        """Return an attempt in which everybody whose outcome is open waits with their mail.

        Raises:
            DependencyError: something could not be read; no slot of the week is held.
        """
        attempt = self.attempt(work)
        found = self._found(attempt)
        people = [_sealed(work.people[place], reader) for place, reader in found]
        opened = open_sections(people, self._wrapper.kek, self._origin, wanted=Wanted.PROFILE)
        for (place, reader), one in zip(found, opened, strict=True):
            self._letter(mailing, attempt, place, reader, one)
        self._take_slots(attempt)
        return attempt

    def _found(self, attempt: Attempt) -> list[tuple[int, SealedReader]]:
        """Batch read 1: places of those who have data, no pause, and no address that rests."""
        people, places = attempt.work.people, attempt.open_places
        readers = self._reads.readers([people[place].sid for place in places])
        now_ms = self._clock.now_ms()
        found = []
        for place in places:
            reader = readers.get(people[place].sid)
            if reader is None or not reader.sealed:
                attempt.skip(place, SkipReason.NO_PROFILE)
            elif reader.frequency.paused(now_ms):
                attempt.skip(place, SkipReason.PAUSED)
            elif (reader.rest or 0) > now_ms:
                attempt.skip(place, SkipReason.RESTING)
            else:
                found.append((place, reader))
        return found

    def _letter(
        self, mailing: Mailing, attempt: Attempt, place: int, reader: SealedReader, opened: Opened
    ) -> None:
        person, chunk = attempt.work.people[place], attempt.chunk
        try:
            heeded = reader.rest is not None
            letter = self._composer.prepare(
                mailing, chunk, place, person, _profile(opened), heeded=heeded
            )
        except EvidenceError:
            attempt.skip(place, SkipReason.UNREADABLE)
        except InputError:
            attempt.skip(place, SkipReason.RENDERING)
        else:
            capped = reader.frequency.max_per_week is not None
            attempt.waiting.append(
                Waiting(place=place, recipient=person, letter=letter, capped=capped)
            )

    def _take_slots(self, attempt: Attempt) -> None:
        """Hold a slot of the week for each who limited their mail; who has none left is skipped."""
        now_ms = self._clock.now_ms()
        try:
            for item in [item for item in attempt.waiting if item.capped]:
                if not attempt.slots.take(item.recipient.sid, now_ms):
                    attempt.skip(item.place, SkipReason.FREQUENCY)
        except KvittoError:
            attempt.slots.keep(NOBODY)
            raise


def _sealed(person: Recipient, reader: SealedReader) -> SealedPerson:
    return SealedPerson(decode_id(person.sid), reader.wrapped_key, reader.sealed, None)


def _profile(opened: Opened) -> Mapping[str, JsonValue]:
    """Return what was sealed.

    Raises:
        EvidenceError: it does not open, or is no object.
    """
    if opened.profile is None:
        raise Malformed("a profile does not open")
    try:
        profile = orjson.loads(opened.profile)
    except orjson.JSONDecodeError:
        raise Malformed("a sealed profile is not JSON") from None
    if not isinstance(profile, dict):
        raise Malformed("a sealed profile is not an object")
    return profile
