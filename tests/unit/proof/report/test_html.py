# SPDX-License-Identifier: Apache-2.0
"""Text and HTML are never confused, and nothing can hide or turn what stands beside it."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.proof.report.html import element, join, pairs, table, text, visible


class Seen(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


@given(st.text(), st.text())
def test_any_text_stays_text(value, attribute):
    seen = Seen(element("p", value, title=attribute))
    assert seen.tags == ["p"]
    assert seen.words == visible(value)


@given(st.text())
def test_any_page_can_be_written_down(value):
    page = join((pairs([(value, value)]), table((value,), [(value,)])))
    assert page.encode()


def test_what_is_markup_already_is_not_escaped_again():
    bold = element("b", "a < b")
    assert text(bold) is bold
    assert element("p", bold) == "<p><b>a &lt; b</b></p>"


def test_a_character_that_turns_or_hides_text_is_shown_by_number():
    assert visible("a\u202eb\x00c\ud800d") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩d"
    assert visible("één\n\ttwo\r\nthree 👩\u200d🌾") == "één\n\ttwo\nthree 👩\u200d🌾"
