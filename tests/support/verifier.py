# SPDX-License-Identifier: Apache-2.0
"""The verifier as a module: run on a case as its command line would, or check by check."""

import contextlib
import io
import re
import sys
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.forgery import FAIL, NOT_PROVEN, PASS, Case

VERIFIER = Path(__file__).resolve().parents[2] / "tools" / "verify_proof.py"
SOURCE = VERIFIER.read_text(encoding="utf-8")
LINE = re.compile(r"^(PASS|FAIL|NOT PROVEN) ([a-z]+): (.+)$", re.MULTILINE)


def load(code: Any) -> types.ModuleType:
    """A module of this code (source or tree)."""
    module = types.ModuleType("verifier_under_test")
    # Dataclasses look their module up by name.
    sys.modules[module.__name__] = module
    exec(compile(code, str(VERIFIER), "exec"), module.__dict__)
    return module


ORIGINAL = load(SOURCE)


TRUE_OPENSSL = ORIGINAL.run_openssl


@cache
def asked_once(command: str, pieces: tuple[tuple[str, bytes], ...]) -> tuple[int, str]:
    return TRUE_OPENSSL(command, dict(pieces))


def remembered(module: types.ModuleType) -> Callable[..., tuple[int, str]]:
    """The verifier's own question to openssl, each asked once in a test run."""

    def run_openssl(command: str, pieces: dict[str, bytes]) -> tuple[int, str]:
        try:
            return asked_once(command, tuple(sorted(pieces.items())))
        except ORIGINAL.UnprovenError as problem:
            raise module.UnprovenError(str(problem)) from None

    return run_openssl


def run(case: Case, folder: Path, verifier: types.ModuleType = ORIGINAL) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    archive = folder / "bundle.zip"
    archive.unlink(missing_ok=True)
    if case.data is not None:
        archive.write_bytes(case.data)
    arguments = [str(archive)]
    if case.policy is not None:
        (folder / "policy.txt").write_bytes(case.policy)
        arguments += ["--policy", str(folder / "policy.txt")]
    if case.tsa is not None:
        (folder / "roots.pem").write_bytes(case.tsa)
        arguments += ["--tsa", str(folder / "roots.pem")]
    if case.require:
        arguments += ["--require", case.require]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = verifier.main(arguments)
    return status, out.getvalue(), err.getvalue()


def verdicts(out: str) -> dict[str, str]:
    return {name: state for state, name, _ in LINE.findall(out)}


def state_of(name: str, bundle: Any) -> str:
    """One verdict on a bundle already read."""
    try:
        ORIGINAL.CHECKS[name](bundle)
    except ORIGINAL.BadError:
        return FAIL
    except ORIGINAL.UnprovenError:
        return NOT_PROVEN
    return PASS
