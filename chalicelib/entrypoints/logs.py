# SPDX-License-Identifier: Apache-2.0
"""What our logs look like, and what never gets into them.

Guarantees one JSON line per record with ids and reasons; of an exception its class and the
places it passed through, never its words: those of other people's code may quote what a visitor
typed. Bodies, query strings, real paths and addresses are given to no log call.
"""

import json
import logging
import sys
import traceback
from types import TracebackType

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
MAX_FRAMES = 12


class LineFormatter(logging.Formatter):
    """One JSON object a line: level, logger, message, the `extra`, an exception's places."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line: dict[str, object] = {
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = places(record.exc_info[2])
        return json.dumps(line, default=str, ensure_ascii=False)


class StandardError(logging.Handler):
    """Writes to whatever standard error is at the time, as tests and supervisors replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        sys.stderr.write(self.format(record) + "\n")


def places(trace: TracebackType | None) -> list[str]:
    """Return where an exception passed, innermost last, as ``file:line function``."""
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def configure() -> None:
    """Make every handler of the root logger write our lines; add one if there is none.

    Lambda's runtime client installs a root handler before the app is imported; elsewhere there
    is none and standard error is used. Our own records count from INFO, other people's from
    WARNING.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(StandardError())
    for handler in root.handlers:
        handler.setFormatter(LineFormatter())
    root.setLevel(logging.WARNING)
    logging.getLogger("chalicelib").setLevel(logging.INFO)


def _short(filename: str) -> str:
    return "/".join(filename.rsplit("/", 3)[-3:])
