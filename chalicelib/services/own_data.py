# SPDX-License-Identifier: Apache-2.0
"""Everything we hold about one person, for that person: access and portability.

Guarantees that entries, profile, facts, mail events and officers' notes are all there, opened with
the person's key alone; of the mails of a sign-up, which hold links that act, only that they went;
and that reading it out appends nothing: the request and its answer are the rights desk's to record.
Plain data: the page and the file say it in words.

Source: GDPR Art. 15 (access), Art. 20 (portability).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.catalog import Brand
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.health import Health
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.measurement import HIT_DAYS, Hit
from chalicelib.domain.messages import KEPT_MS as MESSAGE_KEPT_MS
from chalicelib.domain.messages import ServiceMessage
from chalicelib.domain.ses_events import SesEvent, parse
from chalicelib.domain.state import Scope, SubjectState
from chalicelib.errors import EvidenceError, InputError, NotFound
from chalicelib.ports.access import AddressWishes
from chalicelib.ports.audience import AudienceStore, FrequencyStore
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.links import CampaignLinks, Hits
from chalicelib.ports.messages import MessageStore
from chalicelib.ports.outside import StoredEvent
from chalicelib.ports.rights import RightsRecords
from chalicelib.ports.system import Clock
from chalicelib.ports.traces import Traces
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import CLAIM_NAMES
from chalicelib.proof.leaf import LeafFields, parse_leaf
from chalicelib.proof.report.saying import entry_sentence
from chalicelib.services.address_change import KEPT_MS, wished_address
from chalicelib.services.dossier import Dossier, Page, Wish, read_dossier
from chalicelib.services.entries import open_profile
from chalicelib.services.health_sight import HealthSight, told
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.message_record import open_message
from chalicelib.services.own_facts import OwnFacts
from chalicelib.services.right_acts import open_note
from chalicelib.services.stored_events import open_stored

Document = dict[str, JsonValue]

FORMAT = 1
MAIL_EVENTS_DAYS = 180
"""How long what SES said of a mail is kept (docs/privacy/retention.md)."""
MESSAGE_DAYS = MESSAGE_KEPT_MS // DAY_MS
PROCESSOR = "Amazon Web Services"
RIGHTS: tuple[tuple[str, str], ...] = (
    ("access", "GDPR Art. 15"),
    ("rectification", "GDPR Art. 16"),
    ("erasure", "GDPR Art. 17"),
    ("restriction", "GDPR Art. 18"),
    ("portability", "GDPR Art. 20"),
    ("objection", "GDPR Art. 21"),
    ("withdrawal", "GDPR Art. 7(3)"),
    ("complaint", "GDPR Art. 77"),
)
RETENTION: tuple[tuple[str, str], ...] = (
    ("profile", "until erasure"),
    ("history", "until erasure"),
    ("mails", f"{MAIL_EVENTS_DAYS} days"),
    ("measured", f"{HIT_DAYS} days after the first time"),
    ("messages", f"{MESSAGE_DAYS} days"),
    ("address_health", "400 days after its last change"),
    ("wished_address", f"{KEPT_MS // DAY_MS} days after you typed it"),
    ("suppressions", "until a new confirmation, or without end where you or the operator said no"),
)


class OwnData:
    """Reads a person out to themselves."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        audience: AudienceStore,
        frequency: FrequencyStore,
        traces: Traces,
        hits: Hits,
        links: CampaignLinks,
        known: OwnFacts,
        messages: MessageStore,
        health: HealthSight,
        wishes: AddressWishes,
        rights: RightsRecords,
        brands: Brands,
        lists: Lists,
        campaigns: Campaigns,
        clock: Clock,
        storage: str,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._audience = audience
        self._frequency = frequency
        self._traces = traces
        self._hits = hits
        self._links = links
        self._known = known
        self._messages = messages
        self._health = health
        self._wishes = wishes
        self._rights = rights
        self._brands = brands
        self._lists = lists
        self._campaigns = campaigns
        self._clock = clock
        self._storage = storage

    def of(self, sid: SubjectId, brand_id: BrandId, language: str) -> Document:
        """Return everything held about a person, of every brand of the controller.

        Args:
            brand_id: in whose name the controller answers.
            language: of the sentences, one of en, sv, de, fr; names of members are English.

        Raises:
            NotFound: the person was erased, or there is no such brand.
            DependencyError: not everything could be read; nothing is shown.
        """
        brand = self._brands.get(brand_id)
        dossier = read_dossier(self._ledger, sid, Wish(language=language))
        chain = dossier.chain
        if brand is None or chain is None:
            raise NotFound("There is no such subscriber.")
        return {
            "v": FORMAT,
            "made_at": _time(self._clock.now_ms()),
            "controller": _controller(brand),
            "id": sid,
            "profile": self._profile(chain),
            "wished_address": self._wished(chain),
            "frequency": self._rhythm(sid),
            "consents": self._consents(chain.state),
            "soft_opt_ins": _scoped(dossier, chain.state.soft_opt_ins),
            "objections": _scoped(dossier, chain.state.objections),
            "suppressions": [
                {
                    "brand": each.brand,
                    "list": each.list,
                    "reason": each.reason,
                    "since": _time(dossier.pages[each.entry].event.at_ms),
                }
                for each in chain.state.suppressions
            ],
            "restricted": chain.state.restricted,
            "rights_requests": self._requests(chain),
            "history": [self._entry(page, language) for page in dossier.pages],
            "mails": self._mails(chain),
            "measured": self._measured(sid),
            **self._known.of(sid),
            "messages": [_message(chain, each) for each in self._messages.of(sid)],
            "address_health": self._health_of(chain),
            **self._about(brand),
        }

    def _profile(self, chain: Chain) -> JsonValue:
        member = self._audience.member(chain.sid)
        return open_profile(chain.keys, member.sealed) if member and member.sealed else None

    def _wished(self, chain: Chain) -> JsonValue:
        """The other address the person typed last, which answered or did not."""
        wish = self._wishes.of(chain.sid)
        return None if wish is None else wished_address(chain.keys, wish)

    def _rhythm(self, sid: SubjectId) -> JsonValue:
        wish = self._frequency.get(sid)
        until_ms = wish.paused_until_ms
        return {
            "max_per_week": wish.max_per_week,
            "paused_until": None if until_ms is None else _time(until_ms),
        }

    def _consents(self, state: SubjectState) -> list[JsonValue]:
        found: list[JsonValue] = []
        for key, held in sorted(state.consents.items()):
            mailing_list = self._lists.get(key.list)
            found.append(
                {
                    "brand": key.brand,
                    "channel": key.channel,
                    "list": key.list,
                    "list_name": mailing_list.name if mailing_list else None,
                    "purpose": key.purpose,
                    "status": str(held.status),
                    "since": _time(held.since_ms),
                    "entry": held.entry,
                    "notice_sha256": held.notice,
                }
            )
        return found

    def _entry(self, page: Page, language: str) -> JsonValue:
        fields: LeafFields = parse_leaf(page.entry.leaf).fields
        located = self._store.locate(page.entry.event)
        opened: Document = {
            name: dict(value)
            for name in CLAIM_NAMES
            if page.claims and (value := getattr(page.claims, name))
        }
        return {
            "n": page.n,
            "id": page.entry.event,
            "at": _time(page.event.at_ms),
            "type": str(page.event.type),
            "says": entry_sentence(language, fields),
            "brand": page.event.brand,
            "lists": [str(each) for each in page.event.lists],
            "purposes": [str(each) for each in page.event.purposes],
            "notice_sha256": page.event.notice,
            "log_index": located.index if located else None,
            "sealed": opened,
        }

    def _requests(self, chain: Chain) -> list[JsonValue]:
        """What the person asked for, oldest first, with what an officer noted beside it."""
        return [
            {
                "id": each.id,
                "right": str(each.right),
                "brand": each.brand,
                "medium": str(each.medium),
                "received_at": _time(each.received_ms),
                "status": str(each.status),
                "due_at": _time(each.deadline_ms),
                "answered_at": None if each.answered_ms is None else _time(each.answered_ms),
                "note": open_note(chain, each),
            }
            for each in sorted(self._rights.of(chain.sid), key=lambda each: each.entered_ms)
        ]

    def _mails(self, chain: Chain) -> list[JsonValue]:
        """Each mail that SES told of, oldest first, with what became of it."""
        mails: dict[str, Document] = {}
        happened: dict[str, list[JsonValue]] = {}
        for stored in self._traces.events(chain.sid):
            event = _opened(chain, stored)
            if event is None:
                continue
            if event.message_id not in mails:
                mails[event.message_id] = self._mail(event)
                happened[event.message_id] = []
            happened[event.message_id].append(
                {"type": stored.type, "at": _time(stored.at_ms), "server": event.diagnostic}
            )
        return [{**mail, "events": happened[name]} for name, mail in mails.items()]

    def _mail(self, event: SesEvent) -> Document:
        campaign = self._campaigns.get(event.tags["c"]) if "c" in event.tags else None
        return {
            "message_id": event.message_id,
            "to": event.recipient,
            "sent_at": None if event.sent_ms is None else _time(event.sent_ms),
            "campaign": campaign.id if campaign else None,
            "name": campaign.name if campaign else None,
        }

    def _measured(self, sid: SubjectId) -> list[JsonValue]:
        """Mails the person opened, and links in them that they followed, in order of time."""
        hits = sorted(self._hits.of(sid), key=lambda hit: hit.first_ms)
        campaigns = {
            each: self._campaigns.get(each) for each in {hit.spot.campaign for hit in hits}
        }
        return [self._hit(hit, campaigns[hit.spot.campaign]) for hit in hits]

    def _hit(self, hit: Hit, campaign: Campaign | None) -> JsonValue:
        targets, link = self._links.get(hit.spot.campaign), hit.spot.link
        url = None
        if targets is not None and link is not None and link < len(targets.urls):
            url = targets.urls[link]
        return {
            "kind": "opened" if link is None else "clicked",
            "campaign": hit.spot.campaign,
            "name": campaign.name if campaign else None,
            "url": url,
            "first_at": _time(hit.first_ms),
            "times": hit.times,
        }

    def _health_of(self, chain: Chain) -> JsonValue:
        seen = self._health.seen(chain.sid, chain.state)
        health = seen.health
        if health == Health():
            return None
        times = {"delivered": health.delivered_ms, "refused": health.bounced_ms}
        times |= {"reported_as_spam": health.complained_ms}
        failures = {"passing_failures": health.soft_ms, "mailbox_full": health.full_ms}
        failures |= {"server_did_not_answer": health.expired_ms}
        return {
            **{name: _maybe(at) for name, at in times.items()},
            **{name: [_time(at) for at in found] for name, found in failures.items()},
            "status": str(seen.status),
            "resting_until": _maybe(seen.resting_until_ms),
            "story": told(seen),
        }

    def _about(self, brand: Brand) -> Document:
        """What the law wants told beside the data (GDPR Art. 15(1)(a) to (h))."""
        return {
            "purposes": [
                {
                    "purpose": "mail you agreed to or may object to",
                    "basis": "GDPR Art. 6(1)(a), (f)",
                },
                {"purpose": "showing that you agreed or said no", "basis": "GDPR Art. 7(1), 5(2)"},
                {
                    "purpose": "choosing mail by what you ordered",
                    "basis": "GDPR Art. 6(1)(f); you may object, Art. 21(2)",
                },
                {
                    "purpose": "choosing mail by what you visited, opened and followed",
                    "basis": "GDPR Art. 6(1)(a)",
                },
            ],
            "source": "you, through the forms and links named in the history; orders, visits and "
            "accounts: the controller's own shop and website",
            "recipients": [
                {"name": PROCESSOR, "role": "processor", "storage": self._storage or None}
            ],
            "retention": [
                {"what": what, "how_long": period}
                for what, period in (*RETENTION, *self._known.retention)
            ],
            "rights": [{"right": right, "article": article} for right, article in RIGHTS],
            "automated_decisions": "none",
            "contact": brand.contact_address,
        }


def _controller(brand: Brand) -> Document:
    return {
        "name": brand.controller_name,
        "address": brand.postal_address,
        "contact": brand.contact_address,
        "brand": brand.name,
    }


def _scoped(dossier: Dossier, entries: Mapping[Scope, int]) -> list[JsonValue]:
    return [
        {"brand": brand, "channel": channel, "since": _time(dossier.pages[n].event.at_ms)}
        for (brand, channel), n in sorted(entries.items())
    ]


def _opened(chain: Chain, stored: StoredEvent) -> SesEvent | None:
    """The event as SES told it; None where it is not this person's or says nothing of a mail."""
    if stored.sealed is None:
        return None
    try:
        raw = open_stored(chain.keys, stored.key, stored.sealed)
        return next(iter(parse(raw)), None)
    except (EvidenceError, InputError):
        return None


def _message(chain: Chain, message: ServiceMessage) -> JsonValue:
    """A message of a service; what it says is kept until it went."""
    subject, text = None, None
    if message.sealed is not None:
        try:
            mail = open_message(chain.keys, message)
            subject, text = mail.subject, mail.text
        except EvidenceError:
            pass  # Damaged: nobody can read it, and it is never sent.
    return {
        "id": message.id,
        "brand": message.brand,
        "template": message.template,
        "status": message.status.value,
        "reason": None if message.reason is None else message.reason.value,
        "at": _time(message.created_ms),
        "subject": subject,
        "text": text,
    }


def _maybe(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else _time(unix_ms)


def _time(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat(timespec="seconds")
