# SPDX-License-Identifier: Apache-2.0
"""A mail's syntax tree cut in two: the text everybody gets, and the fragments that are personal.

Guarantees that the fragments, filled and put back in their places, give what the whole tree
gives. They stay one template, run once, with a mark between them, so that ``{% set %}`` keeps its
meaning. At most 60 fragments: where there would be more, the text between them joins them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from jinja2 import nodes

from chalicelib.adapters.html_text import tidy
from chalicelib.adapters.static_text import Pieces, Slot

BETWEEN: Final = "\ue002"
"""Stands between two fragments; neither a source nor a value holds it (`without_marks`)."""
MAX_FRAGMENTS: Final = 60
JOINED_CHARS: Final = (16, 256, 4_096, inf)
"""Text up to this long between two fragments joins them; the next where there are too many."""
_NAME_CHARS: Final = 100
"""What a shared name counts as where it stands between two fragments, and would be personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One part of a mail.

    Attributes:
        pieces: the text everybody gets, and a place for each fragment and each shared value.
        stream: template of the fragments, `BETWEEN` between them; None where nothing runs.
        fragments: keys of the fragments, in order.
        names: the shared values the stream shows.

    """

    pieces: Pieces
    stream: nodes.Template | None
    fragments: tuple[str, ...]
    names: frozenset[str]


_Item = str | nodes.Name | list[nodes.Node]
"""Text, a shared name shown as it is, or nodes that run for each person."""


def cut(
    tree: nodes.Template, letter: str, shared: Mapping[str, Pieces], *, is_text: bool = False
) -> Cut:
    """Return a part of a mail cut.

    Args:
        letter: first of the keys of its fragments.
        shared: what stands in the text for a name that is shown outside every branch and loop.
        is_text: the whole is tidied: give its fragments to `tidied`.
    """
    items, last = _items(tree, shared)
    if is_text:
        items = list(_joined(_loose(items), -1))
    for limit in JOINED_CHARS:
        items = list(_joined(items, limit))
        if sum(isinstance(item, list) for item in items) <= MAX_FRAGMENTS:
            break
    return _cut(tree, items, last, letter, shared)


def uncut(tree: nodes.Template, letter: str, shared: Mapping[str, Pieces]) -> Cut:
    """Return a part of a mail as a single fragment that holds all of it."""
    return _cut(tree, [tree.body] if tree.body else [], [], letter, shared)


def tidied(cut: Cut, fragments: Sequence[str]) -> list[str]:
    """Return the text part's fragments as `tidy` leaves them in the whole.

    It turns each run of blank space into another, whatever is around it, so it can work piece by
    piece: `cut` puts every run that can meet a fragment inside that fragment, and tidies the rest.
    """
    starts = cut.pieces[:1] == (Slot(cut.fragments[0]),) if cut.fragments else False
    ends = cut.pieces[-1:] == (Slot(cut.fragments[-1]),) if cut.fragments else False
    final = len(fragments) - 1
    return [
        _tidied(fragment, starts=starts and index == 0, ends=ends and index == final)
        for index, fragment in enumerate(fragments)
    ]


def _tidied(text: str, *, starts: bool, ends: bool) -> str:
    """Return ``text`` tidied; words stand before it unless it starts the mail, and after it."""
    if "\n" not in text and not starts and not ends:
        return text
    before, after = "" if starts else "|", "" if ends else "|"
    result = tidy(f"{before}{text}{after}")
    return result[len(before) : len(result) - len(after)]


def _items(
    tree: nodes.Template, shared: Mapping[str, Pieces]
) -> tuple[list[_Item], list[nodes.Node]]:
    """Return the top of the tree in runs, and the assignments after the last that shows.

    An assignment shows nothing: it goes to the next node that runs.
    """
    items: list[_Item] = []
    silent: list[nodes.Node] = []
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    kept = shared.keys() - stored
    for node in tree.body:
        for item in node.nodes if isinstance(node, nodes.Output) else (node,):
            last = items[-1] if items else None
            if isinstance(item, nodes.Assign):
                silent.append(item)
            elif isinstance(item, nodes.TemplateData):
                if isinstance(last, str):
                    items[-1] = last + item.data
                elif item.data:
                    items.append(item.data)
            elif isinstance(item, nodes.Name) and item.name in kept:
                if shared[item.name]:
                    items.append(item)
            else:
                items.append([*silent, _shown(item) if isinstance(item, nodes.Expr) else item])
                silent = []
    return items, silent


def _shown(item: str | nodes.Expr) -> nodes.Output:
    lineno = 1 if isinstance(item, str) else item.lineno
    expr = nodes.TemplateData(item, lineno=lineno) if isinstance(item, str) else item
    return nodes.Output([expr], lineno=lineno)


def _loose(items: Sequence[_Item]) -> Iterator[_Item]:
    """Yield the text part's runs, tidied, with blank space beside a fragment made part of it."""
    for index, item in enumerate(items):
        if not isinstance(item, str):
            yield item
            continue
        before = items[index - 1] if index else None
        after = items[index + 1] if index + 1 < len(items) else None
        rest = item.lstrip() if isinstance(before, list) else item
        words = rest.rstrip() if isinstance(after, list) else rest
        if rest != item:
            yield [_shown(item[: len(item) - len(rest)])]
        shared = _tidied(words, starts=before is None, ends=after is None)
        if shared:
            yield shared
        if words != rest:
            yield [_shown(rest[len(words) :])]


def _joined(items: Iterable[_Item], limit: float) -> Iterator[_Item]:
    """Yield the runs with fragments joined where at most ``limit`` characters part them."""
    fragment: list[nodes.Node] = []
    gap: list[str | nodes.Name] = []
    for item in items:
        if not isinstance(item, list):
            gap.append(item)
            continue
        chars = sum(len(x) if isinstance(x, str) else _NAME_CHARS for x in gap)
        if fragment and (not gap or chars <= limit):
            fragment += [_shown(x) for x in gap]
        else:
            if fragment:
                yield fragment
            yield from gap
            fragment = []
        fragment += item
        gap = []
    if fragment:
        yield fragment
    yield from gap


def _cut(
    tree: nodes.Template,
    items: Iterable[_Item],
    last: Sequence[nodes.Node],
    letter: str,
    shared: Mapping[str, Pieces],
) -> Cut:
    pieces: list[str | Slot] = []
    body: list[nodes.Node] = []
    keys: list[str] = []
    for item in items:
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, nodes.Name):
            pieces += shared[item.name]
        else:
            body += [_shown(BETWEEN)] if keys else []
            body += item
            keys.append(f"{letter}{len(keys)}")
            pieces.append(Slot(keys[-1]))
    stream = nodes.Template([*body, *last], lineno=1)
    if tree.environment is not None:
        stream.set_environment(tree.environment)
    shows = {name.name for name in stream.find_all(nodes.Name)}
    return Cut(
        pieces=tuple(pieces),
        stream=stream if stream.body else None,
        fragments=tuple(keys),
        names=frozenset(shows & shared.keys()),
    )
