# SPDX-License-Identifier: Apache-2.0
"""The text part of a mail whose author wrote none, as a template made from that of the HTML.

Guarantees that what is visible is in it, in order, with the template's own branches and loops;
that its counted links are those of the HTML; and that no word of the HTML becomes a tag.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from chalicelib.adapters.html_text import html_to_text
from chalicelib.adapters.jinja_masks import CLOSE, MARK, OPEN, Masked, number
from chalicelib.adapters.jinja_raw import SHOWN_BRACE
from chalicelib.adapters.mail_edits import TOKEN, edited, with_names
from chalicelib.adapters.mail_links import CountedLink

_LINK: Final = "\ue002l{}\ue002"
_IN_WORDS: Final = re.compile(f"{OPEN}(\\d+){CLOSE}")
_OPENING: Final = re.compile(f"\\{{(?=[{{%#{OPEN}{TOKEN[0]}])")
_SET: Final = re.compile(r"\{%[-+]?\s*set\b")


def text_of(masked: Masked, links: Mapping[CountedLink, str]) -> str:
    """Return the source of the text part.

    Args:
        masked: the HTML before its links are rewritten.
        links: what each counted link's address becomes.

    Raises:
        InputError: the HTML cannot be read.
    """
    marks = {link: _LINK.format(place) for place, link in enumerate(links)}
    html = edited(masked, (link.edit(mark) for link, mark in marks.items()))
    shown = {mark: (link.address, links[link]) for link, mark in marks.items()}
    words = html_to_text(MARK.sub(lambda mark: escape(f"{OPEN}{number(mark)}{CLOSE}"), html), shown)
    return _set_in_head(masked, words) + with_names(_with_tags(masked, words))


def _with_tags(masked: Masked, words: str) -> str:
    """Return the words with the tags in their places; braces of the words open none."""
    kept: list[str] = []
    place = 0
    for mark in _IN_WORDS.finditer(words):
        kept += [_OPENING.sub(SHOWN_BRACE, words[place : mark.start() + 1])[:-1]]
        kept += [masked.tags[int(mark[1])].source]
        place = mark.end()
    return "".join([*kept, _OPENING.sub(SHOWN_BRACE, words[place:])])


def _set_in_head(masked: Masked, words: str) -> str:
    """Return the variables that are set where nothing is shown, as in the head."""
    there = {int(mark[1]) for mark in _IN_WORDS.finditer(words)}
    depth: dict[int, int] = {}
    open_blocks = 0
    lost: list[str] = []
    totals: dict[int, int] = {}
    for tag in masked.tags:
        if tag.block is not None:
            totals[tag.block] = totals.get(tag.block, 0) + 1
    for each, tag in enumerate(masked.tags):
        if tag.block is not None:
            depth[tag.block] = depth.get(tag.block, 0) + 1
            open_blocks += depth[tag.block] == 1
            open_blocks -= depth[tag.block] == totals[tag.block]
        elif tag.statement and not open_blocks and each not in there and _SET.match(tag.source):
            lost.append(tag.source)
    return "".join(lost)
