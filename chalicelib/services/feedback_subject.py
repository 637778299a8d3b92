# SPDX-License-Identifier: Apache-2.0
"""Whom an SES event is about: by the mail's own tag, else by the address that was written to.

Guarantees that a mailbox which somebody's mail was forwarded to is never taken for the person
written to, and that whoever cannot be found keeps a reason why. Changes nothing.
"""

from dataclasses import dataclass

import orjson

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.event_kinds import LEFT_TAG
from chalicelib.domain.event_tallies import WhyNobody
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    DeliveryId,
    EventId,
    SubjectId,
    decode_id,
)
from chalicelib.domain.ses_events import SesEvent, SesType
from chalicelib.errors import EvidenceError, InputError, NotFound
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.ledger import LedgerStore, Located
from chalicelib.ports.runs import Deliveries
from chalicelib.ports.sending import DeliverySeen
from chalicelib.services.ledger import Chain, Ledger
from chalicelib.services.mail_record import REQUEST_TAG

DELIVERY_TAG = "r"
"""The message tag that holds the delivery id (docs/spec/sending.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whom an event is about: their chain, or only a MAC, or nobody known.

    Attributes:
        by_tag: a tag of the mail told; else the address did.
        why_nobody: why there is no chain; None where there is one, or nobody was looked for.
    """

    chain: Chain | None = None
    mac: str | None = None
    seen: DeliverySeen | None = None
    request: Located | None = None
    by_tag: bool = False
    why_nobody: WhyNobody | None = None

    @property
    def key(self) -> str | None:
        """The key of the health record; None: this is about no address that we wrote to."""
        if self.why_nobody is WhyNobody.FORWARDED:
            return None
        return self.chain.sid if self.chain else self.mac


class FeedbackSubjects:
    """Finds whom events are about."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        deliveries: Deliveries,
        audience: AudienceStore,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._deliveries = deliveries
        self._audience = audience

    def of(self, event: SesEvent) -> Found:
        """Return whom an event is about.

        By a tag of the mail; else, or once they are erased, by the MAC of the address written to.

        Raises:
            DependencyError: something could not be read.
        """
        seen = self._delivery(event)
        request = self._located(event, REQUEST_TAG) if seen is None else None
        named = request or self._located(event, LEFT_TAG)
        sid = seen.row.sid if seen else named.sid if named else None
        chain = self._open(sid) if sid else None
        if chain is not None:
            return Found(chain=chain, seen=seen, request=request, by_tag=True)
        mac = self._mac(event.about or "")
        if not event.named:
            return Found(mac=mac, seen=seen, why_nobody=WhyNobody.FORWARDED)
        sid = self._ledger.lookup(mac).sid if mac else None
        chain = self._open(sid) if sid else None
        why = None
        if chain is None:
            why = WhyNobody.UNMATCHED if mac else WhyNobody.UNADDRESSED
        return Found(chain=chain, mac=mac, seen=seen, why_nobody=why)

    def was_left(self, event: SesEvent, found: Found) -> bool:
        """Whether a mailbox answers that its person has left since: it says nothing of the new one.

        A complaint is the person's word, whichever mailbox it came from. Who was found by the
        address has not left it.
        """
        if event.type is not SesType.BOUNCE or found.chain is None or not found.by_tag:
            return False
        # Nearly every bounce is of the present address: no MAC is asked of KMS for that.
        if event.sent_to is None or event.sent_to == self._present(found.chain):
            return False
        mac = self._mac(event.sent_to)
        return mac is not None and mac not in found.chain.macs

    def _present(self, chain: Chain) -> str | None:
        """The address the person is written to now, opened with their key."""
        member = self._audience.member(chain.sid)
        if member is None or not member.sealed:
            return None
        try:
            profile: dict[str, object] = orjson.loads(chain.keys.open_profile(member.sealed))
        except EvidenceError:
            return None  # The MAC decides; damage is told by the nightly check.
        return str(profile.get("email"))

    def _delivery(self, event: SesEvent) -> DeliverySeen | None:
        tag = event.tags.get(DELIVERY_TAG)
        if tag is None or not event.alone:
            return None
        try:
            decode_id(tag, DELIVERY_ID_BYTES)
        except InputError:
            return None  # Somebody else's message under the same configuration set.
        return self._deliveries.delivery(DeliveryId(tag))

    def _located(self, event: SesEvent, name: str) -> Located | None:
        """The sign-up or the change of address whose mail this is about, by the mail's tag."""
        tag = event.tags.get(name)
        if tag is None or not event.alone:
            return None
        try:
            decode_id(tag)
        except InputError:
            return None  # Somebody else's message under the same configuration set.
        return self._store.locate(EventId(tag))

    def _open(self, sid: SubjectId) -> Chain | None:
        try:
            return self._ledger.open(sid)
        except NotFound:
            return None

    def _mac(self, address: str) -> str | None:
        try:
            return self._ledger.mac(parse_address(address).normal)
        except InputError:
            return None  # A server may report any text as its final recipient.
