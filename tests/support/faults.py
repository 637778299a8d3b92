# SPDX-License-Identifier: Apache-2.0
"""Faults for the fakes, always in pairs: failed and not persisted, failed but persisted.

A fake calls its `Faults` twice around every call, with the call's name (`"LedgerStore.commit"`)
and the moment. Raising at `BEFORE` is a service that never got the request; raising at `AFTER` is
an answer that was lost: the rows are written all the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from chalicelib.errors import KvittoError, Unavailable


class Moment(StrEnum):
    """Where in a call a fault strikes."""

    BEFORE = "before"
    AFTER = "after"


Faults = Callable[[str, Moment], None]


def no_faults(_call: str, _moment: Moment) -> None:
    """Let every call succeed."""


class FailOnce:
    """Fails the ``nth`` (from 1) matching call once, then never again."""

    def __init__(
        self, call: str, moment: Moment, error: KvittoError | None = None, nth: int = 1
    ) -> None:
        self._wanted = (call, moment)
        self._left = nth
        self._error = error or Unavailable(f"{call}: fault {moment}")

    def __call__(self, call: str, moment: Moment) -> None:
        if (call, moment) == self._wanted and self._left > 0:
            self._left -= 1
            if self._left == 0:
                raise self._error


class FailAlways:
    """Fails every matching call."""

    def __init__(self, call: str, moment: Moment, error: KvittoError) -> None:
        self._wanted = (call, moment)
        self._error = error

    def __call__(self, call: str, moment: Moment) -> None:
        if (call, moment) == self._wanted:
            raise self._error


@contextmanager
def struck(faults: Faults, call: str) -> Iterator[None]:
    """Run the block as one call of a fake; the block must either finish or change nothing."""
    faults(call, Moment.BEFORE)
    yield
    faults(call, Moment.AFTER)
