# SPDX-License-Identifier: Apache-2.0
"""The sandbox marketers' templates run in.

Guarantees that a template can only read the values it is given, that it stops as soon as its
output grows too large, and that an error names the part and the line. Refuses whatever
`adapters.template_rules` does not list.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context, LoopContext, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment

from chalicelib.adapters.template_rules import (
    MAX_ITEMS,
    broken,
    check_tree,
    place_footer,
    without_marks,
)
from chalicelib.adapters.template_work import (
    SEARCH_TURNS,
    Filling,
    Generator,
    UseError,
    counted,
    is_even,
    is_odd,
    shown,
)
from chalicelib.errors import InputError

MAX_OUTPUT_BYTES: Final = 512 * 1024
MAX_SUBJECT_CHARS: Final = 255
MAX_JOINED_CHARS: Final = 10_000

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


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which names lead to plain data and to nothing else."""

    code_generator_class = Generator
    context_class = Filling
    intercepted_binops = frozenset({"+"})

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            finalize=shown,
            optimized=False,  # It would run what is constant, and count nothing.
        )
        self.globals = {}
        filters = {name: self.filters[name] for name in FILTERS}
        filters |= {"_items": _items, "join": _join, "default": _default, "d": _default}
        self.filters = counted(filters)
        self.tests = {name: self.tests[name] for name in TESTS} | {"odd": is_odd, "even": is_even}

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

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Add two values, once their texts are counted."""
        self._charge(context, (left, right))
        return super().call_binop(context, operator, left, right)

    def joined(self, context: Context, values: Sequence[object]) -> str:
        """Return what ``~`` makes of values, once they are counted."""
        self._charge(context, values)
        return markup_join(values) if self.autoescape else str_join(values)

    def compared(self, context: Context, sign: str, value: object) -> object:
        """Return the right side of a comparison, once it is counted where that can take long."""
        if sign in {"in", "notin"}:
            self._charge(context, (value,) * SEARCH_TURNS)
        elif isinstance(value, list | tuple | Mapping):
            self._charge(context, (value,))
        return value

    @staticmethod
    def _charge(context: Context, values: Sequence[object]) -> None:
        if isinstance(context, Filling):
            for value in values:
                context.charge(value)

    def build(self, source: str, part: str, *, footer: bool = False) -> Template:
        """Return ``source`` compiled, within the rules, with a place for the footer.

        Raises:
            InputError: it breaks a rule; the detail names part and line.
        """
        return self.compiled(self.tree(source, part, footer=footer), part)

    def tree(
        self, source: str, part: str, *, footer: bool = False, own: Collection[str] = ()
    ) -> nodes.Template:
        """Return ``source`` parsed, within the rules, with a place for the footer.

        Args:
            own: names of ours that the source may show, as a compiled mail does.

        Raises:
            InputError: it breaks a rule; the detail names part and line.
        """
        with _told(part):
            tree = self.parse(source)
            check_tree(tree, part, filters=FILTERS, tests=TESTS, own=own)
            for loop in tree.find_all(nodes.For):
                items = nodes.Filter(loop.iter, "_items", [], [], None, None, lineno=loop.lineno)
                loop.iter = items
            for data in tree.find_all(nodes.TemplateData):
                data.data = without_marks(data.data)
            for const in tree.find_all(nodes.Const):
                if isinstance(const.value, str):
                    const.value = without_marks(const.value)
            if footer:
                place_footer(tree)
            tree.set_environment(self)
            return tree

    def compiled(self, tree: nodes.Template, part: str) -> Template:
        """Return a checked tree ready to fill.

        Raises:
            InputError: it is nested too deeply.
        """
        with _told(part):
            return Template.from_code(self, self.compile(tree, part, f"<{part}>"), {})

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


@contextmanager
def _told(part: str) -> Iterator[None]:
    """Tell in our own words what Jinja2 cannot read."""
    try:
        yield
    except TemplateSyntaxError as error:
        raise broken(f"{error.message}", part, error.lineno) from None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise broken("It is nested too deeply or cannot be read.", part) from None


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


def fill(template: Template, part: str, values: Mapping[str, object]) -> str:
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
    except UseError as error:
        raise broken(f"{error.message}", part, _line(error, part)) from None
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
