# SPDX-License-Identifier: Apache-2.0
"""Bytes flipped, left out and put in, files swapped and edited: nothing touched still passes.

Each test runs thousands of mutations in process and counts them.
"""

import shutil
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.errors import Malformed
from chalicelib.proof import bundle, canonical
from tests.support.forgery import FAIL, NOT_PROVEN, PASS
from tests.support.full_bundle import CAMPAIGN, KINDS, PRIVACY, Full, full_files, sealed
from tests.support.small_log import NOTICE
from tests.support.verifier import ORIGINAL, remembered, state_of

pytestmark = pytest.mark.slow
Files = dict[str, bytes]
PRIVATE = sha256(PRIVACY).hexdigest()
EVERY = tuple(ORIGINAL.CHECKS)
# What must not pass when a byte of the file is another. `integrity` is always among them.
TOUCHED: dict[str, tuple[str, ...]] = {
    "README.txt": (),
    "report.html": (),
    "record.jsonld": (),
    "receipt.jsonld": (),
    "policy.txt": (),
    "deliveries.json": (),
    "manifest.json": (),
    "chain.json": ("chain",),
    "checkpoint.note": ("signature", "inclusion"),
    "events/1.leaf.json": ("inclusion",),
    "events/1.disclosures": ("disclosures",),
    "events/1.tlog-proof": ("inclusion",),
    "mails/1.json": ("disclosures",),
    f"notices/{NOTICE}.html": ("notice",),
    f"notices/{NOTICE}.txt": ("notice",),
    f"notices/{NOTICE}.leaf.json": ("inclusion", "notice"),
    f"notices/{NOTICE}.tlog-proof": ("inclusion", "notice"),
    f"privacy/{PRIVATE}.html": ("notice",),
    f"privacy/{PRIVATE}.leaf.json": ("inclusion",),
    f"privacy/{PRIVATE}.tlog-proof": ("inclusion",),
    f"campaigns/{CAMPAIGN}.content.json": ("disclosures",),
    f"campaigns/{CAMPAIGN}.leaf.json": ("inclusion",),
    f"campaigns/{CAMPAIGN}.plan.json": ("inclusion",),
    f"campaigns/{CAMPAIGN}.tlog-proof": ("inclusion",),
    "export.leaf.json": ("inclusion",),
}
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="time stamps are checked by openssl, which is not here"
)


def small(*, anchored: bool = False, erased: bool = False) -> Full:
    kinds = KINDS[:1] if erased else KINDS[:2]
    lines = [] if erased else [{"at": 1, "mail": 1}]
    return Full(kinds=kinds, deliveries=lines, anchored=anchored, erased=erased)


@cache
def honest(*, anchored: bool = False, erased: bool = False) -> tuple[Files, Any]:
    full = small(anchored=anchored, erased=erased)
    person, files = full_files(full)
    return sealed(person, files, erased), ORIGINAL.parse_policy(full.policy)


def states(files: Files, policy: Any, names: tuple[str, ...] = EVERY) -> dict[str, str]:
    opened = ORIGINAL.Bundle(files, deterministic=True, policy=policy, roots={})
    return {name: state_of(name, opened) for name in names}


def changes(data: bytes) -> Iterator[bytes]:
    """Every byte flipped, left out, and doubled or followed by a newline, and another put in."""
    for at in range(len(data)):
        yield data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[:at] + b"\n "[at % 2 : at % 2 + 1] + data[at:]


def test_the_bundle_before_any_change_passes():
    for erased in (False, True):
        files, policy = honest(erased=erased)
        found = states(files, policy)
        assert FAIL not in found.values()
        assert found["erasure"] == (PASS if erased else NOT_PROVEN)
    missing = {name for name in honest()[0] if name.split("/")[0] != "events"} - set(TOUCHED)
    assert missing == {"export.tlog-proof"}


@pytest.mark.parametrize("name", TOUCHED)
def test_no_byte_of_a_file_can_change_without_its_verdicts(name):
    files, policy = honest()
    touched = ("integrity", *TOUCHED[name])
    for changed in changes(files[name]):
        if changed != files[name]:
            found = states({**files, name: changed}, policy, touched)
            assert set(found.values()) == {FAIL}, (changed, found)


def test_no_byte_of_the_export_proof_can_change_without_some_verdict():
    files, policy = honest()
    for changed in changes(files[bundle.EXPORT_PROOF]):
        made = {**files, bundle.EXPORT_PROOF: changed}
        # The first that fails is enough, and these three are the likeliest.
        likely = dict.fromkeys(("integrity", "consistency", "signature", *EVERY))
        assert any(states(made, policy, (name,))[name] == FAIL for name in likely), changed


def test_no_byte_of_the_chain_key_can_change_without_the_erasure_failing_too():
    files, policy = honest(erased=True)
    key = files["chain.json"].index(b'","total"')
    for changed in changes(files["chain.json"]):
        found = states({**files, "chain.json": changed}, policy, ("chain", "erasure"))
        assert found["chain"] == FAIL
        assert found["erasure"] == FAIL or changed[:key] == files["chain.json"][:key]


def test_no_byte_of_the_archive_can_change():
    files, policy = honest(erased=True)
    data = bundle.archive(files)
    refused = 0
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        try:
            found = ORIGINAL.read_archive(changed)
        except ORIGINAL.UnreadableError:
            refused += 1
            continue
        # An archive of the same files is the one of before the change.
        same = found != files and ORIGINAL.build_archive(found) == changed
        opened = ORIGINAL.Bundle(found, same, policy, {})
        assert state_of("integrity", opened) == FAIL, at
    assert refused > len(data) // 2


@needs_openssl
@pytest.mark.parametrize("end", ["note", "consistency"])
def test_no_byte_of_an_anchor_can_change(end, monkeypatch):
    files, policy = honest(anchored=True)
    assert states(files, policy)["time"] == PASS
    name = next(name for name in sorted(files) if name.endswith(f".{end}") and files[name])
    monkeypatch.setattr(ORIGINAL, "run_openssl", remembered(ORIGINAL))
    for changed in changes(files[name]):
        found = states({**files, name: changed}, policy, ("consistency", "time"))
        assert found["time"] == FAIL, changed
        # The log's signature is for `time` to judge; the tree is for both.
        assert found["consistency"] == FAIL or changed.partition(b"\n\n")[0] in files[name]


@needs_openssl
@pytest.mark.parametrize("part", range(8))
def test_no_bit_of_a_stamp_that_is_signed_can_change(part, monkeypatch):
    """A stamp's envelope holds bits that nobody signs; those of statement and signature count."""
    files, policy = honest(anchored=True)
    monkeypatch.setattr(ORIGINAL, "run_openssl", remembered(ORIGINAL))
    name = next(name for name in sorted(files) if name.endswith(".tsr"))
    data = files[name]
    statement = data.index(sha256(files[name.replace(".tsr", ".note")]).digest())
    unsigned = []
    for at in range(part, len(data), 8):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        found = states({**files, name: changed}, policy, ("integrity", "time"))
        assert found["integrity"] == FAIL
        if found["time"] == PASS:
            unsigned.append(at)
    assert len(unsigned) <= 6
    assert not [at for at in unsigned if statement - 30 < at < statement + 60]
    assert not [at for at in unsigned if at > len(data) - 64]


def edits(value: Any) -> Iterator[Any]:
    """The JSON value with one member, at any depth, left out or made something else."""
    if isinstance(value, dict):
        for name, inside in value.items():
            rest = {other: value[other] for other in value if other != name}
            yield rest
            yield {**rest, f"{name}x": inside}
            yield from ({**value, name: edited} for edited in edits(inside))
    elif isinstance(value, list):
        yield [*value, None]
        yield value[:-1]
        yield value[::-1]
        for at, inside in enumerate(value):
            yield from ([*value[:at], edited, *value[at + 1 :]] for edited in edits(inside))
    yield from (None, True, 0, -1, 2**53 - 1, "", "x", [], {})


def json_edits(files: Files, name: str) -> Iterator[bytes]:
    for edited in edits(canonical.decode(files[name])):
        data = canonical.encode(edited)
        if data != files[name]:
            yield data


@pytest.mark.parametrize("name", [name for name in TOUCHED if name.endswith(".json")])
def test_no_member_of_a_json_file_can_change_even_with_the_manifest_made_anew(name):
    files, policy = honest()
    touched = ("integrity", *TOUCHED[name])
    for data in json_edits(files, name):
        changed = {**files, name: data}
        assert set(states(changed, policy, touched).values()) == {FAIL}, data
        again = relisted(changed)
        if again != files:
            assert set(states(again, policy, touched).values()) == {FAIL}, data


def relisted(files: Files) -> Files:
    """What somebody without the log's key can do: list the files they changed."""
    try:
        stated = canonical.decode(files.get(bundle.MANIFEST, b""))
    except Malformed:
        return files
    if not isinstance(stated, dict):
        return files
    skipped = (bundle.MANIFEST, bundle.EXPORT_LEAF, bundle.EXPORT_PROOF)
    listing = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
        if name not in skipped
    }
    return {**files, bundle.MANIFEST: canonical.encode({**stated, "files": listing})}  # type: ignore[dict-item]


@pytest.mark.parametrize("erased", [False, True])
def test_nothing_an_operator_may_sign_stops_the_verifier(erased):
    honest_names = [name for name in honest(erased=erased)[0] if name.endswith(".json")]
    own = ("manifest.json", "export.leaf.json")
    full = small(erased=erased)
    person, files = full_files(full)
    leaves, policy = list(full.log.leaves), ORIGINAL.parse_policy(full.policy)
    for name in honest_names:
        start = honest(erased=erased)[0] if name in own else files
        for data in json_edits(start, name):
            full.log.leaves[:] = leaves
            made = {**start, name: data}
            # Nothing but `integrity` reads the manifest.
            names = ("integrity",) if name == bundle.MANIFEST else EVERY
            found = states(made if name in own else sealed(person, made, erased), policy, names)
            assert set(found) == set(names)


def structural(files: Files) -> Iterator[tuple[str, Files]]:
    """Files dropped, emptied, exchanged, doubled and copied over one another."""
    for name in files:
        yield f"without {name}", {other: data for other, data in files.items() if other != name}
        yield f"{name} empty", {**files, name: b""}
        yield f"{name} twice", {**files, f"{name}2": files[name]}
        for other in files:
            if files[name] != files[other]:
                yield f"{other} as {name}", {**files, name: files[other]}
                if name < other:
                    both = {name: files[other], other: files[name]}
                    yield f"{name} and {other} exchanged", {**files, **both}


def test_no_file_can_be_dropped_exchanged_or_copied():
    files, policy = honest()
    count = 0
    for label, changed in structural(files):
        if changed == files or (label.endswith("empty") and not files[label.split()[0]]):
            continue
        for made in (changed, relisted(changed)):
            found = states(made, policy, ("integrity",))
            # A text of the operator's own, put back with its hash, is no change at all.
            assert found["integrity"] == FAIL, label
            count += 1
    assert count > 2000


def test_more_than_ten_thousand_changes_are_tried():
    files, _ = honest()
    assert 3 * sum(map(len, files.values())) > 20_000


def test_entries_dropped_doubled_or_exchanged_never_pass_as_a_chain():
    files, policy = honest()
    parts = ("leaf.json", "tlog-proof", "disclosures")
    first, second = ({end: files[f"events/{n}.{end}"] for end in parts} for n in (0, 1))
    for label, places in {
        "dropped first": {0: second, 1: None},
        "dropped last": {0: first, 1: None},
        "exchanged": {0: second, 1: first},
        "doubled": {0: first, 1: first},
        "one more": {0: first, 1: second, 2: second},
    }.items():
        changed = {name: data for name, data in files.items() if not name.startswith("events/")}
        for n, entry in places.items():
            changed |= {f"events/{n}.{end}": data for end, data in (entry or {}).items()}
        for total in (1, 2, 3):
            stated = canonical.decode(files["chain.json"])
            assert isinstance(stated, dict)
            changed["chain.json"] = canonical.encode({**stated, "total": total})
            assert states(changed, policy, ("chain",))["chain"] == FAIL, (label, total)
