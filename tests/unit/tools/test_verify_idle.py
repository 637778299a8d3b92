# SPDX-License-Identifier: Apache-2.0
"""No check of the verifier is idle: each one removed, some case of the corpus comes out otherwise.

Removed are every `require` and `raise`, every half of an `and` or `or`, every pair of a comparison
of several values, and every form a JSON member must have. What no case can tell is listed.
"""

import ast
import copy
import re
import time
import types
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.bundle_cases import all_cases
from tests.support.verifier import ORIGINAL, SOURCE, VERIFIER, load, remembered, run

pytestmark = pytest.mark.slow
PARTS = 2
FORMS = {"WHOLE", "TEXT", "SHA256_HEX", "BYTES_16", "BYTES_28", "BYTES_32"}
# Statements that hold functions of the module, and so must be made anew when one is changed.
HOLDERS = [
    node
    for node in ast.parse(SOURCE).body
    if ast.unparse(node).startswith(("CHECKS: ", "_JSON = "))
]
# Removing these changes nothing that any input can show; each says why.
EQUIVALENT: dict[str, str] = {
    "raise UnprovenError('openssl, which checks time stamps, is not there') from None": (
        "openssl is there; test_verify_proof.py takes it away"
    ),
    "require('Verification' in said, 'this openssl cannot check time stamps', UnprovenError)": (
        "this openssl can; test_verify_proof.py puts another in its place"
    ),
}


class Removal(ast.NodeTransformer):
    """Removes the one check that has the wanted number."""

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

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        checks = isinstance(call, ast.Call) and ast.unparse(call.func).startswith("require")
        if checks and self._hit(node):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        neutral = ast.Constant(isinstance(node.op, ast.And))
        for number, operand in enumerate(node.values):
            if self._hit(operand):
                node.values[number] = ast.copy_location(neutral, operand)
                return node
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        left, right = node.left, node.comparators[0]
        if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
            for number, operand in enumerate(left.elts):
                if self._hit(operand):
                    del left.elts[number], right.elts[number]
                    return node
        if len(node.ops) > 1:
            for number, operand in enumerate((node.left, node.comparators[-1])):
                if self._hit(operand):
                    if number:
                        del node.ops[-1], node.comparators[-1]
                    else:
                        node.left = node.comparators.pop(0)
                        del node.ops[0]
                    return node
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for number, value in enumerate(node.values):
            formed = isinstance(value, ast.Name) and value.id in FORMS
            if formed and node.keys[number] is not None and self._hit(node.keys[number]):
                node.values[number] = ast.copy_location(ast.Constant(".*"), value)
                return node
        return self.generic_visit(node)


def guarded_sentences() -> dict[int, str]:
    """For each line of a check: the constant part of the sentence it speaks."""
    sentences = {}
    for node in ast.walk(ast.parse(SOURCE)):
        spoken = isinstance(node, (ast.Raise, ast.Expr))
        texts = [
            part.value
            for part in ast.walk(node)
            if spoken and isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if texts:
            lines = range(node.lineno - 2, (node.end_lineno or node.lineno) + 1)
            sentences |= {line: max(texts, key=len) for line in lines}
    return sentences


def mutants(part: int) -> Iterator[tuple[ast.AST, ast.stmt, ast.stmt]]:
    """What is removed, the top-level statement without it, and that statement as it is."""
    count = 0
    for whole in ast.parse(SOURCE).body:
        for number in range(10_000):
            removal = Removal(number)
            mutant = removal.visit(copy.deepcopy(whole))
            if removal.removed is None:
                break
            count += 1
            if count % PARTS == part:
                yield removal.removed, mutant, whole


def put(module: types.ModuleType, statement: ast.stmt) -> None:
    """Let the module have this statement in place of the one of that name."""
    tree = ast.Module([statement, *HOLDERS], [])
    exec(compile(ast.fix_missing_locations(tree), str(VERIFIER), "exec"), module.__dict__)


@cache
def corpus() -> dict:
    return {case.name: case for case in all_cases()}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_check_of_the_verifier_is_idle(part, tmp_path, monkeypatch):
    monkeypatch.setattr(ORIGINAL, "run_openssl", remembered(ORIGINAL))
    expected, cost = {}, {}
    for name, case in corpus().items():
        begun = time.process_time()
        expected[name] = run(case, tmp_path)
        cost[name] = time.process_time() - begun
    spoken = {name: re.sub(r"\s+", " ", f"{out} {err}") for name, (_, out, err) in expected.items()}
    sentences = guarded_sentences()
    survivors = []
    module = load(SOURCE)
    monkeypatch.setattr(module, "run_openssl", remembered(module))
    for removed, mutant, whole in mutants(part):
        put(module, mutant)
        sentence = sentences.get(getattr(removed, "lineno", 0), "\0")
        for name in sorted(expected, key=lambda name: (sentence not in spoken[name], cost[name])):
            try:
                if run(corpus()[name], tmp_path, module) != expected[name]:
                    break
            except Exception:  # noqa: BLE001  # a mutant may break in any way
                break
        else:
            survivors.append(f"{removed.lineno}: {ast.unparse(removed)}")  # type: ignore[attr-defined]
        put(module, whole)
        monkeypatch.setattr(module, "run_openssl", remembered(module))
    known = [text for text in survivors if text.partition(": ")[2] in EQUIVALENT]
    assert len(expected) > 350
    assert "\n".join(text for text in survivors if text not in known) == ""
