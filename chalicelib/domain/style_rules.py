# SPDX-License-Identifier: Apache-2.0
"""Reads style sheets and style attributes far enough to say whom a rule means, and what it sets.

Guarantees that every text is read, however broken, in time proportional to its length. It knows
the selectors that mails use; of one that depends on brothers it reads the last element alone.

Source: CSS Syntax Module Level 3; Selectors Level 4.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chalicelib.domain.mail_markup import Element

_REMARK: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SIGN: Final = re.compile(r"""["'(){};]""")
_GROUPS: Final = ("@media", "@supports", "@layer", "@container")
_TOKEN: Final = re.compile(r"(?:[^\s>+~\[\]]|\[[^\]]*\]?)+|[>+~]")
_SIMPLE: Final = re.compile(
    r"(?P<sign>[.#]?)(?P<name>-?[\w\ue000*][\w\ue000-]*)"
    r"|\[\s*(?P<attribute>[\w-]+)\s*(?P<equals>=\s*[\"']?(?P<value>[^\]\"']*))?[^\]]*\]?"
    r"|(?P<element>::[\w-]+|:(?:before|after)\b)|(?P<state>:[\w-]+)(?:\([^)]*\)?)?"
)
_DYNAMIC: Final = frozenset({":hover", ":focus", ":active", ":visited", ":checked"})
_NARROW: Final = re.compile(r"max-(?:device-)?width|\bwidth\s*<")
_IMPORTANT: Final = "important"


@dataclass(frozen=True, slots=True)
class Value:
    """What a property is set to, in lower case, and whether nothing but importance beats it."""

    text: str
    important: bool


@dataclass(frozen=True, slots=True)
class Compound:
    """The part of a selector that speaks of one element."""

    tag: str
    ids: frozenset[str]
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]
    dynamic: bool
    imaginary: bool
    """Whether it means no element, but something before or after its words."""

    def matches(self, element: Element) -> bool:
        """Say whether ``element`` is meant, in whatever state."""
        held = element.attributes
        return (
            self.tag in ("", "*", element.name)
            and (not self.ids or self.ids <= {held.get("id", "")})
            and (not self.classes or self.classes <= set(held.get("class", "").split()))
            and all(name in held and value in (None, held[name]) for name, value in self.attributes)
        )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule for one selector.

    Args:
        media: the conditions it stands under, in lower case; "" if it always holds.
    """

    selector: str
    media: str
    values: Mapping[str, Value]

    @cached_property
    def compounds(self) -> tuple[Compound, ...]:
        """The elements a selector speaks of, the one it means last."""
        found: list[Compound] = []
        for token in _TOKEN.findall(self.selector):
            if token in "+~":
                found = found[:-1]
            elif token != ">":
                found.append(_compound(token))
        return tuple(found)

    @property
    def narrow(self) -> bool:
        """Whether it is for screens up to some width."""
        return _NARROW.search(self.media) is not None

    @property
    def on_paper(self) -> bool:
        """Whether it is for printers alone."""
        return "print" in self.media and "screen" not in self.media

    @property
    def conditional(self) -> bool:
        """Whether it holds at times only, so that it cannot be written into elements."""
        return bool(self.media) or any(each.dynamic for each in self.compounds)

    def matches(self, element: Element) -> bool:
        """Say whether the rule means ``element``."""
        compounds = self.compounds
        if not compounds or compounds[-1].imaginary or not compounds[-1].matches(element):
            return False
        around = element.parent
        for compound in reversed(compounds[:-1]):
            while around is not None and not compound.matches(around):
                around = around.parent
            if around is None:
                return False
            around = around.parent
        return True


def declared(style: str) -> dict[str, Value]:
    """Return what a style attribute, or the body of a rule, sets.

    Example:
        >>> declared("COLOR: Red !important; width:")
        {'color': Value(text='red', important=True)}
    """
    found: dict[str, Value] = {}
    for each in _declarations(_REMARK.sub(" ", style)):
        name, colon, text = each.partition(":")
        name, value, important = name.strip().lower(), text.strip().lower(), False
        if value.endswith(_IMPORTANT) and value[: -len(_IMPORTANT)].rstrip().endswith("!"):
            value, important = value[: value.rindex("!")].rstrip(), True
        if colon and value and not (name in found and found[name].important and not important):
            found.pop(name, None)  # The last one wins, also over a shorthand before it.
            found[name] = Value(value, important)
    return found


def rules(css: str, media: str = "") -> Iterator[Rule]:
    """Yield the rules of a style sheet that is for ``media``, one for each selector."""
    for selectors, conditions, body in _blocks(_REMARK.sub(" ", css)):
        values = declared(body)
        told = " and ".join(each for each in (media.strip().lower(), *conditions) if each)
        for selector in selectors.split(","):
            if selector.strip() and values:
                yield Rule(selector=" ".join(selector.split()), media=told, values=values)


def _blocks(css: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield (selectors, conditions, declarations) of each rule under no other at-rule."""
    opened: list[tuple[str, bool]] = []
    start, quote = 0, ""
    for found in _SIGN.finditer(css):
        sign = found[0]
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign == "{":
            prelude = css[start : found.start()].strip()
            opened.append((prelude, prelude.lower().startswith(_GROUPS)))
            start = found.end()
        elif sign == "}":
            prelude, group = opened.pop() if opened else ("", True)
            around = [each for each, is_group in opened if is_group]
            if not group and len(around) == len(opened) and not prelude.startswith("@"):
                conditions = tuple(" ".join(each.lower().split()) for each in around)
                yield prelude, conditions, css[start : found.start()]
            start = found.end()
        elif sign == ";" and (not opened or opened[-1][1]):
            start = found.end()


def _declarations(style: str) -> Iterator[str]:
    """Yield what stands between the semicolons that are neither quoted nor in brackets."""
    if not _SIGN.search(style.replace(";", "")):
        yield from style.split(";")
        return
    start, depth, quote = 0, 0, ""
    for found in _SIGN.finditer(style):
        sign = found[0]
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign == ";" and not depth:
            yield style[start : found.start()]
            start = found.end()
        elif sign in "()":
            depth = max(0, depth + (1 if sign == "(" else -1))
    yield style[start:]


def _compound(token: str) -> Compound:
    names: dict[str, list[str]] = {"": [], "#": [], ".": []}
    attributes: list[tuple[str, str | None]] = []
    states: list[str] = []
    imaginary = False
    for found in _SIMPLE.finditer(token):
        if found["name"] is not None:
            names[found["sign"]].append(found["name"])
        elif found["attribute"] is not None:
            value = found["value"] if found["equals"] else None
            attributes.append((found["attribute"].lower(), value and value.strip()))
        elif found["element"]:
            imaginary = True
        else:
            states.append(found["state"].lower())
    return Compound(
        tag="".join(names[""][:1]).lower(),
        ids=frozenset(names["#"]),
        classes=frozenset(names["."]),
        attributes=tuple(attributes),
        dynamic=not _DYNAMIC.isdisjoint(states),
        imaginary=imaginary,
    )
