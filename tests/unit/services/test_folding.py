# SPDX-License-Identifier: Apache-2.0
"""SES's events by the batch: one write a chunk, the same end in any order, people as ever."""

import json
from contextlib import suppress
from random import Random  # noqa: TID251 -- a seed that replays, not the product's randomness

import pytest

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.folding import Results, Told
from chalicelib.domain.ids import DeliveryId
from chalicelib.errors import FatalError, InputError, Unavailable
from chalicelib.ports.sending import DeliveryRow, DeliverySeen
from chalicelib.services.breakers import Breakers
from chalicelib.services.domain_keys import DomainKeys
from chalicelib.services.folding import (
    BUDGET_MS,
    WATERMARK_EVERY_MS,
    CampaignResults,
    EventBatch,
    Folding,
)
from tests.support import ses_documents as docs
from tests.support.catalog_examples import CAMPAIGN as DEMO
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.memory_breakers import BreakerState, MemoryBreakerRows
from tests.support.memory_folds import (
    FoldRows,
    MemoryFolds,
    MemoryUnresolvedCampaigns,
    MemoryWatermark,
)
from tests.support.people import People
from tests.support.tagged import CAMPAIGN, about, at, chunk

EMAIL = docs.RECIPIENT
SENT_MS = 1_795_435_200_641
"""When the documents' mails were sent, by SES's clock."""


class Bench:
    """Folding over fakes, with one subscriber whose mail has place 1 of chunk 3-0."""

    def __init__(self) -> None:
        self.people = People()
        self.people.clock.advance(-3_600_000)
        self.sid = self.people.confirmed(EMAIL)
        self.people.delivery(self.sid, docs.DELIVERY)
        seen = self.people.sending.deliveries[DeliveryId(docs.DELIVERY)]
        self.people.catalog.campaigns[CAMPAIGN] = DEMO
        self.rename(seen.row)
        self.people.clock.advance(7_200_000)
        self.rows, self.breakers = FoldRows(), BreakerState()
        self.folding = self.another()

    def rename(self, row: DeliveryRow) -> None:
        self.people.sending.deliveries[row.delivery] = DeliverySeen(
            row=row, event=None, event_ms=None, message_id=None
        )

    def another(self) -> Folding:
        """Another process over the same rows."""
        faults = self.people._strike
        return Folding(
            feedback=self.people.feedback,
            breakers=Breakers(
                rows=MemoryBreakerRows(self.breakers, faults),
                keys=DomainKeys(lambda label, text: f"{label}#{text}"),
                clock=self.people.clock,
            ),
            folds=MemoryFolds(self.rows, faults),
            watermark=MemoryWatermark(self.rows, faults),
            unresolved=MemoryUnresolvedCampaigns(self.rows, faults),
            clock=self.people.clock,
        )

    def batch(self, *bodies: str) -> EventBatch:
        batch = self.folding.batch()
        for number, body in enumerate(bodies):
            batch.take(f"m{number}", body)
        return batch

    def handle(self, *bodies: str) -> None:
        batch = self.batch(*bodies)
        assert batch.fold() == {}
        for name in batch.unfinished:
            batch.finish(name)
        assert batch.settle() == {}

    def seen(self) -> DeliverySeen:
        return self.people.sending.deliveries[DeliveryId(docs.DELIVERY)]

    def decided(self) -> tuple[object, ...]:
        """What the ledger holds because of events, but for the order of its entries."""
        state = self.people.state(self.sid)
        consents = {key: consent.status for key, consent in state.consents.items()}
        stopped = set(state.objections), set(state.stops)
        return {each.reason for each in state.suppressions}, stopped, consents

    def kept(self) -> tuple[object, ...]:
        """All that may depend on events, but for how often it was written."""
        return (
            dict(self.rows.chunks),
            CampaignResults(MemoryFolds(self.rows)).of(CAMPAIGN),
            self.people.rows.audience[self.sid].rest,
            dict(self.people.outside.of_nobody),
            self.decided(),
            self.people.hygiene.health.get(self.sid, ("",))[0],
            self.seen(),
            sorted(self.people.outside.events),
            self.breakers.campaigns,
            self.breakers.days,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_thousand_events_of_twenty_chunks_are_one_write_a_chunk(bench):
    bodies = [
        about(at(place, number), kind)
        for number in range(20)
        for place in range(25)
        for kind in (docs.send(), docs.delivery())
    ]
    Random(5).shuffle(bodies)
    assert len(bodies) == 1_000
    bench.handle(*bodies)
    assert bench.rows.writes == 20
    everybody = frozenset(range(25))
    whole = Told(sent=everybody, delivered=everybody)
    assert bench.rows.chunks == {chunk(number): whole for number in range(20)}
    assert bench.people.outside.events == {}
    assert bench.people.outside.traces == {}
    assert bench.seen() == Bench().seen()
    assert CampaignResults(MemoryFolds(bench.rows)).of(CAMPAIGN) == Results(delivered=500)


def test_a_hundred_orders_of_events_three_times_each_end_the_same():
    bodies = [
        *(about(at(place), docs.send()) for place in range(4)),
        *(about(at(place), docs.delivery()) for place in range(3)),
        about(at(1), docs.bounce()),
        about(at(1), docs.delivery_delay()),
        about(at(1), docs.complaint()),
        about(at(1), docs.subscription()),
        about(at(5, 1), docs.send()),
        *(about(at(1), soft(day)) for day in (24, 25, 26, 28)),
        about(at(1), heeded("2026-11-27T12:00:00Z")),
        json.dumps(docs.bounce("stranger@example.net", tags={})),
    ] * 3
    ends = []
    for seed in range(100):
        random, bench = Random(seed), Bench()
        random.shuffle(bodies)
        start = 0
        while start < len(bodies):
            size = random.randint(1, 12)
            bench.people.clock.advance(random.randint(0, 2 * DAY_MS))
            bench.handle(*bodies[start : start + size])
            start += size
        ends.append(bench.kept())
    told = ends[0][0]
    assert told[chunk()] == Told(
        sent=frozenset(range(4)),
        delivered=frozenset(range(3)),
        bounced=frozenset({1}),
        flagged=frozenset({1}),
    )
    results, rest, nobodys = ends[0][1:4]
    assert (results.delivered, results.bounced) == (2, 1)
    assert rest == 0  # One failing day after the delivery.
    assert list(nobodys.values()) == [1]
    assert all(end == ends[0] for end in ends)


def soft(day: int) -> dict[str, object]:
    """A passing failure on a day of the month."""
    return docs.bounce(kind="Transient", status="4.0.0", at=f"2026-11-{day}T12:00:00Z")


def heeded(moment: str) -> dict[str, object]:
    """A delivery of a mail to an address that had failed before."""
    document = docs.delivery(at=moment)
    document["mail"]["tags"]["h"] = ["1"]
    return document


def test_a_delivery_to_an_address_that_failed_before_is_folded_and_clears_it(bench):
    bench.handle(about(at(1), soft(24)))
    assert bench.people.rows.audience[bench.sid].rest == 0
    bench.handle(about(at(1), docs.delivery(at="2026-11-25T12:00:00Z")))
    assert bench.people.rows.audience[bench.sid].rest == 0
    bench.handle(about(at(2), heeded("2026-11-25T12:00:00Z")))
    assert bench.people.rows.audience[bench.sid].rest is None
    assert bench.rows.chunks[chunk()].delivered == frozenset({1, 2})


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (docs.bounce(), Told(bounced=frozenset({1}))),
        (docs.complaint(), Told(flagged=frozenset({1}))),
        (docs.reject(), Told(flagged=frozenset({1}))),
        (docs.rendering_failure(), Told(flagged=frozenset({1}))),
        (docs.delivery_delay(), Told(sent=frozenset({1}))),
    ],
)
def test_whatever_is_neither_sent_nor_delivered_sets_its_place_and_goes_the_usual_way(
    bench, document, told
):
    bench.handle(about(at(1), document))
    assert bench.rows.chunks == {chunk(): told}
    assert bench.seen().event == document["eventType"]
    assert len(bench.people.outside.events) == 1
    suppressed = bool(bench.people.suppressions.find(EMAIL))
    assert suppressed == (document["eventType"] in ("Bounce", "Complaint"))


@pytest.mark.parametrize("document", [docs.send(), docs.delivery(), docs.bounce()])
def test_a_mail_without_a_place_goes_the_usual_way_whole(bench, document):
    bench.handle(json.dumps(document))
    assert bench.rows.chunks == {}
    assert bench.seen().event == document["eventType"]
    assert len(bench.people.outside.events) == 1


def test_a_service_mails_events_go_the_usual_way(bench):
    document = docs.delivery()
    document["mail"]["tags"] = {}
    bench.handle(json.dumps(document))
    assert bench.rows.chunks == {}
    assert bench.people.hygiene.health[bench.sid]


def test_of_a_chunk_that_cannot_be_kept_the_events_come_again_and_no_others(bench):
    bench.people.faults = FailOnce("Folds.add", Moment.BEFORE)
    batch = bench.batch(
        about(at(1), docs.send()), about(at(1, 1), docs.send()), about(at(2), docs.send())
    )
    assert sorted(batch.fold()) == ["m0", "m2"]
    assert bench.rows.chunks == {chunk(1): Told(sent=frozenset({1}))}
    assert bench.rows.watermark_ms is None


@pytest.mark.parametrize("moment", list(Moment))
def test_a_failure_at_any_call_is_healed_by_the_repeat(moment):
    bodies = (about(at(1), docs.send()), about(at(1), docs.bounce()))
    whole = Bench()
    whole.handle(*bodies)
    calls: list[str] = []
    traced = Bench()
    traced.people.faults = lambda call, at_moment: calls.append(call)
    traced.handle(*bodies)
    for call in dict.fromkeys(calls):
        bench = Bench()
        bench.people.faults = FailOnce(call, moment)
        batch = bench.batch(*bodies)
        if not batch.fold():
            with suppress(Unavailable):
                batch.finish("m1")
            batch.settle()
        bench.people.faults = no_faults
        bench.handle(*bodies)
        assert bench.kept() == whole.kept(), call


def bounces(*places: int, first: int = 0) -> list[str]:
    """Bounces of mails nobody has, in their chunk's places."""
    return [about(at(place, first), docs.bounce(f"r{place}@example.net")) for place in places]


def test_what_counts_against_the_sender_is_counted_ten_at_a_time_and_at_the_end(bench):
    batch = bench.batch(*bounces(*range(2, 25)))
    assert batch.fold() == {}
    counted = []
    for name in batch.unfinished:
        batch.finish(name)
        counted.append(sum(each.hard for each in bench.breakers.campaigns.values()))
    assert counted == [0] * 9 + [10] * 10 + [20] * 4
    assert batch.settle() == {}
    assert bench.breakers.campaigns[CAMPAIGN].hard == 23


@pytest.mark.parametrize("call", ["harm", "of_campaign", "of_domain"])
@pytest.mark.parametrize("moment", list(Moment))
def test_what_could_not_be_counted_comes_again_and_counts_once(bench, call, moment):
    bodies = bounces(*range(2, 14))
    bench.people.faults = FailOnce(f"BreakerRows.{call}", moment)
    batch = bench.batch(*bodies, about(at(20), docs.delivery_delay()))
    batch.fold()
    for name in batch.unfinished:
        batch.finish(name)
    assert sorted(batch.settle()) == sorted(f"m{n}" for n in range(10))
    bench.people.faults = no_faults
    bench.handle(*bodies)
    assert bench.breakers.campaigns[CAMPAIGN].hard == 12


def test_one_that_cannot_be_counted_holds_no_other(bench):
    struck = []

    def refuse(call, moment):
        if call == "BreakerRows.harm" and moment is Moment.BEFORE:
            struck.append(call)
            if len(struck) in (1, 4):  # All together; then the third of them alone.
                raise FatalError("a row of another version")

    bench.people.faults = refuse
    batch = bench.batch(*bounces(*range(2, 8)))
    batch.fold()
    for name in batch.unfinished:
        batch.finish(name)
    assert list(batch.settle()) == ["m2"]
    assert bench.breakers.campaigns[CAMPAIGN].hard == 5


def test_what_fails_in_a_way_nobody_foresaw_stays_owed_and_all_come_again(bench):
    def broken(call, moment):
        if call == "BreakerRows.harm":
            raise KeyError(call)

    batch = bench.batch(*bounces(*range(2, 8)))
    batch.fold()
    for name in batch.unfinished:
        batch.finish(name)
    bench.people.faults = broken
    for _ in range(2):
        with pytest.raises(KeyError):
            batch.settle()
    bench.people.faults = no_faults
    assert batch.settle() == {}
    assert bench.breakers.campaigns[CAMPAIGN].hard == 6


def test_who_bounced_is_suppressed_before_it_counts_and_counts_where_that_failed(bench):
    calls: list[str] = []
    bench.people.faults = lambda call, moment: calls.append(call)
    bench.handle(about(at(1), docs.bounce()))
    assert calls.index("LedgerStore.commit") < calls.index("BreakerRows.harm")
    bench.people.faults = FailOnce("Activity.record_event", Moment.BEFORE)
    batch = bench.batch(about(at(1, 1), docs.bounce()))
    batch.fold()
    with pytest.raises(Unavailable):
        batch.finish("m0")
    assert batch.settle() == {}
    assert bench.breakers.campaigns[CAMPAIGN].hard == 2


def test_a_message_nobody_can_read_is_no_part_of_a_batch(bench):
    batch = bench.folding.batch()
    with pytest.raises(InputError):
        batch.take("m0", "nothing")
    batch.take("m1", about(at(1), docs.send()))
    assert batch.fold() == {}
    assert batch.unfinished == ()
    assert bench.rows.chunks == {chunk(): Told(sent=frozenset({1}))}


def test_a_batch_is_late_before_its_handler_is_ended(bench):
    batch = bench.batch(about(at(1), docs.bounce()))
    assert not batch.is_late
    bench.people.clock.advance(BUDGET_MS)
    assert batch.is_late
    assert batch.unfinished == ("m0",)


# How far events have come


def test_the_watermark_is_raised_once_a_minute_by_a_process(bench):
    calls: list[str] = []
    bench.people.faults = lambda call, moment: calls.append(call) if moment == "before" else None
    for _ in range(5):
        bench.handle(about(at(1), docs.send()))
        bench.people.clock.advance(WATERMARK_EVERY_MS // 4)
    assert calls.count("Watermark.note") == 2
    assert bench.rows.watermark_ms == SENT_MS
    bench.folding = bench.another()
    bench.handle(about(at(1), docs.send()))
    assert calls.count("Watermark.note") == 3


def test_a_watermark_that_cannot_be_noted_is_noted_by_the_next_batch(bench):
    bench.people.faults = FailOnce("Watermark.note", Moment.BEFORE)
    bench.handle(about(at(1), docs.send()))
    assert bench.rows.watermark_ms is None
    bench.handle(about(at(1), docs.send()))
    assert bench.rows.watermark_ms == SENT_MS


def test_the_watermark_is_never_ahead_of_the_clock(bench):
    ahead = docs.delivery()
    ahead["delivery"]["timestamp"] = "2030-01-01T00:00:00.000Z"
    bench.handle(about(at(1), ahead))
    assert bench.rows.watermark_ms == bench.people.clock.now_ms()


@pytest.mark.parametrize("document", [docs.bounce, docs.complaint])
def test_a_server_whose_clock_is_fast_raises_the_watermark_to_when_ses_took_the_mail(
    bench, document
):
    bench.handle(about(at(1), document(at="2031-01-01T00:00:00Z")))
    assert bench.rows.watermark_ms == SENT_MS


def test_any_mails_event_raises_the_watermark_and_one_without_a_time_does_not(bench):
    bench.handle(json.dumps({"eventType": "Send"}))
    assert bench.rows.watermark_ms is None
    bench.handle(json.dumps(docs.delivery()))
    assert bench.rows.watermark_ms is not None


# Late truth


def test_who_was_given_up_and_is_heard_of_after_all_is_looked_at_at_once(bench):
    folds = MemoryFolds(bench.rows)
    folds.give_up(chunk(), [1])
    bench.handle(about(at(2), docs.send()))
    assert bench.rows.unresolved == {}
    bench.handle(about(at(1), docs.send()))
    assert bench.rows.unresolved == {CAMPAIGN: (bench.people.clock.now_ms(), 1)}


def test_a_look_that_cannot_be_asked_for_brings_the_event_again(bench):
    MemoryFolds(bench.rows).give_up(chunk(), [1])
    bench.people.faults = FailOnce("UnresolvedCampaigns.note", Moment.BEFORE)
    assert list(bench.batch(about(at(1), docs.send())).fold()) == ["m0"]
    bench.handle(about(at(1), docs.send()))
    assert bench.rows.unresolved


def test_nothing_is_folded_of_a_row_nobody_can_read(bench):
    bench.people.faults = FailOnce("Folds.add", Moment.BEFORE, FatalError("another version"))
    assert list(bench.batch(about(at(1), docs.send())).fold()) == ["m0"]
