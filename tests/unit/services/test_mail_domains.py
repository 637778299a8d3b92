# SPDX-License-Identifier: Apache-2.0
"""Domains looked up at the doors and of imports: what is kept, for how long, and what it tells."""

import threading

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, Records
from chalicelib.domain.mail_domains import MailDomain
from chalicelib.services.mail_domains import (
    KEEP_MS,
    LEAST_ASK_MS,
    MAX_BATCH_MS,
    MAX_LOOK_MS,
    ManyMailDomains,
    Undeliverable,
)
from tests.support.clock import FakeClock
from tests.support.world import World

DOMAIN = "own.example"
VERDICTS = [
    ("own.example", False, MailDomain.TAKES),
    ("shop.nomail.test", True, MailDomain.TAKES_NONE),
    ("missing.test", True, MailDomain.NO_SUCH_DOMAIN),
    ("broken.test", False, MailDomain.UNKNOWN),
]


@pytest.fixture
def world():
    return World()


def slow(world, took_ms):
    """Have every question take so long."""
    real = world.dns.ask

    def ask(name, kind, within_ms):
        world.time.advance(min(took_ms, within_ms))
        return real(name, kind, within_ms) if took_ms <= within_ms else NOTHING_KNOWN

    world.dns.ask = ask


def took(world, domain):
    began_ms = world.time.now_ms()
    answer = world.mail_domains.takes_none(domain)
    return answer, world.time.now_ms() - began_ms


@pytest.mark.parametrize(("domain", "is_no", "verdict"), VERDICTS)
def test_a_verdict_is_kept_for_its_time_and_then_asked_for_anew(world, domain, is_no, verdict):
    assert world.mail_domains.takes_none(domain) is is_no
    (row,) = world.outside_rows.mail_domains.values()
    assert (row.verdict, row.until_ms) == (verdict, world.time.now_ms() + KEEP_MS[verdict])
    asked = len(world.dns.asked)
    world.time.advance(KEEP_MS[verdict] - 1)
    assert world.mail_domains.takes_none(domain) is is_no
    assert len(world.dns.asked) == asked
    world.time.advance(1)
    world.mail_domains.takes_none(domain)
    assert len(world.dns.asked) == 2 * asked


@pytest.mark.parametrize("domain", ["own.example", "shop.nomail.test", "missing.test"])
@pytest.mark.parametrize("took_ms", [0, 7, 400])
def test_a_remembered_domain_takes_as_long_as_one_asked_for(world, took_ms, domain):
    slow(world, took_ms)
    first = took(world, domain)
    assert took(world, domain) == took(world, domain) == first
    assert first[1] == took_ms


def test_a_remembered_answer_is_written_back_as_it_was(world):
    world.mail_domains.takes_none(DOMAIN)
    before = dict(world.outside_rows.mail_domains)
    world.time.advance(60_000)
    world.mail_domains.takes_none(DOMAIN)
    assert world.outside_rows.mail_domains == before


def test_a_silent_dns_takes_a_second_and_a_half_at_most_and_refuses_nobody(world):
    slow(world, 10_000)
    assert took(world, DOMAIN) == (False, MAX_LOOK_MS)
    assert took(world, DOMAIN) == (False, MAX_LOOK_MS)


def test_all_questions_together_have_a_second_and_a_half(world):
    world.dns.set(DOMAIN, "MX")
    world.dns.set(DOMAIN, "A")
    slow(world, MAX_LOOK_MS - LEAST_ASK_MS)
    answer, took_ms = took(world, DOMAIN)
    assert (answer, took_ms <= MAX_LOOK_MS) == (False, True)


def test_a_clock_set_back_keeps_no_time_below_nothing(world):
    slow(world, -3_600_000)
    world.mail_domains.takes_none(DOMAIN)
    (row,) = world.outside_rows.mail_domains.values()
    assert row.took_ms == 0


def test_a_well_known_domain_is_not_asked_for_and_leaves_no_row(world):
    assert not world.mail_domains.takes_none("gmail.com")
    assert (world.dns.asked, world.outside_rows.mail_domains) == ([], {})


def test_a_row_names_no_domain(world):
    world.mail_domains.takes_none(DOMAIN)
    assert DOMAIN not in repr(world.outside_rows.mail_domains)


def test_the_refusal_repeats_nothing_but_the_address_that_was_meant(world):
    world.dns.set("gmial.con", "MX", "0 .")
    with pytest.raises(Undeliverable) as raised:
        world.mail_domains.require(parse_address("visitor@gmial.con"))
    assert raised.value.suggestion == "visitor@gmail.com"
    assert "gmial" not in str(raised.value)
    world.mail_domains.require(parse_address("visitor@example.org"))


def test_a_batch_says_which_domains_take_none_and_asks_for_each_once(world):
    many = ManyMailDomains(dns=world.dns, clock=world.time)
    domains = [domain for domain, _, _ in VERDICTS] * 3 + ["gmail.com"]
    assert many.take_none(domains) == {"shop.nomail.test", "missing.test"}
    asked = len(world.dns.asked)
    assert many.take_none(domains) == {"shop.nomail.test", "missing.test"}
    assert len(world.dns.asked) == asked
    assert many.take_none([]) == frozenset()
    assert world.time.slept_ms == []
    world.time.advance(KEEP_MS[MailDomain.UNKNOWN])
    many.take_none(domains)
    assert world.dns.asked[asked:] == [("broken.test", "MX")]


def test_a_batch_is_asked_sixteen_at_a_time():
    at_once, most = [0], [0]
    lock, full = threading.Lock(), threading.Event()

    class Waiting:
        def ask(self, _name, _kind, _within_ms):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
                if at_once[0] == 16:
                    full.set()
            assert full.wait(10)
            with lock:
                at_once[0] -= 1
            return Records(answer=DnsAnswer.FOUND, values=("10 mx.example.org",))

    many = ManyMailDomains(dns=Waiting(), clock=FakeClock())
    assert many.take_none(f"d{n}.example" for n in range(64)) == frozenset()
    assert most[0] == 16


def test_a_batch_ends_in_time_and_what_is_not_known_by_then_takes_mail():
    clock, lock = FakeClock(), threading.Lock()

    class Slow:
        def ask(self, _name, _kind, _within_ms):
            with lock:
                clock.advance(1_000)
            return Records(answer=DnsAnswer.NO_SUCH_NAME)

    began_ms = clock.now_ms()
    found = ManyMailDomains(dns=Slow(), clock=clock).take_none(f"d{n}.example" for n in range(200))
    assert 0 < len(found) < 200
    assert clock.now_ms() - began_ms <= MAX_BATCH_MS + 16_000
