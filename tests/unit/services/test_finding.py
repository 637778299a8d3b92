# SPDX-License-Identifier: Apache-2.0
"""Finding: each clue leads to the same mail and entry, and the ledger says so before anybody."""

import json
from dataclasses import dataclass, replace
from email.message import EmailMessage

import pytest

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import decode_id
from chalicelib.domain.leads import LinkKind
from chalicelib.domain.state import ConsentStatus
from chalicelib.errors import Conflict, InputError, NotFound, Unavailable
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.feedback import KEEP_TRACES_MS
from chalicelib.services.proofs import Wish
from chalicelib.services.unsealing import UnsealReason
from chalicelib.vocabulary import EventType
from tests.support import ses_documents as docs
from tests.support.faults import FailOnce, Moment
from tests.support.world import BASE_URL, World

EMAIL = "reader@example.org"
KEY = "k" * 22
ANSWER = "250 2.0.0 OK 1795435201 server.example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A campaign's mail to the reader, as the reader has it."""

    sid: str
    campaign: str
    message_id: str
    headers: dict[str, str]
    delivery: str

    @property
    def eml(self):
        mail = EmailMessage()
        mail["Subject"] = "Hello"
        mail["Message-ID"] = f"<{self.message_id}@eu-north-1.amazonses.com>"
        for name, value in self.headers.items():
            mail[name] = value
        mail.set_content("Hello")
        return mail


@pytest.fixture
def world():
    return World()


def deliver(world, mailed, event=None):
    """Let SES report a mail delivered."""
    document = event or docs.delivery()
    document["mail"]["messageId"] = mailed.message_id
    document["mail"]["tags"] = {name: [value] for name, value in mailed.message.tags}
    if "delivery" in document:
        document["delivery"]["smtpResponse"] = ANSWER
        document["delivery"]["recipients"] = [mailed.message.to]
    document["mail"]["destination"] = [mailed.message.to]
    world.feedback.record(json.dumps(document))


@pytest.fixture
def mailed(world):
    sid = world.subscribe(EMAIL)
    world.time.advance(60_000)
    campaign = world.campaign("November")
    world.settle()
    last = world.mails[-1]
    deliver(world, last)
    return Mailed(
        sid=sid,
        campaign=campaign,
        message_id=last.message_id,
        headers=dict(last.message.headers),
        delivery=dict(last.message.tags)["r"],
    )


def link(world, mailed, purpose):
    with_campaign = purpose in (LinkPurpose.VIEW, LinkPurpose.CLICK, LinkPurpose.OPEN)
    payload = LinkPayload(
        sid=decode_id(mailed.sid),
        brand=bytes.fromhex(world.brands.get("demo").code),
        delivery=decode_id(mailed.delivery, 12),
        campaign=decode_id(mailed.campaign) if with_campaign else None,
        link=3 if purpose is LinkPurpose.CLICK else None,
    )
    place = {LinkPurpose.CLICK: "c", LinkPurpose.OPEN: "o"}.get(purpose, str(purpose))
    return f"{BASE_URL}/{place}/{world.tokens.mint(purpose, payload)}"


def attached(mail):
    outer = EmailMessage()
    outer["Subject"] = "Complaint"
    outer["Message-ID"] = "<complaint@example.com>"
    outer.set_content("Where did you get my address?")
    outer.add_attachment(mail)
    return outer


def unsealed(world, sid):
    """The reasons and sealed links of the person's data.unsealed entries."""
    chain = world.ledger.open(sid)
    return [
        (event_of_leaf(entry.leaf).reason, dict(open_claims(chain.keys, entry).link or {}))
        for entry in world.store.history(sid)
        if event_of_leaf(entry.leaf).type is EventType.DATA_UNSEALED
    ]


def outside_chains(world):
    """How many entries stand in nobody's chain."""
    return sum(located.sid is None for located in world.rows.located.values())


def find(world, **clue):
    return world.finder.find(clue, KEY)


def test_every_kind_of_link_that_is_minted_is_a_clue():
    assert {*LinkKind} == {*LinkPurpose, LinkKind.CONFIRM}


class TestClues:
    @pytest.mark.parametrize(
        "purpose",
        [
            LinkPurpose.UNSUBSCRIBE,
            LinkPurpose.PREFERENCES,
            LinkPurpose.VIEW,
            LinkPurpose.CLICK,
            LinkPurpose.OPEN,
        ],
    )
    def test_every_link_of_a_mail_leads_to_its_delivery_and_its_entry(self, world, mailed, purpose):
        found = find(world, link=link(world, mailed, purpose) + ">")
        self.assert_leads_there(found, mailed)
        assert found.understood == (f"{purpose} link",)

    def test_a_bare_token_is_as_good(self, world, mailed):
        token = link(world, mailed, LinkPurpose.VIEW).rpartition("/")[2]
        self.assert_leads_there(find(world, link=token), mailed)

    @pytest.mark.parametrize("written", ["{}", "<{}@eu-north-1.amazonses.com>"])
    def test_a_message_id_leads_there(self, world, mailed, written):
        found = find(world, message_id=written.format(mailed.message_id))
        self.assert_leads_there(found, mailed)

    @pytest.mark.parametrize("wrapped", [lambda mail: mail, attached])
    def test_a_pasted_mail_leads_there(self, world, mailed, wrapped):
        self.assert_leads_there(find(world, eml=wrapped(mailed.eml).as_string()), mailed)

    def test_a_mail_whose_links_were_cut_out_is_found_by_its_message_id(self, world, mailed):
        mail = mailed.eml
        del mail["List-Unsubscribe"]
        found = find(world, eml=attached(mail).as_string())
        self.assert_leads_there(found, mailed)
        assert found.understood == ("Message-ID",)

    def assert_leads_there(self, found, mailed):
        (mail,) = found.mails
        assert (found.sid, found.email, found.language) == (mailed.sid, EMAIL, "en")
        assert (mail.campaign, mail.name, mail.subject) == (mailed.campaign, "November", "Hello")
        assert (mail.delivery, mail.message_id) == (mailed.delivery, mailed.message_id)
        assert (mail.event, mail.answer) == ("Delivery", ANSWER)
        assert mail.entry.type is EventType.CONSENT_CONFIRMED
        assert (mail.entry.n, mail.entry.index is not None) == (2, True)
        assert mail.at_ms >= mail.entry.at_ms

    def test_without_the_record_of_a_delivery_its_link_still_names_person_and_campaign(
        self, world, mailed
    ):
        world.sending_rows.deliveries.clear()
        found = find(world, link=link(world, mailed, LinkPurpose.VIEW))
        (mail,) = found.mails
        assert (found.sid, mail.campaign, mail.name) == (mailed.sid, mailed.campaign, "November")
        assert (mail.at_ms, mail.event, mail.entry) == (None, None, None)

    def test_a_damaged_answer_is_left_out_and_the_rest_is_told(self, world, mailed):
        events = world.outside_rows.events
        for name, event in events.items():
            events[name] = replace(event, sealed=b"\0" * 80)
        (mail,) = find(world, link=link(world, mailed, LinkPurpose.UNSUBSCRIBE)).mails
        assert (mail.event, mail.answer) == ("Delivery", None)

    def test_an_address_leads_to_the_person_and_to_no_mail(self, world, mailed):
        found = find(world, email=" Reader@EXAMPLE.org ")
        assert (found.sid, found.mails, found.understood) == (mailed.sid, (), ("address",))

    def test_an_id_leads_to_the_person_and_to_no_mail(self, world, mailed):
        found = world.finder.find({"subscriber": mailed.sid}, KEY)
        assert (found.sid, found.email, found.mails) == (mailed.sid, EMAIL, ())
        assert world.types(mailed.sid)[-1] == EventType.DATA_UNSEALED

    @pytest.mark.parametrize("unknown", ["D" * 21 + "A", "D" * 22, "short"])
    def test_an_id_nobody_has_leads_to_nobody_and_writes_nothing(self, world, mailed, unknown):
        before = len(world.rows.entries)
        with pytest.raises((NotFound, InputError)):
            world.finder.find({"subscriber": unknown}, KEY)
        assert len(world.rows.entries) == before

    def test_an_older_address_leads_to_the_person(self, world, mailed):
        world.rows.lookups[world.ledger.mac("older@example.org")] = mailed.sid
        assert find(world, email="older@example.org").email == EMAIL

    def test_a_confirmation_link_leads_to_the_mail_and_the_request_that_allowed_it(self, world):
        request = world.sign_up(EMAIL)
        world.settle()
        token = world.confirm_token(EMAIL)
        (mail,) = find(world, link=f"{BASE_URL}/confirm/{token}?act=refuse").mails
        assert mail.campaign is None
        assert (mail.entry.event, mail.entry.type) == (request, EventType.CONSENT_REQUESTED)
        assert mail.message_id == world.mails[-1].message_id
        assert mail.event is None

    def test_a_confirmation_mail_is_found_by_its_message_id_with_the_servers_answer(self, world):
        request = world.sign_up(EMAIL)
        world.settle()
        deliver(world, world.mails[-1])
        (mail,) = find(world, message_id=world.mails[-1].message_id).mails
        assert (mail.entry.event, mail.event, mail.answer) == (request, "Delivery", ANSWER)

    def test_a_receipt_link_names_no_mail(self, world, mailed):
        brand = bytes.fromhex(world.brands.get("demo").code)
        payload = LinkPayload.of_entry(decode_id(mailed.sid), brand, 2)
        token = world.tokens.mint(LinkPurpose.RECEIPT, payload)
        assert find(world, link=f"{BASE_URL}/receipt/{token}").mails == ()


class TestTheStateNow:
    def test_each_consent_says_since_when(self, world, mailed):
        (now,) = find(world, email=EMAIL).standing.consents
        assert (now.key.list, now.status) == ("newsletter", ConsentStatus.GIVEN)
        assert now.since_ms == world.state(mailed.sid).consents[now.key].since_ms

    def test_a_complaint_shows_as_objection_and_suppression_with_their_entries(self, world, mailed):
        deliver(world, world.mails[-1], docs.complaint(EMAIL))
        standing = find(world, email=EMAIL).standing
        (objection,), (suppression,) = standing.objections, standing.suppressions
        assert suppression.reason == SuppressionReason.COMPLAINT
        assert objection.entry == suppression.entry + 1
        assert objection.since_ms > 0
        assert not standing.is_restricted

    def test_who_asked_for_erasure_shows_as_restricted(self, world, mailed):
        world.erasures.request({"email": EMAIL}, key_id="one")
        assert find(world, email=EMAIL).standing.is_restricted

    def test_the_erased_are_found_by_link_with_the_reference_of_the_certificate(
        self, world, mailed
    ):
        asked = world.erasures.request({"email": EMAIL}, key_id="one")
        world.erasures.approve(asked.id, "two")
        world.settle()
        before = outside_chains(world)
        found = find(world, link=link(world, mailed, LinkPurpose.UNSUBSCRIBE))
        assert (found.email, found.standing.is_erased) == (None, True)
        assert found.standing.erasure.id == asked.id
        (mail,) = found.mails
        assert (mail.delivery, mail.entry.n, mail.answer) == (mailed.delivery, 2, None)
        assert outside_chains(world) == before + 1
        assert find(world, message_id=mailed.message_id).sid == mailed.sid


class TestWhatIsWritten:
    def test_the_entry_names_the_kind_of_clue_and_the_key_and_never_the_clue(self, world, mailed):
        find(world, link=link(world, mailed, LinkPurpose.UNSUBSCRIBE))
        world.finder.find({"email": EMAIL}, KEY, UnsealReason.ACCESS_REQUEST)
        (first, by_link), (second, by_email) = unsealed(world, mailed.sid)
        assert (first, second) == ("search", "access-request")
        assert (by_link["clue"], by_link["key"], by_email["clue"]) == ("link", KEY, "email")
        assert set(by_link) == {"clue", "key", "previous"}

    def test_a_proof_says_so_before_it_is_asked_for(self, world, mailed):
        world.proofs.request({"message_id": mailed.message_id}, Wish(), KEY)
        ((reason, by),) = unsealed(world, mailed.sid)
        assert (reason, by["clue"], by["key"]) == ("proof", "message_id", KEY)

    @pytest.mark.parametrize("call", ["LedgerStore.commit", "LedgerStore.load"])
    def test_when_it_cannot_be_written_nothing_is_told(self, world, mailed, call):
        world.faults = FailOnce(call, Moment.BEFORE)
        with pytest.raises(Unavailable):
            find(world, email=EMAIL)
        world.faults = FailOnce(call, Moment.BEFORE)
        with pytest.raises(Unavailable):
            world.proofs.request({"email": EMAIL}, Wish(), KEY)
        assert not world.catalog_rows.jobs

    def test_a_chain_that_keeps_moving_tells_nothing(self, world, mailed):
        def moving(call, moment):
            if (call, moment) == ("LedgerStore.commit", Moment.BEFORE):
                raise Conflict("moved on")

        world.faults = moving
        with pytest.raises(Conflict):
            find(world, email=EMAIL)

    @pytest.mark.parametrize(
        "clue",
        [
            {"email": "nobody@example.org"},
            {"link": f"{BASE_URL}/unsubscribe/{'A' * 66}"},
            {"link": f"{BASE_URL}/confirm/{'A' * 43}"},
            {"link": "what is this"},
            {"message_id": "<unknown@example.org>"},
            {"eml": "Subject: hello\n\nno link"},
            {"link": "for somebody of another installation"},
        ],
    )
    def test_nobody_found_writes_nothing_and_says_what_was_understood(self, world, mailed, clue):
        if "another" in clue.get("link", ""):
            payload = LinkPayload(sid=b"9" * 16, brand=bytes(4), delivery=bytes(12))
            clue = {"link": world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)}
        before = (len(world.rows.entries), outside_chains(world))
        with pytest.raises(NotFound) as caught:
            find(world, **clue)
        assert str(caught.value).endswith(".")
        assert not any(value in str(caught.value) for value in clue.values())
        assert (len(world.rows.entries), outside_chains(world)) == before

    def test_a_suppressed_stranger_is_told_apart_from_an_unknown_address(self, world):
        world.suppressions.add("stranger@example.org", "manual")
        with pytest.raises(NotFound, match="suppression list"):
            find(world, email="stranger@example.org")


class TestRefusals:
    def test_a_mail_of_two_people_shows_nobody(self, world, mailed):
        other = world.subscribe("other@example.org")
        brand = bytes.fromhex(world.brands.get("demo").code)
        payload = LinkPayload(sid=decode_id(other), brand=brand, delivery=bytes(12))
        token = world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)
        mail = mailed.eml
        raw = f"List-Unsubscribe: <{BASE_URL}/unsubscribe/{token}>\n{mail.as_string()}"
        before = len(world.rows.entries)
        with pytest.raises(InputError, match="more than one person"):
            find(world, eml=raw)
        assert len(world.rows.entries) == before

    @pytest.mark.parametrize("clues", [{}, {"email": EMAIL, "link": "x"}, {"name": "x"}])
    def test_there_is_exactly_one_clue_and_a_known_one(self, world, clues):
        with pytest.raises(InputError):
            world.finder.find(clues, KEY)


class TestTraces:
    """What finding a mail by its Message-ID costs."""

    def test_a_mail_has_one_write_whatever_is_told_of_it(self, world, mailed):
        deliver(world, world.mails[-1], docs.complaint(EMAIL))
        deliver(world, world.mails[-1])
        assert list(world.outside_rows.traces) == [mailed.message_id]

    def test_it_is_kept_400_days_from_the_first_event(self, world, mailed):
        (_, until_ms) = world.outside_rows.traces[mailed.message_id]
        seen = world.deliveries.delivery(mailed.delivery)
        assert until_ms == seen.event_ms + KEEP_TRACES_MS
        assert KEEP_TRACES_MS == 400 * 24 * 3_600_000

    def test_a_crash_after_the_trace_is_healed_by_the_repeat(self, world):
        world.subscribe(EMAIL)
        world.campaign()
        world.settle()
        calls = []

        def note(call, moment):
            if moment is Moment.BEFORE:
                calls.append(call)

        world.faults = FailOnce("Deliveries.observe", Moment.BEFORE)
        with pytest.raises(Unavailable):
            deliver(world, world.mails[-1])
        world.faults = note
        deliver(world, world.mails[-1])
        assert calls.count("Traces.keep") == 1
        assert world.finder.by_message_id(world.mails[-1].message_id)
