# SPDX-License-Identifier: Apache-2.0
"""Fragments of our pages as data: every word and link, in order."""

import pytest

from chalicelib.entrypoints.embed_parts import parts_of


@pytest.mark.parametrize(
    ("fragment", "parts"),
    [
        ("", []),
        ("<h2>One &amp; two</h2>\n<p>A\nb</p>\n", [["h2", "One & two"], ["p", "A b"]]),
        (
            '<p>See <a href="/x?a=1&amp;b=2">this</a> and <strong>that</strong>.</p>',
            [
                [
                    "p",
                    "See ",
                    {"href": "/x?a=1&b=2", "text": "this"},
                    " and ",
                    ["strong", "that"],
                    ".",
                ]
            ],
        ),
        ("<ul><li>a<br>b</li><li>c</li></ul>", [["ul", ["li", "a", ["br"], "b"], ["li", "c"]]]),
    ],
)
def test_a_fragment_becomes_its_parts(fragment, parts):
    assert parts_of(fragment) == parts
