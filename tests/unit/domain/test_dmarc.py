# SPDX-License-Identifier: Apache-2.0
"""DMARC: which record holds, and which domains are one sender."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.dmarc import in_force, mended, organisation, tags_of, walked
from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, Records

FROM = "a.news.example.org"
NONE = "v=DMARC1; p=none"


def asking(zone):
    def ask(name, _kind):
        values = zone.get(name.removeprefix("_dmarc."), ())
        if values is None:
            return NOTHING_KNOWN
        return Records(answer=DnsAnswer.FOUND if values else DnsAnswer.NO_RECORDS, values=values)

    return ask


@pytest.mark.parametrize(
    ("zone", "holds", "top"),
    [
        ({}, None, FROM),
        ({"example.org": (NONE,)}, "example.org", "example.org"),
        ({FROM: (NONE,)}, FROM, FROM),
        ({FROM: (NONE,), "example.org": (NONE,)}, FROM, "example.org"),
        ({"news.example.org": (NONE + "; psd=n",), "example.org": (NONE,)},)
        + ("news.example.org",) * 2,
        ({"org": (NONE + "; psd=y",)}, "org", "example.org"),
        ({"example.org": (NONE, NONE)}, None, FROM),
        ({"example.org": ("v=DMARC1; p=nonsense",)}, None, FROM),
        ({"example.org": ("stray text", NONE)}, "example.org", "example.org"),
    ],
)
def test_the_record_that_holds_and_the_sender_it_belongs_to(zone, holds, top):
    walk = walked(FROM, asking(zone))
    found = in_force(walk)
    assert (found.domain if found else None, organisation(walk)) == (holds, top)


def test_a_long_name_jumps_to_its_last_seven_labels():
    names = [at.domain for at in walked("a.b.c.d.e.f.g.h.example.org", asking({}))]
    assert names[:3] == [
        "a.b.c.d.e.f.g.h.example.org",
        "d.e.f.g.h.example.org",
        "e.f.g.h.example.org",
    ]


def test_what_cannot_be_looked_up_is_unknown():
    assert walked(FROM, asking({FROM: None}))[0].unknown


@given(st.text(max_size=60))
def test_any_text_is_read_and_mended_into_a_record_that_holds(text):
    record = mended(tags_of("v=DMARC1; " + text), "contact@example.org")
    walk = walked("example.org", asking({"example.org": (record,)}))
    assert in_force(walk) is not None
    assert tags_of(record)["rua"]
