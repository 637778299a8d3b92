# SPDX-License-Identifier: Apache-2.0
"""A mail whose id and events stand in its chunk: found, shown and proved as with its own row."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import ChunkRef, read_records, record_range
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import MailPlace, Told
from chalicelib.domain.ids import DeliveryId, shard_of
from chalicelib.domain.leads import NobodyFound
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.domain.runs import Mark, RunRef, Settled
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import DeliveryRow
from chalicelib.services.mail_sight import CLOCKS_DIFFER_MS, KEPT_MS, MAX_SEARCHED
from chalicelib.services.plans import manifest_key
from tests.support import ses_documents as docs
from tests.support.bundles import bundle_files, json_of
from tests.support.clock import START_MS
from tests.support.run_stores import NEW_ID
from tests.support.tagged import about
from tests.support.world import World

EMAIL = "reader@example.org"
KEY = "k" * 22
MESSAGE_ID = NEW_ID.format(7)
BARE_ID = "0100-a"


class Sent:
    """A reader whose campaign was sent chunk by chunk with places."""

    def __init__(self, message_id: str = MESSAGE_ID) -> None:
        self.world = World()
        self.sid = self.world.subscribe(EMAIL)
        self.world.time.advance(60_000)
        self.campaign = self.world.campaign("November")
        self.world.settle(Queue.PLANS)
        self.world.messages.take(Queue.CHUNKS)
        self.shard = shard_of(self.sid)
        self.place = MailPlace(
            chunk=ChunkRef(campaign=self.campaign, shard=self.shard, number=0), place=0
        )
        key = manifest_key(self.campaign, self.shard)
        data = self.world.blobs.get_range(key, *record_range(0, 1))
        (recipient,) = read_records(data)
        assert recipient.sid == self.sid
        self.delivery = recipient.delivery
        run = RunRef(campaign=self.campaign, shard=self.shard, first=0, count=1)
        now_ms = self.world.time.now_ms()
        mark = Mark(
            view=self.world.runs.view(run)[0],
            owner="a",
            codes=bytes((Code.DISPATCHED,)),
            at_ms=now_ms,
        )
        self.world.runs.dispatch(mark, [self.row(now_ms)])
        outcome = Settled(codes=bytes((Code.SENT,)), message_ids=(message_id,), at_ms=now_ms + 9)
        self.world.runs.commit(mark, outcome)

    def row(self, at_ms: int) -> DeliveryRow:
        return DeliveryRow(
            delivery=self.delivery,
            campaign=self.campaign,
            sid=self.sid,
            chunk=self.place.name,
            basis="consent",
            entry=1,
            measured=False,
            at_ms=at_ms,
        )

    def hear(self, *documents) -> None:
        batch = self.world.folding.batch()
        for number, document in enumerate(documents):
            document["mail"]["messageId"] = MESSAGE_ID
            batch.take(str(number), about(self.place, document, self.delivery))
        assert batch.fold() == {}
        for name in batch.unfinished:
            batch.finish(name)

    def find(self, **clue):
        (mail,) = self.world.finder.find(clue, KEY).mails
        return mail


@pytest.fixture
def sent() -> Sent:
    return Sent()


def test_a_mail_has_its_id_and_event_from_its_chunk(sent):
    assert sent.world.mail_sight.delivery(sent.delivery).message_id == MESSAGE_ID
    for document, event in ((docs.send(), "Send"), (docs.delivery(), "Delivery")):
        sent.hear(document)
        seen = sent.world.mail_sight.delivery(sent.delivery)
        assert (seen.message_id, seen.event, seen.event_ms) == (MESSAGE_ID, event, None)
    assert sent.world.deliveries.delivery(sent.delivery).event is None


def test_what_its_own_row_says_stands_with_its_time(sent):
    sent.hear(docs.delivery(), docs.bounce(EMAIL))
    seen = sent.world.mail_sight.delivery(sent.delivery)
    assert (seen.event, seen.event_ms is None) == ("Bounce", False)
    assert seen == sent.world.deliveries.delivery(sent.delivery)


def test_an_automatic_reply_does_not_hide_that_the_mail_was_delivered(sent):
    sent.hear(docs.bounce(EMAIL, kind="Transient", subtype="General", status=""), docs.delivery())
    assert sent.world.mail_sight.delivery(sent.delivery).event == "Delivery"


def test_a_mail_without_a_place_is_its_own_row(sent):
    rows = sent.world.sending_rows.deliveries
    rows[sent.delivery] = replace(
        rows[sent.delivery],
        row=replace(rows[sent.delivery].row, chunk=sent.place.chunk.name),
        event="Delivery",
        event_ms=START_MS,
        message_id="0100-b",
    )
    assert sent.world.mail_sight.delivery(sent.delivery) == rows[sent.delivery]
    assert sent.world.mail_sight.delivery(DeliveryId("none")) is None


@pytest.mark.parametrize("message_id", [MESSAGE_ID, BARE_ID])
def test_a_person_is_found_by_the_id_of_a_mail_nothing_else_names(message_id):
    sent = Sent(message_id)
    sent.world.folds.add(sent.place.chunk, Told(delivered=frozenset({0})))
    assert sent.world.outside_rows.traces == {}
    mail = sent.find(message_id=f"<{message_id}@eu-north-1.amazonses.com>")
    assert (mail.delivery, mail.campaign) == (sent.delivery, sent.campaign)
    assert (mail.message_id, mail.event, mail.answer) == (message_id, "Delivery", None)
    assert mail.entry.n == 1
    assert sent.world.finder.by_message_id(message_id) == sent.sid
    with pytest.raises(NobodyFound):
        sent.world.finder.find({"message_id": "0100-other"}, KEY)


def test_ids_of_others_that_a_mail_quotes_are_not_searched_for(sent):
    calls = []
    sent.world.faults = lambda call, moment: calls.append(call)
    quoted = "References: <a@example.com> <b@example.com>\n\nHello"
    with pytest.raises(NobodyFound):
        sent.world.finder.find({"eml": quoted}, KEY)
    assert "ChunkAccounts.find_message" not in calls
    mail = sent.find(eml=f"In-Reply-To: <a@example.com>\nMessage-ID: <{MESSAGE_ID}>\n\nHello")
    assert mail.delivery == sent.delivery


def test_campaigns_that_were_sending_then_are_searched_first_and_old_ones_never(sent):
    campaigns = sent.world.catalog_rows.campaigns
    real = campaigns[sent.campaign]
    asked = []
    find = sent.world.chunk_accounts.find_message

    def counted(campaign, message_id):
        asked.append(campaign)
        return find(campaign, message_id)

    at_ms = int(MESSAGE_ID[4:16], 16)
    sent.world.time.time_ms = at_ms + DAY_MS
    campaigns[sent.campaign] = replace(real, started_ms=at_ms - DAY_MS)
    ended_ms = at_ms - CLOCKS_DIFFER_MS - 1
    for number in range(MAX_SEARCHED + 9):
        name = f"other-{number:016d}"
        times = {"started_ms": at_ms - DAY_MS + number, "finished_ms": ended_ms}
        campaigns[name] = replace(real, id=name, **times)
    old = replace(real, id="old", started_ms=sent.world.time.now_ms() - KEPT_MS)
    campaigns["old"] = old
    sent.world.chunk_accounts.find_message = counted
    assert sent.world.mail_sight.by_message_id(MESSAGE_ID).sid == sent.sid
    assert asked == [sent.campaign]
    asked.clear()
    assert sent.world.mail_sight.by_message_id("0100-none") is None
    assert len(asked) == MAX_SEARCHED
    assert "old" not in asked


def test_a_proof_shows_a_mail_that_only_its_chunk_knows_of(sent):
    sent.hear(docs.delivery())
    sent.world.watch.advance()
    sent.world.settle(Queue.SEQUENCING)
    files = bundle_files(sent.world, {"email": EMAIL})
    (line,) = [each for each in json_of(files, "deliveries.json") if "campaign" in each]
    assert line == {
        "at": line["at"],
        "campaign": sent.campaign,
        "delivery": sent.delivery,
        "entry": 1,
        "event": "Delivery",
        "message_id": MESSAGE_ID,
    }
