# SPDX-License-Identifier: Apache-2.0
"""What was sent to a person: confirmation mails as they were, and campaigns with their plans.

Guarantees that a mail is shown only byte for byte as its entry commits to it, and never while a
link in it still acts for the person; and that a campaign is shown only with the entry that
commits to its content and plan and with the person's place in that plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.ids import RANDOM_ID_BYTES, DeliveryId, ListId, encode_id
from chalicelib.ports.catalog import Campaigns
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.mails import MailStore, StoredMail
from chalicelib.ports.outside import Blobs
from chalicelib.ports.system import Clock
from chalicelib.proof.evidence import CampaignFile, DeliveryLine, MailFile
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.dossier import Dossier, Page, Wish
from chalicelib.services.mail_record import open_answer, open_mail
from chalicelib.services.mail_sight import MailSight
from chalicelib.services.plans import Plans
from chalicelib.services.published_log import PublishedLog, Tree
from chalicelib.vocabulary import EventType

CLOCKS_DIFFER_MS = 3600 * 1000
"""How far the clocks of whoever plans and whoever appends may be apart, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent; the lines oldest first."""

    mails: tuple[MailFile, ...] = ()
    campaigns: tuple[CampaignFile, ...] = ()
    deliveries: tuple[DeliveryLine, ...] = ()


class Dispatches:
    """Reads what was sent to one person."""

    def __init__(
        self,
        *,
        store: LedgerStore,
        mails: MailStore,
        campaigns: Campaigns,
        sight: MailSight,
        plans: Plans,
        blobs: Blobs,
        published: PublishedLog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._mails = mails
        self._campaigns = campaigns
        self._sight = sight
        self._plans = plans
        self._blobs = blobs
        self._published = published
        self._clock = clock

    def sent(self, dossier: Dossier, tree: Tree, wish: Wish) -> Sent:
        """Return what was sent to the person for the lists and purposes asked about."""
        files, lines = self._confirmation_mails(dossier)
        campaigns = []
        for campaign in self._planned(dossier, wish):
            file = self._campaign(campaign, dossier, tree)
            if file is not None:
                campaigns.append(file)
                lines += self._line(file, dossier)
        return Sent(
            mails=tuple(files),
            campaigns=tuple(campaigns),
            deliveries=tuple(sorted(lines, key=lambda line: line.at_ms)),
        )

    def _confirmation_mails(self, dossier: Dossier) -> tuple[list[MailFile], list[DeliveryLine]]:
        """The mails whose entries are open, and a line for each."""
        files: list[MailFile] = []
        lines: list[DeliveryLine] = []
        asked = [
            page
            for page in dossier.pages
            if page.event.type is EventType.CONSENT_MAIL_SENT and page.claims
        ]
        if not asked or dossier.keys is None:
            return files, lines
        stored = {mail.request: mail for mail in self._mails.read(dossier.sid)}
        numbers = {page.entry.event: page.n for page in dossier.pages}
        for page in asked:
            link = (page.claims.link if page.claims else None) or {}
            request = numbers.get(str(link.get("request")), -1)  # type: ignore[call-overload]
            mail = stored.get(request, StoredMail(request=request))
            file = self._mail(dossier, page, mail, str(link.get("token_sha256", "")))
            files += [file] if file else []
            lines.append(_mail_line(dossier, page, mail, str(link.get("message_id", ""))))
        return files, lines

    def _mail(
        self, dossier: Dossier, page: Page, stored: StoredMail, token_sha256: str
    ) -> MailFile | None:
        """The mail, when it is the one committed to and no link in it acts for the person."""
        if dossier.keys is None or not token_sha256 or self._is_live(token_sha256):
            return None  # A mail without a token has an unsubscribe link, which works for ever.
        document = open_mail(dossier.keys, stored)
        committed = parse_leaf(page.entry.leaf).fields.content_sha256
        if document is None or sha256(document).hexdigest() != committed:
            return None  # Another try to answer the request was stored over it.
        return MailFile(n=page.n, document=document)

    def _is_live(self, token_sha256: str) -> bool:
        token = self._store.token(token_sha256)
        if token is None or token.used_ms is not None:
            return False
        return self._clock.now_ms() < token.expires_ms

    def _planned(self, dossier: Dossier, wish: Wish) -> Iterator[Campaign]:
        """Campaigns the person may have been planned for, by list, then oldest first."""
        for list_id, since_ms in sorted(_first_asked(dossier.pages).items()):
            if wish.lists and list_id not in wish.lists:
                continue
            for campaign in self._campaigns.planned(list_id, since_ms - CLOCKS_DIFFER_MS):
                if not wish.purposes or campaign.purpose in wish.purposes:
                    yield campaign

    def _campaign(self, campaign: Campaign, dossier: Dossier, tree: Tree) -> CampaignFile | None:
        """The campaign with the person's place in its plan; None when they were not planned."""
        index = self._published.index(campaign.plan_event, tree) if campaign.plan_event else None
        if index is None:
            return None  # Not every shard is planned, or the log has not taken it in yet.
        leaf = tree.leaf(index)
        committed = parse_leaf(leaf).fields
        root = bytes.fromhex(committed.manifest_sha256 or "")
        place = self._plans.find(campaign, dossier.sid, root)
        if place is None:
            return None
        content = self._blobs.get(f"content/{committed.content_sha256}")
        if content is None:
            return None
        return CampaignFile(
            campaign=campaign.id,
            content=content.data,
            commitment=tree.prove(leaf, index),
            record=place.record,
            index=place.index,
            size=place.size,
            path=place.path,
        )

    def _line(self, file: CampaignFile, dossier: Dossier) -> list[DeliveryLine]:
        """The operator's own record of the campaign's mail; none when it was never handed over."""
        delivery = DeliveryId(encode_id(file.record[RANDOM_ID_BYTES:]))
        seen = self._sight.delivery(delivery)
        if seen is None or seen.row.entry >= len(dossier.pages):
            return []
        return [
            DeliveryLine(
                at_ms=seen.row.at_ms,
                campaign=file.campaign,
                delivery=delivery,
                entry=seen.row.entry,
                message_id=seen.message_id,
                event=seen.event,
                event_ms=seen.event_ms,
            )
        ]


def _first_asked(pages: Iterable[Page]) -> Mapping[ListId, int]:
    """When each list was first named in the chain, Unix milliseconds."""
    first: dict[ListId, int] = {}
    for page in pages:
        for list_id in page.event.lists:
            first.setdefault(list_id, page.event.at_ms)
    return first


def _mail_line(dossier: Dossier, page: Page, stored: StoredMail, message_id: str) -> DeliveryLine:
    answer = open_answer(dossier.keys, stored) if dossier.keys else None
    if answer is not None and answer.message_id != message_id:
        answer = None  # It is about another try to answer the same request.
    return DeliveryLine(
        at_ms=page.event.at_ms,
        mail=page.n,
        message_id=message_id or None,
        event=answer.event if answer else None,
        event_ms=answer.at_ms if answer else None,
        answer=answer.said if answer else None,
    )
