# SPDX-License-Identifier: Apache-2.0
"""Bundles: only of evidence that verifies, the same bytes every time, readable without us."""

import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace

import pytest

from chalicelib.errors import BrokenProof, EvidenceError, Malformed
from chalicelib.proof import bundle, canonical
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import NoticeFile
from chalicelib.vocabulary import EventType
from tests.support.small_log import (
    NOTICE,
    SmallLog,
    evidence_of,
    export_entry,
    honest_bundle,
    prove_export,
    withdrawn_person,
)


def finished(person, prepared, leaf=None):
    leaf = leaf or export_entry(person, prepared.manifest_sha256)
    proof, consistency = prove_export(person.log, prepared.checkpoint.size, leaf)
    return leaf, proof, consistency


def files_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_the_same_evidence_gives_the_same_bytes():
    assert honest_bundle() == honest_bundle()


def test_a_bundle_is_its_own_deterministic_archive():
    data, _ = honest_bundle()
    files = files_of(data)
    assert bundle.archive(files) == data
    assert list(files) == sorted(files)


def test_the_manifest_lists_every_file_but_itself_and_the_export():
    files = files_of(honest_bundle()[0])
    manifest = canonical.decode(files["manifest.json"], require_canonical=True)
    exempt = {"manifest.json", "export.leaf.json", "export.tlog-proof"}
    assert set(manifest["files"]) == set(files) - exempt
    assert manifest["format"] == "cl-evidence/1"


def test_a_value_left_closed_is_in_no_file():
    person, published = withdrawn_person()
    evidence = evidence_of(person, published)
    closed = tuple(replace(entry, disclosures=entry.disclosures[:1]) for entry in evidence.entries)
    prepared = bundle.prepare(replace(evidence, entries=closed))
    assert not any(b"192.0.2.7" in data for _, data in prepared.files)
    report = dict(prepared.files)["report.html"]
    assert b"left closed in this bundle" in report


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (BrokenProof, lambda e: replace(e, chain_key=bytes(32))),
        (BrokenProof, lambda e: replace(e, entries=e.entries[1:])),
        (BrokenProof, lambda e: replace(e, entries=e.entries[::-1])),
        (Malformed, lambda e: replace(e, entries=(), notices=())),
        (Malformed, lambda e: replace(e, notices=())),
        (Malformed, lambda e: replace(e, notices=e.notices * 2)),
        (Malformed, lambda e: replace(e, notices=(NoticeFile(html=b"other"),))),
        (Malformed, lambda e: replace(e, policy=b"nonsense\n")),
        (Malformed, lambda e: replace(e, checkpoint=b"nonsense\n")),
        (EvidenceError, lambda e: replace(e, checkpoint=SmallLog().checkpoint(0))),
    ],
)
def test_evidence_that_does_not_hold_is_refused(error, change):
    person, published = withdrawn_person()
    with pytest.raises(error):
        bundle.prepare(change(evidence_of(person, published)))


@pytest.mark.parametrize(
    "change",
    [
        {"index": 2},
        {"path": ()},
        {"disclosures": ("WyJhIl0",)},
    ],
    ids=str,
)
def test_an_entry_that_does_not_hold_is_refused(change):
    person, published = withdrawn_person()
    evidence = evidence_of(person, published)
    first, *rest = evidence.entries
    with pytest.raises(BrokenProof):
        bundle.prepare(replace(evidence, entries=(replace(first, **change), *rest)))
    twice = replace(first, disclosures=first.disclosures[:1] * 2)
    with pytest.raises(BrokenProof):
        bundle.prepare(replace(evidence, entries=(twice, *rest)))


def test_a_publication_that_does_not_hold_is_refused():
    person, published = withdrawn_person()
    evidence = evidence_of(person, published)
    notice = evidence.notices[0]
    late = replace(evidence.entries[3], disclosures=())
    for error, changed in (
        (BrokenProof, replace(notice, text=b"No.\n")),
        (BrokenProof, replace(notice, publication=late)),
        (BrokenProof, replace(notice, publication=replace(notice.publication, index=0))),
        (Malformed, replace(notice, publication=None)),
    ):
        with pytest.raises(error):
            bundle.prepare(replace(evidence, notices=(changed,)))
    bundle.prepare(replace(evidence, notices=(replace(notice, text=None, publication=None),)))


def test_a_notice_published_after_it_was_shown_is_refused():
    log = SmallLog()
    person, published = withdrawn_person(log)
    evidence = evidence_of(person, published)
    again = replace(evidence.notices[0].publication, index=log.append(log.leaves[published]))
    size = len(log.leaves)
    moved = replace(
        evidence_of(person, published),
        notices=(
            replace(evidence.notices[0], publication=replace(again, path=log.path(size - 1, size))),
        ),
    )
    with pytest.raises(BrokenProof, match="after"):
        bundle.prepare(moved)


def test_a_bundle_is_finished_only_by_its_own_next_entry():
    person, published = withdrawn_person()
    prepared = bundle.prepare(evidence_of(person, published))
    for leaf in (
        export_entry(person, "0" * 64),
        export_entry(person, prepared.manifest_sha256, 5),
        person.build(EventType.DATA_UNSEALED, Claims(), 4, reason="proof").leaf,
    ):
        with pytest.raises(BrokenProof):
            bundle.finish(prepared, *finished(person, prepared, leaf))


def test_a_bundle_is_not_finished_by_a_proof_that_does_not_hold():
    person, published = withdrawn_person()
    prepared = bundle.prepare(evidence_of(person, published))
    leaf, proof, consistency = finished(person, prepared)
    other = SmallLog("example.org/other")
    other.filler(9)
    for wrong_proof, wrong_consistency in (
        (replace(proof, index=1), consistency),
        (replace(proof, checkpoint=other.checkpoint(9)), consistency),
        (proof, consistency[1:]),
        (proof, ()),
    ):
        with pytest.raises(EvidenceError):
            bundle.finish(prepared, leaf, wrong_proof, wrong_consistency)


def test_a_kept_bundle_reopens_only_unchanged():
    person, published = withdrawn_person()
    prepared = bundle.prepare(evidence_of(person, published, recipient=None, reason=None))
    kept = bundle.archive(dict(prepared.files))
    key, length = prepared.chain_key, prepared.chain_length
    assert bundle.reopen(kept, key, length) == prepared
    for data in (b"", kept + b"!", bundle.archive({"a": b""})):
        with pytest.raises(Malformed):
            bundle.reopen(data, key, length)


def test_a_file_name_that_is_not_plain_ascii_is_refused():
    with pytest.raises(Malformed):
        bundle.archive({"läs.txt": b""})


def test_the_report_says_what_was_shown_when_how_and_both_steps():
    report = files_of(honest_bundle()[0])["report.html"].decode()
    words = re.sub(r"<[^>]+>", " ", report)
    for sentence in (
        "visitor@example.org",
        "Step 1, request",
        "12:00:00.007 UTC; Consent requested: the form was submitted; address of origin: 192.0.2.7",
        "Step 2, confirmation",
        "Consent withdrawn; on a page of the controller; address of origin: 192.0.2.8",
        "Yes, send me the newsletter.",
        "It does not prove that the person behind a mailbox",
    ):
        assert sentence in words
    assert f'href="notices/{NOTICE}.html"' in report
    assert "<script" not in report
    assert not re.search(r"(src|href)=\"?(https?:)?//", report)


def test_the_report_escapes_what_people_typed():
    data, _ = honest_bundle(subject="<b>x</b>", controller="<i>y</i>")
    report = files_of(data)["report.html"]
    assert b"<b>x" not in report
    assert b"<i>y" not in report


def test_a_language_without_words_yet_falls_back_to_english():
    report = files_of(honest_bundle(language="sv")[0])["report.html"]
    assert b'<html lang="en">' in report
    assert b"Proof of consent" in report


def test_the_readme_s_openssl_commands_verify_the_checkpoint(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    data, _ = honest_bundle()
    files = files_of(data)
    for name in ("checkpoint.note", "policy.txt", "manifest.json"):
        (tmp_path / name).write_bytes(files[name])
    readme = files["README.txt"].decode()
    start, end = readme.index("    head -n 3"), readme.index("2. The files")
    commands = readme[start:end]
    done = subprocess.run(
        ["sh", "-e", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    note = files["checkpoint.note"].replace(b"\n17\n", b"\n18\n")
    (tmp_path / "checkpoint.note").write_bytes(note)
    done = subprocess.run(
        ["sh", "-e", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
