# SPDX-License-Identifier: Apache-2.0
"""The confirmation mail as it was sent, kept for the proof, and what the receiving server said."""

import json
from hashlib import sha256

import pytest

from chalicelib.errors import KvittoError, Malformed
from chalicelib.ports.mails import StoredMail
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Message
from chalicelib.proof import canonical
from chalicelib.proof.sealing import BadSeal, SubjectKeys
from chalicelib.services.mail_record import (
    MailAnswer,
    mail_document,
    open_answer,
    open_mail,
    seal_answer,
    seal_mail,
)
from chalicelib.services.packed_mails import BUCKET_BYTES
from tests.support import ses_documents as docs
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

EMAIL = docs.RECIPIENT
NONCE = b"n" * 12
KEYS = SubjectKeys(b"k" * 32, "example.org/log", b"s" * 16)
OTHERS = SubjectKeys(b"o" * 32, "example.org/log", b"t" * 16)
MAIL = Message(
    to="visitor@example.org",
    subject="Hej på dig",
    html="<p>Hej</p>",
    text="Hej",
    headers=(("X-One", "1"),),
)


@pytest.fixture
def world():
    return World()


def kept(world, sid):
    return world.mail_records.read(sid)


def opened(world, sid):
    keys = world.ledger.open(sid).keys
    return [(open_mail(keys, each), open_answer(keys, each)) for each in kept(world, sid)]


def tagged(world, document):
    """SES's event about the newest mail of the world."""
    mailed = world.mails[-1]
    document["mail"]["messageId"] = mailed.message_id
    document["mail"]["tags"] = {name: [value] for name, value in mailed.message.tags}
    return json.dumps(document)


def test_the_document_is_canonical_and_has_the_six_members_of_the_format():
    document = mail_document("Kvitto <news@example.org>", MAIL)
    assert canonical.encode(json.loads(document)) == document
    assert json.loads(document) == {
        "from": "Kvitto <news@example.org>",
        "headers": [["X-One", "1"]],
        "html": "<p>Hej</p>",
        "subject": "Hej på dig",
        "text": "Hej",
        "to": "visitor@example.org",
    }


def test_a_mail_opens_as_it_was_and_only_at_its_own_place_with_its_own_key():
    document = mail_document("x@example.org", MAIL)
    sealed = seal_mail(KEYS, 3, document, NONCE)
    assert open_mail(KEYS, StoredMail(request=3, sealed=sealed)) == document
    assert open_mail(KEYS, StoredMail(request=3)) is None
    for keys, request in ((OTHERS, 3), (KEYS, 4)):
        with pytest.raises(BadSeal):
            open_mail(keys, StoredMail(request=request, sealed=sealed))
    with pytest.raises(BadSeal):
        open_answer(KEYS, StoredMail(request=3, answer=sealed))


def test_half_a_character_of_a_server_keeps_neither_the_answer_nor_the_suppression_away(world):
    world.sign_up(EMAIL)
    world.settle(Queue.CONFIRMATIONS)
    document = docs.bounce()
    document["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = "550 no such user \ud83d"
    document["bounce"]["feedbackId"] = "\ud83d"
    world.feedback.record(tagged(world, document))
    known = world.ledger.lookup(world.ledger.mac(EMAIL))
    ((_, answer),) = opened(world, known.sid)
    assert answer.said == "550 no such user \ufffd"
    assert [row.reason for row in known.suppressions] == ["bounce"]


@pytest.mark.parametrize("text", ["", "a" * 100, "Hej på dig! " * 40])
def test_a_stored_mail_tells_no_more_than_a_bucket_of_its_length(text):
    answer = MailAnswer(event="Delivery", at_ms=1, message_id="id", said=text)
    overhead = 1 + 12 + 16
    assert (len(seal_answer(KEYS, 0, answer, NONCE)) - overhead) % BUCKET_BYTES == 0
    mail = Message(to="a@example.org", subject="s", html=text, text=text)
    sealed = seal_mail(KEYS, 0, mail_document("b@example.org", mail), NONCE)
    assert (len(sealed) - overhead) % BUCKET_BYTES == 0


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_a_stored_mail_takes_one_write_unit_in_every_language(world, language):
    world.sign_up(EMAIL, language=language)
    world.settle(Queue.CONFIRMATIONS)
    (sealed,) = world.rows.mails.values()
    keys_and_names = 80
    assert len(sealed) + keys_and_names <= 1024


def test_bytes_of_no_stored_mail_are_refused():
    sealed = KEYS.seal_event(b"M#0000000000", b"x" * 256, NONCE)
    with pytest.raises(Malformed):
        open_mail(KEYS, StoredMail(request=0, sealed=sealed))


@pytest.mark.parametrize("said", [None, "smtp; 550 5.1.1 user unknown"])
def test_an_answer_opens_as_it_was(said):
    answer = MailAnswer(event="Bounce", at_ms=7, message_id="0100", said=said)
    sealed = seal_answer(KEYS, 1, answer, NONCE)
    assert open_answer(KEYS, StoredMail(request=1, answer=sealed)) == answer
    assert open_answer(KEYS, StoredMail(request=1)) is None


def test_what_was_sent_is_what_is_kept_and_what_the_entry_commits_to(world):
    sid = world.subscribe(EMAIL)
    ((document, answer),) = opened(world, sid)
    sent = world.mails[0]
    assert document == mail_document(sent.sender, sent.message)
    assert answer is None
    leaf = json.loads(world.store.history(sid)[1].leaf)
    assert (leaf["typ"], leaf["cnt"]) == ("consent.mail_sent", sha256(document).hexdigest())


def test_the_mail_is_tagged_with_the_random_id_of_its_request_alone(world):
    request = world.sign_up(EMAIL)
    world.settle(Queue.CONFIRMATIONS)
    assert world.mails[-1].message.tags == (("m", request),)


def test_the_mail_is_kept_before_it_is_sent(world):
    world.sign_up(EMAIL)
    world.faults = FailOnce("MailStore.put", Moment.BEFORE)
    with pytest.raises(KvittoError):
        world.settle(Queue.CONFIRMATIONS)
    world.faults = no_faults
    assert world.mails == []
    (sid,) = world.rows.states
    assert kept(world, sid) == ()


def test_the_receiving_servers_answer_is_kept_without_a_look_at_the_address(world):
    sid = world.subscribe(EMAIL)

    def no_mac(call, moment):
        assert call not in ("AddressMac.mac", "LedgerStore.lookup")

    world.faults = no_mac
    world.feedback.record(tagged(world, docs.delivery()))
    world.faults = no_faults
    ((_, answer),) = opened(world, sid)
    assert answer.event == "Delivery"
    assert answer.message_id == world.mails[-1].message_id
    assert answer.said
    assert EMAIL.encode() not in repr(world.rows.answers).encode()


def test_the_strongest_answer_stays_in_whatever_order_they_come(world):
    sid = world.subscribe(EMAIL)
    for document in (docs.bounce(), docs.delivery(), docs.bounce()):
        world.feedback.record(tagged(world, document))
    ((_, answer),) = opened(world, sid)
    assert answer.event == "Bounce"


def test_a_complaint_is_no_answer_of_a_server(world):
    sid = world.subscribe(EMAIL)
    world.feedback.record(tagged(world, docs.delivery()))
    world.feedback.record(tagged(world, docs.complaint()))
    ((_, answer),) = opened(world, sid)
    assert answer.event == "Delivery"
    assert "suppression.added" in world.types(sid)


@pytest.mark.parametrize("tag", ["nothing", "A" * 22])
def test_a_tag_of_no_request_of_ours_falls_back_to_the_address(world, tag):
    sid = world.subscribe(EMAIL)
    document = docs.delivery()
    document["mail"]["tags"] = {"m": [tag]}
    world.feedback.record(json.dumps(document))
    assert [each.answer for each in kept(world, sid)] == [None]
    (event,) = world.outside_rows.events.values()
    assert event.sid == sid
