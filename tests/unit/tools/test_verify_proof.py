# SPDX-License-Identifier: Apache-2.0
"""The verifier: right on every case, never silent, never crashing, and no check is idle."""

import ast
import contextlib
import io
import random  # noqa: TID251  # seeded: the same mutations every time
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.proof import bundle
from tests.support.bundle_cases import all_cases
from tests.support.forgery import HONEST, Case, honest_files
from tests.support.small_log import NOTICE, forge, honest_bundle

VERIFIER = Path(__file__).resolve().parents[3] / "tools" / "verify_proof.py"
SOURCE = VERIFIER.read_text(encoding="utf-8")
CASES = {case.name: case for case in all_cases()}
NAMES = list(HONEST)
LINE = re.compile(r"^(PASS|FAIL|NOT PROVEN) ([a-z]+): (.+)$", re.MULTILINE)


def load(source: str) -> types.ModuleType:
    module = types.ModuleType("verifier_under_test")
    # Dataclasses look their module up by name.
    sys.modules[module.__name__] = module
    exec(compile(source, str(VERIFIER), "exec"), module.__dict__)
    return module


ORIGINAL = load(SOURCE)


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
    if case.require:
        arguments += ["--require", case.require]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = verifier.main(arguments)
    return status, out.getvalue(), err.getvalue()


def verdicts(out: str) -> dict[str, str]:
    return {name: state for state, name, _ in LINE.findall(out)}


@pytest.mark.parametrize("name", CASES)
def test_every_case_gets_exactly_its_verdicts(name, tmp_path):
    case = CASES[name]
    status, out, err = run(case, tmp_path)
    if case.verdicts is None:
        assert (status, out) == (2, "")
        assert re.fullmatch(r"[A-Z][^\n]+\.\n", err)
        return
    assert verdicts(out) == case.verdicts
    assert status == (1 if "FAIL" in case.verdicts.values() else 0)
    assert [found for _, found, _ in LINE.findall(out)] == NAMES
    spoken = [line for line in out.splitlines() if re.match(r"\s*(PASS|FAIL|NOT PROVEN)\b", line)]
    assert len(spoken) == len(NAMES)


def test_the_output_says_whom_it_is_about_and_what_is_not_proven(tmp_path):
    _, out, _ = run(CASES["honest"], tmp_path)
    assert out.startswith("About: visitor@example.org, 2026-11-23 13:00:00.000 UTC\n")
    assert "  recipient: Supervisory authority\n" in out
    assert 'entry 3: 2026-11-23 12:03:00.007 UTC consent.withdrawn lst=["newsletter"]' in out
    assert "Limits: no bundle proves" in out


def test_a_hostile_manifest_cannot_write_a_verdict_line(tmp_path):
    _, out, _ = run(CASES["hostile subject"], tmp_path)
    assert "About: x?PASS time: yes?" in out


def test_a_bundle_with_another_policy_says_so(tmp_path):
    _, out, _ = run(CASES["policy: spacing"], tmp_path)
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
    network = {"socket", "ssl", "http", "urllib", "asyncio", "ftplib", "smtplib", "subprocess"}
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    assert not imported & network
    assert len(SOURCE.splitlines()) <= 900


def test_any_byte_changed_in_the_archive_fails_integrity_or_is_unreadable(tmp_path):
    data, policy = honest_bundle()
    dice = random.Random(2)
    for position in sorted(dice.sample(range(len(data)), 300)):
        changed = bytearray(data)
        changed[position] ^= 1 << dice.randrange(8)
        case = Case(name="", data=bytes(changed), policy=policy, verdicts=None)
        status, out, _ = run(case, tmp_path)
        assert status == 2 or verdicts(out)["integrity"] == "FAIL", position


STEM = f"notices/{NOTICE}"
TOUCHED = {
    "README.txt": ["integrity"],
    "chain.json": ["integrity", "chain"],
    "checkpoint.note": ["integrity", "signature", "inclusion"],
    "events/0.disclosures": ["integrity", "disclosures"],
    "events/2.leaf.json": ["integrity", "inclusion"],
    "events/3.tlog-proof": ["integrity", "inclusion"],
    "export.leaf.json": ["integrity", "inclusion"],
    "manifest.json": ["integrity"],
    f"{STEM}.html": ["integrity", "notice"],
    f"{STEM}.txt": ["integrity", "notice"],
    f"{STEM}.leaf.json": ["integrity", "inclusion"],
    f"{STEM}.tlog-proof": ["integrity", "inclusion"],
    "policy.txt": ["integrity"],
    "report.html": ["integrity"],
}


@pytest.mark.parametrize("name", TOUCHED)
def test_any_byte_changed_in_a_file_never_passes_the_verdicts_it_touches(name, tmp_path):
    person, files = honest_files()
    files = forge(person, files)
    dice = random.Random(name)
    for _ in range(40):
        data = bytearray(files[name])
        position = dice.randrange(len(data))
        kind = dice.choice(("flip", "insert", "delete"))
        if kind == "flip":
            data[position] ^= 1 << dice.randrange(8)
        elif kind == "insert":
            data.insert(position, dice.randrange(256))
        else:
            del data[position]
        if bytes(data) == files[name]:
            continue
        case = Case(
            name="",
            data=bundle.archive({**files, name: bytes(data)}),
            policy=person.log.policy,
            verdicts=None,
        )
        status, out, _ = run(case, tmp_path)
        found = verdicts(out)
        assert status == 1
        assert [found[touched] for touched in TOUCHED[name]] == ["FAIL"] * len(TOUCHED[name])


def test_any_byte_changed_in_the_export_proof_fails_something(tmp_path):
    person, files = honest_files()
    files = forge(person, files)
    name = bundle.EXPORT_PROOF
    for position in range(len(files[name])):
        data = bytearray(files[name])
        data[position] ^= 1
        case = Case(
            name="",
            data=bundle.archive({**files, name: bytes(data)}),
            policy=person.log.policy,
            verdicts=None,
        )
        status, out, _ = run(case, tmp_path)
        assert (status, len(verdicts(out))) == (1, len(NAMES)), position


# Mutation testing: every check, and every half of an "or", must be missed by some case.


class Removal(ast.NodeTransformer):
    """Removes the one `raise`, or one operand of an `and`/`or`, that has the wanted number."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.seen = -1
        self.removed: ast.AST | None = None

    def _hit(self, node: ast.AST) -> bool:
        self.seen += 1
        if self.seen == self.wanted:
            self.removed = node
        return self.seen == self.wanted

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if self._hit(node) else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        neutral = ast.Constant(isinstance(node.op, ast.And))
        for number, operand in enumerate(node.values):
            if self._hit(operand):
                node.values[number] = ast.copy_location(neutral, operand)
                return node
        return self.generic_visit(node)


def guarded_sentences() -> dict[int, str]:
    """For each line of a condition or a raise: the constant part of the sentence it guards."""
    sentences = {}
    for node in ast.walk(ast.parse(SOURCE)):
        guards = isinstance(node, (ast.If, ast.ExceptHandler))
        raises = [part for part in node.body if isinstance(part, ast.Raise)] if guards else []
        for part in raises:
            texts = [c.value for c in ast.walk(part) if isinstance(c, ast.Constant)]
            spoken = max((text for text in texts if isinstance(text, str)), key=len)
            sentences |= dict.fromkeys(range(node.lineno, part.lineno + 1), spoken)
    return sentences


def mutants() -> Iterator[tuple[ast.AST, ast.Module]]:
    for number in range(10_000):
        removal = Removal(number)
        mutant = ast.fix_missing_locations(removal.visit(ast.parse(SOURCE)))
        if removal.removed is None:
            return
        yield removal.removed, mutant


@pytest.mark.slow
def test_no_check_of_the_verifier_is_idle(tmp_path):
    expected = {name: run(case, tmp_path) for name, case in CASES.items()}
    sentences = guarded_sentences()
    survivors = []
    for removed, tree in mutants():
        mutant = types.ModuleType("verifier_under_test")
        sys.modules[mutant.__name__] = mutant
        exec(compile(tree, str(VERIFIER), "exec"), mutant.__dict__)
        spoken = sentences.get(removed.lineno, "\0")
        order = sorted(CASES, key=lambda name: spoken not in "".join(map(str, expected[name])))
        for name in order:
            try:
                if run(CASES[name], tmp_path, mutant) != expected[name]:
                    break
            except Exception:  # noqa: BLE001  # a mutant may break in any way
                break
        else:
            survivors.append(f"{removed.lineno}: {ast.unparse(removed)}")
    assert "\n".join(survivors) == ""
