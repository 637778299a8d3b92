# SPDX-License-Identifier: Apache-2.0
"""The text part holds what the HTML shows."""

import pytest

from chalicelib.adapters.html_text import html_to_text
from chalicelib.errors import InputError


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b", "a\nb"),
        ("<ul><li>a</li><li>b</li></ul>after", "- a\n- b\n\nafter"),
        ('<a href="https://example.org/">Read</a>', "Read (https://example.org/)"),
        ('<a href="https://example.org/">https://example.org/</a>', "https://example.org/"),
        (
            '<a href="https://example.org/"><img alt="Logo" src="x"></a>',
            "Logo (https://example.org/)",
        ),
        ('<a href="https://example.org/"><img src="x"></a>', "https://example.org/"),
        ('<a href="#top">Top</a>', "Top"),
        ("<head><title>T</title><style>p{}</style></head><body>B</body>", "B"),
        ("<script>alert(1)</script>x", "x"),
        ("Fish &amp; chips&nbsp;&lt;3", "Fish & chips <3"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("  much \n\t space ", "much space"),
        ("<b>un</b>closed <i>tags", "unclosed tags"),
        ("</p></a></style>stray", "stray"),
    ],
)
def test_html_becomes_the_text_a_person_would_write(html, text):
    assert html_to_text(html) == text


def test_a_malformed_declaration_is_refused():
    with pytest.raises(InputError):
        html_to_text("<p>x</p><![<![")
