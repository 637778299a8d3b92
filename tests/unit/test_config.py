# SPDX-License-Identifier: Apache-2.0
"""Settings that cannot be used are refused in one sentence that names them."""

from dataclasses import replace

import pytest

from chalicelib.adapters.ses_mode import SendMode
from chalicelib.config import DEFAULT_KEEP_ORDERS_DAYS, SEND_MODES
from chalicelib.domain.customer_event_body import ORDER_DAYS
from chalicelib.errors import FatalError
from infra.local import settings as local
from tests.support.world import World

STAMPED = {"tsa_url": "https://tsa.example.org/stamp?x=1", "tsa_roots": "tsa-roots.pem"}


@pytest.fixture(scope="module")
def settings():
    return World().settings


@pytest.mark.parametrize(
    "change",
    [
        STAMPED,
        {**STAMPED, "tsa_url": "http://127.0.0.1:3180/"},
        {**STAMPED, "tsa_url": ""},
        {"tsa_url": "", "tsa_roots": ""},
    ],
)
def test_an_authority_is_an_https_address_with_roots_or_none(settings, change):
    assert replace(settings, **change).tsa_url == change["tsa_url"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tsa_roots": ""}, "KVITTO_TSA_ROOTS"),
        ({"tsa_url": "http://tsa.example.org/"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "tsa.example.org"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https:///stamp"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https://name:word@tsa.example.org/"}, "KVITTO_TSA_URL"),
        ({"tsa_url": "https://tsa.example.org/#x"}, "KVITTO_TSA_URL"),
    ],
)
def test_an_authority_that_cannot_be_used_is_refused(settings, change, named):
    with pytest.raises(FatalError, match=named) as refused:
        replace(settings, **{**STAMPED, **change})
    assert "word" not in str(refused.value).replace("password", "")


def test_a_send_mode_is_one_the_sender_knows_and_auto_when_nothing_is_said(settings):
    assert {*SEND_MODES} == {*SendMode} == {*local.SEND_MODES}
    assert settings.send_mode == SendMode.AUTO
    for mode in SEND_MODES:
        assert replace(settings, send_mode=mode).send_mode == mode
    with pytest.raises(FatalError, match="KVITTO_SEND_MODE"):
        replace(settings, send_mode="Bulk")


def test_orders_may_be_as_old_as_the_reader_of_events_takes_them_where_nothing_is_said(settings):
    assert settings.keep_orders_days == DEFAULT_KEEP_ORDERS_DAYS == ORDER_DAYS


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("", None),
        ("192.0.2.1:53", ("192.0.2.1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_a_dns_server_is_an_address_and_a_port_or_the_machines_own(settings, written, address):
    assert replace(settings, dns_server=written).dns_address == address


@pytest.mark.parametrize(
    "written",
    ["192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "2001:db8::1:53", "dns.example:53", ":53", "x"],
)
def test_a_dns_server_that_cannot_be_used_is_refused(settings, written):
    with pytest.raises(FatalError, match="KVITTO_DNS_SERVER"):
        replace(settings, dns_server=written)


def test_mails_that_answer_a_person_have_a_set_of_their_own_which_may_have_another_name(settings):
    assert settings.answers_set == "kvitto-answers"
    assert replace(settings, answers_configuration_set="back").answers_set == "back"
