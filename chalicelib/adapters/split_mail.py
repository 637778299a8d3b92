# SPDX-License-Identifier: Apache-2.0
"""A campaign's mail split: what everybody gets goes to SES once a call, what differs as data.

Guarantees that each person gets, to the byte, what the whole mail rendered for them alone is;
`SplitMail.proves` compares the two. Everything but the choice between the personal and the
campaign's own links is rendered before the last look at what a person allows; `finish` only puts
tokens in. Refuses what `adapters.campaign_templates` refuses, with the same words.

Keys of the data: ``h0…`` and ``t0…`` fragments of the HTML and the text; ``s`` the subject where
it is personal; ``u`` and ``p`` the tokens of the ways out; ``m`` the token of every counted link
and ``o`` the pixel; ``f`` and ``g`` the footers where a call needs several; ``z0…`` constants.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Template, nodes
from markupsafe import Markup, escape

from chalicelib.adapters.html_text import tidy
from chalicelib.adapters.sandbox import MAX_OUTPUT_BYTES, Sandbox, fill, single_line
from chalicelib.adapters.split_tree import BETWEEN, Cut, cut, tidied, uncut
from chalicelib.adapters.static_text import Pieces, Slot, Static, assemble, merged, seal_static
from chalicelib.adapters.template_rules import FOOTER_NAME, broken, plain, without_marks
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import Rendered

TOKEN_NAME: Final = "_m"
PIXEL_NAME: Final = "_o"
OWN_NAMES: Final = frozenset({TOKEN_NAME, PIXEL_NAME})
"""Names a compiled mail shows beside its author's: the token in a counted link, the pixel."""
UNSUBSCRIBE_MARK: Final = "\ue000u\ue001"
PREFERENCES_MARK: Final = "\ue000p\ue001"
"""Stand for the tokens in a footer that is rendered for everybody who reads its language."""

Trees = tuple[nodes.Template, nodes.Template, nodes.Template]

_TOKEN_MARK: Final = "\ue000m\ue001"
_PIXEL_MARK: Final = "\ue000o\ue001"
_MARK: Final = re.compile("\ue000([up])\ue001")
_TOO_LARGE: Final = "It grows larger than 512 KiB."
_FOOTERS: Final = frozenset({"f", "g"})
_TOKEN_CHARS: Final = 90
_PIXEL_CHARS: Final = 400
_SLOT_BYTES: Final = {"f": 8_192, "o": _PIXEL_CHARS}
"""At most, for the cap on the size of a mail: what comes in later is not known when it is met."""
_UTF8_BYTES: Final = 4
"""Of one character, at most."""
_KEPT_STATICS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What stands before the tokens in the addresses of the ways out.

    Raises:
        FatalError: HTML would have to escape one: the address of the pages is no plain one.
    """

    unsubscribe: str
    preferences: str

    def __post_init__(self) -> None:
        for head in (self.unsubscribe, self.preferences):
            if not head or escape(head) != head or without_marks(head) != head:
                raise FatalError("the addresses of the ways out are not plain ones")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """A rendered footer with a place for each token."""

    html: Pieces
    text: Pieces

    @classmethod
    def of(cls, html: str, text: str) -> "Footer":
        """Return a footer that was rendered with `UNSUBSCRIBE_MARK` and `PREFERENCES_MARK`."""
        return cls(html=_marked(html), text=_marked(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one person's mail is made from.

    Attributes:
        values: what the source may read: str, int, bool, and lists and dicts of them.
        unsubscribe: token, base64url.
        preferences: likewise.

    """

    values: Mapping[str, object]
    footer: Footer
    unsubscribe: str
    preferences: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    cut: Cut
    stream: Template | None
    late: tuple[str, ...]
    static_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How a version is split."""

    is_split: bool
    subject: Template | str
    html: _Part
    text: _Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """What `SplitMail.prepare` made of a person; only `SplitMail.finish` reads it."""

    plan: _Plan
    values: Mapping[str, str]
    footer: Footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person's values, ready for a call."""

    plan: _Plan
    values: Mapping[str, str]
    footer: Footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call's template and, in the order of its entries, everybody's data."""

    static: Static
    data: tuple[dict[str, str], ...]


class SplitMail:
    """One version of a campaign's content, split.

    Args:
        markup: the sandbox that escapes.
        words: the sandbox that does not.
        trees: subject, HTML with a place for the footer, and text, parsed in their sandboxes.

    Raises:
        InputError: the subject is the same for everybody, and cannot be one; or what everybody
            gets is larger than 512 KiB.
    """

    def __init__(self, markup: Sandbox, words: Sandbox, trees: Trees, heads: Heads) -> None:
        self._markup = markup
        self._words = words
        self._heads = heads
        self._trees = trees
        self._whole: tuple[Template, ...] | None = None
        self._plan = self._planned(is_split=True)
        self._statics: dict[object, Static] = {}

    def prepare(self, person: Person) -> Fragments:
        """Return the person's fragments; their consent to be measured need not be known yet.

        Raises:
            InputError: the mail cannot be rendered for this person.
        """
        plan, known = self._plan, self._known(person)
        tokens = {"u": person.unsubscribe, "p": person.preferences}
        values = dict(tokens)
        shown = {**known, TOKEN_NAME: _TOKEN_MARK, PIXEL_NAME: _PIXEL_MARK}
        if FOOTER_NAME in plan.html.cut.names:
            filled = _filled(person.footer.html, tokens)
            shown[FOOTER_NAME] = Markup(filled)  # noqa: S704 - our own template escaped it
        values.update(zip(plan.html.cut.fragments, _run(plan.html, "HTML", shown), strict=True))
        shown[PIXEL_NAME] = ""
        words = tidied(plan.text.cut, _run(plan.text, "text", shown))
        values.update(zip(plan.text.cut.fragments, words, strict=True))
        if isinstance(plan.subject, Template):
            values["s"] = single_line(fill(plan.subject, "subject", known))
        return Fragments(plan=plan, values=values, footer=person.footer)

    def finish(self, fragments: Fragments, *, token: str, pixel: str) -> Entry:
        """Return the person's entry.

        Args:
            token: of the counted links: the person's where they agreed to be measured, else
                the campaign's own; base64url, at most 90 characters.
            pixel: HTML of the pixel, at most 400 characters, or "".
        """
        plan = fragments.plan
        values = {**fragments.values, "m": token, "o": pixel}
        for key in plan.html.late:
            values[key] = values[key].replace(_TOKEN_MARK, token).replace(_PIXEL_MARK, pixel)
        for key in plan.text.late:
            values[key] = values[key].replace(_TOKEN_MARK, token)
        return Entry(plan=plan, values=values, footer=fragments.footer)

    def call(self, entries: Sequence[Entry]) -> Call:
        """Return the call that carries 1 to 50 entries of one version.

        A value that is the same for all of several people stands in the template; every other
        stands in everybody's data, since SES does not say what it does with one that is left out.
        """
        first = entries[0]
        if any(entry.plan is not first.plan for entry in entries):
            raise FatalError("a call holds entries that were split in different ways")
        one_footer = all(entry.footer == first.footer for entry in entries)
        folded = {
            key: value
            for key, value in first.values.items()
            if len(entries) > 1 and all(entry.values[key] == value for entry in entries)
        }
        static = self._static(first.plan, folded, first.footer if one_footer else None)
        keys = [key for key in static.keys if key not in _FOOTERS]
        footers = [key for key in static.keys if key in _FOOTERS]
        data = [
            {**{key: entry.values[key] for key in keys}, **static.constants} for entry in entries
        ]
        for entry, values in zip(entries, data, strict=True) if footers else ():
            for key in footers:
                pieces = entry.footer.html if key == "f" else entry.footer.text
                values[key] = _filled(pieces, entry.values)
        return Call(static=static, data=tuple(data))

    def full(self, person: Person, *, token: str, pixel: str) -> Rendered:
        """Return the person's mail rendered whole, without any of the splitting.

        Raises:
            InputError: the mail cannot be rendered for this person.
        """
        if self._whole is None:
            subject, html, text = self._trees
            self._whole = (
                self._words.compiled(subject, "subject"),
                self._markup.compiled(html, "HTML"),
                self._words.compiled(text, "text"),
            )
        subject_template, html_template, text_template = self._whole
        known = self._known(person)
        tokens = {"u": person.unsubscribe, "p": person.preferences}
        own = {
            FOOTER_NAME: Markup(_filled(person.footer.html, tokens)),  # noqa: S704 - escaped
            TOKEN_NAME: token,
            PIXEL_NAME: Markup(pixel),  # noqa: S704 - our own markup
        }
        page = fill(html_template, "HTML", known | own)
        words = tidy(fill(text_template, "text", known | own | {PIXEL_NAME: ""}))
        return Rendered(
            subject=single_line(fill(subject_template, "subject", known)),
            html=page,
            text=f"{words}\n\n{_filled(person.footer.text, tokens)}",
        )

    def proves(self, call: Call, person: Person, *, token: str, pixel: str) -> bool:
        """Say whether the first entry of a call gives that person's mail rendered whole.

        Where it does not, the version is split no more: prepare its people again.
        """
        try:
            whole = self.full(person, token=token, pixel=pixel)
        except InputError:
            whole = None
        same = assemble(call.static, call.data[0]) == whole
        if not same:
            self._plan = self._planned(is_split=False)
        return same

    def _known(self, person: Person) -> dict[str, object]:
        return {
            **plain(person.values),
            "unsubscribe_url": self._heads.unsubscribe + person.unsubscribe,
            "preferences_url": self._heads.preferences + person.preferences,
        }

    def _planned(self, *, is_split: bool) -> _Plan:
        subject, html, text = self._trees
        ways: dict[str, Pieces] = {
            TOKEN_NAME: (Slot("m"),),
            "unsubscribe_url": (self._heads.unsubscribe, Slot("u")),
            "preferences_url": (self._heads.preferences, Slot("p")),
        }
        page = ways | {PIXEL_NAME: (Slot("o"),), FOOTER_NAME: (Slot("f"),)}
        words = ways | {PIXEL_NAME: ()}
        subject_cut = cut(subject, "s", {})
        return _Plan(
            is_split=is_split,
            subject=self._words.compiled(subject, "subject")
            if subject_cut.stream
            else single_line("".join(x for x in subject_cut.pieces if isinstance(x, str))),
            html=_part(
                self._markup,
                "HTML",
                cut(html, "h", page) if is_split else uncut(html, "h", page),
            ),
            text=_part(
                self._words,
                "text",
                cut(text, "t", words, is_text=True) if is_split else uncut(text, "t", words),
            ),
        )

    def _static(self, plan: _Plan, folded: Mapping[str, str], footer: Footer | None) -> Static:
        """Return the template of a call; calls alike share one."""
        key = (plan.is_split, footer, tuple(folded.items()))
        static = self._statics.get(key)
        if static is None:
            known: dict[str, Pieces] = {name: (value,) for name, value in folded.items()}
            if footer is not None:
                known["f"], known["g"] = merged(footer.html, known), merged(footer.text, known)
            subject = (plan.subject,) if isinstance(plan.subject, str) else (Slot("s"),)
            static = seal_static(
                merged(subject, known),
                merged(plan.html.cut.pieces, known),
                merged((*plan.text.cut.pieces, "\n\n", Slot("g")), known),
            )
            if len(self._statics) >= _KEPT_STATICS:
                self._statics.clear()
            self._statics[key] = static
        return static


def _part(sandbox: Sandbox, part: str, cut: Cut) -> _Part:
    static_bytes = sum(
        len(piece.encode(errors="replace"))
        if isinstance(piece, str)
        else _SLOT_BYTES.get(piece.key, _TOKEN_CHARS)
        for piece in cut.pieces
    )
    if static_bytes > MAX_OUTPUT_BYTES:
        raise broken(_TOO_LARGE, part)
    return _Part(
        cut=cut,
        stream=sandbox.compiled(cut.stream, part) if cut.stream else None,
        late=cut.fragments if cut.names & OWN_NAMES else (),
        static_bytes=static_bytes,
    )


def _run(part: _Part, name: str, values: Mapping[str, object]) -> list[str]:
    """Return a person's fragments of one part.

    Raises:
        InputError: the template cannot be filled, or the mail grows too large.
    """
    if part.stream is None:
        return []
    filled = fill(part.stream, name, values)
    later = part.static_bytes
    if part.late:
        later += _TOKEN_CHARS * filled.count(_TOKEN_MARK) + _PIXEL_CHARS * filled.count(_PIXEL_MARK)
    is_near = later + _UTF8_BYTES * len(filled) > MAX_OUTPUT_BYTES
    if is_near and later + len(filled.encode(errors="replace")) > MAX_OUTPUT_BYTES:
        raise broken(_TOO_LARGE, name)
    return filled.split(BETWEEN) if part.cut.fragments else []


def _marked(text: str) -> Pieces:
    """Return a footer in pieces: `re.split` gives text and keys by turns."""
    return tuple(
        Slot(piece) if index % 2 else without_marks(piece)
        for index, piece in enumerate(_MARK.split(text))
    )


def _filled(pieces: Pieces, tokens: Mapping[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else tokens[piece.key] for piece in pieces)
