# SPDX-License-Identifier: Apache-2.0
"""One corpus, and what our own two verifiers say of it; each input is judged once by each."""

import base64
import contextlib
import io
import re
import shutil
import sys
import types
from functools import cache
from pathlib import Path

import pytest

from tests.support.differential_corpus import corpus
from tests.support.strangers import Aics

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
PAGE = CHECKOUT / "tools" / "verify_proof.html"
PROGRAM = CHECKOUT / "tools" / "verify_proof.py"
ORACLE_PYTHON = CHECKOUT / ".local" / "oracles" / "aics-tlog-0.2.1" / "bin" / "python"
LINE = re.compile(r"^(PASS|FAIL|NOT PROVEN) ([a-z]+): (.+)$", re.MULTILINE)
JUDGE = """async (inputs) => {
  const decoded = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const bytes = (text) => text === null ? null : decoded(text);
  const judged = [];
  for (const [data, policy] of inputs) {
    const answer = window.verifyBundle(bytes(data), bytes(policy));
    judged.push(await answer.catch((problem) => problem.message));
  }
  return judged;
}"""


@pytest.fixture(scope="session")
def inputs():
    """Every bundle of the corpus."""
    return list(corpus())


@pytest.fixture(scope="session")
def program(inputs, tmp_path_factory):
    """What verify_proof.py says: by name, a verdict's (state, sentence), or why it read nothing."""
    module = types.ModuleType("verifier_of_the_corpus")
    sys.modules[module.__name__] = module
    exec(compile(PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), module.__dict__)
    plain = module.run_openssl

    @cache
    def remembered(command, pieces):
        return plain(command, dict(pieces))

    # The same question of openssl has the same answer; asking it once keeps this quick.
    module.run_openssl = lambda command, pieces: remembered(command, tuple(pieces.items()))
    folder = tmp_path_factory.mktemp("corpus")
    return {one.name: _said(module, one, folder) for one in inputs}


def _said(module, one, folder):
    (folder / "bundle.zip").write_bytes(one.data)
    arguments = [str(folder / "bundle.zip")]
    if one.policy is not None:
        (folder / "policy.txt").write_bytes(one.policy)
        arguments += ["--policy", str(folder / "policy.txt")]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = module.main(arguments)
    if status == 2:
        return err.getvalue().strip()
    return {name: (state, sentence) for state, name, sentence in LINE.findall(out.getvalue())}


@pytest.fixture(scope="session")
def page(inputs, browser):
    """The same of verify_proof.html, opened from its file in one tab; it may ask nobody."""
    asked = []
    tab = browser.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(PAGE.as_uri())
    said = {}
    for start in range(0, len(inputs), 20):
        some = inputs[start : start + 20]
        answers = tab.evaluate(JUDGE, [[_b64(one.data), _b64(one.policy)] for one in some])
        said |= {one.name: _verdicts(got) for one, got in zip(some, answers, strict=True)}
    tab.close()
    assert asked == [PAGE.as_uri()]
    return said


def _b64(data):
    return None if data is None else base64.b64encode(data).decode()


def _verdicts(answer):
    if isinstance(answer, str):
        return answer
    return {name: (state, sentence) for name, state, sentence in answer}


@pytest.fixture(scope="session")
def aics():
    """aics-tlog, where infra/install_oracle.sh could install it."""
    if not ORACLE_PYTHON.exists():
        pytest.skip("aics-tlog is not here: it needs Python 3.12 and infra/install_oracle.sh")
    oracle = Aics(ORACLE_PYTHON)
    yield oracle.stranger()
    oracle.close()


@pytest.fixture(scope="session")
def openssl():
    """The openssl program."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
