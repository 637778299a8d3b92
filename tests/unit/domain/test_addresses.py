# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.addresses import MAX_ADDRESS_CHARS, alike, parse_address
from chalicelib.errors import InputError

PARSED = [
    ("visitor@example.org", "visitor@example.org", "visitor@example.org"),
    ("  Visitor@Example.ORG\n", "Visitor@example.org", "visitor@example.org"),
    ("a.b+tag@example.org", "a.b+tag@example.org", "a.b+tag@example.org"),
    (
        "kund@räksmörgås.example",
        "kund@xn--rksmrgs-5wao1o.example",
        "kund@xn--rksmrgs-5wao1o.example",
    ),
    ("o'neil@example.org", "o'neil@example.org", "o'neil@example.org"),
    (
        "Bounce@Simulator.amazonses.com",
        "Bounce@simulator.amazonses.com",
        "bounce@simulator.amazonses.com",
    ),
]


@pytest.mark.parametrize(("typed", "deliverable", "normal"), PARSED)
def test_an_address_is_kept_as_typed_and_normalised_for_the_index(typed, deliverable, normal):
    found = parse_address(typed)
    assert (found.typed, found.deliverable, found.normal) == (typed.strip(), deliverable, normal)


def test_dots_and_tags_never_make_two_mailboxes_one():
    tricks = ["ab@example.org", "a.b@example.org", "ab+x@example.org"]
    assert len({parse_address(text).normal for text in tricks}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "visitor",
        "@example.org",
        "visitor@",
        "visitor@localhost",
        "a@b@example.org",
        "one@example.org, two@example.org",
        "Visitor <visitor@example.org>",
        "visitor@example..org",
        ".visitor@example.org",
        "visitor@[192.0.2.1]",
        "visitor@example.org\r\nBcc: other@example.org",
        "vis\x00itor@example.org",
        "besökare@example.org",
        "x" * 65 + "@example.org",
        "x@" + "a" * 64 + ".org",
        "x@" + ".".join(["a" * 60] * 5) + ".org",
        "visitor@-example.org",
        "\ud800@example.org",
    ],
)
def test_what_is_not_one_plain_address_is_refused_without_repeating_it(text):
    with pytest.raises(InputError) as caught:
        parse_address(text)
    assert caught.value.code == "malformed_address"
    assert not text.strip() or text not in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused(text):
    try:
        found = parse_address(text)
    except InputError:
        return
    assert len(found.typed) <= MAX_ADDRESS_CHARS
    assert found.deliverable.isascii()
    assert parse_address(found.deliverable).normal == found.normal


@pytest.mark.parametrize("domain", ["example.org", "Bücher.example.org", "EXAMPLE.com"])
@given(local=st.from_regex(r"[A-Za-z0-9]{1,12}([.+_-][A-Za-z0-9]{1,8})?", fullmatch=True))
def test_normalising_twice_changes_nothing(local, domain):
    found = parse_address(f"{local}@{domain}")
    assert parse_address(found.normal).normal == found.normal
    assert parse_address(found.deliverable).normal == found.normal


@pytest.mark.parametrize(
    ("first", "second", "is_alike"),
    [
        ("vi.sitor@gmail.com", "visitor+shop@googlemail.com", True),
        ("visitor+a@example.org", "visitor+b@example.org", True),
        ("vi.sitor@example.org", "visitor@example.org", False),
        ("visitor@example.org", "visitor@example.com", False),
        ("+a@example.org", "+b@example.org", False),
        ("..@gmail.com", ".@gmail.com", False),
    ],
)
def test_addresses_of_probably_one_mailbox_are_alike(first, second, is_alike):
    assert (alike(first) == alike(second)) is is_alike
