# SPDX-License-Identifier: Apache-2.0
"""Nobody's own words choose where a mail leads, in whatever element they are filled in."""

from contextlib import suppress

import pytest

from chalicelib.adapters.filled_addresses import check_filled
from chalicelib.adapters.jinja_masks import mask
from chalicelib.adapters.mail_compiler import MailCompiler
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.campaigns import Content
from chalicelib.errors import InputError
from infra.local.demo_data import DEMO_BRAND
from tests.support.effort import effort_ms

SITE = "The template fills in the site of a link."
UNQUOTED = "A tag is filled in here without quotes around it"


def check(html: str) -> None:
    masked = mask(html, "HTML")
    check_filled(masked, lambda offset, _: masked.line(offset))


def refusal(html: str) -> str:
    with pytest.raises(InputError) as raised:
        check(html)
    assert raised.value.code == "bad_template"
    return raised.value.detail


@pytest.mark.parametrize(
    "before",
    [
        "<form action",
        "<button formaction",
        "<base href",
        "<link rel=stylesheet href",
        "<svg><a xlink:href",
        "<iframe src",
        "<object data",
        "<a href=https://example.org/ href",
        "<noscript><a href",
        "<!--[if mso]><v:roundrect href",
        "<!-- [IF gte mso 9]><p><!-- <v:roundrect strokecolor='#fff' HREF",
        "<!--{% if x %}[if mso]>{% endif %}<v:roundrect {% if x %}href",
    ],
)
@pytest.mark.parametrize("address", ["https://{{ a }}/", "{{ a }}", "//{{ a }}", "data:x,{{ a }}"])
def test_a_filled_in_site_is_refused_with_its_line_wherever_an_address_leads(before, address):
    last = "{% endif %}" if "{% if x %}href" in before else ""
    html = f'<p>\n{before}="{address}"{last}></p><![endif]-->'
    assert refusal(html).startswith(f"Line 2 of the HTML: {SITE}")


@pytest.mark.parametrize(
    "content",
    ["0;url=https://{{ a }}/", "0; URL = '{{ a }}'", "{{ a }}", "5;{{ a }}", "0,url=//{{ a }}"],
)
@pytest.mark.parametrize("pragma", ["refresh", " Refresh", "&#114;efresh", "{{ b }}"])
def test_a_refresh_to_a_filled_in_site_is_refused(pragma, content):
    html = f'<meta content="{content}" http-equiv="{pragma}">'
    assert refusal(html).startswith(f"Line 1 of the HTML: {SITE}")


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ('<a ping="https://example.org/?{{ a }}">x</a>', "ping"),
        ('<iframe srcdoc="{{ a }}"></iframe>', "srcdoc"),
    ],
)
def test_where_words_could_be_another_address_altogether_none_are_filled_in(html, name):
    assert f"The template fills in “{name}”" in refusal(html)


@pytest.mark.parametrize(
    "html",
    [
        '<a title={{ a }} href="https://example.org/">x</a>',
        '<a title={{ a }}"x" href="https://example.org/">x</a>',
        "<p class=x{{ a }}>x</p>",
        "<p class={% if a %}{{ a }}{% endif %}>x</p>",
        "<p class={%- print a %}>x</p>",
        "<!--[if mso]><v:rect id={{ a }} href='https://example.org/'/><![endif]-->",
        "<!--[if mso]><v:rect {{ a }} href='https://example.org/'/><![endif]-->",
        "<noscript><p class={{ a }}>x</p></noscript>",
    ],
)
def test_what_is_filled_in_without_quotes_is_refused_with_its_line(html):
    assert refusal(f"<p>\n{html}").startswith(f"Line 2 of the HTML: {UNQUOTED}")


def test_what_is_filled_into_a_tag_that_is_not_closed_is_refused():
    html = '<!--[if mso]><v:rect href="https://{{ a }}/><![endif]-->'
    assert refusal(html).endswith("A tag or comment that opens here is not closed.")


@pytest.mark.parametrize(
    "html",
    [
        '<form action="https://example.org/?a={{ a }}"><input value="{{ a }}"></form>',
        '<form action="{{ preferences_url }}"></form>',
        '<meta http-equiv="refresh" content="0;url=https://example.org/{{ a }}">',
        '<meta name="description" content="{{ a }}">',
        '<img src="{{ a }}" alt="{{ a }}"><td background="https://{{ a }}/x.png">',
        '<!--[if mso]><v:rect href="https://example.org/{{ a }}"/><![endif]-->',
        '<!--[if mso]><v:fill src="{{ a }}"/><![endif]-->',
        '<!--[if mso]><v:rect href="{{unsubscribe_url}}" style="width:{{ a }}px"/><![endif]-->',
        '<!--[if mso]><td {% if a %}width="1"{% endif %}>{{ a }}<![endif]-->',
        "<!-- <a href='{{ a }}' title={{ a }}> -->",
        "<td width={% if a %}10{% else %}20{% endif %}>{{ a }}</td>",
        '<a href="mailto:{{ a }}">x</a><a href="#{{ a }}" title="{{ a }}">x</a>',
        '<a data-href="{{ a }}">x</a><title>{{ a }}</title>',
    ],
)
def test_what_can_lead_nowhere_else_is_left_alone(html):
    check(html)


def test_a_mail_is_checked_when_it_is_compiled():
    compiler = MailCompiler(TemplateRenderer(), "https://mail.example.org")
    for element, told in (
        ("<a title={{ first_name }} href='https://example.org/'>x</a>", UNQUOTED),
        ("<form action='https://{{ first_name }}/'>x</form>", SITE),
    ):
        content = Content(subject="News", html=f"<h1>News</h1>\n{element}")
        with pytest.raises(InputError) as raised:
            compiler.compile(content, DEMO_BRAND, "en", fields=("first_name",))
        assert raised.value.detail.startswith(f"Line 2 of the HTML: {told}")


@pytest.mark.parametrize(
    "piece", ["<!--[if a]>", "<p a='{{ a }}'", "<noscript>", " href='#{{ a }}'"]
)
def test_no_mail_takes_long_to_check(piece):
    masked = mask("<!--[if mso]><p" + piece * min(4_900, 200_000 // len(piece)) + ">-->", "HTML")
    assert effort_ms(lambda: _tried(masked), below=2_000) < 2_000


def _tried(masked):
    with suppress(InputError):
        check_filled(masked, lambda offset, _: masked.line(offset))
