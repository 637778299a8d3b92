# SPDX-License-Identifier: Apache-2.0
"""Contrast of colours, so that what an operator chooses can be read.

Guarantees WCAG 2.2's own arithmetic; a colour is written ``#rrggbb``.

Source: WCAG 2.2, "relative luminance" and "contrast ratio".
"""

READABLE = 4.5
"""Least contrast of text of ordinary size (WCAG 2.2, 1.4.3)."""
_STEPS = 20
_DARKEST_LINEAR = 0.04045


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    Example:
        >>> round(contrast("#ffffff", "#000000"))
        21
    """
    lights = sorted(_luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def readable_shade(colour: str, grounds: tuple[str, ...]) -> str:
    """Return ``colour``, mixed with black or white until text in it is read on all ``grounds``.

    Args:
        grounds: all light or all dark; black or white itself is readable on each.
    """
    is_light = contrast("#000000", grounds[0]) > contrast("#ffffff", grounds[0])
    ink = 0 if is_light else 255
    for step in range(_STEPS):
        parts = [(part * (_STEPS - step) + ink * step) // _STEPS for part in _parts(colour)]
        shade = "#" + "".join(f"{part:02x}" for part in parts)
        if all(contrast(shade, ground) >= READABLE for ground in grounds):
            return shade
    return f"#{ink:02x}" + f"{ink:02x}" * 2


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return float(share / 12.92 if share <= _DARKEST_LINEAR else ((share + 0.055) / 1.055) ** 2.4)
