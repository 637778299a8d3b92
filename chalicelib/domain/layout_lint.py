# SPDX-License-Identifier: Apache-2.0
"""Whether a mail fits a narrow screen, and whether its conditional styles take effect.

Guarantees that what is named has a width in its own style or attribute, and that a rule which is
said to be beaten means the element and sets what the element sets itself. It lays nothing out:
that it finds nothing does not say that a mail fits. It stops comparing after `MAX_MATCHES`
comparisons, so that its time is bounded.

Source: WCAG 2.2, 1.4.10 "Reflow" (320 CSS pixels); CSS Cascading Level 4, 6.1.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from chalicelib.domain.content import Finding, FindingCode, Part, finding
from chalicelib.domain.css_values import pixels
from chalicelib.domain.mail_markup import Element, Mail
from chalicelib.domain.style_rules import Rule, Value, declared, rules

NARROW: Final = 320
"""Width in CSS pixels that a mail should fit."""
MAX_MATCHES: Final = 200_000
_SHRINKING: Final = frozenset(
    {"body", "col", "colgroup", "html", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
"""Elements whose width is a wish only."""
_INLINE: Final = frozenset({"a", "b", "em", "font", "i", "small", "span", "strong", "u"})
_WIDE_ATTRIBUTE: Final = frozenset({"hr", "iframe", "img", "table", "video"})
_WIDTHS: Final = ("width", "max-width", "min-width", "display")
_NOT_OF_BORDER: Final = ("border-collapse", "border-radius", "border-spacing")


def layout_findings(mail: Mail) -> Iterator[Finding]:
    """Yield warnings of widths, then those of rules that do nothing, each in order."""
    sheets = [each for sheet in mail.sheets for each in rules(sheet.css, sheet.media)]
    known = _Rules(each for each in sheets if each.conditional and not each.on_paper)
    parsed: dict[str, dict[str, Value]] = {}
    beaten: list[Finding] = []
    for element in mail.elements:
        style = element.attributes.get("style", "")
        if style not in parsed:
            parsed[style] = declared(style)
        matching = known.of(element)
        yield from _too_wide(mail, element, parsed[style], matching)
        beaten += _beaten(mail, element, parsed[style], matching)
    yield from beaten


class _Rules:
    """Finds the rules that mean an element by what they name last."""

    def __init__(self, found: Iterator[Rule]) -> None:
        self._by_key: dict[str, list[Rule]] = {}
        self._left = MAX_MATCHES
        for rule in found:
            if rule.compounds and not rule.compounds[-1].imaginary:
                last = rule.compounds[-1]
                names = [f"#{each}" for each in last.ids] + [f".{each}" for each in last.classes]
                self._by_key.setdefault(min(names, default=last.tag or "*"), []).append(rule)

    def of(self, element: Element) -> tuple[Rule, ...]:
        """Return the rules that mean ``element``."""
        if not self._by_key:
            return ()
        keys = {element.name, "*", f"#{element.attributes.get('id', '')}"}
        keys |= {f".{each}" for each in element.attributes.get("class", "").split()}
        found: list[Rule] = []
        for key in sorted(keys & self._by_key.keys()):
            for rule in self._by_key[key]:
                self._left -= len(rule.compounds)
                if self._left < 0:
                    return tuple(found)
                if rule.matches(element):
                    found.append(rule)
        return tuple(found)


def _too_wide(
    mail: Mail, element: Element, style: Mapping[str, Value], matching: tuple[Rule, ...]
) -> Iterator[Finding]:
    width = _fixed_width(element, style)
    if width <= NARROW:
        return
    in_style = "width" in style or "min-width" in style
    if any(_narrows(rule, in_style=in_style) for rule in matching if rule.narrow):
        return
    shown = f"{width:g}"
    line = mail.line(element.at)
    yield finding(FindingCode.WIDTH_OVER_320, Part.HTML, line, element.name, shown, shown)


def _fixed_width(element: Element, style: Mapping[str, Value]) -> float:
    """Return the pixels an element takes on however narrow a screen; 0 if it gives way."""
    least = pixels(style["min-width"].text) if "min-width" in style else None
    if least is not None and least > NARROW:
        return least
    if element.name in _SHRINKING or (element.name in _INLINE and "display" not in style):
        return 0
    width: float | None = None
    if "width" in style:
        width = pixels(style["width"].text)
    elif element.name in _WIDE_ATTRIBUTE:
        width = pixels(element.attributes.get("width", "").lower())
    if width is None:
        return 0
    most = style.get("max-width")
    if most is None or most.text == "none":
        return width
    limit = pixels(most.text)
    return 0 if limit is None else min(width, limit)  # A share of what is around it gives way.


def _narrows(rule: Rule, *, in_style: bool) -> bool:
    """Say whether a rule for narrow screens makes an element fit them.

    Args:
        in_style: whether the element's own style says how wide it is, which only importance beats.
    """
    for name in _WIDTHS:
        value = rule.values.get(name)
        if value is None or (in_style and not value.important):
            continue
        length = pixels(value.text)
        if length is None or length <= NARROW:
            return True
    return False


def _beaten(
    mail: Mail, element: Element, style: Mapping[str, Value], matching: tuple[Rule, ...]
) -> Iterator[Finding]:
    for rule in matching:
        for name, value in rule.values.items():
            if not value.important and any(_same(name, each) for each in style):
                where = rule.media or "the style sheet"
                line = mail.line(element.at)
                yield finding(FindingCode.RULE_BEATEN, Part.HTML, line, rule.selector, where, name)


def _same(name: str, own: str) -> bool:
    """Say whether two properties set the same: equal, or one a shorthand of the other."""
    if name == own:
        return True
    if name in _NOT_OF_BORDER or own in _NOT_OF_BORDER:
        return False
    return name.startswith(f"{own}-") or own.startswith(f"{name}-")
