# SPDX-License-Identifier: Apache-2.0
"""Breakers: what is counted, when they trip, whom they hold, and how they are released."""

import json
import logging
from random import Random  # noqa: TID251 -- a seed that replays, not the product's randomness

import pytest

from chalicelib.domain.breakers import MAX_STOPS, Counts, Level, Note, day_of
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.ses_events import parse
from chalicelib.domain.stops import StopWhy
from chalicelib.errors import Unavailable
from chalicelib.ports.breakers import About
from chalicelib.services.breakers import Breakers, Delivered
from chalicelib.services.domain_keys import DomainKeys
from tests.support import ses_documents as docs
from tests.support.clock import FakeClock
from tests.support.faults import FailOnce, Moment
from tests.support.memory_breakers import BreakerState, MemoryBreakerRows
from tests.support.tagged import CAMPAIGN, about, at

SENT_MS = 1_795_435_200_641
"""When the documents' mails were sent, by SES's clock."""
COMPANY = "example.org"
OTHER = CampaignId("B" * 21 + "A")
PSEUDONYM = f"recipient-domain#{COMPANY}"


class Bench:
    """Breakers over rows in memory, two hours after the documents' mails were sent."""

    def __init__(self, faults=None):
        self.clock = FakeClock()
        self.clock.advance(SENT_MS + 7_200_000 - self.clock.now_ms())
        self.state = BreakerState()
        self.faults = faults
        keys = DomainKeys(lambda label, text: f"{label}#{text}")
        rows = MemoryBreakerRows(self.state, self._strike)
        self.breakers = Breakers(rows=rows, keys=keys, clock=self.clock)

    def _strike(self, call, moment):
        if self.faults is not None:
            self.faults(call, moment)

    def deliver(self, mails, domain=COMPANY, first=0, sent_ms=SENT_MS):
        self.breakers.delivered(
            Delivered(mail=place(n), address=f"reader{n}@{domain}", sent_ms=sent_ms)
            for n in range(first, first + mails)
        )

    def hear(self, body):
        self.breakers.heard(parse(body))

    def complain(self, *numbers, domain=COMPANY):
        for n in numbers:
            self.hear(about(place(n), docs.complaint(f"reader{n}@{domain}")))

    def bounce(self, *numbers, domain=COMPANY):
        for n in numbers:
            self.hear(about(place(n), docs.bounce(f"reader{n}@{domain}")))

    def hold_all_there_is_room_for(self):
        """Domains, and let a campaign deliver enough to judge one more."""
        for number in range(MAX_STOPS):
            key = f"d{number}"
            note = Note(key=key, level=Level.STOP, why=StopWhy.BOUNCES, counts=Counts(), at_ms=1)
            MemoryBreakerRows(self.state).stop(About.DOMAIN, note)
        self.deliver(5_000, "example.com")
        self.deliver(100, first=5_000)

    @property
    def held(self):
        return set(self.state.stops.campaigns), set(self.state.stops.domains)


def place(number):
    """Where the ``number``th mail is: 50 a chunk."""
    return at(number % 50, number // 50)


@pytest.fixture
def bench():
    return Bench()


def test_three_complaints_of_a_thousand_stop_the_campaign_and_the_domain(bench, caplog):
    bench.deliver(1_000)
    bench.complain(1, 2)
    assert bench.held == (set(), set())
    assert {note.level for note in bench.state.notes.values()} == {Level.WARN}
    with caplog.at_level(logging.WARNING):
        bench.complain(3)
        bench.complain(3, 4, 5)
    assert bench.held == ({CAMPAIGN}, {PSEUDONYM})
    note = bench.state.notes[About.CAMPAIGN, CAMPAIGN]
    assert (note.why, note.counts) == ("complaints", Counts(delivered=1_000, complained=3))
    assert note.at_ms == bench.clock.now_ms()
    said = [(record.getMessage(), record.signal) for record in caplog.records]
    assert said == [("sending is stopped by complaints", "breaker")] * 2


def test_a_bad_list_stops_at_its_first_hundred(bench):
    bench.deliver(90)
    bench.bounce(*range(100, 109))
    assert bench.held == (set(), set())
    bench.bounce(109)
    assert bench.held == ({CAMPAIGN}, {PSEUDONYM})


def test_bounces_that_came_before_the_sample_are_judged_once_it_is_there(bench):
    bench.bounce(*range(100, 112))
    bench.deliver(40)
    assert bench.held == (set(), set())
    bench.deliver(60, first=40)
    assert bench.held == ({CAMPAIGN}, {PSEUDONYM})


def test_a_domain_is_judged_by_its_own_mails(bench):
    bench.deliver(1_000, "example.com")
    bench.deliver(150, first=1_000)
    bench.bounce(*range(2_000, 2_010))
    assert bench.held == (set(), {PSEUDONYM})
    assert bench.state.notes[About.DOMAIN, PSEUDONYM].name == COMPANY


def test_the_domains_of_one_provider_are_judged_together(bench):
    bench.deliver(60, "hotmail.se")
    bench.deliver(60, "outlook.com", first=60)
    bench.bounce(*range(200, 205), domain="live.com")
    bench.bounce(*range(205, 210), domain="msn.com")
    assert bench.held[1] == {"microsoft"}
    assert bench.state.notes[About.DOMAIN, "microsoft"].name == "microsoft"


def test_mails_to_who_tells_of_no_complaint_make_no_rate_smaller(bench):
    bench.deliver(9_000, "gmail.com")
    bench.deliver(999, first=9_000)
    bench.complain(9_001, 9_002, 9_003)
    assert bench.held[0] == {CAMPAIGN}
    counted = bench.state.campaigns[CAMPAIGN]
    assert counted == Counts(delivered=9_999, quiet=9_000, complained=3)


def test_what_comes_late_counts_for_the_campaign_and_for_the_day_it_was_sent_on(bench):
    bench.deliver(200)
    bench.clock.advance(4 * DAY_MS)
    bench.bounce(*range(300, 312))
    day = day_of(SENT_MS)
    assert bench.state.days == {PSEUDONYM: {day: Counts(delivered=200, hard=12)}}
    assert bench.held == ({CAMPAIGN}, set())


def test_a_mail_of_nobodys_campaign_or_to_several_counts_nowhere(bench):
    bench.hear(json.dumps(docs.complaint()))
    bench.hear(json.dumps(docs.bounce(tags={})))
    several = docs.complaint("a@example.org", "b@example.org")
    several["mail"]["tags"] |= {"c": [CAMPAIGN], "a": [place(0).name]}
    bench.breakers.heard(parse(json.dumps(several)))
    assert bench.state.campaigns == {} == bench.state.days


def test_a_complaint_counts_for_the_domain_we_wrote_to_whoever_reports_it(bench):
    document = docs.complaint("reader@gmx.de")
    document["complaint"]["complainedRecipients"] = [{"emailAddress": "other@example.com"}]
    bench.hear(about(place(0), document))
    assert set(bench.state.days) == {"gmx"}


def test_a_name_outside_the_well_known_is_kept_only_with_a_stop_or_a_warning(bench):
    bench.deliver(99)
    bench.bounce(200)
    kept = repr((bench.state.days, bench.state.notes, bench.state.campaigns))
    assert COMPANY not in kept.replace(PSEUDONYM, "")
    assert bench.state.notes == {}


def test_logs_name_no_domain_outside_the_well_known(bench, caplog):
    bench.deliver(100)
    with caplog.at_level(logging.DEBUG):
        bench.bounce(*range(200, 220))
    assert caplog.records
    told = " ".join(str(vars(record)) for record in caplog.records)
    assert COMPANY not in told.replace(PSEUDONYM, "")
    assert "@" not in told


def test_when_so_many_domains_are_held_it_is_the_campaign_that_is_bad(bench):
    bench.hold_all_there_is_room_for()
    bench.bounce(*range(6_000, 6_010))
    assert bench.held[0] == {CAMPAIGN}
    assert PSEUDONYM not in bench.held[1]


def test_when_so_many_domains_are_held_every_campaign_that_was_harmed_there_is_stopped(bench):
    bench.hold_all_there_is_room_for()
    bench.bounce(*range(6_000, 6_009))
    assert bench.held[0] == set()
    both = [
        about(place(6_010), docs.bounce(f"r@{COMPANY}")),
        about(at(1, campaign=OTHER), docs.bounce(f"q@{COMPANY}")),
    ]
    bench.breakers.heard([event for body in both for event in parse(body)])
    assert bench.held[0] == {CAMPAIGN, OTHER}


def test_what_goes_on_coming_back_after_a_stop_writes_nothing_but_its_own_count(bench):
    bench.deliver(1_000)
    bench.complain(1, 2, 3)
    calls = []
    bench.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    bench.complain(*range(4, 24))
    names = {name.partition(".")[2]: calls.count(name) for name in calls}
    assert names == {"harm": 20, "of_campaign": 20, "of_domain": 20, "note": 40}


def test_deliveries_that_cannot_be_counted_fail_nothing(bench, caplog):
    bench.faults = FailOnce("BreakerRows.deliver", Moment.BEFORE, Unavailable("no"))
    with caplog.at_level(logging.WARNING):
        bench.deliver(10)
    assert "Deliveries were not counted" in caplog.text
    bench.deliver(10, first=10)
    assert bench.state.campaigns == {CAMPAIGN: Counts(delivered=10)}


HARMS = [about(place(n), docs.bounce(f"r{n}@{d}")) for n, d in enumerate(["gmx.de", COMPANY] * 8)]
HARMS += [about(place(n), docs.complaint(f"r{n}@{d}")) for n, d in enumerate(["me.com"] * 4)]


def test_no_order_duplicate_or_crash_changes_a_count_or_a_stop():
    ends = set()
    for seed in range(100):
        random, bench = Random(seed), Bench()
        for n, domain in enumerate(("gmx.de", COMPANY, "me.com")):
            bench.deliver(110, domain, first=1_000 * (n + 1))
        waiting = HARMS * random.randint(1, 3)
        random.shuffle(waiting)
        while waiting:
            call = random.choice(("harm", "stop", "warn", "note", "of_campaign", "of_domain"))
            moment = random.choice(list(Moment))
            strikes = random.random() < 0.3
            fault = FailOnce(f"BreakerRows.{call}", moment, Unavailable("crash"))
            bench.faults = fault if strikes else None
            body = waiting.pop()
            try:
                bench.hear(body)
            except Unavailable:
                waiting.insert(random.randint(0, len(waiting)), body)
        campaigns, domains = bench.held
        ends.add(
            (
                repr(sorted(bench.state.campaigns.items())),
                repr(sorted((key, sorted(days.items())) for key, days in bench.state.days.items())),
                repr((sorted(campaigns), sorted(domains))),
            )
        )
    ((counted, _, held),) = ends
    assert counted == repr([(CAMPAIGN, Counts(delivered=330, hard=16, complained=4))])
    assert held == repr(([CAMPAIGN], ["apple"]))
