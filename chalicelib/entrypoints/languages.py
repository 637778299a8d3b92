# SPDX-License-Identifier: Apache-2.0
"""Which of our languages a visitor reads: what they chose, else what their browser asks for."""

import re
from collections.abc import Iterable, Mapping

from chalicelib.domain.catalog import LANGUAGES

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?"
)
CHOICE_NAMES = ("language", "lang")
"""Query and form parameters that choose a language; ours is ``language``."""


def choose_language(
    chosen: Iterable[Mapping[str, str]],
    accept: str,
    default: str,
    offered: Iterable[str] = LANGUAGES,
) -> str:
    """Return one of ``offered``: a choice made, else the best of ``accept``, else ``default``.

    Args:
        chosen: form fields and query, in the order in which they count.
        accept: an Accept-Language header; malformed ranges are skipped.
        default: used when nothing matches; if it is not offered, the first offered is.

    Source: RFC 9110 section 12.5.4.

    Example:
        >>> choose_language([{}], "da, sv-SE;q=0.8, en;q=0.5", "en")
        'sv'
    """
    known = tuple(offered)
    for values in chosen:
        for name in CHOICE_NAMES:
            if values.get(name) in known:
                return values[name]
    wanted = [(_quality(match[2]), match[1].lower()) for match in _ranges(accept)]
    ordered = sorted(wanted, key=lambda item: -item[0])  # Stable: equals keep the browser's order.
    for quality, language in ordered:
        if quality > 0 and language in known:
            return language
    return default if default in known else known[0]


def chosen_language(values: Mapping[str, str]) -> str | None:
    """Return the language that was chosen in so many words, None when none was."""
    return next((values[name] for name in CHOICE_NAMES if values.get(name) in LANGUAGES), None)


def in_chosen(path: str, values: Mapping[str, str]) -> str:
    """Return a path of ours that keeps the language chosen in ``values``, if one was.

    Example:
        >>> in_chosen("/console/overview", {"language": "sv"})
        '/console/overview?language=sv'
    """
    language = chosen_language(values)
    return path if language is None else f"{path}?language={language}"


def _ranges(accept: str) -> Iterable[re.Match[str]]:
    for part in accept[:200].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            yield match


def _quality(text: str | None) -> float:
    return 1.0 if text is None else float(text)
