# SPDX-License-Identifier: Apache-2.0
"""Trying everybody's mail before the first one is sent.

Guarantees that nobody is tried where nobody's mail can fail, and that of a mail whose subject alone
could fail no more is made; that people are read and opened a batch at a time, and that of who fails
nothing is told but an id and a place in the template. Who has no profile, or whose profile does not
open, is nobody's rendering error: the send says so.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import orjson

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.dry_runs import MAX_SAMPLES, Failing
from chalicelib.domain.eligibility import Allowed, decide
from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.state import Scope
from chalicelib.errors import InputError, NotFound
from chalicelib.ports.audience_scan import AudienceScan, Row
from chalicelib.ports.campaign_mail import CampaignMails, Footer, MailVersion, Reader
from chalicelib.ports.catalog import Brands, Lists
from chalicelib.ports.keys import KeyWrapper
from chalicelib.ports.ledger import LedgerStore
from chalicelib.proof.opening import BATCH, Wanted, open_sections
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.shard_people import PLANNED

log = logging.getLogger(__name__)

_WAY: Final = "A" * 66
"""A token of the width they have; it leads nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """How many mails of a shard cannot be made, and some of those."""

    errors: int = 0
    failing: tuple[Failing, ...] = ()


class Rehearsal:
    """Tries the mails of a shard."""

    def __init__(
        self,
        *,
        scan: AudienceScan,
        wrapper: KeyWrapper,
        origin: str,
        mails: CampaignMails,
        brands: Brands,
        lists: Lists,
        fields: DeclaredFields,
        store: LedgerStore,
    ) -> None:
        self._scan = scan
        self._wrapper = wrapper
        self._origin = origin
        self._mails = mails
        self._brands = brands
        self._lists = lists
        self._fields = fields
        self._store = store
        self._kept: tuple[object, _Version] | None = None

    def shard(
        self, campaign: Campaign, content: FrozenContent, shard: str, sids: Iterable[SubjectId]
    ) -> Rehearsed:
        """Return what came of trying a campaign's people in one shard.

        Args:
            sids: in ascending order of their text.

        Raises:
            NotFound: the campaign's brand or list is gone.
            DependencyError: nothing is known of the shard then.
        """
        trial = self._trial(campaign, content)
        rows = self._scan.people(shard, campaign.list, PLANNED, wanted=Wanted.PROFILE)
        errors = 0
        failing: list[Failing] = []
        for found in self._failing(trial, campaign, _only(rows, sids)):
            errors += 1
            if len(failing) < MAX_SAMPLES:
                failing.append(found)
        places = {(each.code, each.part, each.line) for each in failing}
        for code, part, line in sorted(places, key=repr):
            log.warning(
                "campaign %s, shard %s: %s in line %s of the %s",
                campaign.id,
                shard,
                code,
                line,
                part,
            )
        return Rehearsed(errors=errors, failing=tuple(failing))

    def _trial(self, campaign: Campaign, content: FrozenContent) -> "_Trial":
        brand = self._brands.get(campaign.brand)
        mailing_list = self._lists.get(campaign.list)
        if brand is None or mailing_list is None:
            raise NotFound("There is no such campaign.")
        left_out = dict.fromkeys(self._fields.of_content(content, brand.id), "")
        version = self._version(campaign, content, frozenset(left_out))
        return _Trial(version, brand, mailing_list, left_out)

    def _version(
        self, campaign: Campaign, content: FrozenContent, fields: frozenset[str]
    ) -> "_Version":
        """Return the content ready to try; a process that tries shard after shard keeps the last.

        Content that is not committed to yet has no name to keep it under.
        """
        name = campaign.content_sha256, fields
        if self._kept is not None and self._kept[0] == name:
            return self._kept[1]
        version = _Version(self._mails, content, fields)
        if campaign.content_sha256 is not None:
            self._kept = name, version
        return version

    def _failing(
        self, trial: "_Trial", campaign: Campaign, rows: Iterator[Row]
    ) -> Iterator[Failing]:
        """Yield who would be mailed and fails, in order."""
        while batch := tuple(islice(rows, BATCH)):
            sealed = [(row.sid, person) for row in batch if (person := row.sealed_person())]
            opened = open_sections(
                (person for _, person in sealed),
                self._wrapper.kek,
                self._origin,
                wanted=Wanted.PROFILE,
            )
            failing: list[Failing] = []
            for (sid, _), sections in zip(sealed, opened, strict=True):
                profile = _profile(sections.profile)
                if profile is None:
                    continue
                try:
                    trial.of(profile)
                except InputError as error:
                    failing.append(Failing.of(sid, error.code, error.detail))
            yield from self._mailed(campaign, failing)

    def _mailed(self, campaign: Campaign, failing: Sequence[Failing]) -> Iterator[Failing]:
        """Yield those of at most `BATCH` who may be mailed: nobody makes the others' mail."""
        states = self._store.states([each.sid for each in failing]) if failing else {}
        scope = Scope(campaign.brand, EMAIL)
        for each in failing:
            verdict = decide(
                states.get(each.sid),
                scope,
                campaign.list,
                campaign.purpose,
                campaign.minimum_grade,
            )
            if isinstance(verdict, Allowed):
                yield each


class _Version:
    """A content as it is tried first, and as it is made where that does not tell."""

    def __init__(
        self, mails: CampaignMails, content: FrozenContent, fields: frozenset[str]
    ) -> None:
        self._mails = mails
        self._content = content
        self.trial = mails.trial(content, fields, _WAY)

    @cached_property
    def mail(self) -> MailVersion:
        """The whole of it: few are tried for that."""
        return self._mails.version(self._content)


class _Trial:
    """One content, tried on one person after the other with the values the send takes."""

    def __init__(
        self,
        version: _Version,
        brand: Brand,
        mailing_list: MailingList,
        left_out: Mapping[str, object],
    ) -> None:
        self._version = version
        self._passes = version.trial.passes
        self._left_out = left_out
        self._brand = brand
        self._shared = {"brand": brand.name, "list": mailing_list.name}

    @cached_property
    def _footer(self) -> Footer:
        return self._version.mail.footer(
            {
                "language": self._brand.default_language,
                "brand": self._brand,
                "list": self._shared["list"],
                "checkpoint": None,
            }
        )

    def of(self, profile: Mapping[str, Any]) -> None:
        """Make of the person's mail what could fail, or all but what the last look decides.

        Raises:
            InputError: it cannot be made. Its detail may hold what the person wrote.
        """
        attributes = profile.get("attributes")
        told = attributes if isinstance(attributes, dict) else {}
        values = {**self._left_out, **told, **self._shared}
        if not self._passes(values):
            self._version.mail.prepare(
                Reader(values=values, footer=self._footer, unsubscribe=_WAY, preferences=_WAY)
            )


def rehearses(content: FrozenContent) -> bool:
    """Say whether somebody's mail could fail.

    A content frozen by version 1 is not tried: people may have got it already.
    """
    return content.can_fail and content.list is not None


def _only(rows: Iterator[Row], sids: Iterable[SubjectId]) -> Iterator[Row]:
    """Yield the rows of ``sids``, both in ascending order; who has no row any more is left out."""
    wanted = iter(sids)
    sid = next(wanted, None)
    for row in rows:
        while sid is not None and sid < row.sid:
            sid = next(wanted, None)
        if sid is None:
            return
        if sid == row.sid:
            yield row


def _profile(opened: bytes | None) -> dict[str, Any] | None:
    if opened is None:
        return None
    try:
        profile = orjson.loads(opened)
    except orjson.JSONDecodeError:
        return None
    return profile if isinstance(profile, dict) else None
