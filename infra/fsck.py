# SPDX-License-Identifier: Apache-2.0
"""Compares everything stored with the entries of the log (``make fsck``).

It guarantees one line for each kind of data, with what was counted and `OK` or the first
difference in words; ids, hashes and numbers only; and that it writes nothing. The exit code is 0
when all agree, 1 when something differs, 2 when it could not be read.

It takes the settings of the environment, as a function has them; without any it looks at the local
stack that runs on this machine. The rights it needs are an operator's own: docs/operations.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from chalicelib.config import Settings
from chalicelib.errors import KvittoError
from infra.local import state
from infra.local.settings import LocalSettings, SettingError

_ROOT = Path(__file__).resolve().parents[1]
_ALL_AGREE, _DIFFERS, _UNREADABLE = 0, 1, 2
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
NO_STACK = (
    "No settings, and no local stack runs here. Nothing was compared. Set the KVITTO_ variables "
    "of the installation, or start the stack with make run."
)


def settings_of(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the variables to run with: those given, or the running local stack's.

    Raises:
        SettingError: a setting of the local stack cannot be used.
    """
    if environment.get("KVITTO_LEDGER_TABLE"):
        return dict(environment)
    return state.read_environment(LocalSettings.read(environment, _ROOT).folder)


def run(environment: Mapping[str, str]) -> int:
    """Compare, print, and return the exit code."""
    from chalicelib.bootstrap import Container

    try:
        areas = Container(Settings.from_env(environment)).fsck.run()
    except KvittoError as problem:
        print(f"It could not be compared: {problem}", file=sys.stderr)
        return _UNREADABLE
    for area in areas:
        print(area.line)
    return _DIFFERS if any(area.difference for area in areas) else _ALL_AGREE


def _is_foreign(name: str) -> bool:
    """Whether a variable would lead the SDK away from the local stack."""
    return name.startswith("AWS_") or name.lower() in _PROXIES


def main() -> int:
    """Run with the environment of the shell or of the local stack."""
    try:
        environment = settings_of(os.environ)
    except SettingError as problem:
        print(problem, file=sys.stderr)
        return _UNREADABLE
    if environment is None:
        print(NO_STACK, file=sys.stderr)
        return _UNREADABLE
    for name in [each for each in os.environ if _is_foreign(each) and each not in environment]:
        del os.environ[name]
    os.environ.update(environment)  # The SDK reads its endpoints there.
    return run(environment)


if __name__ == "__main__":
    sys.exit(main())
