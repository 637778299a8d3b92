# SPDX-License-Identifier: Apache-2.0
"""The lint of content names what keeps people from reading a mail, and leaves good mails alone."""

import pytest

from chalicelib.adapters.markup_reader import read_mail
from chalicelib.domain.content import (
    CLIP_BYTES,
    ERRORS,
    MAX_PER_CODE,
    SENTENCES,
    Finding,
    FindingCode,
    Part,
    Severity,
    collected,
    errors,
    finding,
)
from chalicelib.domain.content_lint import (
    LANGUAGE,
    SCHEME,
    VIEWPORT,
    layout_tables,
    lint,
    missing_in_head,
)
from chalicelib.domain.contrast_lint import color_scheme
from tests.support.effort import effort_ms

HEAD = (
    '<head><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="{}">{}</head>'
)
CLEAN = (
    '<!doctype html><html lang="en">'
    + HEAD.format("light dark", "<title>News</title>")
    + '<body><h1>News for {{ first_name }}</h1><h2>Pots</h2><p>We have <a href="https://example.org'
    '">new pots</a>.</p><img src="https://example.org/pot.jpg" alt="A pot" width="300">'
    "</body></html>"
)


def page(body: str, style: str = "", scheme: str = "light") -> str:
    sheet = f"<style>{style}</style>" if style else ""
    return f'<html lang="en">{HEAD.format(scheme, sheet)}<body><h1>News</h1>{body}</body></html>'


def dark(body: str, style: str = "") -> str:
    return page(body, style, scheme="light dark")


def linted(html: str, language: str = "en", size_bytes: int = 1) -> tuple[Finding, ...]:
    return lint(read_mail(html), language=language, size_bytes=size_bytes)


def codes(html: str) -> set[FindingCode]:
    return {each.code for each in linted(html)}


WIDE = '<div class="box" style="width:600px">x</div>'
IN_STYLE = '<p class="x" style="color:#000000">x</p>'
NARROW = "@media (max-width:600px){{.box{{{}}}}}"
DARK_RULE = "@media (prefers-color-scheme:dark){p{color:#eeeeee!important}}"
FAULTY = {
    FindingCode.IMG_WITHOUT_ALT: [
        page('<img src="a.png">'),
        page("{% if x %}<img src='{{ x }}'>{% endif %}"),
        page('<input type="image" src="a.png">'),
        page('<map><area href="https://example.org"></map>'),
    ],
    FindingCode.LINK_WITHOUT_WORDS: [
        page('<a href="https://example.org"><img src="a.png" alt=""></a>'),
        page('<a href="https://example.org">&nbsp;</a>'),
        page('<a href="https://example.org">{% if x %}{% endif %}</a>'),
    ],
    FindingCode.NO_HEADING: ["<p>x</p>"],
    FindingCode.HEADING_SKIPPED: [
        page("<h3>x</h3>"),
        "<h4>x</h4>",
        page('<h2>x</h2><p role="heading" aria-level="4">x</p>'),
    ],
    FindingCode.LAYOUT_TABLE_UNMARKED: [
        page("<table><tr><td>x</td></tr></table>"),
        page("<table><tr><td><table><tr><th>x</th></tr></table></td></tr></table>"),
    ],
    FindingCode.LANGUAGE_DIFFERS: [CLEAN.replace('lang="en"', 'lang="sv-SE"')],
    FindingCode.HEAD_INCOMPLETE: ["<h1>x</h1>", "<h1>x</h1><p lang='en'>x</p>"],
    FindingCode.CONTRAST_LOW: [
        page('<p style="color:#999999">x</p>'),
        page('<p style="color:#999">{{ x }}</p>'),
        page('<div style="background:#000"><p>x</p></div>'),
        page('<table role="none" bgcolor="222222"><tr><td>x</td></tr></table>'),
        page('<font color="silver">x</font>'),
        page('<p style="color:rgb(170, 170, 170)">x</p>'),
        page('<p style="background:#fff url(a.png)"><b style="color:hsl(60, 100%, 50%)">x</b></p>'),
        page('<a href="https://example.org" style="background:#0000cc">x</a>'),
        page('<p style="color:#888888;font-size:24px"><small>x</small></p>'),
        page('<p style="color:#000;color:#eee">x</p>'),
        page('<p style="color:#eee!important;color:#000">x</p>'),
    ],
    FindingCode.DARK_MODE_UNSAFE: [
        dark('<p style="color:#333333">x</p>'),
        dark('<div style="background-color:#ffffff">x</div>'),
    ],
    FindingCode.WIDTH_OVER_320: [
        page('<table role="none" width="600"><tr><td>x</td></tr></table>'),
        page('<img src="a.png" alt="" width="640">'),
        page('<div style="width:40em;width:450pt">x</div>'),
        page('<div style="width:600px;max-width:600px">x</div>'),
        page('<td style="min-width:400px">x</td>'),
        page(WIDE, NARROW.format("width:100%")),
        page(WIDE, NARROW.format("width:480px!important")),
        page(WIDE, "@media (min-width:600px){.box{width:100%!important}}"),
    ],
    FindingCode.RULE_BEATEN: [
        page(IN_STYLE, "@media (max-width:480px){.x{color:#111111}}"),
        page(IN_STYLE, "@media (max-width:480px){div > p.x, body p{color:#111111}}"),
        page(IN_STYLE, "p:hover{color:#111111}"),
        page('<p style="padding-left:1px">x</p>', "@media screen{p{padding:0}}"),
        page('<p style="font:14px Arial">x</p>', "@media screen{p{font-size:20px}}"),
        page("<p style='margin:0'>x</p>", "@supports (a:b){@media screen{[style]{margin:1px}}}"),
    ],
}  # fmt: skip
FINE = {
    FindingCode.IMG_WITHOUT_ALT: [
        page('<img src="a.png" alt=""><img src="a.png" alt="{{ name }}"><input type="text">'),
        page('<!--[if mso]><img src="a.png"><![endif]--><area alt="x" href="y">'),
    ],
    FindingCode.LINK_WITHOUT_WORDS: [
        page('<a href="https://example.org"><b>{{ x }}</b></a><a name="top"></a>'),
        page('<a href="https://example.org"><img src="a.png" alt="Pots"></a>'),
        page('<a href="https://example.org"><img src="a.png" alt="{{ name }}"></a>'),
        page('<a href="https://example.org" aria-label="Pots"></a>'),
    ],
    FindingCode.NO_HEADING: [
        "<h2>x</h2>",
        '<p role="heading">x</p>',
        "{% if x %}<h1>x</h1>{% endif %}",
    ],
    FindingCode.HEADING_SKIPPED: [
        page("<h2>x</h2><h3>x</h3><h2>x</h2><h3>x</h3>"),
        page('<h2>x</h2><p role="heading" aria-level="3">x</p>'),
        page('<p role="heading" aria-level="²">x</p>'),
        "<h2>x</h2>",
    ],
    FindingCode.LAYOUT_TABLE_UNMARKED: [
        page('<table role="presentation"><tr><td>x</td></tr></table>'),
        page("<table><tr><th>x</th></tr><tr><td>x</td></tr></table>"),
        page("<table><caption>x</caption><tr><td>x</td></tr></table>"),
        page('<table><tr><td scope="row">x</td></tr></table>'),
        page("<!--[if mso]><table><tr><td><![endif]-->x"),
    ],
    FindingCode.LANGUAGE_DIFFERS: [
        CLEAN.replace('lang="en"', 'lang="EN-gb"'),
        CLEAN.replace('lang="en"', 'lang="{{ language }}"'),
        page('<p lang="sv">Hej</p>'),
        "<p>x</p><p lang='sv'>x</p>",
    ],
    FindingCode.HEAD_INCOMPLETE: [
        CLEAN,
        '<meta name="viewport" content="x"><body lang="en" style="color-scheme:light">x',
    ],
    FindingCode.CONTRAST_LOW: [
        page('<p style="color:#767676">x</p>'),
        page('<p style="color:#888888;font-size:24px">x</p>'),
        page('<h2 style="color:#888888">x</h2>'),
        page('<p style="color:#888888;font:bold 19px Arial">x</p>'),
        page('<p style="color:rgba(0,0,0,.1)">x</p><p style="color:{{ x }}">x</p>'),
        page('<p style="color:{% if x %}#fff{% else %}#eee{% endif %}">x</p>'),
        page('<div style="background:url(a.png)"><p style="color:#fff">x</p></div>'),
        page('<div style="background:linear-gradient(#fff, #eee);color:#fff">x</div>'),
        page('<div style="display:none;color:#fff">Read in the inbox</div>'),
        page('<div style="color:#fff;font-size:1px">x</div><div style="color:#fff"> &nbsp; </div>'),
        page('<td style="font-size:0;color:#fff"><p style="font-size:14px;color:#000">x</p></td>'),
        page('<p style="color:#888;font:² 24px Arial;font-weight:²">x</p>'),
        page('<body style="background:#000;color:#fff"><a style="color:inherit" href="y">x</a>'),
        page('<div bgcolor="#000000"><font color="#ffffff">x</font></div><button>x</button>'),
        page('<p style="color:#fff"><span style="color:#000">x</span></p>'),
    ],
    FindingCode.DARK_MODE_UNSAFE: [
        page('<p style="color:#333333">x</p>'),
        dark("<p>x</p>"),
        dark('<p style="color:#333333;background:#ffffff">x</p>'),
        dark('<p style="color:#333">x</p>', "@media (prefers-color-scheme:dark){p{color:#eee}}"),
    ],
    FindingCode.WIDTH_OVER_320: [
        page('<div style="width:100%;max-width:600px">x</div>'),
        page('<div style="width:600px;max-width:100%">x</div>'),
        page('<img src="a.png" alt="" width="600" style="width:100%;height:auto">'),
        page('<img src="a.png" alt="" width="320"><table role="none" width="100%"></table>'),
        page('<td width="600" style="width:600px">x</td><span style="width:600px">x</span>'),
        page("<!--[if mso]><table width=600><![endif]--><p>x</p>"),
        page(WIDE, NARROW.format("width:100%!important")),
        page(WIDE, NARROW.format("display:none!important")),
        page(WIDE, '@media (width < 600px){div[class="box"]{max-width:300px!important}}'),
        page('<img class="box" src="a.png" alt="" width="600">', NARROW.format("width:100%")),
    ],
    FindingCode.RULE_BEATEN: [
        page(IN_STYLE, "@media (max-width:480px){.x{color:#111111!important}}"),
        page(IN_STYLE, "@media (max-width:480px){.x{padding:0}}"),
        page(IN_STYLE, "@media screen{ #outlook .x, .y, p.y, p[id=x]{color:#111111}}"),
        page(IN_STYLE, "@media print{.x{color:#111111}} p::before, p + b{color:#111111}"),
        page(IN_STYLE, ".x{color:#111111} @font-face{color:red} @page{p{color:red}}"),
        page(IN_STYLE, "/* @media screen{p{color:red}} */"),
        page('<p style="border-radius:1px">x</p>', "@media screen{p{border:0}}"),
    ],
}  # fmt: skip


def test_a_mail_that_people_can_read_has_no_findings() -> None:
    assert linted(CLEAN) == ()


@pytest.mark.parametrize(
    ("code", "html"), [(code, html) for code, cases in FAULTY.items() for html in cases]
)
def test_each_fault_is_named(code: FindingCode, html: str) -> None:
    assert code in codes(html)


@pytest.mark.parametrize(
    ("code", "html"), [(code, html) for code, cases in FINE.items() for html in cases]
)
def test_what_is_no_fault_is_not_named(code: FindingCode, html: str) -> None:
    assert code not in codes(html)


def test_every_code_of_the_html_has_cases_of_both_kinds() -> None:
    elsewhere = {
        FindingCode.FOREIGN_MERGE_TAG,
        FindingCode.LINK_INCOMPLETE,
        FindingCode.LINK_NOT_COUNTED,
        FindingCode.NO_REPLY_SENDER,
        FindingCode.UNKNOWN_FIELD,
        FindingCode.OVER_102_KB,
    }
    assert FAULTY.keys() == FINE.keys() == set(FindingCode) - elsewhere


def test_a_mail_that_gmail_would_cut_is_named() -> None:
    assert linted(CLEAN, size_bytes=CLIP_BYTES) == ()
    (found,) = linted(CLEAN, size_bytes=CLIP_BYTES + 1)
    assert found.code is FindingCode.OVER_102_KB
    assert found.line is None
    assert "102,001 bytes" in found.sentence


def test_every_sentence_says_what_is_wrong_and_what_to_do() -> None:
    assert SENTENCES.keys() == set(FindingCode)
    for sentence in SENTENCES.values():
        assert sentence[0].isupper() or sentence[0] in "“<"
        assert sentence.endswith((".", "{}"))


def test_only_what_makes_a_mail_useless_is_an_error() -> None:
    assert {code for code in FindingCode if finding(code, Part.HTML, 1, *"abcdef").severity is
            Severity.ERROR} == ERRORS  # fmt: skip


def test_a_finding_names_the_line_and_what_stands_there() -> None:
    (found,) = linted(page('<p>x</p>\n{# remark\n #}{% if x %}\n<img src="a.png">{% endif %}'))
    assert (found.line, found.part, found.severity) == (4, Part.HTML, Severity.ERROR)
    assert "“a.png”" in found.sentence
    (found,) = linted(page('<p style="color:#999999">x</p>'))
    assert "#999999 on #ffffff has a contrast of 2.8:1, and needs 4.5:1" in found.sentence
    (found,) = linted(page(IN_STYLE, "@media (max-width:480px){.x{color:red}}"))
    assert "“.x” in @media (max-width:480px) sets color" in found.sentence


def test_of_a_compiled_mail_no_line_is_told() -> None:
    mail = read_mail(page('<img src="a.png">'), lines=False)
    assert [each.line for each in lint(mail, language="en", size_bytes=1)] == [None]


def test_a_long_address_is_told_by_its_end() -> None:
    (found,) = linted(page(f'<img src="https://example.org/{"a" * 200}/{{{{ x }}}}/pot.png">'))
    assert "/…/pot.png”" in found.sentence
    assert len(found.sentence) < 250


def test_the_same_fault_is_told_once_with_how_often_it_is_there() -> None:
    (found,) = linted(page('<p>x</p>\n<img src="a.png">\n<img src="a.png">\n<img src="a.png">'))
    assert (found.line, found.times) == (2, 3)


def test_errors_come_first_and_no_code_fills_the_list() -> None:
    pictures = "".join(f'<img src="{number}.png">' for number in range(100))
    found = linted(f"<p>x</p>{pictures}")
    assert [each.severity for each in found] == sorted(each.severity for each in found)
    assert len(errors(found)) == MAX_PER_CODE
    assert {each.code for each in found} == {
        FindingCode.IMG_WITHOUT_ALT,
        FindingCode.NO_HEADING,
        FindingCode.HEAD_INCOMPLETE,
    }


def test_findings_of_several_parts_are_told_together() -> None:
    html, text = (finding(FindingCode.UNKNOWN_FIELD, part, 1, "x", "") for part in
                  (Part.HTML, Part.TEXT))  # fmt: skip
    assert [(each.part, each.times) for each in collected([html, text, html])] == [
        (Part.HTML, 2),
        (Part.TEXT, 1),
    ]


def test_tables_to_mark_are_those_the_findings_are_about() -> None:
    html = page("<table>\n<tr><td><table><tr><th>x</th></tr></table></td></tr></table>")
    (table,) = layout_tables(read_mail(html))
    assert html.startswith("<table>\n", table.at)
    (found,) = linted(html)
    assert found.code is FindingCode.LAYOUT_TABLE_UNMARKED


def test_what_the_head_lacks_is_told_in_one_finding() -> None:
    assert missing_in_head(read_mail("<h1>x</h1>")) == (LANGUAGE, VIEWPORT, SCHEME)
    (found,) = linted("<h1>x</h1>")
    assert f"{LANGUAGE}, {VIEWPORT} and {SCHEME}" in found.sentence
    assert missing_in_head(read_mail(CLEAN)) == ()


@pytest.mark.parametrize(
    ("html", "scheme"),
    [
        ("<p>x</p>", "light dark"),
        ('<p style="color:#333333;background:#ffffff">x</p>', "light dark"),
        ('<p style="color:#333333">x</p>', "light"),
        ('<p style="background:#ffffff">x</p>', "light"),
        (dark('<p style="color:#333333">x</p>', DARK_RULE), "light dark"),
    ],
)
def test_a_mail_is_said_to_be_made_for_dark_mode_only_if_it_can_be_read_there(
    html: str, scheme: str
) -> None:
    assert color_scheme(read_mail(html)) == scheme


def large_mail() -> str:
    row = (
        '<tr><td class="cell" style="padding:8px 12px;color:#333333;background:#ffffff;font:14px/'
        '1.5 Arial,sans-serif"><h2 style="color:#0b5d4e">{{ first_name }} &amp; more</h2><p style="'
        'margin:0 0 8px;color:#444">Some words of a mail that says something useful to people.</p>'
        '<a href="https://example.org/a?b=c&amp;d=1" style="color:#0b5d4e">Read on</a>'
        '<img src="https://example.org/x.png" alt="A" width="300"></td></tr>'
    )
    rows = row * (24 * 1024 // len(row) + 1)
    style = "@media (max-width:600px){.cell{padding:4px} td.other a{color:red!important}}"
    return page(f'<table role="presentation">{rows}</table>', style)


def test_a_large_mail_is_checked_in_less_than_20_ms_of_cpu() -> None:
    html = large_mail()
    assert len(html) > 24 * 1024
    linted(html)
    assert effort_ms(lambda: linted(html), below=20) < 20


@pytest.mark.parametrize(
    "html",
    [
        "<b>" * 20_000 + "</i>" * 20_000,
        "<i>" + "<b>" * 20_000 + "</i>" * 20_000,
        "<td><table>" + "<b>" * 20_000 + "</td>" * 20_000,
        "<a href=x>" * 10_000 + "y" + "</a>" * 10_000,
        f'<p style="{"color:" * 20_000}">x</p>',
        f'<p style="color:{" " * 100_000}important">x</p>',
        f'<p style="background:{"gradient(" * 10_000}">x</p>',
        f"<style>{'@media{' * 20_000}p{{a:b}}</style><p>x</p>",
        f"<style>{'/*' * 30_000}</style><p>x</p>",
        f"<style>@media screen{{{'a ' * 20_000}{{b:c}}}}</style>" + "<a>" * 1_000,
        f"<style>@media screen{{{'.a{b:c}' * 3_000}}}</style>" + '<p class="a">x</p>' * 3_000,
    ],
)  # fmt: skip
def test_no_markup_takes_long(html: str) -> None:
    assert effort_ms(lambda: linted(html), below=2_000) < 2_000
