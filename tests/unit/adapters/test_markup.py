# SPDX-License-Identifier: Apache-2.0
"""Markup is split as a browser splits it, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.markup import Kind, scan
from tests.support.effort import effort_ms

BITS = st.sampled_from(
    [
        *("<p", "<style", "</style", "<title>", "</title>", "<!--", "-->", "<!", "<?", "</", ">"),
        *("/>", ' a="', '"', "'", "=", " ", "b", "<", "<!-->", "<br/>", "\n", "é", "<plaintext>"),
    ]
)


def kinds(source):
    return [(piece.kind, source[piece.start : piece.end]) for piece in scan(source)]


@given(st.lists(BITS, max_size=12).map("".join))
def test_the_pieces_joined_are_the_source(source):
    pieces = list(scan(source))
    assert "".join(source[piece.start : piece.end] for piece in pieces) == source
    assert all(piece.end > piece.start for piece in pieces)
    for piece in pieces:
        for each in piece.attributes:
            assert piece.start <= each.start <= each.end < piece.end


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b <3", [(Kind.TEXT, "a < b <3")]),
        ("<p>a</p >", [(Kind.START, "<p>"), (Kind.TEXT, "a"), (Kind.END, "</p >")]),
        ("<!-- <p> -- --!>a", [(Kind.COMMENT, "<!-- <p> -- --!>"), (Kind.TEXT, "a")]),
        ("<!-->a", [(Kind.COMMENT, "<!-->"), (Kind.TEXT, "a")]),
        ("<!a><?b?></ >", [(Kind.DECLARATION, each) for each in ("<!a>", "<?b?>", "</ >")]),
        ("<xmp>p>b</XMP>", [(Kind.START, "<xmp>"), (Kind.RAW, "p>b"), (Kind.END, "</XMP>")]),
        ("<title><b></titles>", [(Kind.START, "<title>"), (Kind.RAW, "<b></titles>")]),
        ('<p a="b>', [(Kind.UNFINISHED, '<p a="b>')]),
        ("a<!-- b", [(Kind.TEXT, "a"), (Kind.UNFINISHED, "<!-- b")]),
    ],
)
def test_what_opens_and_ends_where(source, expected):
    assert kinds(source) == expected


def test_attributes_are_read_with_and_without_quotes():
    source = "<a b=\"1 > 0\" C='2'd=3/ e f = g/>"
    (piece,) = scan(source)
    assert [(each.name, source[each.start : each.end]) for each in piece.attributes] == [
        ("b", "1 > 0"),
        ("C", "2"),
        ("d", "3/"),
        ("e", ""),
        ("f", "g/"),
    ]
    assert piece.value(source, "c") == "2"
    assert piece.value(source, "e") == ""
    assert piece.value(source, "x") is None
    assert not piece.closed


def test_only_a_slash_of_its_own_closes_an_element():
    assert [piece.closed for piece in scan("<a/><a /><a b='c'/><a b=c/><a / >")] == [
        *(True, True, True),
        *(False, False),
    ]


@pytest.mark.parametrize(
    "bit", ["<", "<a ", "<!--", '<a b="', "<style>", "<a =", "<!", "<a a", "<plaintext>", "</"]
)
def test_no_source_takes_long(bit):
    source = bit * (131_072 // len(bit))
    assert effort_ms(lambda: sum(1 for _ in scan(source)), below=1_000) < 1_000
    assert sum(1 for _ in scan(source)) < 60_000
