# SPDX-License-Identifier: Apache-2.0
"""`ports.dns.Dns`: the fake of tests/support, and the adapter before a server of this machine."""

import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.dns import SystemDns
from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, Records
from chalicelib.domain.mail_domains import MailDomain, look_at
from infra.local import dns_server
from infra.local.dns_zone import Zone
from tests.support.memory_dns import MemoryDns

WITHIN_MS = 1_500
NONE = Records(answer=DnsAnswer.NO_RECORDS)
NO_NAME = Records(answer=DnsAnswer.NO_SUCH_NAME)


def found(*values):
    return Records(answer=DnsAnswer.FOUND, values=values)


def adapter(zone):
    host, port = dns_server.start(zone).address.split(":")
    return SystemDns((host, int(port)))


@pytest.fixture(params=["memory", "wire"])
def dns(request):
    """A resolver and its zone."""
    memory = MemoryDns()
    return (memory if request.param == "memory" else adapter(memory.zone)), memory.zone


@pytest.fixture(scope="module")
def real():
    """A resolver before a server."""
    return adapter(Zone())


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("shop.example", "MX", found("10 mx.shop.example")),
        ("shop.example", "A", found("192.0.2.10")),
        ("shop.example", "AAAA", NONE),
        ("shop.example", "TXT", NONE),
        ("shop.example", "CNAME", NONE),
        ("xn--bcher-kva.example", "MX", found("10 mx.xn--bcher-kva.example")),
        ("nomail.test", "MX", found("0 .")),
        ("onlya.test", "MX", NONE),
        ("a.missing.test", "MX", NO_NAME),
        ("_dmarc.shop.example", "TXT", NO_NAME),
        ("broken.test", "MX", NOTHING_KNOWN),
    ],
)
def test_every_kind_of_answer_is_told_from_every_other(dns, name, kind, records):
    resolver, _ = dns
    assert resolver.ask(name, kind, WITHIN_MS) == records


@pytest.mark.parametrize("name", ["bücher.example", "a" * 64 + ".example", "a..example"])
def test_nothing_is_known_of_what_is_no_name_in_a_labels(name):
    assert adapter(Zone()).ask(name, "MX", WITHIN_MS) == NOTHING_KNOWN


@given(name=st.text(st.characters(max_codepoint=0x17F), min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_name_at_all_raises(real, name):
    assert isinstance(real.ask(name, "TXT", 600), Records)


def test_values_have_the_ports_own_form_whatever_case_and_order_they_came_in(dns):
    resolver, zone = dns
    zone.plant("shop.example", "MX", ("20 B.Mx.Example", "5 A.mx.example."))
    zone.plant("key._domainkey.shop.example", "CNAME", ("KEY.dkim.Example.",))
    zone.plant("shop.example", "TXT", ("v=spf1 Include:Example ~all", "x" * 300))
    assert resolver.ask("shop.example", "MX", WITHIN_MS) == found(
        "5 a.mx.example", "20 b.mx.example"
    )
    assert resolver.ask("key._domainkey.shop.example", "CNAME", WITHIN_MS) == found(
        "key.dkim.example"
    )
    texts = resolver.ask("shop.example", "TXT", WITHIN_MS)
    assert set(texts.values) == {"v=spf1 Include:Example ~all", "x" * 300}


def test_an_alias_is_followed_to_what_it_stands_for_and_no_further_than_there(dns):
    resolver, zone = dns
    zone.plant("one.example", "CNAME", ("two.example",))
    zone.plant("two.example", "CNAME", ("three.example",))
    zone.plant("three.example", "TXT", ("here",))
    zone.plant("lost.example", "CNAME", ("gone.missing.test",))
    assert resolver.ask("one.example", "TXT", WITHIN_MS) == found("here")
    assert resolver.ask("one.example", "CNAME", WITHIN_MS) == found("two.example")
    assert resolver.ask("lost.example", "MX", WITHIN_MS) == NO_NAME


def test_what_was_taken_out_is_gone_and_what_was_never_there_comes_back(dns):
    resolver, zone = dns
    zone.plant("shop.example", "MX", ())
    assert resolver.ask("shop.example", "MX", WITHIN_MS) == NONE
    zone.plant("shop.example", "MX", None)
    assert resolver.ask("shop.example", "MX", WITHIN_MS) == found("10 mx.shop.example")


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        ("shop.example", MailDomain.TAKES),
        ("onlya.test", MailDomain.TAKES),
        ("nomail.test", MailDomain.TAKES_NONE),
        ("a.missing.test", MailDomain.NO_SUCH_DOMAIN),
        ("broken.test", MailDomain.UNKNOWN),
    ],
)
def test_a_domain_is_judged_by_what_comes_over_the_wire(dns, domain, verdict):
    resolver, _ = dns
    assert look_at(domain, lambda name, kind: resolver.ask(name, kind, WITHIN_MS)) is verdict


def test_an_answer_longer_than_a_packet_comes_whole():
    zone = Zone()
    texts = tuple(f"{n} " + "å" * 1_000 for n in range(20))
    zone.plant("long.example", "TXT", texts)
    records = adapter(zone).ask("long.example", "TXT", WITHIN_MS)
    assert set(records.values) == set(texts)


@pytest.mark.parametrize("within_ms", [600, 1_500])
def test_silence_takes_no_longer_than_it_may(within_ms):
    began = time.monotonic()
    assert adapter(Zone()).ask("a.silent.test", "MX", within_ms) == NOTHING_KNOWN
    assert time.monotonic() - began < within_ms / 1000 + 0.2


def test_a_lost_packet_is_sent_again():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer_the_second():
        server.recvfrom(512)
        asked, whom = server.recvfrom(512)
        server.sendto(dns_server.reply(asked, Zone(), udp=True), whom)

    answering = threading.Thread(target=answer_the_second)
    answering.start()
    records = SystemDns(server.getsockname()).ask("shop.example", "MX", WITHIN_MS)
    answering.join()
    server.close()
    assert records == found("10 mx.shop.example")


def test_nobody_there_is_no_answer():
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind(("127.0.0.1", 0))
    host, port = closed.getsockname()
    closed.close()
    assert SystemDns((host, port)).ask("shop.example", "MX", 600) == NOTHING_KNOWN


def test_a_machine_without_a_resolver_knows_nothing(monkeypatch):
    from dns.resolver import NoResolverConfiguration, Resolver

    def none(*_args, **_kwargs):
        raise NoResolverConfiguration

    monkeypatch.setattr(Resolver, "read_resolv_conf", none)
    assert SystemDns().ask("shop.example", "MX", WITHIN_MS) == NOTHING_KNOWN


@pytest.mark.parametrize("packet", [b"", b"\0" * 12, b"\xff" * 40, b"no question at all"])
def test_a_packet_that_is_no_question_gets_no_answer(packet):
    assert dns_server.reply(packet, Zone(), udp=True) is None
