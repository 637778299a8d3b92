# SPDX-License-Identifier: Apache-2.0
"""No check of the verifier is idle: each one removed, some case of the corpus comes out otherwise.

Removed are every `require` and `raise`, every half of an `and` or `or`, every pair of a comparison
of several values, and every form a JSON member must have. What no case can tell is listed.
"""

import ast
import copy
import re
import types
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.bundle_cases import all_cases
from tests.support.verifier import ORIGINAL, SOURCE, VERIFIER, load, remembered, run

pytestmark = pytest.mark.slow
FORMS = {"WHOLE", "TEXT", "SHA256_HEX", "BYTES_16", "BYTES_28", "BYTES_32"}
# Statements that hold functions of the module, and so must be made anew when one is changed.
FUTURE = ast.parse("from __future__ import annotations").body[0]
HOLDERS = [
    node
    for node in ast.parse(SOURCE).body
    if ast.unparse(node).startswith(("CHECKS = ", "_JSON = ", "require"))
]
# Removing these changes nothing that any input can show; each says why.
EQUIVALENT: dict[str, str] = {
    "raise UnprovenError('openssl, which checks time stamps, is not there') from None": (
        "openssl is there; test_verify_proof.py takes it away"
    ),
    "require_shown('Verification' in said, 'this openssl cannot check time stamps')": (
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


def sentences() -> dict[int, set[str]]:
    """For each line of a check: constant parts of the sentences spoken there or just after."""
    found: dict[int, set[str]] = defaultdict(set)
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, (ast.Raise, ast.Expr, ast.Return)):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    longest = max(part.value.split("%s"), key=len)
                    if " " in longest:
                        for line in range(node.lineno - 2, (node.end_lineno or node.lineno) + 1):
                            found[line].add(longest)
    return found


def statements() -> Iterator[tuple[str, ast.stmt]]:
    """The statements of the module, those of a class one by one, each with its class's name."""
    for node in ast.parse(SOURCE).body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, inside) for inside in node.body)
        else:
            yield "", node


def mutants() -> Iterator[tuple[ast.AST, str, ast.stmt, ast.stmt]]:
    """What is removed, in which class, the statement without it, and that statement as it is."""
    for owner, whole in statements():
        for number in range(10_000):
            removal = Removal(number)
            mutant = removal.visit(copy.deepcopy(whole))
            if removal.removed is None:
                break
            yield removal.removed, owner, mutant, whole


def put(module: types.ModuleType, owner: str, statement: ast.stmt) -> None:
    """Let the module, or a class in it, have this statement in place of the one of that name."""
    tree = ast.Module([FUTURE, statement, *([] if owner else HOLDERS)], [])
    made = dict(module.__dict__) if owner else module.__dict__
    exec(compile(ast.fix_missing_locations(tree), str(VERIFIER), "exec"), made)
    if owner:
        name = statement.name  # type: ignore[attr-defined]
        function = made[name]
        setattr(
            getattr(module, owner),
            name,
            types.FunctionType(function.__code__, module.__dict__, name, function.__defaults__),
        )


@cache
def corpus() -> dict:
    return {case.name: case for case in all_cases()}


def test_no_check_of_the_verifier_is_idle(tmp_path, monkeypatch):
    monkeypatch.setattr(ORIGINAL, "run_openssl", remembered(ORIGINAL))
    expected = {name: run(case, tmp_path) for name, case in corpus().items()}
    spoken = {name: re.sub(r"\s+", " ", f"{out} {err}") for name, (_, out, err) in expected.items()}
    places = {name: place for place, name in enumerate(expected)}
    # Cases beside one that told of another check of the same function are of its kind.
    telling: dict[object, list[int]] = defaultdict(list)
    spoken_at, survivors = sentences(), []
    module = load(SOURCE)
    monkeypatch.setattr(module, "run_openssl", remembered(module))

    def tells(name: str) -> bool:
        try:
            return run(corpus()[name], tmp_path, module) != expected[name]
        except Exception:  # noqa: BLE001  # a mutant may break in any way
            return True

    for removed, owner, mutant, whole in mutants():
        put(module, owner, mutant)
        told = {f"member {removed.value} is"} if isinstance(removed, ast.Constant) else set()
        told |= spoken_at.get(getattr(removed, "lineno", 0), set())
        near = telling[owner, getattr(whole, "name", whole.lineno)]

        def rank(name: str, told: set[str] = told, near: list[int] = near) -> tuple[bool, int]:
            distance = min((abs(places[name] - place) for place in near), default=0)
            return not any(text in spoken[name] for text in told), distance

        for name in sorted(expected, key=rank):
            if tells(name):
                near.append(places[name])
                break
        else:
            survivors.append(f"{removed.lineno}: {ast.unparse(removed)}")  # type: ignore[attr-defined]
        put(module, owner, whole)
        monkeypatch.setattr(module, "run_openssl", remembered(module))
    known = [text for text in survivors if text.partition(": ")[2] in EQUIVALENT]
    assert len(expected) > 350
    assert "\n".join(text for text in survivors if text not in known) == ""
