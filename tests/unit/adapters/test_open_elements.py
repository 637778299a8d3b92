# SPDX-License-Identifier: Apache-2.0
"""Open elements are counted as a browser's tree holds them, and bounded."""

import pytest

from chalicelib.adapters.jinja_masks import mask
from chalicelib.adapters.markup import scan
from chalicelib.adapters.open_elements import OpenElements, places
from chalicelib.errors import InputError


def read(source, *, xml=False):
    masked = mask(source, "HTML")
    elements = OpenElements(masked, xml=xml)
    for piece in scan(masked.text):
        elements.add(piece)
    return elements


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("<div><p>", ("div", "p")),
        ("<div><br><img></div>", ()),
        ("<ul><li>a<li>b", ("ul", "li")),
        ("<p>a<p>b", ("p",)),
        ("<DIV/><p></DIV>", ()),
        ("<p><table><tr><td></p>", ("p", "table", "tr", "td")),
        ("<table><tr><td></table>", ()),
        ("</div><div>", ("div",)),
    ],
)
def test_what_is_open(source, names):
    assert read(source).names == names


def test_in_xml_every_element_is_closed_by_itself_or_its_end():
    assert read("<p>a<p>b</p><P/>", xml=True).names == ("p",)


def test_an_element_that_is_not_closed_counts_wherever_it_comes_back():
    assert read("<p><b>a</b></p>" + "<p>c</p>" * 10).weight == 12
    assert read("<p><b>a</p>" + "<p>c</p>" * 10).weight == 22
    assert read("<b>" + "<p>c</p>" * 10).weight == 21


def test_the_bounds_name_the_line():
    for source, sentence in (
        ("<p></p>" * 5_000 + "\n<p>", "There are more than 5,000 elements."),
        ("<div>" * 100 + "\n<div>", "More than 100 elements are open here."),
        ("\n<p " + " ".join(f"a{n}" for n in range(101)) + ">", "An element has more than 100"),
    ):
        with pytest.raises(InputError, match=f"Line 2 of the HTML: {sentence}"):
            read(source)


def test_tags_side_by_side_share_a_place_and_others_do_not():
    masked = mask('<p>{{ a }}<b>c</b>{{ d }}</p>{{ e }}<p id="{{ f }}{{ g }}" x="{{ h }}">', "HTML")
    at = places(masked.text)
    assert at[0] == at[1]
    assert at[3] == at[4]
    assert len({at[each] for each in range(len(at))}) == 4
