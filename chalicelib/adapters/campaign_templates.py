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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    nodes,
)
from jinja2.exceptions import UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from chalicelib.adapters.html_text import html_to_text, tidy
from chalicelib.adapters.template_rules import (
    FOOTER_NAME,
    MAX_ITEMS,
    broken,
    check_plain,
    check_tree,
    place_footer,
)
from chalicelib.errors import InputError
from chalicelib.ports.sending import Rendered

MAX_SOURCE_BYTES: Final = 256 * 1024
MAX_OUTPUT_BYTES: Final = 512 * 1024
MAX_SUBJECT_CHARS: Final = 255
MAX_JOINED_CHARS: Final = 10_000
CACHED_VERSIONS: Final = 32

FILTERS: Final = frozenset(
    {"abs", "capitalize", "d", "default", "e", "escape", "first", "float", "int", "join", "last"}
    | {"length", "lower", "title", "trim", "truncate", "upper", "urlencode"}
)
TESTS: Final = frozenset({"defined", "undefined", "none", "odd", "even", "string", "number"})
_LOOP_FACTS: Final = frozenset({"index", "index0", "first", "last", "length"})
_USE_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    LookupError,
    TemplateError,
    TypeError,
    ValueError,
)
"""What Jinja2 and its filters raise when a value is of the wrong kind or size."""
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MARK: Final = re.compile("\ue000(\\d+)\ue001")


def single_line(subject: str) -> str:
    """Return ``subject`` without blank space around it.

    Raises:
        InputError: it is empty, longer than 255 characters, or holds a line break or another
            control character, which could add headers to the mail.
    """
    subject = subject.strip(" \n")
    if not subject or len(subject) > MAX_SUBJECT_CHARS or _BREAKS.search(subject):
        raise InputError(
            code="bad_subject",
            detail=f"A subject has 1 to {MAX_SUBJECT_CHARS} characters on one line.",
        )
    return subject


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """One version of a campaign's content, ready to fill."""

    subject: Template
    html: Template
    text: Template


class CampaignTemplates:
    """Compiles a version once per process and fills it per person."""

    def __init__(self) -> None:
        self._html = _Sandbox(autoescape=True)
        self._text = _Sandbox(autoescape=False)
        self._cache: dict[bytes, _Compiled] = {}

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
            InputError: see `adapters.templates.TemplateRenderer.campaign`.
        """
        check_plain(values)
        compiled = self._compiled(subject, html, text)
        footer = Markup(footer_html)  # noqa: S704 - our own template escaped it
        body = _fill(compiled.html, "HTML", {**values, FOOTER_NAME: footer})
        plain = tidy(_fill(compiled.text, "text", values))
        return Rendered(
            subject=single_line(_fill(compiled.subject, "subject", values)),
            html=body,
            text=f"{plain}\n\n{footer_text}",
        )

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
        sources = (subject, html, text or "")
        if sum(len(x.encode(errors="replace")) for x in sources) > MAX_SOURCE_BYTES:
            raise broken("It is larger than 256 KiB.")
        return _Compiled(
            subject=self._text.build(subject, "subject"),
            html=self._html.build(html, "HTML", footer=True),
            text=self._text.build(self._text_source(html) if text is None else text, "text"),
        )

    def _text_source(self, html: str) -> str:
        """Return a text template made from the HTML one: tags kept, markup turned to text."""
        kept: list[str] = []
        pieces: list[str] = []
        for is_data, piece in self._text.pieces(html, "HTML"):
            if is_data:
                pieces.append(_MARK.sub("", piece))
            else:
                pieces.append(f"\ue000{len(kept)}\ue001")
                kept.append(piece)
        words = html_to_text("".join(pieces))
        return _MARK.sub(lambda mark: kept[int(mark[1])], words)


class _Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which names lead to plain data and to nothing else."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape, undefined=StrictUndefined)
        self.globals = {}
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= {"_items": _items, "join": _join, "default": _default, "d": _default}
        self.tests = {name: self.tests[name] for name in TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read a member of a dict or a fact of the loop; Python attributes are out of reach."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Read a member of a dict or an item of a list."""
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        if isinstance(obj, LoopContext) and argument in _LOOP_FACTS:
            return getattr(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def call(self, *_args: Any, **_kwargs: Any) -> Any:
        """Refuse every call; the rules for the tree already do."""
        raise broken("Calls are not possible.")

    def build(self, source: str, part: str, *, footer: bool = False) -> Template:
        """Return ``source`` compiled, within the rules, with a place for the footer.

        Raises:
            InputError: it breaks a rule; the detail names part and line.
        """
        try:
            tree = self.parse(source)
            check_tree(tree, part, filters=FILTERS, tests=TESTS)
            for loop in tree.find_all(nodes.For):
                items = nodes.Filter(loop.iter, "_items", [], [], None, None, lineno=loop.lineno)
                loop.iter = items
            if footer:
                place_footer(tree)
            tree.set_environment(self)
            code = self.compile(tree, part, f"<{part}>")
        except TemplateSyntaxError as error:
            raise broken(f"{error.message}", part, error.lineno) from None
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise broken("It is nested too deeply or cannot be read.", part) from None
        return Template.from_code(self, code, {})

    def pieces(self, source: str, part: str) -> Iterator[tuple[bool, str]]:
        """Yield ``source`` in runs: (True, plain data) or (False, a whole tag or expression)."""
        tag = ""
        try:
            for _, kind, value in self.lex(source):
                if kind == "data" and tag:
                    yield False, tag
                    tag = ""
                if kind == "data":
                    yield True, value
                else:
                    tag += value
                    if kind.endswith("_end"):
                        yield False, tag
                        tag = ""
        except TemplateSyntaxError as error:
            raise broken(f"{error.message}", part, error.lineno) from None
        if tag:
            yield False, tag


def _default(value: object, fallback: object = "", boolean: object = True) -> object:  # noqa: FBT002
    """Return ``fallback`` for a person who has no value, or, as forms leave it, an empty one."""
    del boolean  # Jinja2's own needs it to catch the empty text; here both spellings mean the same.
    return fallback if isinstance(value, Undefined) or value == "" else value


def _join(value: object, separator: str = "") -> str:
    """Return the items of a list as one text of at most 10,000 characters.

    Jinja2's own joins the characters of a text, too: three of it in a row fill the memory.
    """
    items = [str(item) for item in _items(value)]
    if sum(map(len, items)) + len(separator) * len(items) > MAX_JOINED_CHARS:
        raise ValueError
    return separator.join(items)


def _items(value: object) -> Iterable[object]:
    """Return what a loop may run over: a list, or the names of a dict."""
    if not isinstance(value, list | tuple | Mapping):
        raise TypeError
    if len(value) > MAX_ITEMS:
        raise ValueError
    return value


def _fill(template: Template, part: str, values: Mapping[str, object]) -> str:
    """Return ``template`` filled, stopping as soon as it grows too large."""
    pieces: list[str] = []
    chars = 0
    try:
        for piece in template.generate(values):
            pieces.append(piece)
            chars += len(piece)
            if chars > MAX_OUTPUT_BYTES:
                break
    except UndefinedError as error:
        hint = "Give it a fallback, as in {{ first_name | default('friend') }}."
        raise broken(f"{error.message}. {hint}", part, _line(error, part)) from None
    except _USE_FAULTS as error:
        raise broken("A value cannot be used like this.", part, _line(error, part)) from None
    filled = "".join(pieces)
    if chars > MAX_OUTPUT_BYTES or len(filled.encode(errors="replace")) > MAX_OUTPUT_BYTES:
        raise broken("It grows larger than 512 KiB.", part)
    return filled


def _line(error: Exception, part: str) -> int | None:
    """Return the line of the template an error came from; Jinja2 writes it into the traceback."""
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == f"<{part}>":
            line = step.tb_lineno
        step = step.tb_next
    return line


def _key(subject: str, html: str, text: str | None) -> bytes:
    parts = [subject, html] if text is None else [subject, html, text]
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode(errors="replace")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()
