# SPDX-License-Identifier: Apache-2.0
"""A campaign's mail as one subscriber would get it now, and whether they would.

Guarantees that the entry saying that the person's data was opened stands in their chain before any
of it is read; that the mail is made by what makes everybody's, of the frozen content of a campaign
that started and else of what its author wrote; and that whether it would go is judged as just
before a send. Sends, counts and stores nothing else, and takes no slot of anybody's week. Nothing
in the mail leads anywhere. Of who asked for a restriction, or objected, nothing is made.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.domain.campaigns import Campaign, CampaignStatus
from chalicelib.domain.content import ContentKind, Severity
from chalicelib.domain.content_document import Aim, frozen
from chalicelib.domain.eligibility import Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.frozen_segment import FrozenSegment
from chalicelib.domain.ids import SubjectId, decode_id
from chalicelib.domain.previews import (
    NOTHING_MADE,
    Flaw,
    OtherReason,
    WhyNot,
    first,
    held_back,
    refused,
    told,
)
from chalicelib.domain.segment_terms import Section
from chalicelib.domain.state import Scope
from chalicelib.errors import EvidenceError, InputError, NotFound
from chalicelib.ports.audience import AudienceStore, Member
from chalicelib.ports.catalog import Brands
from chalicelib.ports.content import ContentCompiler
from chalicelib.ports.facts import FactStore
from chalicelib.ports.sending import Rendered
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.services.campaign_sight import CampaignSight
from chalicelib.services.campaign_stops import CampaignStops
from chalicelib.services.composer import CallComposer, Mailing, language_of
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.domain_keys import DomainKeys
from chalicelib.services.entries import open_profile
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.segment_explain import person_of
from chalicelib.services.segments import Segments
from chalicelib.services.selection import subject_at
from chalicelib.services.unsealing import Look, Unsealing, UnsealReason

CLUE: Final = "preview"
"""What is sealed in the entry as the way the person was come by."""
_NOBODY: Final = "There is no such subscriber."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one person would get.

    Attributes:
        mail: None where none can be made, or may be.
        language: of our own words in it; None without a mail.
        measured: they consented, so the mail would have a pixel and links of their own.
        why_not: why it would not go to them now; None: it would.
        findings: what its author should know, errors first.
    """

    mail: Rendered | None
    language: str | None
    measured: bool
    why_not: WhyNot | None
    findings: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a campaign says. ``mailing`` None: no mail can be made of it, whoever reads it."""

    mailing: Mailing | None
    kind: ContentKind
    findings: tuple[Flaw, ...] = ()


class PreviewContents:
    """Reads what campaigns say, and to whom: as it was frozen, or as it stands."""

    def __init__(
        self,
        *,
        sight: CampaignSight,
        brands: Brands,
        compiler: ContentCompiler,
        fields: DeclaredFields,
        contents: FrozenContents,
        composer: CallComposer,
        segments: Segments,
    ) -> None:
        self._sight = sight
        self._brands = brands
        self._compiler = compiler
        self._fields = fields
        self._contents = contents
        self._composer = composer
        self._segments = segments

    def campaign(self, campaign_id: str) -> Campaign:
        """Return a campaign as it is stored.

        Raises:
            NotFound: there is none.
        """
        return self._sight.find(campaign_id)

    def said(self, campaign: Campaign) -> Said:
        """Return what a campaign says, with what is wrong with it.

        Raises:
            NotFound: its content, brand or list is not there.
            FatalError: what is stored is not what the campaign started with.
        """
        if campaign.content_sha256 is None:
            return self._drafted(campaign)
        kind = self._contents.of(campaign).kind
        try:
            return Said(mailing=self._composer.mailing(campaign), kind=kind)
        except InputError as error:
            return Said(mailing=None, kind=kind, findings=(refused(error, kind),))

    def _drafted(self, campaign: Campaign) -> Said:
        content, brand = self._sight.content(campaign), self._brands.latest(campaign.brand)
        if brand is None:
            raise NotFound("There is no such campaign.")
        try:
            fields = self._fields.of(brand.id)
            compiled = self._compiler.compile(content, brand, brand.default_language, fields=fields)
            aim = Aim(list=campaign.list, purpose=campaign.purpose)
            document = frozen(compiled, content.kind, content.html, aim, fields)
            mailing = self._composer.drafted(campaign, document)
        except InputError as error:
            flaw = refused(error, content.kind)
            return Said(mailing=None, kind=content.kind, findings=(flaw,))
        return Said(mailing=mailing, kind=content.kind, findings=told(compiled.findings))

    def segment(self, campaign: Campaign) -> FrozenSegment | None:
        """Return whom a campaign is for; None: the whole list, or those a retry is left with.

        Raises:
            InputError: the segment of a campaign that was not started is gone.
            FatalError: what is stored is not what the campaign started with.
        """
        if campaign.segment is None or campaign.retry_of is not None:
            return None
        if campaign.content_sha256 is not None:
            return self._contents.segment(self._contents.of(campaign))
        try:
            return self._segments.frozen(campaign.segment)
        except NotFound:
            raise InputError(
                code="unknown_segment",
                detail="The segment of this campaign is gone. Choose another, or the whole list.",
            ) from None


class Previews:
    """Shows campaigns as subscribers would get them."""

    def __init__(
        self,
        *,
        contents: PreviewContents,
        composer: CallComposer,
        ledger: Ledger,
        audience: AudienceStore,
        facts: FactStore,
        unsealing: Unsealing,
        stops: CampaignStops,
        keys: DomainKeys,
        clock: Clock,
    ) -> None:
        self._contents = contents
        self._composer = composer
        self._ledger = ledger
        self._audience = audience
        self._facts = facts
        self._unsealing = unsealing
        self._stops = stops
        self._keys = keys
        self._clock = clock

    def by_address(self, address: str) -> SubjectId:
        """Return whose address it is.

        Raises:
            InputError: the address is malformed.
            NotFound: nobody's.
        """
        return subject_at(address, self._ledger, _NOBODY)

    def show(self, campaign_id: str, sid: str, key: str) -> Preview:
        """Return a campaign's mail as one person would get it now.

        Args:
            key: id of the API key that asks.

        Raises:
            InputError: ``sid`` is not an id, or the campaign's segment is gone.
            NotFound: there is no such campaign, or no such person (any more).
            Conflict: the person's chain kept moving; nothing is shown.
            DependencyError: the entry could not be written, or something not be read.
        """
        decode_id(sid)
        campaign = self._contents.campaign(campaign_id)
        said, segment = self._contents.said(campaign), self._contents.segment(campaign)
        look = Look(reason=UnsealReason.SEARCH, clue=CLUE, key=key)
        chain = self._unsealing.person(SubjectId(sid), look).chain
        if chain is None:
            raise NotFound(_NOBODY)
        return self._shown(campaign, said, segment, chain)

    def _shown(
        self, campaign: Campaign, said: Said, segment: FrozenSegment | None, chain: Chain
    ) -> Preview:
        verdict = decide(
            chain.state,
            Scope(campaign.brand, EMAIL),
            campaign.list,
            campaign.purpose,
            campaign.minimum_grade,
        )
        reasons: list[WhyNot | None] = [_of_campaign(campaign, said)]
        measured = False
        if isinstance(verdict, Skipped):
            reasons.append(verdict.reason)
        else:
            # What version 1 froze has no counted links and no place for a pixel.
            mailing = said.mailing
            measured = verdict.measured and (mailing is None or mailing.content.list is not None)
        # Of several reasons the verdict is the first alone.
        objected = Scope(campaign.brand, EMAIL) in chain.state.objections
        if objected or NOTHING_MADE & set(reasons):
            return _without_mail(reasons, said.findings)
        member = self._audience.member(chain.sid)
        if member is None or not member.sealed:
            return _without_mail([*reasons, SkipReason.NO_PROFILE], said.findings)
        try:
            profile = open_profile(chain.keys, member.sealed)
            reasons.append(self._left_out(segment, chain, member))
        except EvidenceError:
            return _without_mail([*reasons, SkipReason.UNREADABLE], said.findings)
        reasons.append(held_back(member.rhythm, member.rest, self._clock.now_ms()))
        reasons.append(self._stopped(profile))
        return self._made(said, profile, reasons, measured=measured)

    def _stopped(self, profile: dict[str, JsonValue]) -> SkipReason | None:
        """Say whether mail to the person's provider is held back."""
        stopped, address = self._stops.standing().domains, profile.get("email")
        if not stopped or not isinstance(address, str):
            return None
        return SkipReason.DOMAIN_STOPPED if self._keys.of(address).key in stopped else None

    def _left_out(
        self, segment: FrozenSegment | None, chain: Chain, member: Member
    ) -> OtherReason | None:
        """Say whether the campaign's segment leaves the person out.

        Raises:
            EvidenceError: what it asks about does not open.
        """
        if segment is None:
            return None
        compiled = segment.compiled()
        held = self._facts.read(chain.sid) if Section.FACTS in compiled.needs else None
        person = person_of(chain, member, None if held is None else held.facts)
        return None if compiled.test(person) else OtherReason.NOT_IN_SEGMENT

    def _made(
        self,
        said: Said,
        profile: dict[str, JsonValue],
        reasons: list[WhyNot | None],
        *,
        measured: bool,
    ) -> Preview:
        if said.mailing is None:
            return _without_mail(reasons, said.findings)
        try:
            mail = self._composer.shown(said.mailing, profile)
        except InputError as error:
            flaw = refused(error, said.kind)
            return _without_mail([*reasons, SkipReason.RENDERING], (flaw, *said.findings))
        return Preview(
            mail=mail,
            language=language_of(said.mailing, profile.get("language")),
            measured=measured,
            why_not=first(reasons),
            findings=said.findings,
        )


def _of_campaign(campaign: Campaign, said: Said) -> WhyNot | None:
    """Why a campaign reaches nobody."""
    if campaign.status is CampaignStatus.CANCELLED:
        return SkipReason.CANCELLED
    is_wrong = any(each.severity is Severity.ERROR for each in said.findings)
    return OtherReason.CONTENT if is_wrong else None


def _without_mail(reasons: list[WhyNot | None], findings: tuple[Flaw, ...]) -> Preview:
    return Preview(
        mail=None, language=None, measured=False, why_not=first(reasons), findings=findings
    )
