# SPDX-License-Identifier: Apache-2.0
"""Links: which are counted, which are left, which are refused, and where they can lead."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.jinja_masks import mask
from chalicelib.adapters.mail_edits import edited, with_names
from chalicelib.adapters.mail_links import (
    Links,
    counted_address,
    decoded,
    read_links,
    target_of,
)
from chalicelib.domain.content import FindingCode
from chalicelib.domain.measurement import MAX_TARGETS, require_target
from chalicelib.errors import InputError

BASE = "https://mail.example.org"
SHOP = "https://shop.example.org/a"


def links_of(html: str) -> Links:
    masked = mask(html, "HTML")
    return read_links(masked, lambda offset, _: masked.line(offset))


def rewritten(html: str) -> str:
    masked = mask(html, "HTML")
    links = read_links(masked, lambda offset, _: masked.line(offset))
    edits = [each.edit(counted_address(BASE, each.number)) for each in links.counted]
    return with_names(masked.unmask(edited(masked, edits)))


def refusal(html: str) -> str:
    with pytest.raises(InputError) as raised:
        links_of(html)
    assert raised.value.code == "bad_template"
    return raised.value.detail


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f'<a href="{SHOP}">x</a>', f'<a href="{BASE}/c/{{{{ _m }}}}AAA">x</a>'),
        (f"<A HREF='{SHOP}'>x</A>", f"<A HREF='{BASE}/c/{{{{ _m }}}}AAA'>x</A>"),
        (f"<a href={SHOP}>x</a>", f'<a href="{BASE}/c/{{{{ _m }}}}AAA">x</a>'),
        (f'<area alt="a>b" href=" {SHOP} ">', f'<area alt="a>b" href="{BASE}/c/{{{{ _m }}}}AAA">'),
    ],
)
def test_a_link_becomes_a_counted_one_however_it_is_written(html, expected):
    assert rewritten(html) == expected
    assert links_of(html).targets == (SHOP,)


def test_every_branch_and_loop_is_covered_and_the_same_address_has_the_same_number():
    html = (
        f'{{% if vip %}}<a href="{SHOP}">1</a>{{% else %}}<a href="{SHOP}2">2</a>{{% endif %}}'
        f'{{% for x in [1] %}}<a href="{SHOP}">{{{{ x }}}}</a>{{% endfor %}}'
    )
    assert links_of(html).targets == (SHOP, f"{SHOP}2")
    assert re.findall(r"\}\}(AA.)", rewritten(html)) == ["AAA", "AAE", "AAA"]
    assert "{% else %}" in rewritten(html)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:shop@example.org?subject={{ a }}">x</a>',
        '<a href="tel:+4612345678">x</a>',
        '<a href="#top">x</a>',
        '<a href="#{{ a }}">x</a>',
        '<a name="x">x</a>',
        '<a href="">x</a>',
        '<a href="{{ unsubscribe_url }}">x</a>',
        '<a href="{{preferences_url }}#why">x</a>',
        '<link href="https://example.org/x">',
        f'<!--[if mso]><v:rect href="{SHOP}"/><a href="{SHOP}">x</a><![endif]-->',
        f'<!-- <a href="{SHOP}">x</a> -->',
        f"<style>a[href='{SHOP}'] {{ color: red }}</style>",
        f"<p title='<a href=\"{SHOP}\">'>{SHOP}</p>",
        f'<a data-href="{SHOP}">x</a>',
    ],
)
def test_what_is_no_link_to_the_web_stays_as_it_is(html):
    assert links_of(html) == Links(counted=(), targets=(), findings=())
    assert rewritten(html) == html


def test_a_link_shown_to_all_but_outlook_is_counted():
    html = f'<!--[if !mso]><!--><a href="{SHOP}">x</a><!--<![endif]-->'
    assert links_of(html).targets == (SHOP,)


def test_a_link_that_the_template_fills_in_is_direct_and_told():
    html = f'\n<a href="{SHOP}?c={{{{ city }}}}">x</a>'
    (found,) = links_of(html).findings
    assert found.code is FindingCode.LINK_NOT_COUNTED
    assert found.line == 2
    assert f"“{SHOP}?c=…”" in found.sentence
    assert rewritten(html) == html


@pytest.mark.parametrize("address", ["/a", "a.html", "www.example.org", "//example.org/a", "?a=b"])
def test_a_link_without_a_site_is_an_error(address):
    (found,) = links_of(f'<a href="{address}">x</a>').findings
    assert (found.code, found.severity) == (FindingCode.LINK_INCOMPLETE, "error")


@pytest.mark.parametrize(
    "address",
    [
        "{{ site }}",
        "{{ unsubscribe_url | upper }}",
        "{{ unsubscribe_url }}x",
        "https://{{ site }}/a",
        "https://{{ site }}.example.org/",
        "https://example.org{{ path }}",
        "https://example.org:{{ port }}/",
        "https:{{ x }}",
        "ht{{ x }}://example.org/",
        "{% if a %}https://a.example.org/{% else %}https://b.example.org/{% endif %}",
        "/{{ path }}",
    ],
)
def test_a_site_that_the_template_fills_in_is_refused_with_its_line(address):
    detail = refusal(f'<p>\n<a\nhref="{address}">x</a>')
    assert detail.startswith("Line 3 of the HTML: The template fills in the site")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://example.org/a&#10;Location: x", "line break"),
        ("https://example.org/\ra", "line break"),
        ("https://exam\tple.org/", "line break"),
        ("https://example.org\\@evil.example/", "backslash"),
        ("https:\\\\example.org/", "backslash"),
        ("https://example.org@evil.example/", "before an @"),
        ("https://a:b@evil.example/{{ x }}", "before an @"),
        ("https://&#101;x&commat;evil.example/", "before an @"),
        ("https:///a", "host"),
        ("https:example.org", "host"),
        ("https://a b/", "host"),
        ("https://example.org:99999/", "host"),
        ("https://xn--a.{}/", "host"),
        ("https://example.org/" + "a" * 2_000, "2000 characters"),
        ("javascript:alert(1)", "javascript:"),
        (" java\nscript:alert(1)", "javascript:"),
        ("&#x6a;avascript&colon;alert(1)", "javascript:"),
        ("data:text/html,{{ x }}", "data:"),
    ],
)
def test_an_address_that_is_not_what_it_seems_is_refused_with_its_line(address, told):
    detail = refusal(f'<p>\n<a href="{address}">x</a>')
    assert detail.startswith("Line 2 of the HTML: ")
    assert told in detail


def test_addresses_are_read_and_encoded_as_browsers_do():
    assert decoded("?a=1&amp;b=2&copy=3&copy;&lt&notit;&#65;") == "?a=1&b=2&copy=3©<&notit;A"
    assert target_of("https://exämple.org/å?q=ö#ü") == (
        "https://xn--exmple-cua.org/%C3%A5?q=%C3%B6#%C3%BC"
    )
    assert target_of("HTTPS://Example.org:8443") == "HTTPS://Example.org:8443"
    assert target_of("https://example.org/100%25?a=%C3%A5") == "https://example.org/100%25?a=%C3%A5"


def test_too_many_different_links_are_refused():
    html = "".join(f'<a href="{SHOP}{n}">x</a>' for n in range(MAX_TARGETS))
    assert len(links_of(html * 2).targets) == MAX_TARGETS
    assert "at most 500" in refusal(html + f'<a href="{SHOP}">x</a>')


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("htps:/\\@.?#[]%&;1aå \t\n{}'\"<>\u2028") | st.characters()))
def test_whatever_stands_in_a_link_a_target_is_a_plain_address(text):
    try:
        target = target_of(f"https://{text}")
    except InputError:
        return
    assert require_target(target) == target
    assert target.isascii()
    assert target.isprintable()
    assert "@" not in re.split("[/?#]", target[8:])[0]
