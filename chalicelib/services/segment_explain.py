# SPDX-License-Identifier: Apache-2.0
"""Why one person is in a segment, told to who may ask (GDPR Art. 15(1)(h)).

Guarantees that the entry saying that the person's data was opened stands in their chain before any
of it is read, with a sealed clue that a segment was the occasion; and that the answer is made of
the very columns and sections that a count and a campaign go by.
"""

from dataclasses import dataclass

from chalicelib.domain.frequency import dump_rhythm
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.domain.segment_compile import compile_lifecycle
from chalicelib.domain.segment_explain import Explanation, explain
from chalicelib.domain.segment_person import Person
from chalicelib.domain.tongues import ENGLISH, Tongue
from chalicelib.errors import InputError, Malformed, NotFound
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.ports.facts import FactStore
from chalicelib.proof.opening import Opened
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.segment_run import Unreadable, plain_person, with_sections
from chalicelib.services.segments import Segments
from chalicelib.services.selection import subject_at
from chalicelib.services.unsealing import Look, Unsealing, UnsealReason

CLUE = "segment"
"""What is sealed in the entry as the way the person was come by."""
MAX_AT_MS = 32_503_679_999_999
"""The end of the year 2999 UTC: the calendar of every time zone can hold what lies before it."""
_NOBODY = "There is no such subscriber."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An explanation, and the words of the brand's life cycle; None where no rule holds."""

    sid: SubjectId
    explanation: Explanation
    stage: str | None
    activity: str | None


class Explaining:
    """Explains segments to people."""

    def __init__(
        self,
        *,
        segments: Segments,
        ledger: Ledger,
        audience: AudienceStore,
        facts: FactStore,
        unsealing: Unsealing,
    ) -> None:
        self._segments = segments
        self._ledger = ledger
        self._audience = audience
        self._facts = facts
        self._unsealing = unsealing

    def by_address(self, address: str) -> SubjectId:
        """Return whose address it is.

        Raises:
            InputError: the address is malformed.
            NotFound: nobody's.
        """
        return subject_at(address, self._ledger, _NOBODY)

    def tell(
        self,
        segment_id: str,
        sid: str,
        key: str,
        at_ms: int | None = None,
        tongue: Tongue = ENGLISH,
    ) -> Told:
        """Return why somebody is in a segment or not.

        Args:
            key: id of the API key that asks.
            at_ms: the moment for which relative times are taken; now when it is None.
            tongue: of the sentences.

        Raises:
            InputError: ``sid`` is not an id, or ``at_ms`` lies before 1970 or after 2999.
            NotFound: there is no such segment, or no such person.
            EvidenceError: what is stored of the person does not open.
            DependencyError: the entry could not be written, or something not be read.
        """
        decode_id(sid)
        if at_ms is not None and not 0 <= at_ms <= MAX_AT_MS:
            raise InputError(code="bad_time", detail="A moment lies in the years 1970 to 2999.")
        frozen = self._segments.frozen(segment_id, at_ms)
        look = Look(reason=UnsealReason.SEARCH, clue=CLUE, key=key)
        chain = self._unsealing.person(SubjectId(sid), look).chain
        if chain is None:
            raise NotFound(_NOBODY)
        person = self._person(chain)
        words = compile_lifecycle(frozen.brand, frozen.moment, frozen.rules)
        return Told(
            sid=chain.sid,
            explanation=explain(frozen.compiled(), person, tongue),
            stage=words.stage(person),
            activity=words.activity(person),
        )

    def _person(self, chain: Chain) -> Person:
        member, held = self._audience.member(chain.sid), self._facts.read(chain.sid)
        if member is None or held is None:
            raise NotFound(_NOBODY)
        return person_of(chain, member, held.facts)


def person_of(chain: Chain, member: Member, facts: bytes | None) -> Person:
    """Return one person as segments see them.

    Args:
        facts: sealed; None where nothing is known.

    Raises:
        EvidenceError: what is stored does not open, or has a form this code does not know.
    """
    try:
        plain = plain_person(dict(member.lists), member.standing, None)
        opened = Opened(
            chain.keys.open_profile(member.sealed) if member.sealed else None,
            None if facts is None else chain.keys.open_facts(facts),
            unreadable=False,
        )
        return with_sections(plain._replace(rhythm=dump_rhythm(member.rhythm)), opened)
    except Unreadable:
        raise Malformed("what is stored of a person has a form this code does not know") from None
