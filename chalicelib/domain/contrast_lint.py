# SPDX-License-Identifier: Apache-2.0
"""Whether the words of a mail can be told from what is behind them, by day and in dark mode.

Guarantees WCAG's own arithmetic on colours that stand in the elements themselves, as they do
once style sheets are written into them. Where a colour cannot be known (half transparent, filled
in by a template, behind a picture) nothing is said; nor of words nobody sees.

Source: WCAG 2.2, 1.4.3 "Contrast (Minimum)"; HTML, 15.3 "Rendering" for what elements look like
that nobody styled.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from chalicelib.domain.colours import READABLE, contrast, readable_shade
from chalicelib.domain.content import Finding, FindingCode, Part, finding
from chalicelib.domain.css_values import colour, legacy_colour, pixels
from chalicelib.domain.mail_markup import FILLED, Element, Mail
from chalicelib.domain.style_rules import Value, declared

READABLE_LARGE: Final = 3.0
LARGE_PIXELS: Final = 24.0
LARGE_BOLD_PIXELS: Final = 18.66
SEEN_PIXELS: Final = 2.0
_BOLD_FROM: Final = 600
_TEXT, _LINK, _GROUND = "text", "link", "ground"
_LIGHT: Final = {_TEXT: "#000000", _LINK: "#0000ee", _GROUND: "#ffffff"}
_DARK: Final = {_TEXT: "#ffffff", _LINK: "#9e9eff", _GROUND: "#121212"}
"""What mail programs choose themselves, by day and at night."""
_BOLD: Final = frozenset({"b", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "th"})
_SCALES: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67} | {
    "big": 1.2,
    "small": 0.83,
}
_SIZES: Final = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0} | {
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}
_FONT_SIZES: Final = {"1": 10.0, "2": 13.0, "3": 16.0, "4": 18.0, "5": 24.0, "6": 32.0, "7": 48.0}
_OF_PROGRAM: Final = frozenset({"button", "input", "mark", "option", "select", "textarea"})
_GRADIENT: Final = re.compile(r"[a-z-]*gradient\((?:[^()]|\([^()]*\))*\)")
_TOKEN: Final = re.compile(r"[a-z]+\([^()]*\)|\S+")
_PICTURES: Final = ("url(", "gradient(")
_NOTHING: Final = frozenset({"none", "transparent"})
_WEIGHT: Final = re.compile(r"[0-9]{1,4}\Z")
_WEIGHTS: Final = {"bold": True, "bolder": True, "normal": False, "lighter": False}


@dataclass(frozen=True, slots=True)
class _Look:
    """How words in an element look; a colour is ``#rrggbb``, what the program chooses, or None."""

    ink: str | None
    ground: str | None
    size: float | None
    bold: bool
    seen: bool


_PLAIN: Final = _Look(_TEXT, _GROUND, 16.0, bold=False, seen=True)


def contrast_findings(mail: Mail) -> Iterator[Finding]:
    """Yield a warning for each pair of colours that is hard to read."""
    looks = _looks(mail)
    by_day = set(_hard(mail, looks, _LIGHT))
    for at, ink, ground, need in sorted(by_day):
        yield finding(
            FindingCode.CONTRAST_LOW,
            Part.HTML,
            mail.line(at),
            ink,
            ground,
            f"{contrast(ink, ground):.1f}",
            f"{need:g}",
            readable_shade(ink, (ground,)),
        )
    if declares_dark(mail) and not _has_dark_rules(mail):
        seen = {at for at, *_ in by_day}
        for at, ink, ground, _ in _hard(mail, looks, _DARK):
            if at not in seen:
                line = mail.line(at)
                yield finding(FindingCode.DARK_MODE_UNSAFE, Part.HTML, line, ink, ground)


def color_scheme(mail: Mail) -> str:
    """Return what a mail that says nothing of dark mode can say: ``light dark`` or ``light``.

    ``light dark`` only where all words can be read on what mail programs choose at night.
    """
    ready = _has_dark_rules(mail) or not any(_hard(mail, _looks(mail), _DARK))
    return "light dark" if ready else "light"


def declares_scheme(mail: Mail) -> bool:
    """Say whether the mail says for which schemes it is made."""
    return bool(_schemes(mail))


def declares_dark(mail: Mail) -> bool:
    """Say whether the mail says that it is made for dark mode, too."""
    return "dark" in _schemes(mail)


def _schemes(mail: Mail) -> set[str]:
    found: set[str] = set()
    for element in mail.elements:
        if element.name == "meta" and element.attributes.get("name", "").lower() == "color-scheme":
            found.update(element.attributes.get("content", "").lower().split())
        elif element.name in {"body", "html"} and "style" in element.attributes:
            scheme = declared(element.attributes["style"]).get("color-scheme")
            found.update(scheme.text.split() if scheme else ())
    return found


def _has_dark_rules(mail: Mail) -> bool:
    return any(
        "prefers-color-scheme" in each.css or "prefers-color-scheme" in each.media
        for each in mail.sheets
    )


def _hard(
    mail: Mail, looks: Mapping[Element, _Look], chosen: Mapping[str, str]
) -> Iterator[tuple[int, str, str, float]]:
    """Yield (offset, colour, ground, least contrast) of words that have less."""
    ratios: dict[tuple[str, str], float] = {}
    for text in mail.texts:
        look = looks[text.parent] if text.parent else _PLAIN
        if not look.seen or look.ink is None or look.ground is None:
            continue
        if look.size is not None and look.size < SEEN_PIXELS:
            continue
        pair = (chosen.get(look.ink, look.ink), chosen.get(look.ground, look.ground))
        if pair not in ratios:
            ratios[pair] = contrast(*pair)
        need = READABLE_LARGE if _is_large(look) else READABLE
        if ratios[pair] < need:
            yield (text.at, *pair, need)


def _is_large(look: _Look) -> bool:
    if look.size is None:  # Not known: what is said of it must be right.
        return True
    return look.size >= (LARGE_BOLD_PIXELS if look.bold else LARGE_PIXELS)


def _looks(mail: Mail) -> dict[Element, _Look]:
    styles: dict[str, dict[str, Value]] = {}
    looks: dict[Element, _Look] = {}
    for element in mail.elements:
        around = looks[element.parent] if element.parent else _PLAIN
        style = element.attributes.get("style", "")
        if style not in styles:
            styles[style] = declared(style)
        looks[element] = _look(element, styles[style], around)
    return looks


def _look(element: Element, style: Mapping[str, Value], around: _Look) -> _Look:
    """Return how words in ``element`` look."""
    if element.name in _OF_PROGRAM:
        around = replace(around, ink=None, ground=None)
    size = _size(element, style, around.size)
    return _Look(
        _ink(element, style, around.ink),
        _ground(element, style, around.ground),
        size,
        _is_bold(element, style, inherited=around.bold),
        around.seen and not _is_hidden(element, style),
    )


def _ink(element: Element, style: Mapping[str, Value], around: str | None) -> str | None:
    found = style.get("color")
    if found is not None:
        kept = found.text in {"currentcolor", "inherit", "unset"}
        return around if kept else colour(found.text)
    named = element.attributes.get({"font": "color", "body": "text"}.get(element.name, ""))
    if named is not None:
        return legacy_colour(named)
    return _LINK if element.own_link else around


def _ground(element: Element, style: Mapping[str, Value], around: str | None) -> str | None:
    """Return what is behind the words: the last of the colours set, as it wins."""
    ground = around
    if "bgcolor" in element.attributes:
        ground = legacy_colour(element.attributes["bgcolor"])
    elif "background" in element.attributes:
        ground = None
    for name, value in style.items():
        if name == "background-color":
            ground = _filled(value.text, around)
        elif name == "background":
            ground = _shorthand(value.text, around)
        elif name == "background-image" and any(each in value.text for each in _PICTURES):
            # Where pictures are off, as in many programs at first, the colour is seen.
            ground = None if ground == around else ground
    return ground


def _filled(text: str, around: str | None) -> str | None:
    if text in _NOTHING or text in {"initial", "unset"}:
        return around
    return colour(text)


def _shorthand(text: str, around: str | None) -> str | None:
    if text in _NOTHING or text in {"initial", "unset", "0", "0 0"}:
        return around
    if FILLED in text:
        return None
    found = [each for each in map(colour, _TOKEN.findall(_GRADIENT.sub(" ", text))) if each]
    return found[-1] if found else None


def _size(element: Element, style: Mapping[str, Value], around: float | None) -> float | None:
    size = None if around is None else around * _SCALES.get(element.name, 1.0)
    if element.name == "font" and "size" in element.attributes:
        size = _FONT_SIZES.get(element.attributes["size"].strip())
    for name, value in style.items():
        if name == "font-size":
            size = _SIZES.get(value.text) or pixels(value.text, around)
        elif name == "font":
            words = [each.partition("/")[0] for each in value.text.split()]
            sizes = [each for each in words if not _WEIGHT.match(each)]
            found = [_SIZES.get(each) or pixels(each, around) for each in sizes]
            size = next((each for each in found if each is not None), None)
    return size


def _is_bold(element: Element, style: Mapping[str, Value], *, inherited: bool) -> bool:
    bold = inherited or element.name in _BOLD
    for name in ("font-weight", "font"):
        for word in style[name].text.split() if name in style else ():
            if word in _WEIGHTS:
                return _WEIGHTS[word]
            if _WEIGHT.match(word):
                return int(word) >= _BOLD_FROM
    return bold


def _is_hidden(element: Element, style: Mapping[str, Value]) -> bool:
    """Say whether nobody sees the words, as those that inboxes show beside the subject."""

    def says(name: str, *values: str) -> bool:
        return name in style and style[name].text in values

    return (
        "hidden" in element.attributes
        or says("display", "none")
        or says("visibility", "hidden", "collapse")
        or says("opacity", "0", "0.0", "0%")
        or (says("max-height", "0", "0px") and says("overflow", "hidden"))
    )
