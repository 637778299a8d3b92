# SPDX-License-Identifier: Apache-2.0
"""Whether a domain takes mail: every answer of DNS."""

import pytest

from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, Records
from chalicelib.domain.mail_domains import MailDomain, look_at

NONE = Records(answer=DnsAnswer.NO_RECORDS)
NO_NAME = Records(answer=DnsAnswer.NO_SUCH_NAME)
HOST = Records(answer=DnsAnswer.FOUND, values=("192.0.2.10",))


def mx(*values):
    return Records(answer=DnsAnswer.FOUND, values=values)


@pytest.mark.parametrize(
    ("of_mx", "of_a", "of_aaaa", "verdict"),
    [
        (mx("10 mx.example.org"), None, None, MailDomain.TAKES),
        (mx("0 .", "10 mx.example.org"), None, None, MailDomain.TAKES),
        (mx("0 ."), None, None, MailDomain.TAKES_NONE),
        (NO_NAME, None, None, MailDomain.NO_SUCH_DOMAIN),
        (NOTHING_KNOWN, None, None, MailDomain.UNKNOWN),
        (NONE, HOST, None, MailDomain.TAKES),
        (NONE, NONE, HOST, MailDomain.TAKES),
        (NONE, NOTHING_KNOWN, HOST, MailDomain.TAKES),
        (NONE, NONE, NONE, MailDomain.TAKES_NONE),
        (NONE, NOTHING_KNOWN, NONE, MailDomain.UNKNOWN),
        (NONE, NONE, NOTHING_KNOWN, MailDomain.UNKNOWN),
    ],
)
def test_the_verdict(of_mx, of_a, of_aaaa, verdict):
    answers = {"MX": of_mx, "A": of_a, "AAAA": of_aaaa}
    assert look_at("shop.example", lambda _, kind: answers[kind]) is verdict


def test_nothing_is_asked_about_a_well_known_domain():
    assert look_at("gmail.com", None) is MailDomain.TAKES
