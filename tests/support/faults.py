# SPDX-License-Identifier: Apache-2.0
"""Faults for the fakes, always in pairs: failed and not persisted, failed but persisted.

A fake calls its `Faults` twice around every call, with the call's name (`"LedgerStore.commit"`)
and the moment. Raising at `BEFORE` is a service that never got the request; raising at `AFTER` is
an answer that was lost: the rows are written all the same.
"""

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

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


class Locked(Protocol):
    """Rows that one call at a time may touch."""

    lock: threading.RLock


Rows = TypeVar("Rows", bound=Locked | None)


class Struck(Generic[Rows]):
    """A block run as one call of a fake, over its rows; it must finish or change nothing.

    A class, since a generator for each call would take longer than most calls.
    """

    __slots__ = ("_call", "_faults", "_rows")

    def __init__(self, faults: Faults, call: str, rows: Rows) -> None:
        self._faults = faults
        self._call = call
        self._rows = rows

    def __enter__(self) -> Rows:
        self._faults(self._call, Moment.BEFORE)
        if self._rows is not None:
            self._rows.lock.acquire()
        return self._rows

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if self._rows is not None:
            self._rows.lock.release()
        if kind is None:
            self._faults(self._call, Moment.AFTER)


def struck(faults: Faults, call: str) -> Struck[None]:
    """Run the block as one call of a fake that has no rows."""
    return Struck(faults, call, None)
