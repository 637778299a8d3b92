# SPDX-License-Identifier: Apache-2.0
"""The text all people of a call share, as an inline template of SES with places for the rest.

Guarantees that filling the places gives back the text to the byte, and that SES sees nothing in
it but ``{{key}}``: braces and backslashes it could read as its own language stand in constant
values. A key is a letter and a number, so it is no word of that language either.

An inline template knows replacement and nothing more; SES answers anything else with "Template
contains unsupported operations". A key the data lack is found only after SES took the mail, as a
Rendering Failure.
Source: Amazon SES API reference v2, Template (``TemplateContent``: "Amazon SES supports only
simple substitions"); Amazon SES Developer Guide, "Using templates to send personalized email";
Handlebars, "Expressions" (a backslash before braces escapes them).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chalicelib.errors import FatalError
from chalicelib.ports.sending import InlineTemplate, Rendered

_PLACE: Final = re.compile(r"\{\{([a-z][0-9]*)\}\}")
_RUN: Final = re.compile(r"[\\{}]+")
_EDGES: Final = frozenset("\\{}")
_KEPT_KEYS: Final = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a text, filled with the value of ``key``."""

    key: str


Pieces = tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Static(InlineTemplate):
    """What the people of one call share, sealed.

    Attributes:
        keys: names a person's values are needed for.
        constants: values that every person's data hold besides, the same for all.

    """

    keys: tuple[str, ...]
    constants: Mapping[str, str]


def merged(pieces: Iterable[str | Slot], known: Mapping[str, Pieces]) -> Pieces:
    """Return ``pieces`` with what is known in its places, and no two texts side by side."""
    result: list[str | Slot] = []
    texts: list[str] = []
    for piece in pieces:
        for part in (piece,) if isinstance(piece, str) else known.get(piece.key, (piece,)):
            if isinstance(part, str):
                texts.append(part)
                continue
            if any(texts):
                result.append("".join(texts))
            texts.clear()
            result.append(part)
    if any(texts):
        result.append("".join(texts))
    return tuple(result)


def seal_static(subject: Pieces, html: Pieces, text: Pieces) -> Static:
    """Return three parts, each as `merged` leaves it, as templates.

    Example:
        >>> seal_static(("Hi",), ("p{", Slot("h0"), "}} {a}"), ("x",)).html
        'p{{z0}}{{h0}}{{z1}} {a}'
    """
    runs: dict[str, str] = {}
    keys: dict[str, None] = {}
    sealed = [_sealed(part, runs, keys) for part in (subject, html, text)]
    return Static(
        subject=sealed[0],
        html=sealed[1],
        text=sealed[2],
        keys=tuple(keys),
        constants={key: run for run, key in runs.items()},
    )


def assemble(static: InlineTemplate, data: Mapping[str, str]) -> Rendered:
    """Return the mail SES makes of a person's ``data``.

    Raises:
        KeyError: the data lack a key: SES would take the mail and never deliver it.

    """
    return Rendered(
        subject=filled(static.subject, data),
        html=filled(static.html, data),
        text=filled(static.text, data),
    )


def filled(template: str, data: Mapping[str, str]) -> str:
    """Return one part with its places filled, as `assemble` does."""
    return _PLACE.sub(lambda place: data[place[1]], template)


def texts_and_keys(template: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return one part's constant texts and the keys between them, in order.

    Example:
        >>> texts_and_keys("Hello {{s}}, {{h0}}")
        (['Hello ', ', ', ''], ['s', 'h0'])

    """
    found = _PLACE.split(template)
    return found[::2], found[1::2]


@lru_cache(maxsize=_KEPT_KEYS)
def keys_of(template: str) -> frozenset[str]:
    """Return the keys of one part's places.

    Raises:
        FatalError: SES could read more than places into it.

    Example:
        >>> sorted(keys_of("Hello {{s}}, {{h0}}"))
        ['h0', 's']

    """
    texts, found = texts_and_keys(template)
    edges = {text[-1] for text in texts[:-1] if text} | {text[0] for text in texts[1:] if text}
    if edges & _EDGES or any("{{" in text or "}}" in text for text in texts):
        raise FatalError("an inline template holds more than places")
    return frozenset(found)


def _sealed(pieces: Pieces, runs: dict[str, str], keys: dict[str, None]) -> str:
    sealed: list[str] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Slot):
            keys[piece.key] = None
            sealed.append(f"{{{{{piece.key}}}}}")
            continue
        before, after = index > 0, index + 1 < len(pieces)
        risky = (before and piece[0] in _EDGES) or (after and piece[-1] in _EDGES)
        if risky or "{{" in piece or "}}" in piece:
            constant = _constant(runs, len(piece), before=before, after=after)
            sealed.append(_RUN.sub(constant, piece))
        else:
            sealed.append(piece)
    return "".join(sealed)


def _constant(
    runs: dict[str, str], length: int, *, before: bool, after: bool
) -> Callable[[re.Match[str]], str]:
    """Return what puts a place for a run of braces where SES could take it for a place itself.

    Args:
        runs: key of each run that has one; grows.
        length: of the text the runs are in.
        before: whether a place comes right before that text.
        after: likewise, after it.

    """

    def replaced(found: re.Match[str]) -> str:
        run = found[0]
        edge = (before and found.start() == 0) or (after and found.end() == length)
        if not edge and "{{" not in run and "}}" not in run:
            return run
        return f"{{{{{runs.setdefault(run, f'z{len(runs)}')}}}}}"

    return replaced
