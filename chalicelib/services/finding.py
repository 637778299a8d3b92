# SPDX-License-Identifier: Apache-2.0
"""Finding a person by what a complainant has, with the mail it came from and what allowed it.

Guarantees that the ledger's entry about the search is written before anything is told, that a clue
is stored nowhere, and that leads to several people lead to nobody. Refuses to guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain import leads
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.ids import (
    DELIVERY_ID_BYTES,
    CampaignId,
    DeliveryId,
    EventId,
    SubjectId,
    decode_id,
    encode_id,
)
from chalicelib.domain.leads import Leads, LinkKind, LinkLead, Miss, NobodyFound
from chalicelib.domain.message_times import accepted_ms
from chalicelib.errors import BadToken, InputError
from chalicelib.ports.ledger import LedgerStore
from chalicelib.ports.traces import MailTrace, Traces
from chalicelib.proof.tokens import LinkPurpose, confirm_token_hash
from chalicelib.services.findings import Finding, Findings, Source
from chalicelib.services.ledger import Ledger
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mail_sight import MailSight
from chalicelib.services.unsealing import Look, Unsealing, UnsealReason

MESSAGE_ID = "Message-ID"
NO_DELIVERY = bytes(DELIVERY_ID_BYTES)
ONE_CLUE = "Say who is looked for by exactly one of: email, link, message_id, eml."
SEVERAL = (
    "This leads to more than one person, so nobody is shown. Give only the mail the complaint is "
    "about, or one link of it."
)
_MISSES: Mapping[Miss, str] = {
    Miss.NOBODY: (
        "Nobody is found by this address. If the person was erased, only a link or the Message-ID "
        "of a mail they got still leads to what is left."
    ),
    Miss.SUPPRESSED: (
        "Nobody is found by this address, but it is on the suppression list: no mail goes to it."
    ),
    Miss.NO_LINK: (
        "This holds no whole link of ours. It may have been cut short; copy it once more."
    ),
    Miss.LEADS_NOWHERE: (
        "This is one of ours, but it leads to nobody here: the person may have been erased."
    ),
    Miss.NO_MAIL: (
        "No mail with this Message-ID is known. They are kept for 400 days, from Amazon SES's "
        "first report of a mail; a link in the mail works longer."
    ),
    Miss.NOTHING_IN_IT: (
        "This mail holds no link of ours and no Message-ID we know. Paste its source with all "
        "headers, or forward it as an attachment and paste that."
    ),
    Miss.NO_PERSON: "Nobody here has this id.",
}


class Clue(StrEnum):
    """What a complainant may have; ``subscriber``, an id, is what our own pages show."""

    EMAIL = "email"
    LINK = "link"
    MESSAGE_ID = "message_id"
    EML = "eml"
    SUBSCRIBER = "subscriber"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    """Whom a lead leads to, and through which mail."""

    sid: SubjectId
    understood: str
    source: Source | None = None


class Finder:
    """Finds one person by one clue."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        tokens: LinkTokens,
        traces: Traces,
        sight: MailSight,
        unsealing: Unsealing,
        findings: Findings,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._tokens = tokens
        self._traces = traces
        self._sight = sight
        self._unsealing = unsealing
        self._findings = findings
        self._ways: Mapping[Clue, Callable[[str], tuple[_Lead, ...]]] = {
            Clue.EMAIL: self._by_email,
            Clue.LINK: self._by_link,
            Clue.MESSAGE_ID: self._by_message_id,
            Clue.EML: self._by_mail,
            Clue.SUBSCRIBER: self._by_id,
        }

    def find(
        self, clues: Mapping[str, str], key: str, reason: UnsealReason = UnsealReason.SEARCH
    ) -> Finding:
        """Return who a clue leads to, through which mail, and how things stand with them.

        Args:
            clues: exactly one of `Clue`'s words with what the complainant has.
            key: id of the API key that asks.

        Raises:
            InputError: not one clue, a malformed one, or one that leads to several people.
            NobodyFound: its words say what was understood. Nothing was written.
            NotFound: whom it leads to is gone meanwhile. Nothing was written.
            Conflict, DependencyError: the entry could not be written; nothing is told.
        """
        clue, text = _one(clues)
        found = self._ways[clue](text)
        if len({lead.sid for lead in found}) > 1:
            raise InputError("several_people", SEVERAL)
        person = self._unsealing.person(found[0].sid, Look(reason=reason, clue=clue, key=key))
        finding = self._findings.of(
            person, tuple(dict.fromkeys(lead.source for lead in found if lead.source))
        )
        understood = tuple(dict.fromkeys(lead.understood for lead in found))
        return replace(finding, clue=clue, understood=understood)

    def by_message_id(self, text: str) -> SubjectId | None:
        """Return whom a mail with this Message-ID went to, or None; tells and writes nothing."""
        return next((lead.sid for lead in self._messages(leads.of_message_id(text))), None)

    def _by_email(self, text: str) -> tuple[_Lead, ...]:
        """Also by an older address: each leads to its person."""
        found = self._ledger.lookup(self._ledger.mac(parse_address(text).normal))
        if found.sid is None:
            raise _nobody(Miss.SUPPRESSED if found.suppressions else Miss.NOBODY)
        return (_Lead(sid=found.sid, understood="address"),)

    def _by_link(self, text: str) -> tuple[_Lead, ...]:
        return self._known(self._links(leads.of_link(text)), Miss.NO_LINK)

    def _by_message_id(self, text: str) -> tuple[_Lead, ...]:
        return self._known(self._messages(leads.of_message_id(text)), Miss.NO_MAIL)

    def _by_mail(self, text: str) -> tuple[_Lead, ...]:
        read = leads.of_mail(text)
        return self._known((*self._links(read), *self._messages(read)), Miss.NOTHING_IN_IT)

    def _by_id(self, text: str) -> tuple[_Lead, ...]:
        decode_id(text)
        sid = SubjectId(text)
        if self._store.load(sid).state is None:
            raise _nobody(Miss.NO_PERSON)
        return (_Lead(sid=sid, understood="id"),)

    def _known(self, found: tuple[_Lead, ...], otherwise: Miss) -> tuple[_Lead, ...]:
        """Those that lead to a chain there is."""
        if not found:
            raise _nobody(otherwise)
        sids = dict.fromkeys(lead.sid for lead in found)
        there = {sid for sid in list(sids)[:100] if self._store.load(sid).state is not None}
        known = tuple(lead for lead in found if lead.sid in there)
        if not known:
            raise _nobody(Miss.LEADS_NOWHERE)
        return known

    def _links(self, read: Leads) -> tuple[_Lead, ...]:
        found = (self._link(lead) for lead in read.links)
        return tuple(lead for lead in found if lead is not None)

    def _link(self, lead: LinkLead) -> _Lead | None:
        understood = f"{lead.kind} link"
        if lead.kind is LinkKind.CONFIRM:
            return self._confirmation(lead.token, understood)
        try:
            payload = self._tokens.read(LinkPurpose(lead.kind), lead.token)
        except BadToken:
            return None
        delivery = DeliveryId(encode_id(payload.delivery))
        campaign = CampaignId(encode_id(payload.campaign)) if payload.campaign else None
        source = None
        # A receipt link names an entry where the others name a delivery.
        if lead.kind is not LinkKind.RECEIPT and payload.delivery != NO_DELIVERY:
            seen = self._sight.delivery(delivery)
            campaign = seen.row.campaign if seen else campaign
            source = Source(delivery=delivery, campaign=campaign)
        sid = SubjectId(encode_id(payload.sid))
        return _Lead(sid=sid, understood=understood, source=source)

    def _confirmation(self, token: str, understood: str) -> _Lead | None:
        try:
            found = self._store.token(confirm_token_hash(token))
        except BadToken:
            return None
        if found is None:
            return None
        return _Lead(sid=found.sid, understood=understood, source=Source(request=found.request))

    def _messages(self, read: Leads) -> tuple[_Lead, ...]:
        found = []
        for name in read.message_ids:
            trace = self._traces.find(name)
            if trace is not None:
                lead = self._traced(trace)
            else:
                # A mail may quote many ids of others, and a search reads whole campaigns.
                is_alone = not read.links and len(read.message_ids) == 1
                lead = self._searched(name) if is_alone or accepted_ms(name) else None
            found += [lead] if lead else []
        return tuple(found)

    def _searched(self, message_id: str) -> _Lead | None:
        mail = self._sight.by_message_id(message_id)
        if mail is None:
            return None
        source = Source(delivery=mail.delivery, campaign=mail.campaign)
        return _Lead(sid=mail.sid, understood=MESSAGE_ID, source=source)

    def _traced(self, trace: MailTrace) -> _Lead | None:
        if trace.delivery is not None:
            seen = self._sight.delivery(trace.delivery)
            if seen is None:
                return None
            source = Source(delivery=trace.delivery, campaign=seen.row.campaign)
            return _Lead(sid=seen.row.sid, understood=MESSAGE_ID, source=source)
        located = self._store.locate(EventId(trace.request or ""))
        if located is None or located.sid is None:
            return None
        source = Source(request=located.event)
        return _Lead(sid=located.sid, understood=MESSAGE_ID, source=source)


def _nobody(miss: Miss) -> NobodyFound:
    return NobodyFound(miss, _MISSES[miss])


def _one(clues: Mapping[str, str]) -> tuple[Clue, str]:
    given = {name: text for name, text in clues.items() if text}
    if len(given) != 1 or not given.keys() <= set(Clue):
        raise InputError("bad_clue", ONE_CLUE)
    ((name, text),) = given.items()
    return Clue(name), text
