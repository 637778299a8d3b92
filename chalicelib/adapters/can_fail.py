# SPDX-License-Identifier: Apache-2.0
"""Says of a template whether somebody's mail could turn out not to be renderable.

Guarantees that a template of which it says no can be filled for everybody whose fields are text,
whatever they hold and whatever they left out, within the cap on the size of a mail. It says yes
wherever it cannot tell: then everybody's mail is tried before the first one is sent.
"""

from collections.abc import Collection
from typing import Final

from jinja2 import nodes

from chalicelib.adapters.sandbox import MAX_OUTPUT_BYTES
from chalicelib.adapters.split_mail import PIXEL_NAME, TOKEN_NAME
from chalicelib.adapters.template_rules import MAX_VALUE_CHARS
from chalicelib.adapters.template_work import MAX_WORK_CHARS, is_dear

_GROWTH: Final = 6
"""Bytes a character can become: of four bytes, or an entity, or in capitals."""
_VALUE_BYTES: Final = MAX_VALUE_CHARS * _GROWTH
_CASE_GROWTH: Final = 3
"""Characters a character can become in capitals."""
_FOOTER_BYTES: Final = 8_192
OURS: Final = {"brand": 720, "list": 720, "preferences_url": 1_024, "unsubscribe_url": 1_024}
"""What every template may read beside the fields, and how many bytes each has at most."""
_COMPILED: Final = {TOKEN_NAME: 90, PIXEL_NAME: 400}
_NUMBER_BYTES: Final = 24
_SAFE_FILTERS: Final = frozenset({"capitalize", "length", "lower", "title", "trim", "upper"})
_ESCAPING: Final = frozenset({"e", "escape"})
_FALLBACK: Final = frozenset({"d", "default"})
_KINDS: Final = frozenset({"none", "number", "string"})
_WHETHER: Final = frozenset({"defined", "undefined"})
_ALIKE: Final = frozenset({"eq", "ne"})
_SHORTEST_CUT: Final = 3
"""What is cut off is replaced by three dots, which must fit."""


class _CannotTellError(Exception):
    """Something here could fail for somebody."""


Known = dict[str, tuple[int, bool]]
"""Names that everybody has: how many bytes the value has at most, and whether it is text."""


def can_fail(tree: nodes.Template, fields: Collection[str]) -> bool:
    """Say whether filling ``tree`` could fail for somebody.

    Args:
        tree: checked, see `adapters.sandbox.Sandbox.tree`; without its footer.
        fields: names whose value everybody has, as text.
    """
    most = most_bytes(tree, fields)
    return most is None or most > MAX_OUTPUT_BYTES - _FOOTER_BYTES


def most_bytes(
    tree: nodes.Template, fields: Collection[str], chars: int = MAX_VALUE_CHARS
) -> int | None:
    """Return how many bytes filling ``tree`` writes at most; None where it could fail.

    Args:
        tree, fields: as of `can_fail`.
        chars: how long the value of a field is at most; that of another name may be longer.
    """
    sizes = dict.fromkeys(fields, chars * _GROWTH) | OURS | _COMPILED
    known = {name: (size, True) for name, size in sizes.items()}
    try:
        most = _body(tree.body, known)
    except _CannotTellError:
        return None
    return most if _work(tree, 1) <= MAX_WORK_CHARS else None


def _work(node: nodes.Node, turns: int) -> int:
    """Return how many characters filling ``node`` works through at most, all in all.

    Args:
        node: `_value` or `_node` can tell of it.
        turns: how often it is filled.
    """
    inside = turns
    if isinstance(node, nodes.For):
        items = node.iter.node if isinstance(node.iter, nodes.Filter) else node.iter
        written = items.items if isinstance(items, nodes.List) else []
        if not all(isinstance(each, nodes.Const | nodes.Name) for each in written):
            return MAX_WORK_CHARS + 1  # An item could be longer than a value.
        inside = turns * max(1, len(written))
    children = list(node.iter_child_nodes())
    is_counted = isinstance(node, nodes.Concat) or (
        isinstance(node, nodes.Filter) and is_dear(node.name)
    )
    own = turns * sum(map(_chars, children)) if is_counted else 0
    return own + sum(_work(child, inside) for child in children)


def _chars(node: nodes.Node) -> int:
    """Return how many characters a value has at most, too many rather than too few."""
    if isinstance(node, nodes.Const):
        return 1 + len(str(node.value)) * _CASE_GROWTH
    if isinstance(node, nodes.Name):
        return 1 + MAX_VALUE_CHARS * _CASE_GROWTH
    if isinstance(node, nodes.Getattr):
        return _NUMBER_BYTES
    inner = 1 + sum(map(_chars, node.iter_child_nodes()))
    is_escaped = isinstance(node, nodes.Filter) and node.name in _ESCAPING
    return inner * _GROWTH if is_escaped else inner


def _body(body: Collection[nodes.Node], known: Known) -> int:
    """Return how many bytes nodes write at most; ``known`` grows by what they set."""
    return sum(_node(node, known) for node in body)


def _node(node: nodes.Node, known: Known) -> int:
    if isinstance(node, nodes.Output):
        return sum(_value(each, known) for each in node.nodes)
    if isinstance(node, nodes.If):
        return _choice(node, known)
    if isinstance(node, nodes.For):
        return _loop(node, known)
    if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
        known[node.target.name] = _value(node.node, known), _is_text(node.node, known)
        return 0
    raise _CannotTellError


def _choice(node: nodes.If, known: Known) -> int:
    """Return the most that a branch writes; what only one of them sets may be missing after it."""
    branches = [node.body, *(each.body for each in node.elif_), node.else_]
    for test in (node.test, *(each.test for each in node.elif_)):
        _value(test, known)
    sizes: list[int] = []
    after = dict(known)
    for branch in branches:
        within = dict(known)
        sizes.append(_body(branch, within))
        after = {
            name: (max(size, within[name][0]), is_text and within[name][1])
            for name, (size, is_text) in after.items()
        }
    known.update(after)
    return max(sizes)


def _loop(node: nodes.For, known: Known) -> int:
    """Return what a loop writes over a list that is written out; no field is a list."""
    items = node.iter.node if isinstance(node.iter, nodes.Filter) else node.iter
    if not isinstance(items, nodes.List) or not isinstance(node.target, nodes.Name):
        raise _CannotTellError
    size = max([0, *(_value(each, known) for each in items.items)])
    is_text = all(_is_text(each, known) for each in items.items)
    within = known | {node.target.name: (size, is_text), "loop": (0, False)}
    if node.test is not None:
        _value(node.test, within)
    turns = len(items.items) * _body(node.body, within)
    return max(turns, _body(node.else_, dict(known)))


def _value(node: nodes.Node | None, known: Known) -> int:
    """Return how many bytes a value has at most once it is written.

    Raises:
        _CannotTellError: reading it could fail for somebody.
    """
    if isinstance(node, nodes.TemplateData):
        return len(node.data.encode(errors="replace"))
    if isinstance(node, nodes.Const):
        return len(str(node.value)) * _GROWTH
    if isinstance(node, nodes.Name) and node.name in known and node.name != "loop":
        return known[node.name][0]
    if isinstance(node, nodes.Getattr):
        return _fact(node, known)
    if isinstance(node, nodes.Filter):
        return _filtered(node, known)
    if isinstance(node, nodes.Test):
        return _tested(node, known)
    return _combined(node, known)


def _combined(node: nodes.Node | None, known: Known) -> int:
    if isinstance(node, nodes.And | nodes.Or):
        return max(_value(node.left, known), _value(node.right, known))
    if isinstance(node, nodes.Not):
        return max(_value(node.node, known), _NUMBER_BYTES)
    if isinstance(node, nodes.Concat):
        return sum(_value(each, known) for each in node.nodes)
    if isinstance(node, nodes.CondExpr):
        _value(node.test, known)
        return max(_value(node.expr1, known), _value(node.expr2, known))
    if isinstance(node, nodes.Compare) and all(each.op in _ALIKE for each in node.ops):
        for each in (node.expr, *(operand.expr for operand in node.ops)):
            _value(each, known)
        return _NUMBER_BYTES
    raise _CannotTellError


def _fact(node: nodes.Getattr, known: Known) -> int:
    """Return the size of a fact of the loop around it."""
    is_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop" and "loop" in known
    if is_loop and node.attr in {"first", "index", "index0", "last", "length"}:
        return _NUMBER_BYTES
    raise _CannotTellError


def _filtered(node: nodes.Filter, known: Known) -> int:
    if node.name in _FALLBACK and not node.kwargs:
        is_new = isinstance(node.node, nodes.Name) and node.node.name not in known
        held = _VALUE_BYTES if is_new else _value(node.node, known)
        return max([held, *(_value(each, known) for each in node.args)])
    if node.name in _ESCAPING and not node.args:
        return _GROWTH * _value(node.node, known)
    is_bare = not node.args and not node.kwargs
    if node.name in _SAFE_FILTERS and is_bare and _is_text(node.node, known):
        return _value(node.node, known)
    if node.name == "truncate" and _is_text(node.node, known) and _cuts(node):
        return _value(node.node, known) + _NUMBER_BYTES
    raise _CannotTellError


def _is_text(node: nodes.Node | None, known: Known) -> bool:
    """Say whether a value is text for sure: a number has no length."""
    if isinstance(node, nodes.Const):
        return isinstance(node.value, str)
    if isinstance(node, nodes.Filter) and node.name in _FALLBACK:
        return all(_is_text(each, known) for each in (node.node, *node.args[:1]))
    if isinstance(node, nodes.Filter):
        return node.name != "length"
    if isinstance(node, nodes.Name):
        return known.get(node.name, (0, True))[1]
    return isinstance(node, nodes.Concat)


def _cuts(node: nodes.Filter) -> bool:
    """Say whether a text is cut at a length that is written out, and leaves room for the dots."""
    if node.kwargs or len(node.args) > 1:
        return False
    lengths = [each.value if isinstance(each, nodes.Const) else None for each in node.args]
    return all(type(each) is int and each >= _SHORTEST_CUT for each in lengths)


def _tested(node: nodes.Test, known: Known) -> int:
    is_whether = node.name in _WHETHER and isinstance(node.node, nodes.Name)
    if is_whether or (node.name in _KINDS and not node.args):
        if not is_whether:
            _value(node.node, known)
        return _NUMBER_BYTES
    raise _CannotTellError
