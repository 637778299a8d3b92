# SPDX-License-Identifier: Apache-2.0
"""MJML becomes HTML with every tag in place, without third parties, within bounds."""

import re
import subprocess
import sys

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.css import inline_css
from chalicelib.adapters.mjml import ELEMENTS, compile_mjml
from chalicelib.errors import InputError
from tests.support.effort import effort_ms

ENTER = "<mj-section><mj-column>"
LEAVE = "</mj-column></mj-section>"
SOCIAL = "<mj-social><mj-social-element name='facebook'>a</mj-social-element></mj-social>"
TAG = re.compile(r"\{[{%].*?[%}]\}")


def mail(body, head=""):
    return f"<mjml>{head}<mj-body>\n{body}</mj-body></mjml>"


def column(content):
    return mail(f"<mj-section><mj-column>\n{content}</mj-column></mj-section>")


def head(content):
    text = "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>"
    return mail(text, f"<mj-head>\n{content}</mj-head>")


def compiled(source, language="en"):
    return compile_mjml(source, language=language)


def refusal(source):
    with pytest.raises(InputError) as raised:
        compiled(source)
    assert raised.value.code == "bad_template"
    return raised.value.detail


def filled(html, **values):
    return CampaignTemplates().render(
        "News", html, "Text", values=values, footer_html="", footer_text=""
    )


def test_a_mail_of_blocks_and_loops_is_compiled_inlined_and_filled():
    source = mail(
        """{% for part in parts %}<mj-section>{% if part.shown %}<mj-column>
        <mj-text><h1>{{ part.name | upper }} {{ "<" }}</h1></mj-text>
        <mj-table>{% for row in part.rows %}<tr><td>{{ row }}</td></tr>{% endfor %}</mj-table>
        {% if part.link %}<mj-button href="{{ part.link }}" background-color="{{ colour }}">
        {{ part.name }}</mj-button>{% endif %}</mj-column>{% endif %}</mj-section>{% endfor %}""",
        "<mj-head><mj-title>{{ name }}</mj-title><mj-preview>{{ name }}</mj-preview>"
        '<mj-attributes><mj-all color="{{ colour }}"/></mj-attributes>'
        "<mj-style>h1 { margin: 0; background: {{ colour }} }</mj-style></mj-head>",
    )
    html = inline_css(compiled(source))
    part = {"name": "a", "rows": ["1", "2"], "link": "https://example.org/", "shown": True}
    parts = [part, part | {"link": ""}, part | {"shown": False}]
    made = filled(html, parts=parts, colour="#123456", name="Ada").html
    assert made.count("A &lt;</h1>") == 2
    assert made.count('<h1 style="margin: 0;background: #123456;">') == 2
    assert len(re.findall("<td[^>]*>[12]</td>", made)) == 4
    assert made.count('href="https://example.org/"') == 1
    assert "<title>Ada</title>" in made
    assert "@media only screen and (min-width:480px)" in made
    assert ".moz-text-html .mj-column-per-100" in made


def test_the_language_of_the_campaign_is_named_unless_the_source_names_one():
    for source, language in (
        (column("<mj-text>a</mj-text>"), "sv"),
        (column("<mj-text>a</mj-text>").replace("<mjml", '<mjml lang=""'), "sv"),
        (column("<mj-text>a</mj-text>").replace("<mjml", '<mjml lang="de"'), "de"),
    ):
        html = compiled(source, "sv")
        assert f'<html lang="{language}"' in html
        assert 'lang="und"' not in html


@pytest.mark.parametrize(
    "content",
    [
        "{% if a %}<mj-text>b</mj-text>{% endif %}",
        "{% for a in b %}<mj-text>{{ a < 3 }}</mj-text>{% endfor %}",
        "<mj-table>{% for a in b %}<tr><td>{{ a }}</td></tr>{% endfor %}</mj-table>",
        f"{LEAVE}<mj-raw>{{% if a %}}<p>b</p>{{% endif %}}</mj-raw>{ENTER}",
        "<mj-text><!-- {{ a }} --></mj-text>",
        '<mj-text><a href="{% if a %}https://example.org/{% endif %}">b</a></mj-text>',
        "<mj-navbar>{% if a %}<mj-navbar-link href='b'>c</mj-navbar-link>{% endif %}</mj-navbar>",
        "{% set a = b %}<mj-text>{{ a }}</mj-text>",
        "{{ a }}<mj-text>b</mj-text>",
        "<mj-text>{% raw %}{{ a }}{% endraw %}</mj-text>",
        "</mj-column>{% if a %}<mj-column><mj-text>b</mj-text></mj-column>{% endif %}<mj-column>",
        f"{LEAVE}{{% if a %}}<mj-section></mj-section>{{% endif %}}{ENTER}",
    ],
)
def test_a_tag_between_elements_or_in_their_text_stays_where_it_is(content):
    html = compiled(column(content))
    assert TAG.findall(html) == TAG.findall(content)
    assert TAG.findall(inline_css(html)) == TAG.findall(content)


def test_a_value_that_the_compiler_writes_twice_keeps_its_expression():
    html = compiled(column('<mj-button background-color="{{ a }}">b</mj-button>'))
    assert 'bgcolor="{{ a }}"' in html
    assert "background:{{ a }}" in html


def test_attributes_keep_every_character():
    words = "é e\u0308 \u200d 👩‍👩‍👧 \\ ⸨41⸩ € \u00ad &amp;"
    html = compiled(column(f"<mj-image src='a' alt='{words} \"q\"'/><mj-text>{words}</mj-text>"))
    assert f'alt="{words} &quot;q&quot;"' in html
    assert f">{words}</div>" in html
    row = '<tr><td style="color: red;\n  margin: 0">a</td></tr>'
    assert row in compiled(column(f"<mj-table>{row}</mj-table>"))


def test_no_font_of_a_third_party_is_asked_for():
    for family in ("", ' font-family="Roboto"', ' font-family="Open Sans"'):
        html = compiled(column(f"<mj-text{family}>a</mj-text>"))
        assert "googleapis" not in html
        assert "@import" not in html
        assert "<link" not in html


@pytest.mark.parametrize(
    ("source", "line", "sentence"),
    [
        (column("<mj-nope/>"), 3, "MJML has no element <mj-nope>."),
        (column("<MJ-TEXT>a</MJ-TEXT>"), 3, "MJML has no element <MJ-TEXT>."),
        (column("<mj-text>\n<mj-nope>a</mj-nope></mj-text>"), 4, "MJML has no element <mj-nope>."),
        (column("<mj-all/>"), 3, "<mj-all> does not belong here."),
        (column('<mj-include path="a.mjml"/>'), 3, "<mj-include> is not possible."),
        (head('<mj-include path="a.css" type="css"/>'), 2, "<mj-include> is not possible."),
        (head('<mj-font name="a" href="https://example.org/a.css"/>'), 2, "A font from elsewhere"),
        (head("<mj-raw><link rel='stylesheet' href='a'/></mj-raw>"), 2, "A <link> would tell"),
        (head("<mj-style>\n@\\69mport 'a';</mj-style>"), 2, "A style sheet from elsewhere"),
        (column("<mj-raw>\n<script>a</script></mj-raw>"), 4, "Mail programs run no scripts."),
        (
            column(SOCIAL),
            3,
            "Opening the mail would fetch https://www.mailjet.com/",
        ),
        (
            column(
                "<mj-accordion><mj-accordion-element><mj-accordion-title>a</mj-accordion-title>"
                "</mj-accordion-element></mj-accordion>"
            ),
            3,
            "Opening the mail would fetch https://i.imgur.com/",
        ),
        (
            column("<mj-carousel><mj-carousel-image src='a'/></mj-carousel>"),
            3,
            "Opening the mail would fetch https://i.imgur.com/",
        ),
    ],
)  # fmt: skip
def test_what_is_no_element_or_would_tell_a_third_party_is_refused(source, line, sentence):
    assert refusal(source).startswith(f"Line {line} of the MJML: {sentence}")


def test_an_icon_of_ones_own_is_taken():
    html = compiled(
        column(
            '<mj-social><mj-social-element name="facebook" src="https://example.org/{{ a }}.png">'
            "b</mj-social-element></mj-social>"
        )
    )
    assert 'src="https://example.org/{{ a }}.png"' in html


@pytest.mark.parametrize(
    ("source", "line", "sentence"),
    [
        ("", 1, "MJML begins with <mjml>."),
        ("<p>a</p>", 1, "MJML begins with <mjml>."),
        ("{{ a }}" + column(""), 1, "{{ a }} stands where it would be moved, repeated or lost."),
        (column("") + "a", 3, "Nothing stands outside <mjml>."),
        (head("{{ a }}"), 2, "{{ a }} stands where it would be moved"),
        (head("<mj-attributes>{{ a }}</mj-attributes>"), 2, "The MJML cannot be read here"),
        ("<mjml>\n{% if a %}<mj-body></mj-body>{% endif %}</mjml>", 2, "{% if a %} stands where"),
        (column("<mj-image width='{{ a }}' src='b'/>"), 3, "{{ a }} stands where"),
        (
            column("<mj-button background-color='{% if a %}red{% endif %}'>b</mj-button>"),
            3,
            "{% if a %} stands where it would be moved, repeated or lost. Put it around",
        ),
        (column("<mj-text>{% if a %}<p>\n{% endif %}</p></mj-text>"), 4, "{% endif %} does not"),
        (column("{% if a %}<mj-text>\n{% endif %}b</mj-text>"), 4, "{% endif %} does not"),
        (
            mail(
                "<mj-wrapper><mj-section></mj-section>\n"
                "{% if a %}<mj-section></mj-section>{% endif %}</mj-wrapper>"
            ),
            3,
            "Between the sections of a <mj-wrapper> no tag can stand.",
        ),
        (
            column(
                "<mj-social>{% if a %}<mj-social-element name='b' src='c'>d</mj-social-element>\n"
                "{% endif %}<mj-social-element name='b' src='c'>d</mj-social-element></mj-social>"
            ),
            4,
            "{% endif %} does not stand in the same element",
        ),
        (column("<mj-text {% if a %}color='red'{% endif %}>b</mj-text>"), 3, "A tag stands here"),
        (column("<mj-text>\n{{ a</mj-text>"), 4, "A tag is not closed."),
    ],
)  # fmt: skip
def test_a_tag_that_cannot_stay_is_refused_with_its_line(source, line, sentence):
    assert refusal(source).startswith(f"Line {line} of the MJML: {sentence}")


@pytest.mark.parametrize(
    ("content", "line", "sentence"),
    [
        ("\n<mj-text>", 4, "</mj-column> does not belong here: <mj-text> is open."),
        ("<mj-text>é<b>a\n</i></b></mj-text>", 4, "</i> does not belong here: <b> is open."),
        ("<mj-text>\na < b</mj-text>", 4, "A < that opens no element is written &lt;."),
        ("<mj-text>\n<a href=b>c</a></mj-text>", 4, "A value stands in quotes."),
        ("<mj-text>\n<!-- a -- b --></mj-text>", 4, "A comment cannot hold two dashes in a row."),
        ("<mj-text>\n<![CDATA[ a ]]></mj-text>", 4, "MJML has no declarations"),
        ("<mj-text>\n<?php ?></mj-text>", 4, "MJML has no declarations"),
        ("<mj-text>\n<a b='c", 4, "A tag or comment that opens here is not closed."),
        ("<mj-text>\n<!-- a", 4, "A tag or comment that opens here is not closed."),
        ("é{# a\n #}é\n<mj-divider>a</mj-divider>", 5, "The MJML cannot be read here"),
        ("é{{ a\n }}é\n<mj-text>a</mj-text>\n<mj-text 1='a'>b</mj-text>", 6, "The MJML cannot be"),
        ("<mj-text>a</mj-text>\n<a:b:c>\n</a:b:c>", 4, "The MJML cannot be read here"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(content, line, sentence):
    assert refusal(column(content)).startswith(f"Line {line} of the MJML: {sentence}")


def test_an_element_that_the_end_leaves_open_is_named():
    assert refusal("<mjml>\n<mj-body>") == "Line 2 of the MJML: <mj-body> is not closed."


def test_no_declaration_can_define_entities():
    bomb = '<!DOCTYPE mjml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + column("&b;")
    assert "MJML has no declarations" in refusal(bomb)


@pytest.mark.parametrize("element", sorted(ELEMENTS - {"mjml", "mj-breakpoint"}))
def test_every_element_named_is_one_the_compiler_knows_or_refuses(element):
    """None is passed through as it stands."""
    places = (mail, column, head, lambda x: head(f"<mj-attributes>{x}</mj-attributes>"))
    made = [outcome(place(f"<{element}></{element}>")) for place in places]
    assert not [each for each in made if f"<{element}" in each]


def outcome(source):
    try:
        return compiled(source)
    except InputError as error:
        return error.detail if "MJML has no element" in error.detail else ""


def nested(count, element):
    return f"<{element}>" * count + f"</{element}>" * count


ICON = "<mj-social-element src='a'/>"
IMAGE = "<mj-carousel-image src='a'/>"
BOMBS = {
    "deep sections": mail(nested(5_000, "mj-section")),
    "deep markup": column(f"<mj-raw>{nested(10_000, 'div')}</mj-raw>"),
    "deep in a title": head(f"<mj-title>{nested(5_000, 'b')}</mj-title>"),
    "deep in a style": column(f"<mj-raw><style>{nested(9_000, 'b')}</style></mj-raw>"),
    "many elements": column("<mj-text>a</mj-text>" * 5_000),
    "much output": mail(f"{ENTER}<mj-text>a</mj-text>{LEAVE}" * 1_600),
    "long defaults": head(f"<mj-attributes><mj-all a='{'x' * 90_000}'/></mj-attributes>").replace(
        "<mj-text>a</mj-text>", "<mj-text>a</mj-text>" * 2_000
    ),
    "an attribute that children inherit": column(
        f"<mj-social color='{'x' * 90_000}'>{ICON * 2_000}</mj-social>"
    ),
    "a long carousel": column(f"<mj-carousel>{IMAGE * 2_000}</mj-carousel>"),
    "many attributes": column("<mj-text " + " ".join(f"a{n}='b'" for n in range(9_000)) + "/>"),
    "a large source": column("<mj-text>" + "a" * 262_144 + "</mj-text>"),
    "a fault at the end": column("<mj-text>a</mj-text>" * 1_900 + "<mj-text 1='a'/>"),
    "open tags": "<mjml" * 40_000,
    "open quotes": column("<mj-text a='" * 15_000),
    "open braces": "{{" * 65_536,
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_soon(bomb):
    assert effort_ms(lambda: refusal(bomb), below=1_500) < 1_500
    detail = refusal(bomb)
    assert detail.startswith(("Line ", "The MJML: It grows larger", "It is larger than 256 KiB."))


def test_as_deep_as_allowed_is_compiled():
    html = compiled(column(f"<mj-raw>{nested(95, 'div')}</mj-raw>"))
    assert html.count("</div>") > 95
    assert compiled(mail(nested(48, "mj-section")))


def test_the_library_is_not_loaded_before_it_is_needed():
    code = "import sys, chalicelib.adapters.mjml; print('mjml' in sys.modules)"
    run = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
