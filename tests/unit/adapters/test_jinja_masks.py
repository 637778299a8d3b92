# SPDX-License-Identifier: Apache-2.0
"""Tags of a template are hidden from tools and come back, each where it stood, or not at all."""

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.jinja_masks import MARK, mask, numbers
from chalicelib.adapters.open_elements import places
from chalicelib.errors import InputError
from tests.support.effort import effort_ms

EVERYWHERE = """<!doctype html>
<html lang="{{ language }}"><head><title>{{ title }}</title>
<style>p { color: {{ colour }} }</style></head>
<body>{% set who = name | default("you") %}
<!--[if mso]><td bgcolor="{{ colour }}"><![endif]-->
<table>{%- for item in items -%}
  <tr><td style='width:{{ item.width }}'>{{ item.name | upper }} &lt; {{ "<b>" }}</td></tr>
{% else %}<tr><td>none</td></tr>{% endfor %}</table>
<a href="https://example.org/{% if name %}{{ name }}{% endif %}" title=x>{{ who }}</a>
<textarea>{{ who }}</textarea>{% raw %}<i>{{ shown as it is }}</i>{% endraw %}
</body></html>"""


def refusal(source):
    with pytest.raises(InputError) as raised:
        mask(source, "HTML")
    assert raised.value.code == "bad_template"
    return raised.value.detail


def filled(html):
    return CampaignTemplates().render(
        "News",
        html,
        "Text",
        values={
            "language": "en",
            "title": "T",
            "colour": "red",
            "name": "Ada",
            "items": [{"width": "1px", "name": "a"}, {"width": "2px", "name": "b"}],
        },
        footer_html="",
        footer_text="",
    )


def test_a_masked_template_comes_back_whole():
    masked = mask(EVERYWHERE, "HTML")
    back = masked.unmask(masked.text)
    assert filled(back).html == filled(EVERYWHERE).html
    assert "{" not in MARK.sub("", masked.text).replace("p {", "").replace("{{ shown as", "")


def test_a_tag_among_text_is_a_comment_and_one_in_a_value_style_or_comment_is_not():
    masked = mask(
        '<title>{{ a }}</title><style>{{ b }}</style><!-- {{ c }} --><p id="{{ d }}" x={{ e }}>'
        "{{ f }}<textarea>{{ g }}</textarea>",
        "HTML",
    )
    comments = [
        masked.tags[int(found[1])].source for found in MARK.finditer(masked.text) if found[1]
    ]
    assert comments == ["{{ f }}"]
    assert numbers(masked.text) == tuple(range(7))


def test_comments_of_the_template_are_left_out():
    masked = mask("<p>a{# not {{ b }} for <readers> #}c</p>", "HTML")
    assert masked.text == "<p>ac</p>"
    assert not masked.tags


@pytest.mark.parametrize(
    "source",
    [
        '<p>\n<a {% if x %}href="a"{% endif %}>b</a>',
        "<p>\n<a {{ attributes }}>b</a>",
        "<p>\n<{{ name }}>b",
        "<p>\n<h{{ level }}>b",
        "<p>\n</{{ name }}>",
        "<p>\n</h1 {{ name }}>",
    ],
)
def test_a_tag_in_place_of_a_name_is_refused(source):
    detail = refusal(source)
    assert detail.startswith("Line 2 of the HTML: A tag stands here in place of a name")
    assert "{% if %} around the whole element" in detail


def test_a_tag_in_a_declaration_or_an_unfinished_element_is_refused():
    assert "declaration" in refusal("<!doctype {{ a }}>")
    assert refusal('<p>\n<a href="{{ a }}').startswith("Line 2 of the HTML: A tag or comment that")


@pytest.mark.parametrize(
    "held",
    [
        "\ue000",
        "\ue001",
        "\ue002",
        "<!--j0-->",
        "&#xE000;7",
        "&#X0e001;",
        "&#057346 m",
        '<a title="&lt;!--j9--&gt;">',
        "<!--{# a #}j9-->",
        "&#{# a #}57344;9&#57345;",
    ],
)
def test_a_source_that_holds_a_mark_is_refused(held):
    assert refusal(f"<p>\n\n{held}").startswith("Line 3 of the HTML: A character here is reserved")


@pytest.mark.parametrize("held", ["&#xE0001;", "&#573440;", "&#xE003;", "&amp;#xE000;", "<!--j-->"])
def test_entities_of_other_characters_stay(held):
    assert mask(f"<p>{held}</p>", "HTML").text == f"<p>{held}</p>"


def test_a_reserved_entity_after_tags_of_several_lines_is_refused_with_its_line():
    assert refusal("{{ a\n}}<p>\n{# b\n #}\n&#xE000;").startswith("Line 5 of the HTML: A char")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("<p>\n{{ a", "Line 2 of the HTML: A tag is not closed."),
        ("<p>\n{% if a %}", "Line 2 of the HTML: {% if %} is not ended."),
        ("<p>\n{% endif %}", "Line 2 of the HTML: {% endif %} belongs to nothing."),
        ("{% for a in b %}\n{% endif %}", "Line 2 of the HTML: {% endif %} belongs to nothing."),
        ("<p>\n{% else %}", "Line 2 of the HTML: {% else %} belongs to nothing."),
        ("<p>\n{{ a ? }}", "Line 2 of the HTML: unexpected char '?' at 9."),
        ("{{ a }}" * 5_001, "Line 1 of the HTML: This template is too long"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(source, sentence):
    assert refusal(source).startswith(sentence)


@pytest.mark.parametrize("source", ["<p>{ {#- b #}{ a }}", "<p>{ {%- if a %}b{% endif %}"])
def test_braces_that_would_come_together_where_blank_space_goes_are_refused(source):
    assert "Two braces would come together" in refusal(source)


def test_braces_written_as_entities_never_become_a_tag():
    masked = mask("<p>\n&#123;&#x7b; a }}</p>", "HTML")
    with pytest.raises(InputError, match="Line 2 of the HTML: Two braces would come together"):
        masked.unmask("<p>\n{{ a }}</p>")


def test_a_line_counts_the_lines_inside_of_tags_and_comments():
    masked = mask("<p>{# 1\n2 #}{{ a\n}}\n{%- if b -%}\n\n<b>x</b>{% endif %}\n<i>", "HTML")
    assert masked.line(masked.text.index("<p>")) == 1
    assert masked.line(masked.text.index("<b>")) == 6
    assert masked.line(masked.text.index("<i>")) == 7


def test_a_lost_a_moved_and_a_repeated_statement_are_named():
    masked = mask("{% if a %}\n<p>x</p>\n{% endif %}", "HTML")
    begin, end = "<!--j0-->", "<!--j1-->"
    masked.check_kept(f"{begin}<p>y</p>{end}")
    for changed, line in (
        (begin, 3),
        (end, 1),
        ("", 1),
        (f"{end}{begin}", 1),
        (f"{begin}{begin}{end}", 1),
        (f"{begin}{end}{end}", 3),
    ):
        with pytest.raises(InputError, match=rf"Line {line} of the HTML: {{% .* %}} stands where"):
            masked.check_kept(changed)


def test_an_expression_may_be_repeated_but_not_lost():
    masked = mask('<p title="{{ a }}">', "HTML")
    masked.check_kept(masked.text * 2)
    with pytest.raises(InputError, match=r"{{ a }} stands where it would be moved"):
        masked.check_kept("<p>")


@pytest.mark.parametrize(
    ("source", "moved"),
    [
        ("{% for a in b %}{{ a }}{% endfor %}", "<!--j1--><!--j0--><!--j2-->"),
        ("{{ a }}{% for a in b %}{% endfor %}", "<!--j1--><!--j0--><!--j2-->"),
        ("{{ a }}{% set a = b %}", "<!--j1--><!--j0-->"),
        ("{{ c }}{% for a, c in b %}{% endfor %}", "<!--j1--><!--j0--><!--j2-->"),
    ],
)
def test_an_expression_that_a_loop_or_a_set_gives_its_meaning_stays_beside_it(source, moved):
    with pytest.raises(InputError, match="stands where it would be moved"):
        mask(source, "HTML").check_kept(moved)


def test_an_expression_of_a_field_may_move_anywhere():
    mask("{{ a }}{% for x in b %}{% endfor %}", "HTML").check_kept("<!--j1--><!--j0--><!--j2-->")


def test_a_block_that_begins_in_one_element_and_ends_in_another_is_refused():
    whole = mask("<p>{% if a %}b{% endif %}</p>", "HTML")
    whole.check_places(places(whole.text))
    for source in (
        "<p>{% if a %}</p>\n<p>{% endif %}</p>",
        "{% if a %}<p>{% else %}\n{% endif %}</p>",
        '<p class="{% if a %}" id="{% endif %}"></p>',
    ):
        masked = mask(source, "HTML")
        with pytest.raises(InputError, match="does not stand in the same element"):
            masked.check_places(places(masked.text))


@pytest.mark.parametrize(
    "source", ["{{" * 65_536, "{%" * 65_536, "{#" * 65_536, "<" * 131_072, "{{ '" * 32_768]
)
def test_hostile_sources_end_soon(source):
    def run() -> None:
        with pytest.raises(InputError):
            mask(source + "{{", "HTML")

    assert effort_ms(run, below=1_500) < 1_500
