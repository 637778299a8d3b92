# SPDX-License-Identifier: Apache-2.0
"""Marketers' mails: Jinja2 in a sandbox, over plain data, with bounded work and output.

Guarantees that a source can only read the values it is given; that the footer stands in every
mail; that time and memory are bounded before anything runs (a closed list of syntax, no calls,
no products, loops of at most 100 items); and that the same source and data give the same mail.
Refuses, with the line, whatever is not on the lists below: a list of what is allowed cannot
overlook the next escape.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import Template
from markupsafe import Markup

from chalicelib.adapters.html_text import html_to_text, tidy
from chalicelib.adapters.sandbox import Sandbox, fill, single_line
from chalicelib.adapters.split_mail import OWN_NAMES, Heads, SplitMail
from chalicelib.adapters.template_rules import FOOTER_NAME, broken, plain, without_marks
from chalicelib.ports.sending import Rendered

MAX_SOURCE_BYTES: Final = 256 * 1024
CACHED_VERSIONS: Final = 32

_MARK: Final = re.compile("\ue000(\\d+)\ue001")
_MARK_AS_ENTITY: Final = re.compile(
    r"&#(?:0*5734[4-6](?![0-9])|[xX]0*[eE]00[0-2](?![0-9a-fA-F]));?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """One version of a campaign's content, ready to fill."""

    subject: Template
    html: Template
    text: Template


class CampaignTemplates:
    """Compiles a version once per process and fills it per person."""

    def __init__(self) -> None:
        self._html = Sandbox(autoescape=True)
        self._text = Sandbox(autoescape=False)
        self._cache: dict[bytes, _Compiled] = {}
        self._splits: dict[tuple[bytes, Heads], SplitMail] = {}

    def render(
        self,
        subject: str,
        html: str,
        text: str | None,
        *,
        values: Mapping[str, object],
        footer_html: str,
        footer_text: str,
    ) -> Rendered:
        """Return the mail for one person.

        Args:
            values: what the source may read: str, int, bool, and lists and dicts of them.

        Raises:
            InputError: the source is broken, reaches out of the sandbox, needs a value this person
                does not have, or grows too large; the detail names the line.
        """
        known = plain(values)
        compiled = self._compiled(subject, html, text)
        footer = Markup(footer_html)  # noqa: S704 - our own template escaped it
        body = fill(compiled.html, "HTML", {**known, FOOTER_NAME: footer})
        words = tidy(fill(compiled.text, "text", known))
        return Rendered(
            subject=single_line(fill(compiled.subject, "subject", known)),
            html=body,
            text=f"{words}\n\n{footer_text}",
        )

    def split(self, subject: str, html: str, text: str | None, heads: Heads) -> SplitMail:
        """Return a version split into what everybody gets and what is personal.

        Raises:
            InputError: a source breaks a rule; the detail names part and line.
        """
        key = (_key(subject, html, text), heads)
        found = self._splits.get(key)
        if found is None:
            _check_size(subject, html, text)
            trees = (
                self._text.tree(subject, "subject"),
                self._html.tree(html, "HTML", footer=True, own=OWN_NAMES),
                self._text.tree(self._text_source(html, text), "text", own=OWN_NAMES),
            )
            found = SplitMail(self._html, self._text, trees, heads)
            if len(self._splits) >= CACHED_VERSIONS:
                self._splits.clear()
            self._splits[key] = found
        return found

    def _compiled(self, subject: str, html: str, text: str | None) -> _Compiled:
        key = _key(subject, html, text)
        found = self._cache.get(key)
        if found is None:
            found = self._compile(subject, html, text)
            if len(self._cache) >= CACHED_VERSIONS:
                self._cache.clear()
            self._cache[key] = found
        return found

    def _compile(self, subject: str, html: str, text: str | None) -> _Compiled:
        _check_size(subject, html, text)
        return _Compiled(
            subject=self._text.build(subject, "subject"),
            html=self._html.build(html, "HTML", footer=True),
            text=self._text.build(self._text_source(html, text), "text"),
        )

    def _text_source(self, html: str, text: str | None) -> str:
        """Return the text template, else one made from the HTML: tags kept, markup made text."""
        if text is not None:
            return text
        kept: list[str] = []
        pieces: list[str] = []
        for is_data, piece in self._text.pieces(html, "HTML"):
            if is_data:
                pieces.append(_MARK_AS_ENTITY.sub(" ", without_marks(piece)))
            else:
                pieces.append(f"\ue000{len(kept)}\ue001")
                kept.append(piece)
        words = html_to_text("".join(pieces))
        return _MARK.sub(lambda mark: kept[int(mark[1])], words)


def _check_size(subject: str, html: str, text: str | None) -> None:
    sources = (subject, html, text or "")
    if sum(len(x.encode(errors="replace")) for x in sources) > MAX_SOURCE_BYTES:
        raise broken("It is larger than 256 KiB.")


def _key(subject: str, html: str, text: str | None) -> bytes:
    parts = [subject, html] if text is None else [subject, html, text]
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode(errors="replace")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()
