# SPDX-License-Identifier: Apache-2.0
"""A template's HTML is read as elements and words, with a place for what it fills in."""

import pytest

from chalicelib.adapters.css import inline_css
from chalicelib.adapters.markup_reader import read_mail
from chalicelib.adapters.mjml import compile_mjml
from chalicelib.domain.content import FindingCode
from chalicelib.domain.content_lint import lint
from chalicelib.domain.mail_markup import FILLED
from chalicelib.errors import InputError

MJML = """<mjml><mj-head><mj-title>News</mj-title>
<mj-style>@media (max-width:480px){.x{color:red}}</mj-style></mj-head>
<mj-body background-color="#ffffff"><mj-section><mj-column>
<mj-text><h1>News for {{ first_name }}</h1><p>Words</p></mj-text>
<mj-image src="https://example.org/pot.png" alt="A pot"/>
<mj-table><tr><th>Pot</th></tr><tr><td>{{ pot }}</td></tr></mj-table>
</mj-column><mj-column><mj-button href="https://example.org/">Read on</mj-button></mj-column>
</mj-section></mj-body></mjml>"""


def test_values_and_words_hold_a_mark_where_the_template_fills_in() -> None:
    source = (
        '<P Title="a &amp; {{ b }}">{{ c }}{% if d %}<b>e</b>{% endif %}</P><br/><img alt=1 ALT=2>'
    )
    mail = read_mail(source)
    assert [each.name for each in mail.elements] == ["p", "b", "br", "img"]
    assert [dict(each.attributes) for each in mail.elements] == [
        {"title": f"a & {FILLED}"},
        {},
        {},
        {"alt": "1"},
    ]
    assert [(each.text, each.parent and each.parent.name) for each in mail.texts] == [
        (FILLED, "p"),
        ("e", "b"),
    ]


def test_style_sheets_are_read_with_the_media_they_are_for() -> None:
    mail = read_mail(
        '<style media="Screen">a{color:{{ x }}}</style><style>b{}</style><title>Not words</title>'
        "<!-- <i> remark --><!--[if mso]><u>Outlook</u><![endif]--><script>no()</script>"
    )
    assert [(each.css, each.media) for each in mail.sheets] == [
        (f"a{{color:{FILLED}}}", "Screen"),
        ("b{}", ""),
    ]
    assert mail.texts == ()
    assert [each.name for each in mail.elements] == ["style", "style", "title", "script"]


def test_an_element_knows_what_is_around_it_when_end_tags_are_left_out() -> None:
    mail = read_mail(
        "<ul><li>one<li><a href=x>two</a></ul><table><tr><td>three<td>four<tr><td>five</table>six"
        "<p>seven<p>eight</i><div>nine"
    )
    around = {each.text: each.parent and each.parent.name for each in mail.texts}
    assert around == {
        "one": "li", "two": "a", "three": "td", "four": "td", "five": "td", "six": None,
        "seven": "p", "eight": "p", "nine": "div",
    }  # fmt: skip
    cells = [each for each in mail.elements if each.name in {"td", "li"}]
    assert [each.parent and each.parent.name for each in cells] == ["ul", "ul", "tr", "tr", "tr"]
    (link,) = (each for each in mail.elements if each.name == "a")
    assert {each.text for each in mail.texts if each.parent and each.parent.link is link} == {"two"}


def test_lines_are_those_of_the_source() -> None:
    mail = read_mail("<p>\n{# a\nb #}\n{{ x }}\n<img>")
    assert [mail.line(each.at) for each in mail.elements] == [1, 5]
    assert read_mail("<p>\n<img>", lines=False).line(4) is None


def test_a_template_that_cannot_be_read_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match="Line 2 of the HTML"):
        read_mail("<p>\n{{ x ")


def test_what_mjml_is_compiled_to_has_no_faults_of_its_own() -> None:
    html = inline_css(compile_mjml(MJML, language="sv"))
    found = lint(read_mail(html, lines=False), language="sv-SE", size_bytes=len(html.encode()))
    assert {each.code for each in found} == {FindingCode.HEAD_INCOMPLETE}
    without = MJML.replace(' alt="A pot"', "")
    mail = read_mail(inline_css(compile_mjml(without, language="sv")), lines=False)
    assert lint(mail, language="sv", size_bytes=1)[0].code is FindingCode.IMG_WITHOUT_ALT
