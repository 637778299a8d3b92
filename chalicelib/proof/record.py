# SPDX-License-Identifier: Apache-2.0
"""`record.jsonld` and `receipt.jsonld`: each consent as ISO/IEC TS 27560 in the words of W3C DPV.

Guarantees that every field the specification asks for is there, that a value nobody recorded is
said to be unrecorded, and that no address of a data subject is in it. Refuses soft opt-in: what is
no consent gets no consent record.

Source: W3C DPVCG, "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV".
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from chalicelib.proof import base64url, canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.evidence import Evidence, NoticeFile
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.story import Consent, Story, Told, event_name, shown_sentence
from chalicelib.vocabulary import EventType

Node = dict[str, JsonValue]

RECORD_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
RECEIPT_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
CONTEXT: Final[dict[str, str]] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "loc": "https://w3id.org/dpv/loc#",
    "pd": "https://w3id.org/dpv/pd#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
NOT_STATED: Final = "not stated in this bundle"
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LANGUAGE = re.compile(rb"<html[^>]*\slang=[\"']?([A-Za-z]{2,3})", re.ASCII)
_UNDETERMINED: Final = "und"
_RIGHTS: Final = (
    ("A7-3", "Right to withdraw consent"),
    ("A15", "Right of access"),
    ("A16", "Right to rectification"),
    ("A17", "Right to erasure"),
    ("A18", "Right to restriction of processing"),
    ("A20", "Right to data portability"),
    ("A21", "Right to object"),
)
_STATES: Final = {
    EventType.CONSENT_REQUESTED: "dpv:ConsentRequested",
    EventType.CONSENT_CONFIRMED: "dpv:ConsentGiven",
    EventType.CONSENT_RENEWED: "dpv:RenewedConsentGiven",
    EventType.CONSENT_CHANGED: "dpv:ConsentGiven",
    EventType.CONSENT_REFUSED: "dpv:ConsentRefused",
    EventType.CONSENT_WITHDRAWN: "dpv:ConsentWithdrawn",
    EventType.CONSENT_EXPIRED: "dpv:ConsentExpired",
    EventType.CONSENT_INVALIDATED: "dpv:ConsentInvalidated",
    EventType.CONSENT_IMPORTED: "dpv:ConsentUnknown",
    EventType.OBJECTION_RECORDED: "dpv:ConsentWithdrawn",
}
_GIVEN: Final = frozenset({"dpv:ConsentGiven", "dpv:RenewedConsentGiven"})
_IN_PART: Final = (EventType.CONSENT_CHANGED, EventType.CONSENT_WITHDRAWN)
"""What may concern some purposes of a consent only: it then names them."""
_METHODS: Final = {
    None: "recorded by the controller's system",
    "page": "pressing a button on a page of the controller",
    "list-unsub-post": "one-click unsubscribe of a mail program (RFC 8058)",
    "complaint": "spam complaint passed on by the mailbox provider",
    "reply": "message to the controller: a reply, a letter or by telephone",
    "operator": "recorded by the controller's staff",
    "api": "another system of the controller",
}
_BY_LINK: Final = "pressing a button on the page that the link in the confirmation mail leads to"
_LIFTS_NOTHING: Final = (
    "; the data subject's earlier refusal, withdrawal or objection is not lifted"
)
_BY_CONTROLLER: Final = frozenset({"operator", "api"})


def files(evidence: Evidence, story: Story) -> dict[str, bytes]:
    """`record.jsonld` and `receipt.jsonld`; nothing where the chain holds no consent, even claimed.

    A record begins with a request, an import, or a consent whose request this chain lacks.
    """
    consents = [
        consent
        for consent in story.consents
        if consent.start.fields.type is not EventType.BASIS_RECORDED
    ]
    if not consents:
        return {}
    teller = _Teller(evidence, story)
    context: Node = dict(CONTEXT)
    records: list[JsonValue] = [teller.record(consent) for consent in consents]
    receipt: Node = {
        "@context": context,
        "@id": teller.iri("receipt", evidence.bundle_id),
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": {"@id": RECEIPT_SCHEMA},
        "dct:created": _time(evidence.created_ms),
        "dct:identifier": evidence.bundle_id,
        "dct:publisher": {"@id": teller.controller_iri},
        "dpv:hasIdentifier": evidence.bundle_id,
        "dpv:hasRecordOfActivity": records,
        "schema:recipient": {"@id": teller.subject_iri},
    }
    return {
        "receipt.jsonld": canonical.encode(receipt),
        "record.jsonld": canonical.encode({"@context": context, "@graph": records}),
    }


class _Teller:
    """Puts one evidence's consents into DPV."""

    def __init__(self, evidence: Evidence, story: Story) -> None:
        self._evidence = evidence
        self._log = story.log.origin
        self._subject = _subject_id(evidence, story)
        self._controller = story.entries[0].fields.controller
        self.subject_iri = self.iri("subject", self._subject)
        self.controller_iri = self.iri("controller", self._controller)
        self._processor_iri = self.iri("processor", "aws")

    def iri(self, kind: str, name: str) -> str:
        """A name in the operator's own space: the log's origin is a URL without its scheme."""
        return f"https://{self._log}#{kind}/{name}"

    def record(self, consent: Consent) -> Node:
        """One consent record."""
        start = consent.start
        told = [item for item in (consent.answer, *consent.changes, consent.end) if item]
        states = [start, *(item for item in told if item is not start)]
        name = event_name(start)
        return {
            "@id": self.iri("record", name),
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": {"@id": RECORD_SCHEMA},
            "dct:created": _time(self._evidence.created_ms),
            "dct:identifier": name,
            "dct:source": f"events/{start.n}.leaf.json",
            "dpv:hasConsentStatus": [
                self._state(item, consent) for item in states if item.fields.type in _STATES
            ],
            "dpv:hasDataSubject": {"@id": self.subject_iri},
            "dpv:hasEntity": self._parties(),
            "dpv:hasLegalBasis": {"@id": "eu-gdpr:A6-1-a"},
            "dpv:hasNotice": self._notice(start),
            "dpv:hasProcess": self._processes(start),
        }

    def _state(self, told: Told, consent: Consent) -> Node:
        fields = told.fields
        state, is_end = _STATES[fields.type], told is consent.end
        if is_end and fields.type is EventType.CONSENT_CHANGED:
            # A change names what stays: nothing of this consent does.
            state = _STATES[EventType.CONSENT_WITHDRAWN]
        node: Node = {
            "@type": [state, "dpv:ExpressedConsent"] if state in _GIVEN else [state],
            "dct:description": str(fields.type),
            "dct:identifier": event_name(told),
            "dct:source": f"events/{told.n}.leaf.json",
            "dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "rdf:value": _until(state)},
            "dpv:hasLegalBasis": {"@id": "eu-gdpr:A6-1-a"},
            "dpv:isIndicatedAtTime": _time(fields.ts_ms),
        }
        if fields.type is EventType.CONSENT_REQUESTED:
            node["dpv:hasIndicationMethod"] = "sign-up form, no box ticked beforehand"
            if told.value("choice", "prechecked") is not False:
                node["dpv:hasIndicationMethod"] = "sign-up form"
            if told.text("choice", "repeats"):
                node["dpv:hasIndicationMethod"] = "the earlier request, asked for again by its link"
            node["dpv:isIndicatedBy"] = {
                "@type": "dpv:Entity",
                "dct:description": "whoever submitted the form; not proven to be the data subject",
            }
        elif fields.type is EventType.CONSENT_IMPORTED:
            way = "another system of the controller" if fields.via == "api" else "import"
            lifts = _LIFTS_NOTHING if consent.before is not None else ""
            node["dpv:hasIndicationMethod"] = f"{way}; the consent is claimed, not proven{lifts}"
            node["dpv:isIndicatedBy"] = {"@id": self.controller_iri}
        else:
            answers = fields.type in (EventType.CONSENT_CONFIRMED, EventType.CONSENT_REFUSED)
            own_page = answers and fields.via in (None, "page")
            node["dpv:hasIndicationMethod"] = _BY_LINK if own_page else _METHODS[fields.via]
            by_controller = fields.via in _BY_CONTROLLER or state in (
                "dpv:ConsentExpired",
                "dpv:ConsentInvalidated",
            )
            party = self.controller_iri if by_controller else self.subject_iri
            node["dpv:isIndicatedBy"] = {"@id": party}
        if fields.type in _IN_PART and fields.purposes and not is_end:
            node["dpv:hasPurpose"] = [self._purpose(told, slug) for slug in fields.purposes]
        return node

    def _notice(self, start: Told) -> Node:
        name = start.fields.notice_sha256
        file = next((item for item in self._evidence.notices if item.sha256 == name), None)
        if name is None or file is None:
            return {
                "@type": "dpv:ConsentNotice",
                "dct:description": "the entry names no notice",
                "dct:language": _UNDETERMINED,
            }
        node: Node = {
            "@id": self.iri("notice", name),
            "@type": "dpv:ConsentNotice",
            "dct:identifier": name,
            "dct:language": _notice_language(start, file),
            "dct:source": f"notices/{name}.html",
        }
        if file.publication is not None:
            node["dct:date"] = _time(parse_leaf(file.publication.leaf).fields.ts_ms)
        return node

    def _processes(self, start: Told) -> list[JsonValue]:
        """One process for each purpose; all purposes together where the entry names none."""
        return [
            {
                "@type": "dpv:Process",
                "dct:description": "lists: " + (", ".join(start.fields.lists) or "all"),
                "dpv:hasApplicableLaw": {"@id": "legal-eu:law-GDPR"},
                "dpv:hasConsentControl": self._withdrawal(),
                "dpv:hasDataController": {"@id": self.controller_iri},
                "dpv:hasDataSubject": {"@id": self.subject_iri},
                "dpv:hasJurisdiction": {"@id": "loc:EU"},
                "dpv:hasLegalBasis": {"@id": "eu-gdpr:A6-1-a"},
                "dpv:hasPersonalData": _personal_data(start),
                "dpv:hasPurpose": self._purpose(start, slug),
                "dpv:hasRecipient": {"@id": self._processor_iri},
                "dpv:hasRight": self._rights(),
                "dpv:hasStorageCondition": self._storage(),
            }
            for slug in start.fields.purposes or ("all",)
        ]

    def _purpose(self, told: Told, slug: str) -> Node:
        return {
            "@id": self.iri("purpose", slug),
            "@type": "dpv:Purpose",
            "dct:identifier": slug,
            "dct:title": shown_sentence(self._evidence, told, slug) or slug,
            "skos:broader": {"@id": "dpv:Marketing"},
        }

    def _withdrawal(self) -> Node:
        return {
            "@type": "dpv:WithdrawConsent",
            "dct:description": "the unsubscribe link and the one-click header (RFC 8058) of every"
            " mail; one press, no login",
            "dpv:isExercisedAt": self._contact(f"{self._evidence.base_url}/unsubscribe/…"),
        }

    def _rights(self) -> list[JsonValue]:
        complaint: Node = {
            "@type": ["dpv:DataSubjectRight", "eu-gdpr:A77"],
            "dct:title": "Right to lodge a complaint with a supervisory authority",
            "dpv:isExercisedAt": "a data protection authority, for example where the person lives",
        }
        rights: list[JsonValue] = [
            {
                "@type": ["dpv:DataSubjectRight", f"eu-gdpr:{article}"],
                "dct:title": title,
                "dpv:isExercisedAt": self._contact(),
            }
            for article, title in _RIGHTS
        ]
        return [*rights, complaint]

    def _contact(self, *more: str) -> list[JsonValue]:
        contact = self._evidence.party.contact
        said: list[JsonValue] = [
            {"@id": f"mailto:{contact}"} if contact else f"the controller's contact: {NOT_STATED}"
        ]
        return [*said, *(item for item in more if self._evidence.base_url)]

    def _storage(self) -> list[JsonValue]:
        place = self._evidence.party.storage
        return [
            {
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": {
                    "@type": "dpv:CloudLocation",
                    "dct:title": place or f"Amazon Web Services; Region {NOT_STATED}",
                },
            },
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {
                    "@type": "dpv:UntilEventDuration",
                    "rdf:value": "erasure, at the person's request or by the controller's own"
                    " rule; this bundle states no fixed term",
                },
            },
        ]

    def _parties(self) -> list[JsonValue]:
        party = self._evidence.party
        name = party.name or self._evidence.controller or NOT_STATED
        controller = _entity(
            self.controller_iri,
            ["dpv:Organisation", "dpv:DataController"],
            name=name,
            identifier=self._controller,
            email=party.contact,
            address=party.address or self._evidence.controller,
        )
        if self._evidence.base_url:
            controller["schema:url"] = self._evidence.base_url
        processor = _entity(
            self._processor_iri,
            ["dpv:Organisation", "dpv:DataProcessor", "dpv:Recipient"],
            name="Amazon Web Services, which keeps the data and sends the mails",
            identifier="aws",
            email="",
            address="",
        )
        subject: Node = {
            "@id": self.subject_iri,
            "@type": "dpv:DataSubject",
            "dct:identifier": self._subject,
            "dpv:hasIdentifier": self._subject,
            "dpv:hasName": "not recorded here: the subject is named by a random id only",
        }
        return [controller, processor, subject]


def _entity(
    iri: str, roles: list[JsonValue], *, name: str, identifier: str, email: str, address: str
) -> Node:
    contact: Node = {"@type": "schema:ContactPoint", "schema:contactType": "privacy"}
    contact |= {"schema:email": email} if email else {"dct:description": NOT_STATED}
    return {
        "@id": iri,
        "@type": roles,
        "dct:identifier": identifier,
        "dpv:hasIdentifier": iri,
        "dpv:hasName": name,
        "schema:address": {
            "@type": "schema:PostalAddress",
            "schema:streetAddress": address or NOT_STATED,
        },
        "schema:contactPoint": contact,
    }


def _personal_data(start: Told) -> list[JsonValue]:
    """What the request brought, by category; form fields by their names, never their values."""
    found = [("pd:EmailAddress", "dpv:Required")]
    for member, category in (("ip", "pd:IPAddress"), ("ua", "pd:UserAgent")):
        if start.text("session", member):
            found.append((category, "dpv:Required"))
    return [
        {
            "@type": "dpv:PersonalData",
            "dpv:hasNecessity": {"@id": necessity},
            "skos:broader": {"@id": category},
        }
        for category, necessity in found
    ]


def _notice_language(start: Told, file: NoticeFile) -> str:
    """The page's own language, else the one recorded with the request, else "und" (BCP 47)."""
    stated = _LANGUAGE.search(file.html)
    if stated:
        return stated.group(1).decode("ascii").lower()
    return start.text("session", "lang") or _UNDETERMINED


def _until(state: str) -> str:
    if state in _GIVEN:
        return "withdrawal, objection or erasure; no fixed term is set"
    if state == "dpv:ConsentRequested":
        return "confirmation or refusal, or the end of the confirmation link"
    if state == "dpv:ConsentUnknown":
        return "withdrawal, objection or erasure; the claimed consent's own term is not recorded"
    return "a new consent of the data subject"


def _time(ms: int) -> Node:
    moment = _UNIX_EPOCH + timedelta(milliseconds=ms)
    value = f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
    return {"@type": "xsd:dateTime", "@value": value}


def _subject_id(evidence: Evidence, story: Story) -> str:
    """The random id; after an erasure its hash; where neither is shown, the chain key's hash."""
    if evidence.sid and not evidence.erased:
        return evidence.sid
    erasure = story.last.fields.erasure
    if erasure is not None:
        return erasure.vault_ref
    return base64url.encode(sha256(evidence.chain_key).digest())
