# SPDX-License-Identifier: Apache-2.0
"""Bundles as the product makes them: each kind of person gets exactly the verdicts due to it."""

import io
import shutil
import zipfile
from hashlib import sha256

import pytest

from chalicelib.proof import bundle, canonical
from tests.support import report_cases
from tests.support.differential_corpus import product
from tests.support.forgery import FAIL, HONEST, NOT_PROVEN, PASS, Case
from tests.support.verifier import run, verdicts

CLOCK = PASS if shutil.which("openssl") else NOT_PROVEN
# What differs from the bundle of somebody who confirmed: nothing is opened after an erasure, and
# nobody saw a notice of ours before an import or a sale.
DIFFERS = {
    "erased": {"disclosures": NOT_PROVEN, "erasure": PASS},
    "imported": {"notice": NOT_PROVEN},
    "waiting": {"notice": NOT_PROVEN},
    "objected": {"notice": NOT_PROVEN},
    "bought": {"notice": NOT_PROVEN},
    "told to stop, and bought": {"notice": NOT_PROVEN},
}


def judged(data, policy, tmp_path):
    case = Case(name="", data=data, policy=policy, verdicts=None)
    status, out, _ = run(case, tmp_path)
    return status, verdicts(out)


@pytest.mark.parametrize("kind", report_cases.CASES)
def test_a_bundle_of_the_product_gets_the_verdicts_due_to_its_person(kind, tmp_path):
    made = product(kind)
    expected = {**HONEST, "time": CLOCK, **DIFFERS.get(kind, {})}
    assert judged(made.data, made.policy, tmp_path) == (0, expected)


@pytest.mark.parametrize("relisted", [False, True])
@pytest.mark.parametrize("kind", report_cases.CASES)
def test_an_edited_report_in_an_otherwise_honest_bundle_fails(kind, relisted, tmp_path):
    made = product(kind)
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    page = files["report.html"].replace(b"</body>", b"<p>All is well.</p></body>")
    assert page != files["report.html"]
    files["report.html"] = page
    if relisted:
        # The export entry in the log still commits to the manifest of before.
        stated = canonical.decode(files[bundle.MANIFEST])
        stated["files"]["report.html"] = {"sha256": sha256(page).hexdigest(), "size": len(page)}
        files[bundle.MANIFEST] = canonical.encode(stated)
    status, found = judged(bundle.archive(files), made.policy, tmp_path)
    assert status == 1
    assert [name for name, state in found.items() if state == FAIL] == ["integrity"]
