# SPDX-License-Identifier: Apache-2.0
"""What the supervisor's child processes share.

It guarantees that a child ends when its parent is gone, however the parent went: the parent holds
the other end of the child's standard input, and its end is the signal.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

_SWITCH_SECONDS = 0.0005


def end_with_parent() -> threading.Event:
    """Watch standard input and SIGTERM; return the event that is set when the child should stop.

    A child that is still busy five seconds after its parent went is ended where it stands.
    """
    # A thread that waits for a socket would get the interpreter only every 5 ms beside a busy one.
    sys.setswitchinterval(_SWITCH_SECONDS)
    stop = threading.Event()

    def watch() -> None:
        while sys.stdin.buffer.readline():
            pass  # Nothing more is said on this pipe; only its end means something.
        stop.set()
        threading.Event().wait(5)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return stop


def wait_for_stop(stop: threading.Event) -> None:
    """Block until the child should stop; a signal is noticed at once."""
    while not stop.wait(3600):
        pass
