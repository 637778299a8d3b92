# SPDX-License-Identifier: Apache-2.0
"""People whose bundles must read correctly: one for each way a consent begins and ends.

Each is a chain in a `SmallLog` with all that a bundle can show; `evidence` puts it together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from chalicelib.proof import base64url, canonical, merkle
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import (
    AnchorFile,
    CampaignFile,
    DeliveryLine,
    Evidence,
    MailFile,
    NoticeFile,
    Party,
    PrivacyFile,
    ProvenEntry,
)
from chalicelib.proof.leaf import Erasure, LeafFields, build_controller_leaf
from chalicelib.vocabulary import EventType
from tests.support.small_log import (
    HTML,
    NOTICE,
    START_MS,
    TEXT,
    Person,
    SmallLog,
    fixed_bytes,
    publish_notice,
)

PRIVACY = b"<!doctype html><title>Privacy</title><p>What we keep, and for how long.</p>"
CONTENT = canonical.encode(
    {"html": "<p>Five apples</p>", "subject": "Apples of the month", "text": "Five apples\n"}
)
CAMPAIGN = "apples-2026"
TOKEN = sha256(b"token").hexdigest()
SUBJECT = {"email": "visitor@example.org", "email_as_typed": "Visitor@example.org"}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SESSION = {"ip": "192.0.2.7", "ua": BROWSER, "lang": "en"}
CHOICE: dict[str, JsonValue] = {
    "fields": {"email": "Visitor@example.org", "newsletter": "yes", "measurement": "yes"},
    "form": "demo",
    "prechecked": False,
    "privacy": sha256(PRIVACY).hexdigest(),
    "version": 3,
}
MAIL = canonical.encode(
    {
        "from": "Demo <news@example.com>",
        "headers": [["Auto-Submitted", "auto-generated"]],
        "html": "<p>Please confirm</p>",
        "subject": "Please confirm your subscription",
        "text": "Somebody entered this address.\n\nConfirm: https://example.com/confirm/…\n",
        "to": "visitor@example.org",
    }
)
PARTY = Party(
    name="Example Ltd",
    address="1 Example Street, 12345 Exampleton",
    contact="privacy@example.com",
    brand_id="demo",
    brand="Demo Garden",
    storage="eu-north-1",
    list_names=(("newsletter", "Garden letter"),),
    purpose_names=(
        ("measurement", "Yes, you may measure which mails I open."),
        ("newsletter", "Yes, send me the newsletter."),
    ),
)
HOUR_MS = 3_600_000
SOLD_TO = {
    "brand": "demo",
    "channel": "email",
    "lists": ("newsletter",),
    "purposes": ("newsletter",),
    "via": "api",
}


@dataclass(slots=True, kw_only=True)
class Case:
    """A person on the way to a bundle."""

    log: SmallLog = field(default_factory=SmallLog)
    person: Person = field(init=False)
    published: int = field(init=False)
    privacy: int = field(init=False)
    committed: int | None = None
    lines: list[DeliveryLine] = field(default_factory=list)
    mails: list[MailFile] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log.filler(3)
        self.published = publish_notice(self.log)
        self.privacy = self._controller(
            "privacy", EventType.POLICY_CHANGED, brand="demo", content_sha256=_hex(PRIVACY)
        )
        self.person = Person(self.log)

    @property
    def sid(self) -> bytes:
        return fixed_bytes("person sid", 16)

    @property
    def delivery(self) -> bytes:
        return fixed_bytes("delivery", 12)

    def ask(self, claims: Claims | None = None) -> "Case":
        """The form was submitted, the mail sent and accepted."""
        self._record(
            EventType.CONSENT_REQUESTED,
            claims or Claims(subject=SUBJECT, session=SESSION, choice=CHOICE),
        )
        n = self._record(
            EventType.CONSENT_MAIL_SENT, Claims(link=self.link), content_sha256=_hex(MAIL)
        )
        self.mails.append(MailFile(n=n, document=MAIL))
        at_ms = self.at(n)
        self.lines.append(
            DeliveryLine(
                at_ms=at_ms,
                mail=n,
                message_id="0100-example",
                event="Delivery",
                event_ms=at_ms + 1500,
                answer="250 2.0.0 Ok: queued as 4F1",
            )
        )
        return self

    def confirm(self, kind: EventType = EventType.CONSENT_CONFIRMED, **more: object) -> "Case":
        session = {"ip": "192.0.2.9", "ua": BROWSER}
        claims = Claims(session=session, link={**self.link, "token_sha256": TOKEN})
        self._record(kind, claims, **{"via": "page", **more})
        return self

    def send(self, after_ms: int = 0) -> "Case":
        """One campaign, planned and sent `after_ms` after the chain's last entry."""
        last = len(self.person.entries) - 1
        self.committed = self._controller(
            "campaign",
            EventType.CAMPAIGN_COMMITTED,
            ts_ms=self.at(last) + 5000,
            brand="demo",
            channel="email",
            lists=("newsletter",),
            purposes=("newsletter",),
            campaign=CAMPAIGN,
            content_sha256=_hex(CONTENT),
            manifest_sha256=merkle.root_of_hashes(self._plan()).hex(),
        )
        self.lines.append(
            DeliveryLine(
                at_ms=self.at(last) + 6000 + after_ms,
                campaign=CAMPAIGN,
                delivery=base64url.encode(self.delivery),
                entry=last,
                message_id="0200-example",
                event="Delivery",
                event_ms=self.at(last) + 7000 + after_ms,
            )
        )
        return self

    def end(self, kind: EventType, claims: Claims | None = None, **more: object) -> "Case":
        values = {"brand": "demo", "channel": "email", "notice_sha256": None, **more}
        if kind.startswith("consent."):
            values = {"lists": (), "purposes": (), **values}
        self._record(kind, claims or Claims(), **values)
        return self

    def erase(self) -> "Case":
        n = len(self.person.entries)
        erasure = Erasure(
            chain_key=self.person.keys.chain_key,
            chain_length=n,
            vault_ref=_hex(self.sid),
            final_after_ms=self.at(n) + 7 * 24 * HOUR_MS,
        )
        self.person.record(EventType.SUBJECT_ERASED, Claims(), reason="objection", erasure=erasure)
        self.mails.clear()
        self.lines.clear()
        return self

    def only(self, kind: EventType, claims: Claims, **more: object) -> "Case":
        self._record(kind, claims, **more)
        return self

    def evidence(self, **more: object) -> Evidence:
        """Everything about the person, time stamps of the form only."""
        self.log.filler(2)
        size = len(self.log.leaves)
        erased = self.person.entries[-1][1].leaf.find(b'"typ":"subject.erased"') > 0
        entries = self.person.proven(size)
        if erased:
            entries = tuple(replace(entry, disclosures=()) for entry in entries)
        names_notice = any(NOTICE.encode() in entry.leaf for entry in entries)
        notice = NoticeFile(html=HTML, text=TEXT, publication=self._proven(self.published, size))
        asked = entries[0].leaf.find(b'"typ":"consent.requested"') > 0
        privacy = PrivacyFile(html=PRIVACY, entry=self._proven(self.privacy, size))
        evidence = Evidence(
            bundle_id="K7wq0cXbT1mN5vR2yZ8aJg",
            controller="Example Ltd, 1 Example Street, 12345 Exampleton",
            subject="" if erased else "visitor@example.org",
            exporter="compliance key",
            created_ms=START_MS + 24 * HOUR_MS,
            policy=self.log.policy,
            checkpoint=self.log.checkpoint(size),
            chain_key=self.person.keys.chain_key,
            entries=entries,
            notices=(notice,) if names_notice else (),
            recipient="Supervisory authority",
            reason="complaint 17",
            mails=tuple(self.mails),
            privacy=(privacy,) if asked else (),
            campaigns=self._campaigns(size),
            deliveries=tuple(sorted(self.lines, key=lambda line: line.at_ms)),
            anchors=(self._anchor(4, size), self._anchor(size, size)),
            tsa_certificates=b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            zone="Europe/Stockholm",
            sid=base64url.encode(self.sid),
            erased=erased,
            base_url="https://mail.example.com",
            party=PARTY,
        )
        return replace(evidence, **more)  # type: ignore[arg-type]

    @property
    def link(self) -> dict[str, str]:
        request = base64url.encode(fixed_bytes("person event 0", 16))
        return {"message_id": "0100-example", "request": request, "token_sha256": TOKEN}

    def at(self, n: int) -> int:
        return START_MS + 60_000 * n + 7

    def _record(self, kind: EventType, claims: Claims, **more: object) -> int:
        self.person.record(kind, claims, **more)
        self.log.filler(1)
        return len(self.person.entries) - 1

    def _controller(self, label: str, kind: EventType, **more: object) -> int:
        values = {"event_id": fixed_bytes(label, 16), "ts_ms": START_MS - 500, "controller": "demo"}
        fields = LeafFields(type=kind, **{**values, **more})  # type: ignore[arg-type]
        return self.log.append(build_controller_leaf(fields).leaf)

    def _proven(self, index: int, size: int) -> ProvenEntry:
        return ProvenEntry(
            leaf=self.log.leaves[index], index=index, path=self.log.path(index, size)
        )

    def _plan(self) -> list[bytes]:
        others = [fixed_bytes(f"record {number}", 28) for number in range(6)]
        return [merkle.leaf_hash(record) for record in (*others[:4], self._own(), *others[4:])]

    def _own(self) -> bytes:
        return self.sid + self.delivery

    def _campaigns(self, size: int) -> tuple[CampaignFile, ...]:
        if self.committed is None:
            return ()
        plan = self._plan()

        def read(level: int, index: int) -> bytes:
            width = 1 << level
            return merkle.root_of_hashes(plan[index * width : (index + 1) * width])

        return (
            CampaignFile(
                campaign=CAMPAIGN,
                content=CONTENT,
                commitment=self._proven(self.committed, size),
                record=self._own(),
                index=4,
                size=len(plan),
                path=merkle.inclusion_proof(4, len(plan), read),
            ),
        )

    def _anchor(self, old: int, size: int) -> AnchorFile:
        return AnchorFile(
            size=old,
            note=self.log.checkpoint(old),
            response=b"\x30\x03\x02\x01\x00",
            consistency=self.log.consistency(old, size),
            time_ms=START_MS,
        )


def _hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def confirmed() -> Case:
    return Case().ask().confirm().send()


def withdrawn_by_mail_program() -> Case:
    claims = Claims(
        session={"ip": "198.51.100.4", "ua": "Mail/1"},
        link={"delivery": base64url.encode(fixed_bytes("delivery", 12))},
    )
    return confirmed().end(EventType.CONSENT_WITHDRAWN, claims, via="list-unsub-post")


def withdrawn_by_page() -> Case:
    claims = Claims(session={"ip": "198.51.100.4", "ua": BROWSER})
    return confirmed().end(EventType.CONSENT_WITHDRAWN, claims, via="page")


def withdrawn_by_complaint() -> Case:
    """As the product records it: the suppression, and the objection that the complaint is."""
    claims = Claims(link={"feedback_id": "f-1", "message_id": "0200-example"})
    case = confirmed()
    case.only(
        EventType.SUPPRESSION_ADDED, claims, channel="email", reason="complaint", campaign=CAMPAIGN
    )
    return case.end(EventType.OBJECTION_RECORDED, claims, via="complaint", campaign=CAMPAIGN)


def suppressed_for_a_list() -> Case:
    case = confirmed()
    return case.only(
        EventType.SUPPRESSION_ADDED,
        Claims(),
        brand="demo",
        channel="email",
        lists=("newsletter",),
        purposes=(),
        notice_sha256=None,
        reason="manual",
    )


def never_confirmed() -> Case:
    return Case().ask()


def refused() -> Case:
    return Case().ask().confirm(EventType.CONSENT_REFUSED, notice_sha256=None)


def imported() -> Case:
    choice: dict[str, JsonValue] = {
        "claimed_ts": START_MS - 400 * 24 * HOUR_MS,
        "grade": "D",
        "source": "old system",
    }
    claims = Claims(subject={"email": "visitor@example.org"}, choice=choice)
    return Case().only(
        EventType.CONSENT_IMPORTED, claims, notice_sha256=None, content_sha256="ab" * 32
    )


def waiting(case: Case | None = None) -> Case:
    """A file says there is a consent; the controller's own rule holds that back."""
    choice: dict[str, JsonValue] = {
        "claimed_grade": "E",
        "grade": "E",
        "source": "earlier-tool",
        "status": "subscribed",
        "zone": "utc",
    }
    claims = Claims(subject={"email": "visitor@example.org"}, choice=choice)
    more = {"notice_sha256": None, "via": "operator", "purposes": ("newsletter",)}
    return (case or Case()).only(EventType.CONSENT_IMPORTED, claims, **more)


def waiting_and_confirmed() -> Case:
    return waiting().ask().confirm()


def withdrawn_and_waiting() -> Case:
    return waiting(withdrawn_by_page())


def objected() -> Case:
    """Soft opt-in from a sale, and the objection to it."""
    case = Case().only(
        EventType.BASIS_RECORDED,
        Claims(subject={"email": "visitor@example.org"}, choice={"source": "order"}),
        brand="demo",
        channel="email",
        lists=("newsletter",),
        purposes=("newsletter",),
    )
    session = Claims(session={"ip": "198.51.100.4", "ua": BROWSER})
    return case.send().end(EventType.OBJECTION_RECORDED, session, via="page")


def attested(case: Case | None = None) -> Case:
    """As a check-out states it over the API: notice, boxes, time and origin."""
    choice: dict[str, JsonValue] = {
        "boxes": {"measurement": False, "newsletter": True},
        "claimed_ts": START_MS - HOUR_MS,
        "form": "demo",
        "grade": "C",
        "key": "till",
        "shown_as": "api",
        "version": 3,
    }
    claims = Claims(subject=SUBJECT, session=SESSION, choice=choice)
    purposes = ("newsletter",)
    return (case or Case()).only(EventType.CONSENT_IMPORTED, claims, via="api", purposes=purposes)


def bought() -> Case:
    """A sale with all that the API asks of a soft opt-in."""
    choice: dict[str, JsonValue] = {
        "key": "till",
        "objection_how": "unticked box beside the address",
        "objection_ts": START_MS - 2 * HOUR_MS,
        "product": "garden tools",
        "sale": "order 17",
        "sale_ts": START_MS - 2 * HOUR_MS,
    }
    return Case().only(EventType.BASIS_RECORDED, Claims(subject=SUBJECT, choice=choice), **SOLD_TO)


def objected_and_attested() -> Case:
    return attested(objected())


def withdrawn_and_attested() -> Case:
    return attested(withdrawn_by_page())


def withdrawn_and_bought() -> Case:
    """Nothing was ever asked for: a person who wrote to be left alone, and bought later."""
    case = Case().end(EventType.CONSENT_WITHDRAWN, via="operator")
    claims = Claims(subject={"email": "visitor@example.org"})
    return case.only(EventType.BASIS_RECORDED, claims, **SOLD_TO)


def moved() -> Case:
    """Another address, after the consent and before its end."""
    claims = Claims(
        subject={"email": "visitor@example.org", "email_before": "before@example.org"},
        session={"ip": "198.51.100.4", "ua": BROWSER},
        link={"wish": "A" * 22},
    )
    return confirmed().end(EventType.IDENTIFIER_CHANGED, claims, via="page")


def moved_and_withdrawn() -> Case:
    claims = Claims(session={"ip": "198.51.100.4", "ua": BROWSER})
    return moved().end(EventType.CONSENT_WITHDRAWN, claims, via="page")


def erased() -> Case:
    return withdrawn_by_page().erase()


CASES: dict[str, Callable[[], Case]] = {
    "confirmed": confirmed,
    "withdrawn by RFC 8058": withdrawn_by_mail_program,
    "withdrawn by page": withdrawn_by_page,
    "withdrawn by complaint": withdrawn_by_complaint,
    "suppressed for a list": suppressed_for_a_list,
    "never confirmed": never_confirmed,
    "refused": refused,
    "imported": imported,
    "waiting": waiting,
    "withdrawn and waiting": withdrawn_and_waiting,
    "objected": objected,
    "attested": attested,
    "bought": bought,
    "objected and attested": objected_and_attested,
    "moved": moved,
    "moved and withdrawn": moved_and_withdrawn,
    "withdrawn and attested": withdrawn_and_attested,
    "told to stop, and bought": withdrawn_and_bought,
    "erased": erased,
}
