# SPDX-License-Identifier: Apache-2.0
"""What a proof bundle is made of, as services hand it over.

Guarantees nothing about whether it verifies: `bundle.prepare` checks that.
"""

from dataclasses import dataclass
from hashlib import sha256


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
class Evidence:
    """Everything one bundle shows. Texts are for people; nothing is verified from them.

    Attributes:
        bundle_id: the job's id.
        controller: name and address of the controller, one line.
        subject: the person as the bundle speaks of them, usually the address.
        exporter: who asked for it, e.g. the name of an API key.
        recipient, reason: to whom and why it is handed out, if said.
        created_ms: Unix milliseconds.
        language: of the report; English where a translation is missing.
        lists, purposes: what was asked for; empty means all.
        policy: the C2SP tlog-policy the operator publishes.
        checkpoint: signed note that every path leads to.
        chain_key: 32 bytes.
        entries: the whole chain from entry 0, in order.
        notices: each notice that an entry names, once.
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
