# SPDX-License-Identifier: Apache-2.0
"""Mails that are only looked at: nothing in them leads anywhere, and all else is as it was."""

import pytest

from chalicelib.adapters.dead_links import dead_html, dead_text

TOKEN = "https://k.example/unsubscribe/secret"


@pytest.mark.parametrize(
    ("alive", "dead"),
    [
        ('<a href="https://example.org/">x</a>', '<a href="#">x</a>'),
        ("<a href='https://example.org/'>x</a>", "<a href='#'>x</a>"),
        ("<a href=https://example.org/ id=a>x</a>", '<a href="#" id=a>x</a>'),
        ('<A\nHREF = "mailto:a@example.org">x</A>', '<A\nHREF = "#">x</A>'),
        ('<a title="a > b" href="/c/x">x</a>', '<a title="a > b" href="#">x</a>'),
        ('<a href="https://a.example" href="https://b.example">', '<a href="#" href="#">'),
        ('<a href="#top">x</a>', '<a href="#">x</a>'),
        ("<a href>x</a>", "<a href>x</a>"),
        ('<a href="">x</a>', '<a href="">x</a>'),
        ('<map><area href="https://example.org/"></map>', '<map><area href="#"></map>'),
        ('<base href="https://example.org/">', '<base href="#">'),
        ('<form action="/x"><button formaction="/y">', '<form action="#"><button formaction="#">'),
        ('<svg><a xlink:href="https://example.org">', '<svg><a xlink:href="#">'),
        ('<a ping="/p" href="/q">', '<a ping="#" href="#">'),
        (
            '<noscript><a href="https://example.org/">x</a></noscript>',
            '<noscript><a href="#">x</a></noscript>',
        ),
        ('<img src="https://example.org/a.png" alt="href=b">', None),
        ('<!-- <a href="https://example.org/"> -->', None),
        ('<style>a[href="https://x.example"]{color:red}</style>', None),
        ("<p>å 😀 a &lt; b</p>", None),
    ],
)
def test_what_could_be_followed_is_dead_and_all_else_as_it_was(alive, dead):
    assert dead_html(alive) == (alive if dead is None else dead)


@pytest.mark.parametrize(
    ("alive", "dead"),
    [
        (f"Unsubscribe: {TOKEN}", "Unsubscribe: #"),
        (f"Read on ({TOKEN}).\nNext", "Read on (#).\nNext"),
        ("HTTPS://EXAMPLE.ORG/A, then", "#, then"),
        ("ledger k.example/log 12 abc=\nvisitor@example.org", None),
    ],
)
def test_a_web_address_in_a_text_is_dead(alive, dead):
    assert dead_text(alive) == (alive if dead is None else dead)
