# SPDX-License-Identifier: Apache-2.0
"""Composing the mails of one call: what a campaign froze, one person's data, the way out.

Guarantees that what is sent is what was frozen; that each mail carries RFC 8058 and
RFC 2369 headers and a footer with the way out; that only who consents to be measured gets links
and a pixel of their own; that nothing personal stands in a URL, header or tag; and that the first
mail of every call was compared with itself rendered whole. A version that differs there is split
no more in this process. Refuses content that is not what the ledger committed to.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from chalicelib.domain.campaigns import Campaign, ChunkRef, Recipient
from chalicelib.domain.catalog import LANGUAGES, Brand, MailingList
from chalicelib.domain.content_document import FrozenContent
from chalicelib.domain.folding import CAMPAIGN_TAG, HEEDED_TAG, PLACE_TAG, MailPlace
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    RANDOM_ID_BYTES,
    CampaignId,
    decode_id,
)
from chalicelib.errors import Malformed, NotFound
from chalicelib.ports.campaign_mail import CampaignMails, Chosen, Footer, MailVersion, Reader
from chalicelib.ports.catalog import Brands, Lists
from chalicelib.ports.sending import BulkEntry, BulkMail, Rendered
from chalicelib.ports.system import Clock
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.checkpoint_line import CheckpointLine, CheckpointLines
from chalicelib.services.declared_fields import DeclaredFields
from chalicelib.services.frozen_contents import FrozenContents
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.way_out import WayOut

K = TypeVar("K")
V = TypeVar("V")

log = logging.getLogger(__name__)

KEPT_VERSIONS: Final = 8
"""Campaigns whose content a process holds ready to fill."""
FRESH_FOR_MS: Final = 60_000
"""How long brand, list and the log's head are repeated, milliseconds."""
NOBODY: Final = bytes(RANDOM_ID_BYTES)
NO_DELIVERY: Final = bytes(DELIVERY_ID_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """A campaign with all that its mails share; no older than `FRESH_FOR_MS`.

    Attributes:
        sender: address the mails come from.
        brand_code: 4 bytes.
        shared_token: what counted links carry of whoever is not measured; it names nobody.
        list_id: the header, name and value.
        defaults: what the content may read of somebody who left everything out.
        footers: by language, each made when it is first wanted.

    """

    campaign: Campaign
    content: FrozenContent
    mail: MailVersion
    brand: Brand
    mailing_list: MailingList
    checkpoint: CheckpointLine | None
    sender: str
    brand_code: bytes
    shared_token: str
    list_id: tuple[str, str]
    defaults: Mapping[str, object]
    footers: dict[str, Footer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One person's mail, finished but for what the last look decides."""

    to: str
    sid: bytes
    delivery: bytes
    reader: Reader
    prepared: object
    headers: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


class CallComposer:
    """Composes calls."""

    def __init__(
        self,
        *,
        mails: CampaignMails,
        contents: FrozenContents,
        brands: Brands,
        lists: Lists,
        fields: DeclaredFields,
        lines: CheckpointLines,
        tokens: LinkTokens,
        clock: Clock,
        way_out: WayOut,
        base_url: str,
    ) -> None:
        self._mails = mails
        self._contents = contents
        self._brands = brands
        self._lists = lists
        self._fields = fields
        self._lines = lines
        self._tokens = tokens
        self._clock = clock
        self._base_url = base_url
        self._way_out = way_out
        self._versions: dict[str, MailVersion] = {}
        self._mailings: dict[CampaignId, tuple[int, Mailing]] = {}

    def mailing(self, campaign: Campaign) -> Mailing:
        """Return what the mails of a started campaign share.

        Raises:
            NotFound: its content, brand or list is not there.
            FatalError: the content is not what the campaign started with.
            DependencyError: something of it cannot be read.
        """
        now_ms = self._clock.now_ms()
        kept = self._mailings.get(campaign.id)
        is_fresh = kept is not None and 0 <= now_ms - kept[0] < FRESH_FOR_MS
        if kept is not None and is_fresh and _alike(kept[1].campaign, campaign):
            return kept[1]
        mailing = self._made(campaign)
        _keep(self._mailings, campaign.id, (now_ms, mailing))
        return mailing

    def _made(self, campaign: Campaign) -> Mailing:
        return self._sharing(campaign, *self._version(campaign))

    def drafted(self, campaign: Campaign, content: FrozenContent) -> Mailing:
        """Return what the mails of a campaign would share if it said ``content``.

        Raises:
            NotFound: its brand or list is not there.
            InputError: ``content`` cannot be made ready to fill.
            DependencyError: something of it cannot be read.
        """
        return self._sharing(campaign, content, self._mails.version(content))

    def _sharing(self, campaign: Campaign, content: FrozenContent, mail: MailVersion) -> Mailing:
        brand, mailing_list = self._brands.get(campaign.brand), self._lists.get(campaign.list)
        if brand is None or mailing_list is None:
            raise NotFound("There is no such campaign.")
        code = bytes.fromhex(brand.code)
        shared = ""
        if content.targets:
            shared = self._tokens.click_head(self._measured(campaign, code, NOBODY, NO_DELIVERY))
        return Mailing(
            campaign=campaign,
            content=content,
            mail=mail,
            brand=brand,
            mailing_list=mailing_list,
            checkpoint=self._lines.latest(),
            sender=brand.sender,
            brand_code=code,
            shared_token=shared,
            list_id=self._way_out.list_id(brand, mailing_list),
            defaults=dict.fromkeys(self._fields.of_content(content, brand.id), ""),
        )

    def _version(self, campaign: Campaign) -> tuple[FrozenContent, MailVersion]:
        content = self._contents.of(campaign)
        key = campaign.content_sha256 or ""
        mail = self._versions.get(key)
        if mail is None:
            mail = self._mails.version(content)
            _keep(self._versions, key, mail)
        return content, mail

    def prepare(
        self,
        mailing: Mailing,
        chunk: ChunkRef,
        place: int,
        person: Recipient,
        profile: Mapping[str, JsonValue],
        *,
        heeded: bool = False,
    ) -> Letter:
        """Return one person's mail; whether they are measured need not be known yet.

        Args:
            place: of the person in the chunk, from 0.
            profile: ``email`` (deliverable), ``language``, ``attributes``.
            heeded: the address failed before: what SES tells of this mail must be heeded.

        Raises:
            InputError: it cannot be rendered for this person.
            EvidenceError: the profile names no address.
            DependencyError: the keeper of the links' keys did not answer.
        """
        to = profile.get("email")
        if not isinstance(to, str):
            raise Malformed("a profile holds no address")
        sid = decode_id(person.sid)
        delivery = decode_id(person.delivery, DELIVERY_ID_BYTES)
        way = LinkPayload(sid=sid, brand=mailing.brand_code, delivery=delivery)
        reader = Reader(
            values=_values(mailing, profile.get("attributes")),
            footer=self._footer(mailing, profile.get("language")),
            unsubscribe=self._tokens.mint(LinkPurpose.UNSUBSCRIBE, way),
            preferences=self._tokens.mint(LinkPurpose.PREFERENCES, way),
        )
        return Letter(
            to=to,
            sid=sid,
            delivery=delivery,
            reader=reader,
            prepared=mailing.mail.prepare(reader),
            headers=self._way_out.headers(mailing.brand, mailing.list_id, reader.unsubscribe, sid),
            tags=(
                (CAMPAIGN_TAG, chunk.campaign),
                ("r", person.delivery),
                (PLACE_TAG, MailPlace(chunk=chunk, place=place).name),
                *(((HEEDED_TAG, "1"),) if heeded else ()),
            ),
        )

    def shown(self, mailing: Mailing, profile: Mapping[str, JsonValue]) -> Rendered:
        """Return one person's mail to be looked at: what they would get, leading nowhere.

        Args:
            profile: as of `prepare`, but for the address.

        Raises:
            InputError: it cannot be rendered for this person.
        """
        return mailing.mail.shown(
            _values(mailing, profile.get("attributes")),
            self._footer(mailing, profile.get("language")),
        )

    def again(self, mailing: Mailing, letter: Letter) -> Letter:
        """Return a letter prepared anew, after `call` found that the version is split wrongly.

        Raises:
            InputError: it cannot be rendered for this person.
        """
        return replace(letter, prepared=mailing.mail.prepare(letter.reader))

    def call(self, mailing: Mailing, letters: Sequence[tuple[Letter, bool]]) -> BulkMail | None:
        """Return the call that carries 1 to 50 letters; None: prepare them `again` first.

        Args:
            letters: each with whether the person consents to be measured, by the last look.

        Raises:
            DependencyError: the keeper of the links' keys did not answer.
        """
        chosen = [self._chosen(mailing, letter, measured) for letter, measured in letters]
        filled = mailing.mail.call(chosen)
        if not mailing.mail.proves(filled, letters[0][0].reader, chosen[0]):
            extra = {"campaign": mailing.campaign.id}
            log.error("a split mail is not the mail rendered whole; it goes unsplit", extra=extra)
            return None
        return BulkMail(
            static=filled.static,
            entries=tuple(
                BulkEntry(to=letter.to, data=data, headers=letter.headers, tags=letter.tags)
                for (letter, _), data in zip(letters, filled.data, strict=True)
            ),
        )

    def _chosen(self, mailing: Mailing, letter: Letter, measured: bool) -> Chosen:  # noqa: FBT001 - private
        token, pixel = mailing.shared_token, ""
        # A document of version 1 has no counted links and no place for a pixel.
        if measured and mailing.content.list is not None:
            payload = self._measured(
                mailing.campaign, mailing.brand_code, letter.sid, letter.delivery
            )
            if mailing.content.targets:
                token = self._tokens.click_head(payload)
            pixel = self._pixel(self._tokens.mint(LinkPurpose.OPEN, payload))
        return Chosen(prepared=letter.prepared, link_token=token, pixel=pixel)

    def _pixel(self, token: str) -> str:
        address = f"{self._base_url}/o/{token}"
        return f'<img src="{address}" alt="" width="1" height="1" style="display:block">'

    @staticmethod
    def _measured(campaign: Campaign, brand: bytes, sid: bytes, delivery: bytes) -> LinkPayload:
        return LinkPayload(sid=sid, brand=brand, delivery=delivery, campaign=decode_id(campaign.id))

    def _footer(self, mailing: Mailing, language: JsonValue) -> Footer:
        known = language_of(mailing, language)
        footer = mailing.footers.get(known)
        if footer is None:
            data = {
                "language": known,
                "brand": mailing.brand,
                "list": mailing.mailing_list.name,
                "checkpoint": mailing.checkpoint,
            }
            footer = mailing.footers[known] = mailing.mail.footer(data)
        return footer


def language_of(mailing: Mailing, language: JsonValue) -> str:
    """Return the language our own words have in the mail of who reads ``language``."""
    return str(language) if language in LANGUAGES else mailing.brand.default_language


def _values(mailing: Mailing, attributes: JsonValue) -> Mapping[str, object]:
    return {
        **mailing.defaults,
        **(attributes if isinstance(attributes, dict) else {}),
        "brand": mailing.brand.name,
        "list": mailing.mailing_list.name,
    }


def _alike(one: Campaign, other: Campaign) -> bool:
    """Whether what mails are made from is the same; status and revision may differ."""
    return (one.brand, one.list, one.content_sha256) == (
        other.brand,
        other.list,
        other.content_sha256,
    )


def _keep(held: dict[K, V], key: K, value: V) -> None:
    """Hold one more, and let the oldest go that is too many."""
    held.pop(key, None)
    for oldest in list(held)[: max(0, len(held) + 1 - KEPT_VERSIONS)]:
        held.pop(oldest, None)
    held[key] = value
