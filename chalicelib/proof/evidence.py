# SPDX-License-Identifier: Apache-2.0
"""What a proof bundle is made of, as services hand it over.

Guarantees nothing about whether it verifies: `bundle.prepare` checks that.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

LANGUAGES: Final = ("en", "sv", "de", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """One ledger entry with its path to the bundle's checkpoint.

    Attributes:
        leaf: the exact bytes.
        index: position in the log.
        path: RFC 6962 audit path, leaf's sibling first, 32 bytes each.
        disclosures: the ones opened in this bundle, in `CLAIM_NAMES` order; the rest stay closed.
    """

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    disclosures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFile:
    """A notice that entries name.

    Attributes:
        html: the page, byte for byte; its SHA-256 is the notice's name.
        text: its plain form. Needs `publication`: only that entry commits to it.
        publication: the `notice.published` entry.
    """

    html: bytes
    text: bytes | None = None
    publication: ProvenEntry | None = None

    @property
    def sha256(self) -> str:
        """Hash of the page, hex."""
        return sha256(self.html).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFile:
    """A confirmation mail as it was sent.

    Attributes:
        n: number in the chain of the `consent.mail_sent` entry that commits to it.
        document: canonical JSON of docs/spec/proof-bundle.md section 1.1.
    """

    n: int
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyFile:
    """A privacy text that was in force when consent was asked for.

    Attributes:
        html: the page, byte for byte; its SHA-256 is its name.
        entry: the `policy.changed` entry whose `cnt` is that hash.
    """

    html: bytes
    entry: ProvenEntry

    @property
    def sha256(self) -> str:
        """Hash of the page, hex."""
        return sha256(self.html).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFile:
    """A campaign the person was planned for.

    Attributes:
        campaign: its id.
        content: what it said, without personal fields.
        commitment: the `campaign.committed` entry with `cnt` and the plan's root as `man`.
        record: 28 bytes, subject id and delivery id.
        index, size: the record's place in the plan, and how many records that has.
        path: audit path to the plan's root, leaf's sibling first.
    """

    campaign: str
    content: bytes
    commitment: ProvenEntry
    record: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One line of the operator's own record of mails (docs/spec/proof-bundle.md section 1.3).

    Attributes:
        at_ms: when it was handed over, Unix milliseconds.
        campaign, delivery, entry: of a campaign's mail: its id, the delivery id, and the number
            in the chain of the entry that allowed it.
        mail: of a confirmation mail: the number of its `consent.mail_sent` entry.
        message_id: SES's.
        event, event_ms: the strongest thing SES said, and when.
        answer: the receiving server's.
    """

    at_ms: int
    campaign: str | None = None
    delivery: str | None = None
    entry: int | None = None
    mail: int | None = None
    message_id: str | None = None
    event: str | None = None
    event_ms: int | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFile:
    """A checkpoint with a time stamp over its exact bytes.

    Attributes:
        size: the checkpoint's, at most that of the bundle's.
        note: the signed checkpoint.
        response: RFC 3161 TimeStampResp, DER.
        consistency: RFC 6962 proof from it to the bundle's checkpoint; empty at equal sizes.
        time_ms: the stamped time, as read when the stamp was checked; for people.
    """

    size: int
    note: bytes
    response: bytes
    consistency: tuple[bytes, ...]
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The controller and its brand, for the record of ISO/IEC TS 27560; empty = not stated.

    Attributes:
        name: the controller's legal name.
        address: its postal address, one line.
        contact: e-mail address.
        brand_id, brand: the brand's id and name.
        privacy_url: the controller's own privacy page, where it has one.
        storage: where the data is kept, e.g. an AWS Region.
        list_names, purpose_names: pairs of an id and the name people were shown.
    """

    name: str = ""
    address: str = ""
    contact: str = ""
    brand_id: str = ""
    brand: str = ""
    privacy_url: str = ""
    storage: str = ""
    list_names: tuple[tuple[str, str], ...] = ()
    purpose_names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything one bundle shows. Texts are for people; nothing is verified from them.

    Attributes:
        bundle_id: the job's id.
        controller: name and address of the controller, one line.
        subject: the person as the bundle speaks of them, usually the address.
        exporter: who asked for it, e.g. the name of an API key.
        recipient, reason: to whom and why it is handed out, if said.
        created_ms: Unix milliseconds.
        language: of the report, one of `LANGUAGES`.
        lists, purposes: what was asked for; empty means all.
        policy: the C2SP tlog-policy the operator publishes.
        checkpoint: signed note that every path leads to.
        chain_key: 32 bytes.
        entries: the whole chain from entry 0, in order.
        notices: each notice that an entry names, once.
        mails, privacy, campaigns, deliveries, anchors: each once; deliveries oldest first.
        tsa_certificates: PEM certificates that a stamp's chain may need.
        zone: the person's time zone (IANA), shown beside UTC.
        sid: the subject's random id, as text; "" = not shown.
        erased: the chain ends with `subject.erased`, `chain_key` is that entry's.
        base_url: of the public pages.
        party: controller and brand for the record.
    """

    bundle_id: str
    controller: str
    subject: str
    exporter: str
    created_ms: int
    policy: bytes
    checkpoint: bytes
    chain_key: bytes
    entries: tuple[ProvenEntry, ...]
    notices: tuple[NoticeFile, ...] = ()
    language: str = "en"
    lists: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    recipient: str | None = None
    reason: str | None = None
    mails: tuple[MailFile, ...] = ()
    privacy: tuple[PrivacyFile, ...] = ()
    campaigns: tuple[CampaignFile, ...] = ()
    deliveries: tuple[DeliveryLine, ...] = ()
    anchors: tuple[AnchorFile, ...] = ()
    tsa_certificates: bytes = b""
    zone: str = "UTC"
    sid: str = ""
    erased: bool = False
    base_url: str = ""
    party: Party = Party()
