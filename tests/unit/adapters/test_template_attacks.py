# SPDX-License-Identifier: Apache-2.0
"""Known attacks on what compiles and fills templates: each ends soon, in words that name a line.

Sources of the corpus: CVE-2016-10745, CVE-2019-10906, CVE-2024-56201, CVE-2024-56326 and
CVE-2025-27516 of Jinja2; collections of escapes for its sandbox; and what makes a compiler of
markup or of style sheets work without end.
"""

import gc
import re
import time

import pytest

from chalicelib.adapters.mail_compiler import MailCompiler
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.campaigns import Content
from chalicelib.domain.content import ContentKind
from chalicelib.errors import InputError
from infra.local.demo_data import DEMO_BRAND

COMPILER = MailCompiler(TemplateRenderer(), "https://mail.example.org")
MAX_S = 2.0
"""Of the thread's CPU time, whatever the source; the worst takes a tenth of it."""
LARGEST = 250_000
"""Ten times a large mail, bytes."""
WHERE = re.compile(r"Line (\d+) of the (HTML|MJML|subject|text): ")

ESCAPES = {
    "CVE-2016-10745, format": "{{ '{0.__class__.__init__.__globals__}'.format(first_name) }}",
    "CVE-2016-10745, format by name": "{{ first_name | format('x') }}",
    "CVE-2019-10906, format_map": "{{ '{a.__class__}'.format_map({'a': first_name}) }}",
    "CVE-2024-56201, file name": "{% import '{0.__class__}' as x %}",
    "CVE-2024-56326, format kept": "{% set f = '{0.__class__}'.format %}{{ f(first_name) }}",
    "CVE-2024-56326, by filter": "{{ ['{0.__class__}'.format] | map('call', first_name) | list }}",
    "CVE-2025-27516, attr": "{{ '{0.__class__}' | attr('format') }}",
    "CVE-2025-27516, attr called": "{{ ('{0.__class__}' | attr('format'))(first_name) }}",
    "class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "class by index": "{{ ''['__class__'] }}",
    "class by join": "{{ ''[['__cl', 'ass__'] | join] }}",
    "class by hex": r"{{ ''['\x5f\x5fclass\x5f\x5f'] }}",
    "attr": "{{ first_name | attr('__class__') }}",
    "attr by map": "{{ [first_name] | map(attribute='__class__') | list }}",
    "self": "{{ self._TemplateReference__context }}",
    "self, globals": "{{ self.__init__.__globals__.__builtins__ }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "joiner": "{{ joiner.__init__.__globals__ }}",
    "namespace": "{{ namespace.__init__.__globals__ }}",
    "lipsum": "{{ lipsum.__globals__['os'] }}",
    "range": "{{ range(10**9) }}",
    "dict": "{{ dict.__base__ }}",
    "loop": "{% for x in ['a'] %}{{ loop.__class__ }}{% endfor %}",
    "loop, private": "{% for x in ['a'] %}{{ loop._iterator }}{% endfor %}",
    "undefined": "{{ nothing.__init__ }}",
    "our own names": "{{ _footer }}{{ _m }}",
    "our token": '<a href="https://mail.example.org/c/{{ _m }}AAA">x</a>',
    "our pixel": "{{ _o }}",
    "url_for": "{{ url_for.__globals__ }}",
    "config": "{{ config.items() }}",
    "include": "{% include '/etc/passwd' %}",
    "extends": "{% extends 'emails/campaign_footer.html' %}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "call block": "{% call first_name() %}{% endcall %}",
    "block": "{% block b %}{{ self.b() }}{% endblock %}",
    "set block": "{% set x %}{{ x }}{% endset %}",
    "do": "{% do first_name.append(1) %}",
    "debug": "{% debug %}",
    "safe": "{{ first_name | safe }}",
    "xmlattr": "{{ {'x onload=alert(1)': 1} | xmlattr }}",
    "pprint": "{{ first_name | pprint }}",
}
LONG = "{% set s = '" + "a " * 1_999 + "' %}"
TURNS = "{% for n in [" + "1," * 100 + "] %}"
ENDLESS = {
    "a format by a test": "{% if '%4000000000d' is odd %}x{% endif %}",
    "a format by another": "{{ 'x' if '%4000000000d' is even }}",
    "a text longer than a value": "{{ '" + "a" * 4_001 + "' }}",
    "filters in a loop": LONG + TURNS + "{% if s|title|title|title %}{% endif %}{% endfor %}",
    "a filter of joined texts": LONG + "{% if (" + "~".join("s" * 240) + ")|title %}{% endif %}",
    "sums of texts": LONG + TURNS + "{% if s + s + s %}{% endif %}{% endfor %}",
    "searches": LONG
    + "{% set t = '"
    + "a " * 500
    + "b "
    + "a " * 500
    + "' %}"
    + TURNS
    + "{% if t in s %}{% endif %}" * 300
    + "{% endfor %}",
    "lists as text": "{{ " + "[" * 18 + "'" + "\\\\" * 1_000 + "'" + "] | upper" * 18 + " }}",
    "lists of lists": LONG
    + TURNS
    + "{% if "
    + ("[" + "s," * 100 + "]").join(["", " == ", ""])
    + " %}{% endif %}{% endfor %}",
    "loops in loops": "{% for a in l %}" * 4 + "x" + "{% endfor %}" * 4,
    "loops over a list": (
        "{% for a in [1,2,3,4,5,6,7,8,9,10] %}" * 6 + "x" * 50 + "{% endfor %}" * 6
    ),
    "a loop that calls itself": "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a product": "{{ 'a' * 10**9 }}",
    "a power": "{{ 9**9**9 }}",
    "a format": "{{ '%1000000000d' % 1 }}",
    "a width": "{{ first_name | center(10**9) }}",
    "doubling": "{% set x = 'aaaaaaaa' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "doubling by join": "{% set x = 'aaaaaaaa' %}" + "{% set x = [x, x] | join %}" * 40 + "{{ x }}",
    "doubling by replace": "{{ 'aaaa' " + "| replace('a', 'aaaaaaaa')" * 12 + " }}",
    "indent": "{{ first_name | indent(1000000000) }}",
    "wordwrap": "{{ first_name | wordwrap(0) }}",
    "depth": "{% if 1 %}" * 2_000 + "x" + "{% endif %}" * 2_000,
    "brackets": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "lists": "{{ " + "[" * 3_000 + "]" * 3_000 + " }}",
    "nots": "{{ " + "not " * 20_000 + "1 }}",
    "sums": "{{ 1" + " + 1" * 20_000 + " }}",
    "filters": "{{ first_name" + " | lower" * 20_000 + " }}",
    "braces": "{{" * 131_000,
    "percent signs": "{%" * 131_000,
    "open comments": "{#" * 131_000,
    "open tags of markup": "<" * 250_000 + "{{",
    "open attributes": "<a " + "href=" * 50_000 + "{{",
    "open quotes": "<a href='" * 20_000 + "{{",
    "a long number": "{{ 1" + "0" * 100_000 + " }}",
    "a long text": "{{ '" + "a" * 200_000 + "' | upper | nothing }}",
    "many tags": "{{ first_name }}" * 16_000,
    "many loops": "{% for a in [1] %}{% endfor %}" * 6_000,
    "many links": '<a href="https://a.example/{{ first_name }}">x</a>' * 4_000,
}
MJML = {
    "nested": "<mjml><mj-body>" + "<mj-wrapper>" * 10_000,
    "nested and closed": "<mjml><mj-body>"
    + "<mj-section>" * 5_000
    + "</mj-section>" * 5_000
    + "</mj-body></mjml>",
    "entities": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<mjml>&b;</mjml>',
    "an outer entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><mjml>&a;</mjml>',
    "an include": '<mjml><mj-body>\n<mj-include path="/etc/passwd"/></mj-body></mjml>',
    "an include of ours": '<mjml>\n<mj-include path="http://169.254.169.254/"/></mjml>',
    "a script": "<mjml><mj-body><mj-raw>\n<script>alert(1)</script></mj-raw></mj-body></mjml>",
    "an element nobody knows": "<mjml><mj-body>\n<mj-nope/></mj-body></mjml>",
    "a font from elsewhere": '<mjml><mj-head>\n<mj-font name="x" href="https://x.example/"/>'
    "</mj-head></mjml>",
    "a style sheet from elsewhere": "<mjml><mj-head><mj-style>\n@import url(https://x.example/);"
    "</mj-style></mj-head><mj-body></mj-body></mjml>",
    "inherited attributes": "<mjml><mj-head><mj-attributes><mj-all "
    + 'css-class="x" ' * 9_000
    + "/></mj-attributes></mj-head><mj-body>"
    + "<mj-section/>" * 5_000
    + "</mj-body></mjml>",
    "a carousel": "<mjml><mj-body><mj-section><mj-column><mj-carousel>"
    + '<mj-carousel-image src="https://x.example/a.png"/>' * 2_000
    + "</mj-carousel></mj-column></mj-section></mj-body></mjml>",
    "rules and elements": '<mjml><mj-head><mj-style inline="inline">'
    + "".join(f".a{n}{{a:b}}" for n in range(10_000))
    + "</mj-style></mj-head><mj-body><mj-raw>"
    + "<p>x</p>" * 10_000
    + "</mj-raw></mj-body></mjml>",
    "tags between elements": "<mjml><mj-body>" + "{% if city %}" * 2_000,
}
SHEET = "".join(f".a{n}{{color:red}}" for n in range(3_000))
CSS = {
    "rules and elements": f"<style>{SHEET}</style>" + "<p class=a1>x</p>" * 5_000,
    "ten thousand of both": "<style>"
    + "".join(f".a{n}{{a:b}}" for n in range(10_000))
    + "</style>"
    + "<p>x" * 10_000,
    "a large sheet": "<style>" + "p{color:red}" * 6_000 + "</style><p>{{ first_name }}</p>",
    "deep": "<style>p{color:red}</style>" + "<div>" * 40_000,
    "deep and closed": "<style>p{color:red}</style>" + "<b>" * 3_000 + "x" + "</b>" * 3_000,
    "formatting that is repeated": "<style>p{color:red}</style>" + "<p><b><i><u><s>" * 5_000,
    "selectors": "<style>" + "p " * 20_000 + "{color:red}</style>" + "<p>" * 4_999,
    "nested rules": "<style>" + "@media print{" * 4_000 + "</style>" + "<p>" * 5_100,
    "attributes": "<style>p{color:red}</style><p " + "a=b " * 50_000 + ">",
    "properties": "<style>p{" + "".join(f"p{n}:1;" for n in range(5_000)) + "}</style><p>",
    "from elsewhere": '<link rel="stylesheet" href="http://169.254.169.254/"><p>x</p>',
    "imported": "<style>@import 'https://x.example/a.css';</style><p>x</p>",
    "imported in disguise": r"<style>@\69mport url(//x.example/);</style><p>x</p>",
    "a script in a drawing": "<style>p{color:red}</style><svg onload=alert(1)><p>x</svg>",
}
LINKS = {
    "a script": '<a href="java&#10;script:alert(1)">x</a>',
    "a header": '<a href="https://a.example/&#13;&#10;Set-Cookie:x">x</a>',
    "another host": '<a href="https://bank.example@x.example/">x</a>',
    "a backslash": '<a href="https:/\\x.example">x</a>',
    "a host of the reader's": '<a href="https://{{ city }}/">x</a>',
    "another host in a branch": '{% if city %}<a href="//{{ city }}">x</a>{% endif %}',
    "too many": "".join(f'<a href="https://a.example/{n}">x</a>' for n in range(501)),
    "too long": '<a href="https://a.example/' + "a" * 200_000 + '">x</a>',
    "references": '<a href="' + "&amp;" * 50_000 + '{{ city }}">x</a>',
}


def outcome(source: str, kind: ContentKind, part: str = "html") -> tuple[InputError | None, float]:
    """What came of compiling it, and how many seconds of work it was."""
    parts = {"subject": "News", "html": "<p>x</p>", "text": None} | {part: source}
    start = time.thread_time()
    error = None
    try:
        COMPILER.compile(
            Content(**parts, kind=kind), DEMO_BRAND, "en", fields=("first_name", "city")
        )
    except InputError as refused:
        error = refused
    return error, time.thread_time() - start


def assert_refused(error: InputError | None, taken_s: float, source: str) -> None:
    assert error is not None
    assert error.code == "bad_template"
    where = WHERE.match(error.detail)
    assert where is not None, error.detail
    assert 1 <= int(where[1]) <= source.count("\n") + 1
    assert len(error.detail) < 1_000
    assert taken_s < MAX_S


@pytest.mark.parametrize("part", ["html", "subject", "text"])
@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_from_the_sandbox_is_refused_with_its_line(name, part):
    source = "\n\n" + ESCAPES[name]
    error, taken_s = outcome(source, ContentKind.HTML, part)
    assert_refused(error, taken_s, source)
    assert error.detail.startswith("Line 3 of the ")


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_in_mjml_is_refused_with_its_line(name):
    source = f"<mjml><mj-body>\n<mj-raw>{ESCAPES[name]}</mj-raw></mj-body></mjml>"
    error, taken_s = outcome(source, ContentKind.MJML)
    assert_refused(error, taken_s, source)
    assert error.detail.startswith("Line 2 of the MJML")


@pytest.mark.parametrize("kind", list(ContentKind))
@pytest.mark.parametrize("name", ENDLESS)
def test_work_without_end_is_refused_soon_with_its_line(name, kind):
    source = ENDLESS[name]
    if kind is ContentKind.MJML:
        source = f"<mjml><mj-body><mj-raw>{source}</mj-raw></mj-body></mjml>"
    assert_refused(*outcome(source, kind), source)


@pytest.mark.parametrize("name", MJML)
def test_an_attack_on_the_compiler_of_mjml_is_refused_soon_with_its_line(name):
    assert_refused(*outcome(MJML[name], ContentKind.MJML), MJML[name])


@pytest.mark.parametrize("name", CSS)
def test_an_attack_on_the_inliner_is_refused_soon_with_its_line(name):
    assert_refused(*outcome(CSS[name], ContentKind.HTML), CSS[name])


@pytest.mark.parametrize("name", LINKS)
def test_an_attack_by_links_is_refused_or_told_soon(name):
    error, taken_s = outcome(LINKS[name], ContentKind.HTML)
    assert taken_s < MAX_S
    assert error is not None
    assert error.code == "bad_template"


def test_output_without_end_is_refused_soon():
    source = "{% for a in [1,2,3,4,5,6,7,8,9] %}" * 2 + "x" * 9_000 + "{% endfor %}" * 2
    error, taken_s = outcome(source, ContentKind.HTML)
    assert error is not None
    assert error.detail == "The HTML: It grows larger than 512 KiB."
    assert taken_s < MAX_S


@pytest.mark.parametrize("kind", list(ContentKind))
@pytest.mark.parametrize(
    "unit",
    ["<", "<!--", "<![", "<?", "</a", "<a b='", "&#", "{", "<p>", "<b>", "<table><tr>", "a ", "*|"],
)
def test_no_source_takes_more_than_in_proportion_to_its_size(unit, kind):
    # In proportion it is four times that; with the square of the size it would be sixteen.
    most_s = 10 * max(min(taken(unit, LARGEST // 4, kind) for _ in range(2)), 0.02)
    assert any(taken(unit, LARGEST, kind) < most_s for _ in range(3))


def taken(unit: str, size: int, kind: ContentKind) -> float:
    """How many seconds of work a source of ``size`` bytes is that says ``unit`` over and over."""
    source = unit * (size // len(unit.encode()))
    if kind is ContentKind.MJML:
        source = f"<mjml><mj-body><mj-raw>{source}</mj-raw></mj-body></mjml>"
    gc.disable()  # It would look through all that other tests left.
    try:
        return outcome(source, kind)[1]
    finally:
        gc.enable()
