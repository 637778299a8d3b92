# SPDX-License-Identifier: Apache-2.0
"""The verifier: right on every case, never silent, never crashing, and no check is idle."""

import ast
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache

import pytest

from tests.support.bundle_cases import FAMILIES, all_cases, cases_of
from tests.support.forgery import HONEST, Case
from tests.support.small_log import honest_bundle
from tests.support.verifier import LINE, ORIGINAL, SOURCE, VERIFIER, run, verdicts

needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="time stamps are checked by openssl, which is not here"
)
NAMES = list(HONEST)


@cache
def case_named(name: str) -> Case:
    (found,) = (case for case in all_cases() if case.name == name)
    return found


def test_no_two_cases_have_one_name():
    assert len({case.name for case in all_cases()}) == len(all_cases()) > 300


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_case_gets_exactly_its_verdicts(family, tmp_path):
    judged = {case.name: judgement(case, *run(case, tmp_path)) for case in cases_of(family)}
    assert judged == {case.name: expected(case) for case in cases_of(family)}


def expected(case: Case) -> object:
    """What `judgement` is to find: a sentence alone, or each verdict once and the status."""
    if case.verdicts is None:
        return 2, "", "one sentence"
    failed = 1 if "FAIL" in case.verdicts.values() else 0
    return failed, case.verdicts, NAMES, len(NAMES)


def judgement(case: Case, status: int, out: str, err: str) -> object:
    if case.verdicts is None:
        one = re.fullmatch(r"[A-Z][^\n]+\.\n", err)
        return status, out, "one sentence" if one else err
    spoken = [line for line in out.splitlines() if re.match(r"\s*(PASS|FAIL|NOT PROVEN)\b", line)]
    return status, verdicts(out), [name for _, name, _ in LINE.findall(out)], len(spoken)


def test_the_output_says_whom_it_is_about_and_what_is_not_proven(tmp_path):
    _, out, _ = run(case_named("honest"), tmp_path)
    assert out.startswith("About: visitor@example.org, 2026-11-23 13:00:00.000 UTC\n")
    assert "  recipient: Supervisory authority\n" in out
    assert 'entry 3: 2026-11-23 12:03:00.007 UTC consent.withdrawn lst=["newsletter"]' in out
    assert "Limits: no bundle proves" in out


def test_a_hostile_manifest_cannot_write_a_verdict_line(tmp_path):
    _, out, _ = run(case_named("hostile subject"), tmp_path)
    assert "About: x?PASS time: yes?" in out


def test_a_bundle_with_another_policy_says_so(tmp_path):
    _, out, _ = run(case_named("policy: spacing"), tmp_path)
    assert "policy.txt in the bundle differs" in out


def test_as_a_program_it_needs_no_project_and_returns_its_status(tmp_path):
    data, policy = honest_bundle()
    (tmp_path / "b.zip").write_bytes(data)
    (tmp_path / "p.txt").write_bytes(policy)
    (tmp_path / "verify.py").write_text(SOURCE, encoding="utf-8")
    command = [sys.executable, "-W", "error", "verify.py", "b.zip"]
    done = subprocess.run(
        [*command, "--policy", "p.txt", "--require", "integrity,signature"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert verdicts(done.stdout) == HONEST
    for wrong in (["--require", "integrty"], ["--policy", "missing.txt"]):
        done = subprocess.run(
            [*command, *wrong], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "large.zip").open("wb") as handle:
        handle.truncate(ORIGINAL.MAX_BUNDLE_BYTES + 1)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        assert ORIGINAL.main([str(tmp_path / "large.zip")]) == 2
    assert "larger than" in err.getvalue()


def test_it_imports_only_the_standard_library_and_cryptography():
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).split(".")[0]
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    network = {"socket", "ssl", "http", "urllib", "asyncio", "ftplib", "smtplib"}
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    assert not imported & network
    assert len(SOURCE.splitlines()) <= 900


def test_a_reader_that_stops_early_gets_no_traceback(tmp_path):
    data, policy = honest_bundle()
    (tmp_path / "b.zip").write_bytes(data)
    (tmp_path / "p.txt").write_bytes(policy)
    command = [sys.executable, str(VERIFIER), "b.zip", "--policy", "p.txt"]
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        command, cwd=tmp_path, stdout=writes, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def anchored() -> Case:
    """Made before a test takes openssl away, which makes it."""
    return case_named("anchored")


@needs_openssl
def test_without_openssl_the_time_is_not_proven(anchored, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    _, out, _ = run(anchored, tmp_path)
    assert "NOT PROVEN time: openssl, which checks time stamps, is not there" in out


@needs_openssl
def test_with_an_openssl_that_cannot_check_stamps_the_time_is_not_proven(
    anchored, tmp_path, monkeypatch
):
    """One that reads a stamp but has no -attime, as LibreSSL's."""
    real = shutil.which("openssl")
    fake = tmp_path / "openssl"
    fake.write_text(f'#!/bin/sh\n[ "$2" = -reply ] && exec {real} "$@"\necho usage: ts\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    _, out, _ = run(anchored, tmp_path)
    assert "NOT PROVEN time: this openssl cannot check time stamps" in out


@needs_openssl
def test_it_leaves_no_file_behind(anchored, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    _, out, _ = run(anchored, tmp_path)
    assert "PASS time:" in out
    assert list((tmp_path / "tmp").iterdir()) == []
