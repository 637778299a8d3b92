# SPDX-License-Identifier: Apache-2.0
"""What a marketer's template may hold, checked on its syntax tree before anything runs.

Guarantees that a tree which passes can be filled in bounded time and memory: it has at most
5,000 nodes, its loops together run at most 200,000 steps, no variable can grow by being set, no
text in quotes is longer than a value, and no expression calls, multiplies or formats; what filters
and joined texts cost, `adapters.template_work` counts. Refuses every kind of node not listed.

Why a list of what is allowed: each known escape of the Jinja2 sandbox went through an attribute,
a call or a filter nobody had listed as dangerous (CVE-2016-10745, CVE-2019-10906,
CVE-2024-56326, CVE-2025-27516), and the sandbox bounds neither time nor memory.
Source: Jinja2 documentation, "Sandbox", section "Security Considerations".
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from chalicelib.adapters.hiding_elements import UNFINISHED, hider_after
from chalicelib.errors import InputError

MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 40
MAX_STEPS: Final = 200_000
MAX_ITEMS: Final = 100
"""Items of a list or members of a dict among the values, and turns of one loop."""
MAX_VALUE_CHARS: Final = 4_000
MAX_VALUE_DEPTH: Final = 4
FOOTER_NAME: Final = "_footer"

_ALLOWED: Final = (
    nodes.Add | nodes.And | nodes.Assign | nodes.Compare | nodes.Concat | nodes.CondExpr
    | nodes.Const | nodes.Filter | nodes.For | nodes.Getattr | nodes.Getitem | nodes.If
    | nodes.Keyword | nodes.List | nodes.Name | nodes.Neg | nodes.Not | nodes.Operand | nodes.Or
    | nodes.Output | nodes.Sub | nodes.Template | nodes.TemplateData | nodes.Test | nodes.Tuple
)  # fmt: skip
_NEVER_GROWS: Final = (
    nodes.CondExpr | nodes.Const | nodes.Filter | nodes.Getattr | nodes.Keyword | nodes.Name
)
_SHRINKING: Final = frozenset(
    {"capitalize", "d", "default", "first", "int", "last", "length", "lower", "title", "trim"}
)
_WORDS: Final = {
    "Call": "Calling something",
    "Macro": "A macro",
    "Import": "An import",
    "FromImport": "An import",
    "Include": "An include",
    "Extends": "Building on another template",
    "Mul": "Multiplying",
    "Pow": "Raising to a power",
    "Mod": "The % sign",
}
_NOT_PLAIN: Final = "A value given to the template is not plain data, or is too large."
_MARKS: Final = re.compile("[\ue000-\ue002]")
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)


def broken(sentence: str, part: str = "", line: int | None = None) -> InputError:
    """Return the error for a template nobody can send, with where in it the fault is."""
    where = f"Line {line} of the {part}: " if part and line else f"The {part}: " if part else ""
    end = "" if sentence.endswith((".", "?", "!")) else "."  # Jinja's own sentences have none.
    return InputError(code="bad_template", detail=f"{where}{sentence}{end}")


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """Return ``values`` once they are known to be plain data of bounded size, less our own marks.

    People may have any number of values: a template reads each by its name, and loops over none.

    Raises:
        InputError: they hold something other than str, int, bool, list or dict; more than 100
            items in a list or dict; a text over 4,000 characters; or more than four levels.
    """
    return _plain_members(values, 0)


def _plain_members(values: Mapping[Any, object], depth: int) -> dict[str, object]:
    return {without_marks(str(name)): _plain(item, depth + 1) for name, item in values.items()}


def _plain(value: object, depth: int) -> object:
    if isinstance(value, str) and len(value) <= MAX_VALUE_CHARS:
        return without_marks(value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    fits = isinstance(value, Mapping | list) and len(value) <= MAX_ITEMS
    if fits and isinstance(value, Mapping) and depth < MAX_VALUE_DEPTH:
        return _plain_members(value, depth)
    if fits and isinstance(value, list) and depth < MAX_VALUE_DEPTH:
        return [_plain(item, depth + 1) for item in value]
    raise broken(_NOT_PLAIN)


def without_marks(text: str) -> str:
    """Return ``text`` less U+E000 to U+E002.

    They belong to no script. They mark places in a mail while it is made, so neither a source
    nor a value may bring one along.
    """
    return text if text.isascii() else _MARKS.sub("", text)


def check_tree(
    tree: nodes.Template,
    part: str,
    *,
    filters: Collection[str],
    tests: Collection[str],
    own: Collection[str] = (),
) -> None:
    """Check a parsed template against every rule of this module.

    Args:
        own: names of ours, which begin with an underscore and may be shown, but not used.

    Raises:
        InputError: with the part and line of the first thing that is not allowed.
    """
    count, steps = 0, 0
    shown = {id(item) for output in tree.find_all(nodes.Output) for item in output.nodes}
    for node, depth, turns in _walk(tree, 0, 1):
        count, steps = count + 1, steps + turns
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise broken("This template is too long or too deeply nested.", part, node.lineno)
        if steps > MAX_STEPS:
            raise broken("These loops inside each other take too long.", part, node.lineno)
        ours = id(node) in shown and _named(node) in own and isinstance(node, nodes.Name)
        if not ours:
            _check_node(node, part, filters, tests)


def _walk(node: nodes.Node, depth: int, turns: int) -> Iterator[tuple[nodes.Node, int, int]]:
    """Yield every node with its depth and how often loops can make it run."""
    yield node, depth, turns
    inside = turns * MAX_ITEMS if isinstance(node, nodes.For) else turns
    if depth <= MAX_DEPTH:
        for child in node.iter_child_nodes():
            yield from _walk(child, depth + 1, inside)


def _check_node(
    node: nodes.Node, part: str, filters: Collection[str], tests: Collection[str]
) -> None:
    kind = type(node).__name__
    fault = None
    if not isinstance(node, _ALLOWED):
        fault = f"{_WORDS.get(kind, f'“{kind}”')} is not possible here."
    elif _named(node).startswith("_"):
        fault = "A name cannot begin with an underscore."
    elif isinstance(node, nodes.Filter) and node.name not in filters:
        fault = f"There is no filter “{node.name}”. There are: {', '.join(sorted(filters))}."
    elif isinstance(node, nodes.Test) and node.name not in tests:
        fault = f"There is no test “{node.name}”. There are: {', '.join(sorted(tests))}."
    elif isinstance(node, nodes.Filter | nodes.Test) and (node.dyn_args or node.dyn_kwargs):
        fault = "A filter takes its values one by one."
    else:
        fault = _misshapen(node)
    if fault:
        raise broken(fault, part, node.lineno)


def _misshapen(node: nodes.Node) -> str | None:
    """Return what is wrong with the parts of a node of a kind that is allowed."""
    if isinstance(node, nodes.Getitem) and not _is_fixed(node.arg):
        return "What stands in [ ] is a number or a name in quotes."
    if isinstance(node, nodes.For) and node.recursive:
        return "A loop cannot call itself."
    if isinstance(node, nodes.Assign) and _can_grow(node):
        return "A set variable takes one value, with a fallback if you like."
    if isinstance(node, nodes.Const) and _is_long(node.value):
        return f"A text in quotes has at most {MAX_VALUE_CHARS:,} characters."
    return None


def _named(node: nodes.Node) -> str:
    """Return the name a node reads or sets, else ""."""
    if isinstance(node, nodes.Name):
        return node.name
    return node.attr if isinstance(node, nodes.Getattr) else ""


def _is_fixed(node: nodes.Expr) -> bool:
    """Say whether an index is written out: one that comes from data would be quoted in errors."""
    return isinstance(node.node if isinstance(node, nodes.Neg) else node, nodes.Const)


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > MAX_VALUE_CHARS


def _can_grow(node: nodes.Assign) -> bool:
    """Say whether setting could make a value longer than any it was given."""
    return not isinstance(node.target, nodes.Name) or any(
        not isinstance(inner, _NEVER_GROWS)
        or (isinstance(inner, nodes.Filter) and inner.name not in _SHRINKING)
        for inner in (node.node, *node.node.find_all(nodes.Node))
    )


def place_footer(tree: nodes.Template) -> None:
    """Put the footer before the last ``</body>`` outside every condition, else at the end.

    Raises:
        InputError: a tag, a comment or an element is open there and would hide it.
    """
    hider = None
    for index, before, after in (_last_body_end(tree.body), (len(tree.body), [], [])):
        hider = hider_after([*tree.body[:index], nodes.Output(before)])
        if hider is None:
            footer = nodes.Name(FOOTER_NAME, "load", lineno=1)
            filled = nodes.Output([*before, footer, *after], lineno=1)
            tree.body[index : index + bool(after)] = [filled]
            return
    fault = hider if hider == UNFINISHED else f"{hider} hides what is in it, and"
    raise broken(f"{fault} is not closed: the footer would not be seen. Close it.", "HTML")


def _last_body_end(
    body: list[nodes.Node],
) -> tuple[int, list[nodes.Expr], list[nodes.Expr]]:
    """Return the index of the last top-level output with ``</body>``, and it cut in two there."""
    for index in range(len(body) - 1, -1, -1):
        node = body[index]
        items = node.nodes if isinstance(node, nodes.Output) else []
        for place in range(len(items) - 1, -1, -1):
            item = items[place]
            if not isinstance(item, nodes.TemplateData):
                continue
            ends = list(_BODY_END.finditer(item.data))
            if ends:
                cut = ends[-1].start()
                head = nodes.TemplateData(item.data[:cut], lineno=item.lineno)
                tail = nodes.TemplateData(item.data[cut:], lineno=item.lineno)
                return index, [*items[:place], head], [tail, *items[place + 1 :]]
    return len(body), [], []
