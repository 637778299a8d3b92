# SPDX-License-Identifier: Apache-2.0
"""The folder of the local stack: keys that survive a restart, and state that does not.

It guarantees keys in `keys/` readable by their owner only, and that everything else the stack wrote
is gone when it starts. It removes only names it writes itself.
"""

from __future__ import annotations

import json
import secrets  # noqa: TID251 - the local stack is where randomness comes from
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

_STATE = ("logs",)
_ENVIRONMENT = "environment.json"
_SEED_BYTES = 32


def prepare(folder: Path) -> Path:
    """Return the key folder of a state folder, emptied of an earlier run's state."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _STATE:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    forget_environment(folder)
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    keys.chmod(0o700)
    return keys


def log_key(keys: Path) -> Path:
    """Return the file of the log's Ed25519 seed (32 bytes), made when it is absent."""
    path = keys / "log.key"
    if not path.exists():
        _write(path, secrets.token_bytes(_SEED_BYTES))
    return path


def api_key(keys: Path) -> str:
    """Return the API key kept for this machine, made when it is absent."""
    path = keys / "api-key"
    if not path.exists():
        _write(path, secrets.token_urlsafe(32).encode("ascii"))
    return path.read_text(encoding="ascii").strip()


def keep_environment(folder: Path, environment: Mapping[str, str]) -> None:
    """Leave the product's variables for commands that look at the running stack; no secrets.

    Keys are named by file or alias, and the emulator takes any credentials.
    """
    _write(folder / _ENVIRONMENT, json.dumps(dict(environment), indent=1).encode())


def forget_environment(folder: Path) -> None:
    """Remove what `keep_environment` left: the stack is gone."""
    (folder / _ENVIRONMENT).unlink(missing_ok=True)


def read_environment(folder: Path) -> dict[str, str] | None:
    """Return what a running stack left; None when none runs."""
    path = folder / _ENVIRONMENT
    if not path.exists():
        return None
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def new_origin() -> str:
    """Return the name of a new log: each start writes another one."""
    stamp = datetime.fromtimestamp(time.time_ns() / 1e9, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"localhost/kvitto/{stamp}-{secrets.token_hex(2)}"


def _write(path: Path, content: bytes) -> None:
    """Write a key so that it was never readable by others."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)
