# SPDX-License-Identifier: Apache-2.0
"""Bundles: only of evidence that verifies, the same bytes every time, readable without us."""

import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.errors import BrokenProof, EvidenceError, Malformed
from chalicelib.proof import bundle, canonical
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import MailFile, NoticeFile
from chalicelib.proof.leaf import LeafFields, build_controller_leaf
from chalicelib.vocabulary import EventType
from tests.support.forgery import Case
from tests.support.report_cases import CAMPAIGN, CASES, MAIL, confirmed, erased
from tests.support.small_log import (
    START_MS,
    Person,
    SmallLog,
    evidence_of,
    export_entry,
    fixed_bytes,
    honest_bundle,
    prove_export,
    withdrawn_person,
)
from tests.support.verifier import run, verdicts

OTHER_LOG = SmallLog("example.org/other").checkpoint(0)


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


def test_the_readme_s_openssl_commands_verify_the_checkpoint(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    data, _ = honest_bundle()
    files = files_of(data)
    for name in ("checkpoint.note", "policy.txt", "manifest.json"):
        (tmp_path / name).write_bytes(files[name])
    readme = files["README.txt"].decode()
    start = readme.index("    head -n 3")
    commands = readme[start : readme.index("2.", start)]
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


def test_every_file_of_the_table_is_in_the_bundle_of_a_confirmed_person():
    files = dict(bundle.prepare(confirmed().evidence()).files)
    stems = {name.partition("/")[0] for name in files}
    assert stems == {
        *("README.txt", "anchors", "campaigns", "chain.json", "checkpoint.note"),
        *("deliveries.json", "events", "mails", "manifest.json", "notices", "policy.txt"),
        *("privacy", "receipt.jsonld", "record.jsonld", "report.html"),
    }
    assert files["mails/1.json"] == MAIL
    plan = canonical.decode(files[f"campaigns/{CAMPAIGN}.plan.json"], require_canonical=True)
    assert plan.keys() == {"index", "path", "record", "size"}
    lines = canonical.decode(files["deliveries.json"], require_canonical=True)
    assert [sorted(line) for line in lines] == [
        ["answer", "at", "event", "event_at", "mail", "message_id"],
        ["at", "campaign", "delivery", "entry", "event", "event_at", "message_id"],
    ]
    anchors = [name for name in files if name.startswith("anchors/")]
    assert len(anchors) == 2 * 3 + 1
    assert files["anchors/14.consistency"] == b""


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (BrokenProof, lambda e: {"mails": (replace(e.mails[0], n=0),)}),
        (BrokenProof, lambda e: {"mails": (replace(e.mails[0], n=99),)}),
        (BrokenProof, lambda e: {"mails": (replace(e.mails[0], document=b"{}"),)}),
        (Malformed, lambda e: {"mails": e.mails * 2}),
        (BrokenProof, lambda e: {"privacy": (replace(e.privacy[0], html=b"other"),)}),
        (BrokenProof, lambda e: {"privacy": (replace(e.privacy[0], entry=e.entries[0]),)}),
        (Malformed, lambda e: {"privacy": e.privacy * 2}),
        (BrokenProof, lambda e: {"campaigns": (replace(e.campaigns[0], campaign="other"),)}),
        (BrokenProof, lambda e: {"campaigns": (replace(e.campaigns[0], content=b"{}"),)}),
        (BrokenProof, lambda e: {"campaigns": (replace(e.campaigns[0], index=0),)}),
        (Malformed, lambda e: {"campaigns": (replace(e.campaigns[0], record=b"short"),)}),
        (Malformed, lambda e: {"campaigns": e.campaigns * 2}),
        (BrokenProof, lambda e: {"sid": "AAAAAAAAAAAAAAAAAAAAAA"}),
        (Malformed, lambda e: {"deliveries": e.deliveries[::-1]}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[0], mail=0),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[0], mail=None),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[0], entry=1),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[1], entry=99),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[1], mail=1),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[1], delivery="x"),)}),
        (Malformed, lambda e: {"deliveries": (replace(e.deliveries[1], campaign="x"),)}),
        (BrokenProof, lambda e: {"anchors": (replace(e.anchors[0], size=5),)}),
        (BrokenProof, lambda e: {"anchors": (replace(e.anchors[0], consistency=()),)}),
        (BrokenProof, lambda e: {"anchors": (replace(e.anchors[0], note=OTHER_LOG),)}),
        (Malformed, lambda e: {"anchors": e.anchors[:1] * 2}),
        (BrokenProof, lambda _: {"erased": True}),
        (Malformed, lambda _: {"language": "tlh"}),
        (Malformed, lambda _: {"zone": "Nowhere/Town"}),
        (Malformed, lambda _: {"zone": "../secret"}),
    ],
)
def test_what_does_not_belong_is_not_shown(error, change):
    evidence = confirmed().evidence()
    with pytest.raises(error):
        bundle.prepare(replace(evidence, **change(evidence)))


def mail_sent(document: bytes):
    """A chain whose only entry commits to these bytes as a mail."""
    person = Person(SmallLog())
    person.record(
        EventType.CONSENT_MAIL_SENT,
        Claims(),
        notice_sha256=None,
        content_sha256=sha256(document).hexdigest(),
    )
    files = (MailFile(n=0, document=document),)
    return replace(evidence_of(person, 0), notices=(), mails=files)


@pytest.mark.parametrize(
    "change",
    [
        {"to": None},
        {"headers": [["one"]]},
        {"headers": "none"},
        {"cc": "more@example.org"},
    ],
    ids=str,
)
def test_a_mail_is_in_its_one_form(change):
    document = canonical.decode(MAIL)
    bundle.prepare(mail_sent(MAIL))
    with pytest.raises(Malformed):
        bundle.prepare(mail_sent(canonical.encode({**document, **change})))
    with pytest.raises(EvidenceError):
        bundle.prepare(mail_sent(MAIL + b" "))


def export_after_erasure(manifest_sha256: str) -> bytes:
    fields = LeafFields(
        event_id=fixed_bytes("export", 16),
        type=EventType.BUNDLE_EXPORTED,
        ts_ms=START_MS + 3_600_000,
        controller="demo",
        manifest_sha256=manifest_sha256,
    )
    return build_controller_leaf(fields).leaf


def test_after_an_erasure_the_export_entry_is_the_controllers():
    case = erased()
    prepared = bundle.prepare(case.evidence())
    assert prepared.erased
    kept = bundle.archive(dict(prepared.files))
    assert bundle.reopen(kept, prepared.chain_key, prepared.chain_length) == prepared
    leaf = export_after_erasure(prepared.manifest_sha256)
    bundle.finish(prepared, leaf, *prove_export(case.log, prepared.checkpoint.size, leaf))
    own = export_entry(case.person, prepared.manifest_sha256)
    with pytest.raises(BrokenProof, match="erasure"):
        bundle.finish(prepared, own, *prove_export(case.log, prepared.checkpoint.size, own))


def test_before_an_erasure_the_export_entry_is_the_persons():
    case = confirmed()
    prepared = bundle.prepare(case.evidence())
    leaf = export_after_erasure(prepared.manifest_sha256)
    with pytest.raises(BrokenProof, match="next"):
        bundle.finish(prepared, leaf, *prove_export(case.log, prepared.checkpoint.size, leaf))


def test_an_erased_bundle_opens_nothing():
    evidence = erased().evidence()
    open_entries = erased().person.proven(len(erased().log.leaves))
    files = dict(bundle.prepare(evidence).files)
    assert not [name for name in files if name.startswith("mails/")]
    assert "deliveries.json" not in files
    assert {files[name] for name in files if name.endswith(".disclosures")} == {b""}
    for change in (
        {"erased": False},
        {"mails": (MailFile(n=1, document=MAIL),)},
        {
            "entries": (
                replace(evidence.entries[0], disclosures=open_entries[0].disclosures),
                *evidence.entries[1:],
            )
        },
        {"sid": "AAAAAAAAAAAAAAAAAAAAAA"},
    ):
        with pytest.raises(BrokenProof):
            bundle.prepare(replace(evidence, **change))


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_person_gets_a_bundle_in_every_language(name, language):
    case = CASES[name]()
    assert bundle.prepare(case.evidence(language=language)) == bundle.prepare(
        CASES[name]().evidence(language=language)
    )


@pytest.mark.parametrize("name", CASES)
def test_a_verifier_that_shares_no_code_finds_nothing_wrong(name, tmp_path):
    case = CASES[name]()
    prepared = bundle.prepare(case.evidence(anchors=(), tsa_certificates=b""))
    leaf = export_entry(case.person, prepared.manifest_sha256)
    if prepared.erased:
        leaf = export_after_erasure(prepared.manifest_sha256)
    data = bundle.finish(prepared, leaf, *prove_export(case.log, prepared.checkpoint.size, leaf))
    case_of = Case(name=name, data=data, policy=case.log.policy, verdicts=None)
    said = verdicts(run(case_of, tmp_path)[1])
    assert len(said) == 10
    assert "FAIL" not in said.values()
    assert {said[each] for each in ("integrity", "inclusion", "chain")} == {"PASS"}
    assert said["erasure"] == ("PASS" if prepared.erased else "NOT PROVEN")
