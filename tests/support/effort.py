# SPDX-License-Identifier: Apache-2.0
"""How much work something is, whatever else the machine does: CPU time against a yardstick's.

Guards against work that grows with the square of its input. An absolute time would fail on a busy
machine; this is a ratio within one run, and only the third miss counts.
"""

import time
from collections.abc import Callable

_TRIES = 3
_YARDSTICK_MS = 25.0
"""What the yardstick takes on an idle machine of the kind the limits were chosen on."""


def effort_ms(run: Callable[[], object], *, below: float) -> float:
    """Return the least effort of ``run`` in up to three tries, fewer once it is ``below``.

    Args:
        below: milliseconds of CPU an idle machine may take.

    """
    least = float("inf")
    for _ in range(_TRIES):
        before = _cpu_ms(_yardstick)
        spent = _cpu_ms(run)
        slowness = max(before, _cpu_ms(_yardstick)) / _YARDSTICK_MS
        least = min(least, spent / max(slowness, 1.0))
        if least < below:
            break
    return least


def _cpu_ms(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) * 1000


def _yardstick() -> int:
    """Do a fixed piece of what measured code does: look names up, join and search texts."""
    seen: dict[str, int] = {}
    for number in range(120_000):
        word = f"a{number % 997}"
        seen[word] = seen.get(word, 0) + word.find("9")
    return len(seen)
