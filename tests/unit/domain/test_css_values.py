# SPDX-License-Identifier: Apache-2.0
"""Colours, lengths and rules are read as a mail program reads them."""

import pytest

from chalicelib.domain.css_values import COLOURS, colour, legacy_colour, pixels
from chalicelib.domain.style_rules import Value, declared, rules


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#0b5d4e", "#0b5d4e"), ("#08f", "#0088ff"), ("#08ff", "#0088ff"), ("#0088ffff", "#0088ff"),
        ("rebeccapurple", "#663399"), ("rgb(1, 2, 3)", "#010203"), ("rgb(100% 0% 0%)", "#ff0000"),
        ("rgba(1,2,3,1)", "#010203"), ("rgb(1 2 3 / 100%)", "#010203"),
        ("rgb(300,-1,0)", "#ff0000"),
        ("hsl(120, 100%, 25%)", "#008000"), ("hsl(480deg 100% 25%)", "#008000"),
        ("#0088ff80", None), ("rgba(1,2,3,.5)", None), ("rgb(1,2)", None), ("var(--a)", None),
        ("transparent", None), ("#12", None),
        (f"rgb({'9' * 400},0,0)", None), ("", None), ("0088ff", None),
    ],
)  # fmt: skip
def test_a_colour_is_known_or_nothing_is_said_of_it(text: str, shown: str | None) -> None:
    assert colour(text) == shown


def test_all_named_colours_are_known_and_attributes_may_leave_out_the_sign() -> None:
    assert len(COLOURS) == 148
    assert all(len(each) == len("#rrggbb") for each in COLOURS.values())
    assert legacy_colour(" FF0000 ") == "#ff0000"
    assert legacy_colour("Navy") == "#000080"


@pytest.mark.parametrize(
    ("text", "one", "length"),
    [
        ("600px", None, 600), ("600", None, 600), ("12pt", None, 16), ("2rem", None, 32),
        (" 1in ", None, 96), ("2em", 10, 20), ("150%", 20, 30), ("100%", None, None),
        ("2em", None, None), ("auto", None, None), ("calc(1px)", None, None), ("", None, None),
    ],
)  # fmt: skip
def test_a_length_is_pixels_or_nothing(text: str, one: float | None, length: float | None) -> None:
    assert pixels(text, one) == (None if length is None else pytest.approx(length))


def test_declarations_are_read_whatever_stands_in_quotes_and_brackets() -> None:
    style = (
        "Color : RED ! Important;/* b:c; */ background:url('a;b:c') ; color:blue;;x;y:;"
        'content:"}";margin:1px;margin:2px'
    )
    assert declared(style) == {
        "color": Value("red", important=True),
        "background": Value("url('a;b:c')", important=False),
        "content": Value('"}"', important=False),
        "margin": Value("2px", important=False),
    }


def test_rules_are_read_with_the_conditions_around_them() -> None:
    css = (
        "@import 'x'; @media  Screen and (max-width:600px) { .a, b > i { color:red } "
        "@supports (x:y) { u { a:b } } } } em {c:d} @keyframes z { from { e:f } } s { } q { g:h"
    )
    assert [(rule.selector, rule.media, rule.narrow) for rule in rules(css, "All")] == [
        (".a", "all and @media screen and (max-width:600px)", True),
        ("b > i", "all and @media screen and (max-width:600px)", True),
        ("u", "all and @media screen and (max-width:600px) and @supports (x:y)", True),
        ("em", "all", False),
    ]
