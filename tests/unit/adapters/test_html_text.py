# SPDX-License-Identifier: Apache-2.0
"""The text part holds what the HTML shows."""

import pytest

from chalicelib.adapters.html_text import html_to_text, tidy
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


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("a  \n b", "a\n b"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a \n \n \n  b", "a\n\n  b"),
        ("\n\n\na\n\nb\n\n\n", "a\n\nb"),
        ("a    b\n\n\nc", "a    b\n\nc"),
    ],
)
def test_text_loses_blank_line_ends_and_more_than_one_empty_line(text, tidied):
    assert tidy(text) == tidied


def test_a_long_run_of_spaces_is_read_once():
    """With a pattern that starts anew at every space this would take hours."""
    run = " " * 2_000_000
    assert tidy(f"a{run}b\n\n\nc{run}\n{run}\n{run}d") == f"a{run}b\n\nc\n\n{run}d"


@pytest.mark.parametrize(
    "html",
    [
        "<head><title>T</title><body>B</body>",
        "<html><head><meta charset=utf-8><style>p{}</style><p>B</p></html>",
        "<head><noscript><link href=x></noscript><script>x</script><base href=x><h1>B",
        "<head><template><p>T</p></template>T</head>B",
    ],
)
def test_a_head_ends_at_its_end_tag_or_at_what_stands_in_no_head(html):
    assert html_to_text(html) == "B"


def test_a_malformed_declaration_is_refused():
    with pytest.raises(InputError):
        html_to_text("<p>x</p><![<![")
