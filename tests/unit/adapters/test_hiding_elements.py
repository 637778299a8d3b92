# SPDX-License-Identifier: Apache-2.0
"""What is open and hides what follows is found as a browser would have it open."""

import pytest
from jinja2 import Environment

from chalicelib.adapters.hiding_elements import UNFINISHED, hider_after
from tests.support.effort import effort_ms

HIDDEN = '<div style="display:none">'


def hider(source):
    return hider_after(Environment(autoescape=True).parse(source).body)


@pytest.mark.parametrize(
    "name",
    [
        *("audio", "canvas", "datalist", "details", "dialog", "iframe", "noembed", "noframes"),
        *("noscript", "object", "script", "select", "style", "template", "textarea", "title"),
        *("video", "xmp"),
    ],
)
def test_an_element_that_hides_what_is_in_it_is_found_until_it_is_closed(name):
    assert hider(f"<p>a</p><{name}>b") == f"<{name}>"
    assert hider(f"<p>a</p><{name}>b</{name}>") is None


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        "hidden=until-found",
        "style='color:red; DISPLAY : none'",
        "style=display:none;max-height:0",
        "style='visibility:hidden'",
        "style='visibility:collapse'",
        "style='display:block;display:none'",
        "style='display:none!important;display:block'",
        "style='color:red;/* a */display:/* b */none'",
        "style='&#100;isplay:none'",
        "class={{ a }} style='display:none'",
    ],
)
def test_an_attribute_that_hides_is_found(attribute):
    assert hider(f"<body><div {attribute}>a<p>b</body></html>") == "<div>"
    assert hider(f"<body><div {attribute}>a<p>b</div></body></html>") is None


@pytest.mark.parametrize(
    "attribute",
    [
        "style='display:block'",
        "style='display:none;display:block'",
        "style='visibility:visible'",
        "style='mso-display:none'",
        "title='display:none'",
    ],
)
def test_an_attribute_that_hides_nothing_is_left_alone(attribute):
    assert hider(f"<div {attribute}>a") is None


@pytest.mark.parametrize(
    "source",
    [
        "<p hidden>a",
        "<p hidden>a<table><tr><td>b</table>",
        "<p hidden><span hidden>a",
        "<ul><li hidden>a<li>b</ul>",
        "<ul><li hidden>a<ul><li>b</ul></ul>",
        "<dl><dt hidden>a<dd>b",
        "<table><tr hidden><td>a<tr><td>b",
        "<table><tr><td hidden>a<td>b",
        "<table><tr><td><b hidden>a</td><td>b</table>",
        "<table><tbody hidden><tr><td>a<tbody><tr><td>b",
        "<div><span hidden>a</div>b",
        "<div hidden>a<span></div>",
        "<h1 hidden>a</h2>",
        "<a hidden>a<p><a>b",
        "<span hidden><dialog></span></dialog>",
        "<img hidden><br hidden><input hidden>",
        "<b hidden>a<p>b</b>c",
        "<!-- <div hidden> -->",
        "<!--[if mso]><table hidden><tr><td><![endif]-->a",
    ],
)
def test_what_a_browser_closes_hides_nothing(source):
    assert hider(source) is None


@pytest.mark.parametrize(
    "source",
    [
        "<div hidden><table><tr><td></div></td></tr></table>",
        "<span hidden><div>a</span>",
        "<div><b hidden>a</div>b",
        "<div hidden><p>a</p></span></body></html>",
        "<p><button><div hidden></p>",
        "<p hidden><table><tr><td>",
        "<div hidden>a<td><div></div></td></tr>",
        "<span hidden><td>a<p></td>",
    ],
)
def test_what_a_browser_leaves_open_hides(source):
    assert hider(source) is not None


@pytest.mark.parametrize("source", ["a<!-- b", "a<a href='", "a<p", "a</", "a<!x"])
def test_what_is_not_finished_swallows_what_follows(source):
    assert hider(source) == UNFINISHED


@pytest.mark.parametrize(
    "source",
    [
        f"{{% if a %}}{HIDDEN}{{% else %}}<div>{{% endif %}}a</div>",
        f"{{% if a %}}{HIDDEN}{{% endif %}}b{{% if a %}}</div>{{% endif %}}",
        f"{{% if a %}}{HIDDEN}{{% elif b %}}{HIDDEN}{{% else %}}{HIDDEN}{{% endif %}}</div>",
        f"{{% for x in a %}}{HIDDEN}{{{{ x }}}}</div>{{% endfor %}}",
        '<div style="{% if a %}display:none{% endif %}">a</div>',
    ],
)
def test_an_element_opened_in_branches_is_closed_once(source):
    assert hider(source) is None


@pytest.mark.parametrize(
    "source",
    [
        f"{{% if a %}}{HIDDEN}{{% endif %}}",
        f"{{% if a %}}b{{% else %}}{HIDDEN}{{% endif %}}",
        f"{{% if a %}}b{{% else %}}{{% if b %}}{HIDDEN}{{% endif %}}{{% endif %}}",
        f"{{% if a %}}b{{% elif b %}}{HIDDEN}{{% else %}}c{{% endif %}}",
        f"{{% for x in a %}}{{% if x %}}{HIDDEN}{{% endif %}}{{% endfor %}}",
        '<div style="{% if a %}display:none{% endif %}">a',
    ],
)
def test_an_element_open_in_one_branch_is_found(source):
    assert hider(source) == "<div>"


def test_a_style_of_remarks_that_never_end_is_read_soon():
    source = f"<p style='{'/*' * 100_000}'>"
    assert effort_ms(lambda: hider(source), below=500) < 500


@pytest.mark.parametrize("piece", ["<div>", "<p><button>", "<b hidden></div>", "<a ", "</p>"])
def test_many_open_elements_are_read_soon(piece):
    source = piece * (100_000 // len(piece))
    assert effort_ms(lambda: hider(source), below=2_000) < 2_000
