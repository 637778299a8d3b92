# SPDX-License-Identifier: Apache-2.0
"""SPF records: what they let SES do, and that the record we print is the record we accept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, Records
from chalicelib.domain.spf import MAX_LOOKUPS, spf_records, walk, with_ses

ZONE = {
    "all.example": ("v=spf1 include:amazonses.com -all",),
    "two.example": ("v=spf1 -all", "v=spf1 mx -all"),
    "loop.example": ("v=spf1 include:loop.example -all",),
}


def ask(name, _kind):
    if name == "silent.example":
        return NOTHING_KNOWN
    values = ZONE.get(name, ())
    return Records(answer=DnsAnswer.FOUND if values else DnsAnswer.NO_RECORDS, values=values)


@pytest.mark.parametrize(
    ("record", "lets_ses", "ending"),
    [
        ("v=spf1 include:amazonses.com ~all", True, "~"),
        ("v=spf1 include:AmazonSES.com. -all", True, "-"),
        ("v=spf1 -include:amazonses.com -all", False, "-"),
        ("v=spf1 -all include:amazonses.com", False, "-"),
        ("v=spf1 include:all.example ?all", True, "?"),
        ("v=spf1 redirect=all.example", True, "-"),
        ("v=spf1 mx all", False, "+"),
        ("v=spf1 include:amazonses.com", True, ""),
        ("v=spf1", False, ""),
    ],
)
def test_what_a_record_says_of_ses(record, lets_ses, ending):
    found = walk(record, ask)
    assert (found.lets_ses, found.ending, found.wrong, found.missing) == (lets_ses, ending, "", "")


def test_faults_are_told_by_name():
    assert walk("v=spf1 include:two.example -all", ask).missing == "two.example"
    assert walk("v=spf1 incldue:amazonses.com -all", ask).wrong == "incldue:amazonses.com"
    assert walk("v=spf1 include:silent.example -all", ask).unknown
    assert walk("v=spf1 include:loop.example -all", ask).lookups == 2
    assert walk("v=spf1 " + "mx " * 11 + "-all", ask).lookups == MAX_LOOKUPS + 1


def test_only_texts_that_begin_as_spf_count():
    assert spf_records(("v=spf1", "V=SPF1 mx", "v=spf10 -all", "v=spf1;")) == (
        "v=spf1",
        "V=SPF1 mx",
    )


@given(st.text(alphabet="v=spf1 aludemxrctiz:/+-?~%.", max_size=60))
def test_any_text_is_read_without_a_fault(text):
    walk(text, ask)
    with_ses(text)


@pytest.mark.parametrize("record", ["v=spf1 mx +all", "v=spf1", "v=spf1 a ?all", "v=spf1 -all"])
def test_a_record_we_print_lets_ses_send_and_ends_closed(record):
    found = walk(with_ses(record), ask)
    assert found.lets_ses
    assert found.ending in ("-", "~")
    assert with_ses(with_ses(record)) == with_ses(record)
