# SPDX-License-Identifier: Apache-2.0
"""`python -m infra.local.run`: the local stack in the foreground.

It guarantees one clear sentence and a non-zero exit for what is wrong with the machine: a Python
older than 3.11, a missing package, a busy port, a wrong setting. Its own syntax is old enough for
an old Python to say so.
"""

import importlib.util
import sys

NEEDED = ("moto", "flask", "boto3", "chalice", "yaml", "jinja2", "cryptography")


def main():  # type: ignore[no-untyped-def]  # noqa: ANN201 - read by any Python 3
    """Check the machine, run the stack, and return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the check
        found = ".".join(str(part) for part in sys.version_info[:2])
        sys.stderr.write("Kvitto needs Python 3.11 or newer; this is " + found + ".\n")
        return 2
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            "Kvitto's local stack needs " + ", ".join(missing) + ", which this Python lacks. "
            "Start it with `make run`, which installs it.\n"
        )
        return 2
    from infra.local.supervisor import run

    return run()


if __name__ == "__main__":
    try:
        sys.exit(main())  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        sys.exit(130)  # Ctrl-C before anything was started; 128 + SIGINT, as shells expect.
