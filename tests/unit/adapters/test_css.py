# SPDX-License-Identifier: Apache-2.0
"""Style sheets go into the elements; tags stay in place, nothing is fetched, nothing hangs."""

import re
import socket
import subprocess
import sys

import pytest

from chalicelib.adapters import css
from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.css import inline_css
from chalicelib.errors import InputError
from tests.support.effort import effort_ms

RED = "<style>p { color: red } td { color: blue }</style>"


def refusal(source):
    with pytest.raises(InputError) as raised:
        inline_css(source)
    assert raised.value.code == "bad_template"
    return raised.value.detail


def body(source):
    return re.search("(?s)<body[^>]*>(.*)</body>", inline_css(source))[1]


def filled(html, **values):
    templates = CampaignTemplates()
    return templates.render(
        "News", html, "Text", values=values, footer_html="", footer_text=""
    ).html


def test_rules_go_into_the_elements():
    assert body(RED + "<p>a</p>") == '<p style="color: red;">a</p>'


@pytest.mark.parametrize(
    "source",
    [
        "<P Title=a>&nbsp;&copy;<table><tr><td>{% for a in b %}{{ a }}{% endfor %}",
        "<!-- <style>p { color: red }</style> --><p>a<p>b\r\n",
        "<!--[if mso]><style>p { color: red }</style><![endif]-->{% if a %}<p>{% endif %}",
        "<p style='color:red'>a &amp b</p>",
    ],
)
def test_without_a_style_sheet_the_source_stays_as_it_is(source):
    assert inline_css(source) == source


def test_rules_that_no_element_can_hold_stay_in_the_style_sheet():
    html = inline_css(
        "<style>a:hover { color: red } p { margin: 0 } [data-ogsc] p { color: white }"
        "@media (prefers-color-scheme: dark) { p { color: white !important } }"
        "@font-face { font-family: x }</style><p>a</p>"
    )
    for kept in (
        "a:hover { color: red; }",
        "[data-ogsc] p { color: white; }",
        "@media (prefers-color-scheme: dark) { p { color: white !important } }",
        "@font-face { font-family: x }",
        '<p style="margin: 0;">',
    ):
        assert kept in html


def test_the_style_sheet_of_another_medium_stays_and_is_not_inlined():
    sheet = '<style media="print">p { color: black }</style>'
    html = inline_css(sheet + "<p>a</p>" + '<style media="all">p { margin: 0 }</style>')
    assert sheet in html
    assert '<p style="margin: 0;">a</p>' in html


def test_a_used_up_style_sheet_leaves_nothing():
    assert "<style" not in inline_css(RED + "<table><tr><td><p>a</p></td></tr></table>")


def test_a_loop_over_rows_stays_in_its_table():
    source = (
        RED + "<table>{% for item in items %}<tr><td>{{ item < 3 and '&' }}</td></tr>"
        "{% endfor %}</table>"
    )
    assert body(source) == (
        "<table><tbody>{% for item in items %}<tr>"
        "<td style=\"color: blue;\">{{ item < 3 and '&' }}</td></tr>{% endfor %}</tbody></table>"
    )


def test_a_loop_over_rows_after_a_head_of_a_table_stays_there():
    source = (
        RED + "<table><thead><tr><th>a</th></tr></thead>{% for item in items %}"
        "<tr><td>{{ item }}</td></tr>{% endfor %}</table>"
    )
    html = filled(inline_css(source), items=["x", "y"])
    assert html.count("<tbody>") == html.count("</tbody>") == 1
    assert html.count('<td style="color: blue;">') == 2


def test_a_block_at_the_start_of_a_source_without_a_body_is_whole():
    source = RED + "{% if name %}<p>{{ name }}</p>{% endif %}<p>b</p>"
    for values in ({"name": "Ada"}, {"name": ""}):
        html = filled(inline_css(source), **values)
        assert html.count("<body>") == html.count("</body>") == 1
        assert html.index("<body>") < html.index('<p style="color: red;">')
        assert ("Ada" in html) == bool(values["name"])


EVERYWHERE = """<!doctype html><html lang="{{ l }}"><head><title>{{ t }}</title>%s</head>
<body bgcolor="{{ c }}"><!--[if mso]><td bgcolor="{{ c }}">{{ t }}<![endif]-->
<p class="{% if c %}x{% else %}y{% endif %}" style="color: {{ c }}; margin: 0">{{ t }}</p>
<select>{% for x in i %}<option value="{{ x }}">{{ x }}</option>{% endfor %}</select>
<textarea>{{ t }}</textarea>{% raw %}{{ raw }}{% endraw %}</body></html>"""


def test_every_kind_of_place_keeps_its_tag():
    source = EVERYWHERE.replace("%s", RED)
    html = inline_css(source)
    tags = re.compile(r"\{[{%].*?[%}]\}")
    assert tags.findall(html) == tags.findall(source)
    assert 'style="color: {{ c }};margin: 0"' in html
    values = {"l": "en", "t": "T", "c": "red", "i": ["1", "2"]}
    words = re.compile(r"<style>[^<]*</style>|<[^>]*>|\s")
    assert words.sub("", filled(html, **values)) == words.sub("", filled(source, **values))


def test_an_expression_of_a_field_may_stand_in_a_style_sheet():
    html = inline_css("<style>p { color: {{ c }} } i { color: {{ d }} }</style><p>a</p><p>b</p>")
    assert html.count('<p style="color: {{ c }};">') == 2
    assert "i { color: {{ d }}; }" in html


@pytest.mark.parametrize(
    "sheet",
    ["{% if a %}p { color: red }{% endif %}", "p { color: {{ x }} }", "p {\n color: {{ y }} }"],
)
def test_what_depends_on_a_block_cannot_stand_in_a_style_sheet(sheet):
    source = f"\n<style>{sheet}</style>{{% for x in i %}}{{% set y = x %}}<p>a</p>{{% endfor %}}"
    assert refusal(source).startswith("Line 2 of the HTML: In a <style> stand only expressions")


@pytest.mark.parametrize(
    ("source", "line", "sentence"),
    [
        ("<table>\n{% if a %}<p>b</p>{% endif %}<tr><td>c</table>", 2, "Beside {% if a %}"),
        ("<table>\n{{ a }}text<tr><td>c</table>", 2, "Beside {{ a }}"),
        ("<p>{{ a }}</p>\n<p><b>c</p>{{ d }}<p>e</p>", 2, "Beside {{ d }}"),
        ("{% if a %}<p class=b>{% else %}\n<p class=c>{% endif %}d", 1, "{% else %} does not"),
        ("<ul>{% for a in b %}<li>\n{{ a }}{% endfor %}</ul>", 2, "{% endfor %} does not"),
        ("{% if a %}<b>\n{% endif %}c</b>", 2, "{% endif %} does not"),
        ("<p>\n<a {% if a %}href=b{% endif %}>", 2, "A tag stands here in place of a name"),
        ("<p\n style='{% if a %}color: red{% endif %}'>", 1, "In a style attribute a tag stands"),
        ("<p\n style='margin: 0; {{ a }}'>", 1, "In a style attribute a tag stands"),
        ("\n<p style='color'>", 2, "A style cannot be read here."),
        ("\n<p style='*zoom: 1'>", 2, "A style cannot be read here."),
        ("\n<p style='font family: x'>", 2, "A style cannot be read here."),
        ("\n<p style='@media x { a: b }'>", 2, "A style cannot be read here."),
        ("\n<p>a</p><p>&lcub;&lcub; b }}{{ c }}", 2, "Two braces would come together"),
        ("\n<svg></svg>", 2, "Mail programs do not show <svg>."),
    ],
)
def test_what_would_be_moved_is_refused_with_its_line(source, line, sentence):
    assert refusal(RED + source).startswith(f"Line {line} of the HTML: {sentence}")


def test_remarks_and_quoted_semicolons_in_a_style_are_read():
    style = "/* a;b */ font-family: &quot;A;B&quot;; --x: url(a;b);; -webkit-y: 0"
    assert "color: red;" in inline_css(f'{RED}<p style="{style}">a</p>')


@pytest.mark.parametrize(
    "source",
    [
        "\n<link rel=stylesheet href=https://example.org/a.css>",
        "\n<LINK href='/a.css' REL='alternate StyleSheet'>",
        "\n<link rel='style&#115;heet' href='/a.css'>",
        "\n<link rel='{{ a }}' href='/a.css'>",
        "\n<style>@import 'a.css';</style>",
        "\n<style>p {} @IMPORT url(a.css)</style>",
        "\n<style>@\\69mport 'a.css'; @\\000049 mport 'b';</style>",
        "\n<style>@\\import 'a.css'</style>",
    ],
)
def test_a_style_sheet_from_elsewhere_is_refused(source):
    detail = refusal(f"<p>a</p>{source}<p>b</p>")
    assert detail.startswith("Line 2 of the HTML: A style sheet from elsewhere")


def test_a_link_that_loads_no_style_sheet_stays():
    link = '<link rel="icon" href="https://example.org/a.png">'
    assert link in inline_css(f"{link}{RED}<p>a</p>")


def test_the_inliner_fetches_nothing_even_if_asked():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.css"
        link = f'<link rel="stylesheet" href="{address}">'
        css._inliner().inline(f"{link}<style>@import '{address}'; p {{}}</style><p>a</p>")
        with pytest.raises(BlockingIOError):
            server.accept()


STAR = "".join(f"* {{ a{n % 150}: b }}" for n in range(1_000))
BOMBS = {
    "a deep tree": "<div>" * 5_000,
    "many elements": "<p>a</p>" * 5_001,
    "elements that come back": "".join(f"<b a={n}>" for n in range(90)) + "<div>a</div>" * 999,
    "elements never closed": "".join(f"<p><b a={n}>c</p>" for n in range(2_000)),
    "end tags that close nothing": "<p><table><tr><td></p>" * 1_200,
    "many attributes": "<p " + " ".join(f"a{n}=b" for n in range(9_000)) + ">",
    "a large style sheet": f"<style>{'p{}' * 22_000}</style>",
    "two that are large together": f"<style>{'p{}' * 11_000}</style>" * 2,
    "many rules": f"<style>{'*{a:b}' * 9_000}</style>" + "<p>" * 1_000,
    "many properties": "<style>*{" + ";".join(f"a{n}:b" for n in range(400)) + "}</style><p>",
    "many properties of elements": "".join(f"<p style='a{n}: b'>" for n in range(400)),
    "a value that is repeated": "<style>*{a:" + "x" * 3_000 + "}</style>" + "<p>" * 4_000,
    "hidden depth": "<svg><title>" + "<div>" * 9_000,
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_soon(bomb):
    source = f"<style>p {{ color: red }}</style>\n{bomb}"
    assert effort_ms(lambda: refusal(source), below=1_500) < 1_500
    detail = refusal(source)
    assert re.match("Line [12] of the HTML: |The HTML: It grows larger", detail)


@pytest.mark.parametrize(
    "source",
    [
        f"<style>{STAR}</style>" + "<p>" * 900,
        "<style>" + "*{" + ";".join(f"a{n}:b" for n in range(149)) + "}</style>" + "<p>" * 800,
        "<style>" + "* * * * * z q," * 200 + "p{}</style>" + "<div>" * 95 + "<q></q>" * 4_800,
        "<style>" + "i~i~i~i~z~q," * 200 + "p{}</style>" + "<i></i>" * 2_400 + "<q></q>" * 2_400,
        "<style>" + ":has(* * z)," * 200 + "p{}</style>" + "<p></p>" * 4_900,
        "<style>" + ":not(" * 6_000 + "p" + ")" * 6_000 + "{a:b}</style><p>",
        "<style>" + "(" * 60_000 + "</style><p>",
        "<style>" + "@media x{" * 7_000 + "</style><p>",
        "<style>" + "a" * 60_000 + "</style><p>",
        "<style>p{}</style><p style='a: " + "(" * 200_000 + "'>",
        "<style>p{}</style>" + "<table></table><!-- -->" * 4_000,
    ],
)
def test_the_heaviest_that_is_taken_is_done_soon(source):
    assert effort_ms(lambda: inline_css(source), below=2_500) < 2_500


def test_a_mail_of_usual_size_is_taken():
    rules = "".join(f".c{n} p {{ color: red }} " for n in range(300))
    cell = "<table><tr><td class='c1'><p>{{ a }}</p></td></tr></table>"
    html = inline_css(f"<style>{rules}</style>{cell * 200}")
    assert html.count('<p style="color: red;">{{ a }}</p>') == 200


def test_the_library_is_not_loaded_before_it_is_needed():
    code = (
        "import sys, chalicelib.adapters.css as css; css.inline_css('<p>{{ a }}</p>')\n"
        "print('css_inline' in sys.modules)"
    )
    run = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
