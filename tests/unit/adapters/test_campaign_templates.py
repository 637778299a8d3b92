# SPDX-License-Identifier: Apache-2.0
"""Marketers' templates: what works, what is refused and with which line, and that nothing leaks."""

import contextlib
from typing import Any

import pytest

from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.sandbox import FILTERS
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered
from infra.local.demo_data import DEMO_BRAND
from tests.support.effort import effort_ms
from tests.support.whole_mails import whole_mail

LINK = "https://news.example.org/unsubscribe/token"
PREFERENCES = "https://news.example.org/preferences/" + "p" * 66


def render(
    html: str,
    *,
    subject: str = "News",
    text: str | None = None,
    attributes: dict[str, Any] | None = None,
    **changes: Any,
) -> Rendered:
    data = {
        "language": "en",
        "brand": DEMO_BRAND,
        "list": "Newsletter",
        "unsubscribe_url": LINK,
        "preferences_url": PREFERENCES,
        "attributes": attributes or {},
    }
    return whole_mail(subject, html, text, data | changes)


def refusal(html: str, **changes: Any) -> str:
    with pytest.raises(InputError) as raised:
        render(html, **changes)
    return raised.value.detail


def test_a_mail_is_filled_escaped_and_footed():
    mail = render(
        "<html><body><p>Hello {{ first_name | default('friend') }}</p></body></html>",
        subject="For {{ first_name }}",
        attributes={"first_name": "<Ada> & co"},
    )
    assert mail.subject == "For <Ada> & co"
    assert "<p>Hello &lt;Ada&gt; &amp; co</p>" in mail.html
    assert mail.text.startswith("Hello <Ada> & co\n\n-- \n")
    for part in (mail.html, mail.text):
        assert LINK in part
        assert DEMO_BRAND.postal_address in part
        assert DEMO_BRAND.controller_name in part
    assert mail.html.endswith("</body></html>")
    assert mail.html.index(LINK) < mail.html.index("</body>")


def test_a_fallback_stands_in_for_a_missing_value_and_without_one_the_line_is_named():
    assert "friend" in render("{{ first_name | default('friend') }}").html
    empty = {"first_name": ""}
    assert "friend" in render("{{ first_name | default('friend') }}", attributes=empty).html
    assert "friend" in render("{{ first_name | d('friend', true) }}", attributes=empty).html
    assert "0!" in render("{{ count | default('friend') }}!", attributes={"count": 0}).html
    detail = refusal("<p>\n\n{{ first_name }}</p>")
    assert "Line 3 of the HTML" in detail
    assert "'first_name' is undefined" in detail
    assert "default" in detail


def test_conditions_loops_and_set_work_within_their_bounds():
    source = (
        "{% set name = first_name | default('you') | trim | title %}{{ name }}:"
        "{% for item in items if item != 'b' %}{{ loop.index }}.{{ item }}"
        "{% if not loop.last %},{% endif %}{% else %}none{% endfor %}"
        "{{ ' big' if count > 3 and count < 9 else '' }}{{ address.city }}{{ items[0] }}"
    )
    values = {"items": ["a", "b", "c"], "count": 5, "address": {"city": "Gävle"}}
    html = render(source, attributes=values).html
    assert html.startswith("You:1.a,2.c bigGävlea")
    assert render(source, attributes=values | {"items": ["b"]}).html.startswith("You:none")


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__ }}",
    "{{ loop }}{{ range(9) }}",
    "{{ first_name | attr('__class__') }}",
    "{{ ''|attr('format') }}",
    "{{ '{0.__class__}'.format(first_name) }}",
    "{{ '{a.__class__}'.format_map({'a': first_name}) }}",
    "{{ '%s' | format(first_name) }}",
    "{{ [first_name] | map(attribute='__class__') | list }}",
    "{{ [first_name] | map('upper') | join }}",
    "{{ [1] | groupby('real') }}",
    "{{ first_name | safe }}",
    "{{ {'x onmouseover=alert(1)': 1} | xmlattr }}",
    "{% include 'pages/form.html' %}",
    "{% import 'pages/form.html' as x %}",
    "{% from 'pages/form.html' import x %}",
    "{% extends 'pages/layout.html' %}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% call m() %}{% endcall %}",
    "{% block b %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}y{% endset %}",
    "{% with x = 1 %}{{ x }}{% endwith %}",
    "{% autoescape false %}{{ first_name }}{% endautoescape %}",
    "{{ first_name.upper() }}",
    "{{ items.append(1) }}",
    "{% for x in items recursive %}{{ loop(x) }}{% endfor %}",
    "{% do items.append(1) %}",
    "{{ _footer }}",
    "{{ items | _items }}",
    "{{ 1 is callable }}",
    "{{ 1 is sameas true }}",
    "{{ first_name[1:2] }}",
    "{{ {'a': 1}.items() }}",
    "{{ first_name | default(*items) }}",
    "{{ address[first_name] }}",
]


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("part", ["html", "subject", "text"])
def test_known_escapes_are_refused_in_every_part(source, part):
    values = {"first_name": "Ada", "items": ["a"]}
    if part == "html":
        detail = refusal(source, attributes=values)
    else:
        detail = refusal("x", attributes=values, **{part: source})
    assert "Ada" not in detail


@pytest.mark.parametrize("name", ["format", "append", "upper", "real", "items", "keys"])
def test_members_of_python_objects_do_not_exist(name):
    values = {"first_name": "Ada", "count": 1, "items": ["a"], "address": {"city": "x"}}
    for owner in values:
        assert "undefined" in refusal(
            f"{{{{ {owner}.{name} }}}}", attributes=values
        ) or "no attribute" in refusal(f"{{{{ {owner}.{name} }}}}", attributes=values)


BOMBS = [
    "{{ 'a' * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | indent(1000000000) }}",
    "{{ 1 | round(1000000000) }}",
    "{{ 'a' | replace('', 'aaaa') }}",
    "{% for a in range(100000) %}{% endfor %}",
    "{% for a in items %}" * 3 + "x" + "{% endfor %}" * 3,
    "{% for c in first_name %}x{% endfor %}",
    "{% set x = first_name %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "{% set x = first_name %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
    "{% set x = [first_name, first_name] | join %}",
    "{{ first_name | join(first_name) }}",
    "{{ items | join(items | join(items | join(first_name))) }}",
    "{{ first_name | truncate(1) }}",
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{{ " + "not " * 5_000 + "1 }}",
    "{{ " + "[" * 500 + "]" * 500 + " }}",
    "{% if 1 %}" * 200 + "{% endif %}" * 200,
    "{% for a in items %}" * 30 + "{% endfor %}" * 30,
    "{{ 1 }}" * 6_000,
    "{{ " + "9" * 5_000 + " }}",
    "x" * (256 * 1024 + 1),
    "{{ 1",
    "{% if %}",
    "{% endfor %}",
    "{{ 'a }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{{ 'a' < 1 }}",
]


@pytest.mark.parametrize("source", BOMBS, ids=range(len(BOMBS)))
def test_what_would_run_long_or_grow_large_is_refused_at_once(source):
    def run() -> None:
        with pytest.raises(InputError) as raised:
            render(source, attributes={"first_name": "Ada" * 1000, "items": ["a"] * 100})
        assert raised.value.code == "bad_template"

    assert effort_ms(run, below=2_000) < 2_000


def test_output_stops_at_its_cap():
    body = "{% for a in items %}" + "x" * 10_000 + "{% endfor %}"
    assert "512 KiB" in refusal(body, attributes={"items": ["a"] * 100})


@pytest.mark.parametrize(
    "value",
    [
        *(object(), 1.5, None, b"x", "x" * 4_001, ["x"] * 101, {"a": [[[["deep"]]]]}, 2**64),
        dict.fromkeys(map(str, range(101)), "x"),
    ],
)
def test_only_bounded_plain_data_reaches_a_template(value):
    assert "plain data" in refusal("x", attributes={"thing": value})


def test_people_may_have_any_number_of_values():
    many = {f"a{n}": "x" for n in range(500)}
    assert (
        "Hello Ada"
        in render("Hello {{ first_name }}", attributes={**many, "first_name": "Ada"}).html
    )


@pytest.mark.parametrize(
    "name", ["Ada\r\nBcc: other@example.org", "Ada\nX", "Ada\x00", "Ada\u2028X", "Ada\x85X", "\t"]
)
def test_a_subject_never_holds_a_line_break_or_control_character(name):
    with pytest.raises(InputError) as raised:
        render("x", subject="{{ first_name }}!", attributes={"first_name": name})
    assert raised.value.code == "bad_subject"
    assert "Ada" not in raised.value.detail


@pytest.mark.parametrize("subject", ["", "   ", "x" * 256, "a\nb"])
def test_a_subject_is_one_line_of_at_most_255_characters(subject):
    with pytest.raises(InputError):
        render("x", subject=subject)


@pytest.mark.parametrize(
    "html",
    [
        "plain words",
        "<p>no body element</p>",
        "<html><body>x</body></html>",
        "<BODY>x</BODY  >",
        "<body>x</body><!-- </body> -->",
        "{% if false %}</body>{% endif %}",
        "<body>a</body><body>b</body>",
        "<!--[if mso]><p>x</p><![endif]--><body>x</body>",
        "{# </body> #}<body>x</body>",
    ],
)
def test_the_footer_stands_once_in_every_mail(html):
    mail = render(html)
    assert mail.html.count(LINK) == 1
    assert mail.text.count(LINK) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<p>x<!-- never closed",
        "<body>x<style>p{}</body>",
        "<body>x<script></body>",
        "<title>x",
        "<body>x<textarea></body>",
        "<p>x</p><a href='",
        "<body>x<details><summary>More</summary></body>",
        "<body>x<div style='display:none;max-height:0'>&nbsp;</body></html>",
        "<body>x{% if city %}<div hidden>{% endif %}</body>",
    ],
)
def test_nothing_left_open_can_hide_the_footer(html):
    assert "not closed" in refusal(html)


def test_a_person_s_own_data_cannot_hide_the_footer_or_make_a_link():
    mail = render(
        "<body>{{ first_name }}</body>",
        attributes={"first_name": "<!-- <script></body><a href='https://evil.example'>"},
    )
    assert mail.html.count("</body>") == 1
    assert "<a href='https://evil" not in mail.html
    assert "<!--" not in mail.html


def test_a_template_cannot_be_smuggled_in_through_a_value():
    mail = render("{{ first_name }}", attributes={"first_name": "{{ 7 * 7 }}{% raw %}"})
    assert "{{ 7 * 7 }}" in mail.html
    assert "{{ 7 * 7 }}" in mail.text


def test_the_text_part_is_made_from_the_html_with_its_conditions():
    html = (
        "<html><head><title>T</title><style>p{}</style></head><body>"
        "<h1>Hi {{ first_name | default('you') }}</h1>"
        "{% if city is defined %}<p>In {{ city }} &amp; near</p>{% endif %}"
        "<ul>{% for x in items %}<li>{{ x }}</li>{% endfor %}</ul>"
        '<a href="https://example.org/?c={{ city | default("") | urlencode }}">Read</a>'
        "</body></html>"
    )
    mail = render(html, attributes={"city": "Gävle", "items": ["a", "b"]})
    body = mail.text.split("\n\n-- \n")[0]
    assert body == (
        "Hi you\n\nIn Gävle & near\n\n- a\n- b\n\nRead (https://example.org/?c=G%C3%A4vle)"
    )


def test_a_text_part_of_their_own_is_used_and_gets_the_footer():
    mail = render(
        "<p>x</p>", text="Dear {{ first_name }},\n\nwords", attributes={"first_name": "A&B"}
    )
    assert mail.text.startswith("Dear A&B,\n\nwords\n\n-- \n")
    assert LINK in mail.text


def test_the_same_source_and_data_give_the_same_mail():
    source = "<p>{{ first_name }}</p>{% for k in address %}{{ k }}{% endfor %}"
    values = {"first_name": "Ada", "address": {"b": 1, "a": 2}}
    again = CampaignTemplates()
    data = {
        "language": "fr",
        "brand": DEMO_BRAND,
        "list": "L",
        "unsubscribe_url": LINK,
        "preferences_url": PREFERENCES,
        "attributes": values,
    }
    assert whole_mail("s", source, None, data) == whole_mail("s", source, None, data, again)


def test_the_footer_speaks_the_reader_s_language_and_carries_the_checkpoint():
    mail = render("x", language="sv", checkpoint={"origin": "o", "size": 7, "root": "cm9vdA=="})
    assert "Avsluta prenumerationen" in mail.html
    assert "ledger o 7 cm9vdA==" in mail.html
    assert "ledger o 7 cm9vdA==" in mail.text


def test_a_version_is_compiled_once():
    templates = CampaignTemplates()
    data = {
        "language": "en",
        "brand": DEMO_BRAND,
        "list": "L",
        "unsubscribe_url": LINK,
        "preferences_url": PREFERENCES,
        "attributes": {},
    }
    whole_mail("s", "<p>x</p>", None, data, templates)
    (compiled,) = templates._cache.values()
    whole_mail("s", "<p>x</p>", None, data, templates)
    assert list(templates._cache.values()) == [compiled]


def test_entities_of_our_marks_stand_for_no_tag_in_the_text_part():
    html = "<p>&#xE000;9&#xE001;&#057344;0&#57345 &#&#xE000;xE000;0{{ a }}</p>"
    assert render(html, attributes={"a": "b"}).text.startswith("9 0 ")


def test_reserved_names_are_ours_whatever_the_attributes_say():
    mail = render(
        "{{ brand }}|{{ unsubscribe_url }}", attributes={"brand": "X", "unsubscribe_url": "Y"}
    )
    assert mail.html.startswith(f"{DEMO_BRAND.name}|{LINK}")


def test_every_allowed_filter_works_on_what_it_is_for():
    for name in sorted(FILTERS):
        value = "[1, 2]" if name in {"first", "last", "join", "length"} else "'7'"
        value = "-7" if name == "abs" else value
        render(f"{{{{ {value} | {name} }}}}")


@pytest.mark.parametrize(
    "piece", ["<!", "<a ", "<![", "</", "&", "<a b='", "<!--", "{{", "<p>", "<?"]
)
def test_no_markup_makes_compiling_slow(piece):
    source = piece * (200_000 // len(piece))

    def run() -> None:
        with contextlib.suppress(InputError):
            render(source)

    assert effort_ms(run, below=5_000) < 5_000
