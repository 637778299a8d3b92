# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/spec/verifiers.md §4, run as they stand there by a plain shell."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chalicelib.proof import bundle
from tests.support.differential_corpus import authority, good

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "spec" / "verifiers.md"
BLOCK = re.compile(r"^```sh by-hand=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = dict(BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")))
NEEDED = ("openssl", "unzip", "sha256sum")


@pytest.fixture
def unpack(tmp_path):
    """Put a bundle, the policy and the authority's root where the document says."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not here: {', '.join(missing)}")
    kept = good("withdrawn by page")

    def unpack(change=lambda _: None):
        files = kept.finished()
        change(files)
        (tmp_path / "proof.zip").write_bytes(bundle.archive(files))
        (tmp_path / "policy.txt").write_bytes(kept.policy)
        (tmp_path / "root.pem").write_bytes(authority().pem)
        return files

    return unpack


def run(folder, name):
    """What the block prints, after the first one has unpacked the bundle."""
    command = ["sh", "-c", BLOCKS[name]]
    if name != "integrity":
        subprocess.run(["unzip", "-q", "proof.zip", "-d", "bundle"], cwd=folder, check=True)
        folder = folder / "bundle"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def edited(name):
    def change(files):
        files[name] = files[name][:-2] + bytes([files[name][-2] ^ 1]) + files[name][-1:]

    return change


def test_the_manifest_is_the_exports_and_lists_every_file(unpack, tmp_path):
    files = unpack()
    first, second, *listed = run(tmp_path, "integrity")
    assert first.split()[0] == second.split()[1]
    assert sorted(listed) == sorted(
        f"listed: {name}"
        for name in files
        if name not in (bundle.MANIFEST, bundle.EXPORT_LEAF, bundle.EXPORT_PROOF)
    )


def test_an_edited_file_is_not_listed(unpack, tmp_path):
    unpack(edited("report.html"))
    assert "NOT LISTED: report.html" in run(tmp_path, "integrity")


def test_the_signature_is_verified(unpack, tmp_path):
    unpack()
    assert run(tmp_path, "signature") == ["Signature Verified Successfully"]


def test_a_false_signature_is_not(unpack, tmp_path):
    def grown(files):
        files["checkpoint.note"] = files["checkpoint.note"].replace(b"\n16\n", b"\n17\n", 1)

    unpack(grown)
    assert run(tmp_path, "signature") == ["Signature Verification Failure"]


def test_the_path_of_an_entry_leads_to_the_root(unpack, tmp_path):
    unpack()
    ours, theirs = run(tmp_path, "inclusion")
    assert ours == theirs


def test_the_path_of_another_entry_does_not(unpack, tmp_path):
    unpack(edited("events/0.leaf.json"))
    ours, theirs = run(tmp_path, "inclusion")
    assert ours != theirs


def test_the_stamps_are_verified(unpack, tmp_path):
    unpack()
    lines = run(tmp_path, "time")
    assert [line for line in lines if line.startswith("Verification")] == ["Verification: OK"] * 2
    assert "anchors/16.tsr: Nov 23 13:00:00 2026 GMT" in lines


def test_a_stamp_over_other_bytes_is_not(unpack, tmp_path):
    unpack(edited("anchors/16.note"))
    assert "Verification: FAILED" in run(tmp_path, "time")


def test_the_details_are_those_committed_to(unpack, tmp_path):
    unpack()
    lines = run(tmp_path, "disclosures")
    assert len([line for line in lines if line.startswith("committed: [")]) == 4
    assert any('"email":"visitor@example.org"' in line for line in lines)


def test_the_first_entry_is_the_chains(unpack, tmp_path):
    unpack()
    assert run(tmp_path, "chain") == ["entry 0 is the first of this chain"]
