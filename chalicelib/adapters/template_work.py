# SPDX-License-Identifier: Apache-2.0
"""What filling a marketers' template may cost: the texts its filters and signs work through.

Guarantees that one filling works through `MAX_WORK_CHARS` characters at most, whatever loops,
filters and values come together, and that nothing of a template runs while it is compiled. Output
is bounded by `adapters.sandbox.fill`, the number of steps by `adapters.template_rules`.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from jinja2 import Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context

MAX_WORK_CHARS: Final = 1_000_000
"""The dearest filter, ``title``, needs a third of a microsecond for a character."""
_TOO_MUCH: Final = "The filters and joined texts here take too long."
_NO_NUMBER: Final = "“odd” and “even” ask for a whole number, as in {% if loop.index is odd %}."
_FREE: Final = frozenset({"_items", "d", "default", "first", "last", "length"})
"""Filters that look at no text."""
SEARCH_TURNS: Final = 4
"""How often ``in`` may look at a character, where others look once."""
_BITS_OF_A_DIGIT: Final = 3


class UseError(TemplateRuntimeError):
    """A value is used in a way that cannot work; the message is for the author."""


class Filling(Context):
    """The context of one filling, which counts the work."""

    spent = 0

    def charge(self, value: object) -> None:
        """Count the text of ``value``.

        Raises:
            UseError: with it, the work is more than `MAX_WORK_CHARS` characters.
        """
        self.spent += 1
        if isinstance(value, str):
            self.spent += len(value)
        elif isinstance(value, int):
            self.spent += value.bit_length() // _BITS_OF_A_DIGIT
        elif isinstance(value, Mapping):
            self.charge([*value, *value.values()])
        elif isinstance(value, list | tuple):
            for item in value:
                self.charge(item)
        if self.spent > MAX_WORK_CHARS:
            raise UseError(_TOO_MUCH)


class Generator(CodeGenerator):
    """Compiles ``~`` and comparisons into calls that can be counted."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write the call of `adapters.sandbox.Sandbox.joined`."""
        self.write("environment.joined(context, (")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write the sign and the call of `adapters.sandbox.Sandbox.compared`."""
        self.write(f" {operators[node.op]} environment.compared(context, {node.op!r}, ")
        self.visit(node.expr, frame)
        self.write(")")


def is_dear(name: str) -> bool:
    """Say whether a filter works through the text it is given."""
    return name not in _FREE


def counted(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return filters that charge what they are given.

    That they want the context keeps Jinja2 from running them while it compiles.
    """
    return {name: _counted(one) if is_dear(name) else one for name, one in filters.items()}


def _counted(one: Callable[..., Any]) -> Callable[..., Any]:
    wants_environment = hasattr(one, "jinja_pass_arg")  # The only thing that ours ask for.

    @pass_context
    @wraps(one, updated=())
    def charged(context: Filling, *args: object, **kwargs: object) -> object:
        for each in (*args, *kwargs.values()):
            context.charge(each)
        if wants_environment:
            return one(context.environment, *args, **kwargs)
        return one(*args, **kwargs)

    return charged


@pass_context
def shown(context: Filling, value: object) -> object:
    """Return a value that is put out; a list is charged, since all of it becomes text at once."""
    if not isinstance(value, str) and isinstance(value, list | tuple | Mapping):
        context.charge(value)
    return value


def is_odd(value: object) -> bool:
    """Say whether a whole number is odd.

    Raises:
        UseError: it is none: on text, ``%`` would format, without end.
    """
    if type(value) is int or isinstance(value, Undefined):
        return value % 2 == 1  # What is undefined says so.
    raise UseError(_NO_NUMBER)


def is_even(value: object) -> bool:
    """Say whether a whole number is even; as `is_odd`."""
    return not is_odd(value)
