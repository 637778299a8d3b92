# SPDX-License-Identifier: Apache-2.0
"""Good bundles of every kind, and hundreds with one thing changed in one file, for every verifier.

Always the same bytes. A change is *tampered* (made to a finished bundle) or *committed* (made
before an operator who holds the log's key lists, logs and signs everything, so that only the check
of what was changed can see it).
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from chalicelib.errors import EvidenceError
from chalicelib.proof import bundle, canonical
from chalicelib.proof.evidence import AnchorFile, Evidence
from chalicelib.proof.leaf import LeafFields, build_controller_leaf
from chalicelib.vocabulary import EventType
from tests.support import report_cases
from tests.support.bundle_cases import all_cases
from tests.support.small_log import (
    START_MS,
    Person,
    export_entry,
    fixed_bytes,
    forge,
    prove_export,
)
from tests.support.stamps import FixedAuthority, fixed_authority

HOUR_MS = 3_600_000
AUTHORITY = "Example stamps"
# Kinds of people whose bundles are changed file by file: together they hold every kind of file.
CHANGED = ("withdrawn by page", "erased")
# What an erased person's bundle has that differs from the other's: its end, and the plan.
# Entries between the first and the last hold nothing that these two have not.
BETWEEN = ("events/1.", "events/2.")
ONLY_ERASED = ("chain.json", "events/5.", "campaigns/")
Files = dict[str, bytes]
Edit = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a verifier is given."""

    name: str
    data: bytes
    policy: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A bundle that nothing is wrong with, before its export is logged."""

    person: Person
    files: Files
    erased: bool

    @property
    def policy(self) -> bytes:
        """The operator's policy, which trusts the authority of the stamps."""
        return self.files["policy.txt"]

    def finished(self, change: Callable[[Files], None] = lambda _: None) -> Files:
        """The files after `change`, with an export entry that commits to them."""
        files = dict(self.files)
        change(files)
        log, leaves = self.person.log, list(self.person.log.leaves)
        try:
            return forge(self.person, files, export=without_tag if self.erased else _same)
        finally:
            # The next forger begins where this one did.
            log.leaves[:] = leaves


def without_tag(leaf: bytes) -> bytes:
    """The export entry after an erasure: the controller's, with the same manifest."""
    fields = LeafFields(
        event_id=fixed_bytes("export after the erasure", 16),
        ts_ms=START_MS + HOUR_MS,
        controller="demo",
        type=EventType.BUNDLE_EXPORTED,
        manifest_sha256=str(_members(leaf)["man"]),
    )
    return build_controller_leaf(fields).leaf


def _same(leaf: bytes) -> bytes:
    return leaf


@cache
def authority() -> FixedAuthority:
    """Who stamps the time in every good bundle."""
    return fixed_authority(AUTHORITY)


def evidence(kind: str) -> tuple[report_cases.Case, Evidence]:
    """One of `report_cases.CASES`, with stamps that enclose its entries."""
    case = report_cases.CASES[kind]()
    plain = case.evidence()
    policy = plain.policy + f"# tsa {authority().root_sha256}\n".encode()
    anchors = tuple(
        _stamped(anchor, at_ms)
        for anchor, at_ms in zip(
            plain.anchors, (START_MS - 60_000, START_MS + HOUR_MS), strict=True
        )
    )
    return case, replace(plain, policy=policy, anchors=anchors, tsa_certificates=authority().pem)


@cache
def good(kind: str) -> Good:
    """The files of such a bundle, to be changed and finished here."""
    case, shown = evidence(kind)
    files = dict(bundle.prepare(shown).files)
    return Good(person=case.person, files=files, erased=shown.erased)


@cache
def product(kind: str) -> Input:
    """The same bundle as the product finishes it."""
    case, shown = evidence(kind)
    prepared = bundle.prepare(shown)
    leaf = export_entry(case.person, prepared.manifest_sha256)
    if prepared.erased:
        leaf = without_tag(leaf)
    proof, consistency = prove_export(case.log, prepared.checkpoint.size, leaf)
    data = bundle.finish(prepared, leaf, proof, consistency)
    return Input(name=f"{kind}: finished by the product", data=data, policy=shown.policy)


def _stamped(anchor: AnchorFile, at_ms: int) -> AnchorFile:
    return replace(anchor, response=authority().stamp(anchor.note, at_ms), time_ms=at_ms)


def corpus() -> Iterator[Input]:
    """Everything, each name once."""
    for case in all_cases():
        if case.data is not None:
            yield Input(name=f"case: {case.name}", data=case.data, policy=case.policy)
    for kind in report_cases.CASES:
        data = bundle.archive(good(kind).finished())
        yield Input(name=f"{kind}: good", data=data, policy=good(kind).policy)
        yield product(kind)
    yield from timed()
    for kind in CHANGED:
        yield from tampered(kind)
        yield from committed(kind)


def timed() -> Iterator[Input]:
    """Stamps that do not fit: other times, other bytes, another authority, not one at all."""
    kind = good("confirmed")
    last = max(int(name[8:-5]) for name in kind.files if name.endswith(".note") and "/" in name)
    note = kind.files[f"anchors/{last}.note"]
    for name, response in (
        ("entry backdated", authority().stamp(note, START_MS - HOUR_MS)),
        ("over other bytes", authority().stamp(note + b" ", START_MS + HOUR_MS)),
        ("of an unknown authority", fixed_authority("Nobody").stamp(note, START_MS + HOUR_MS)),
        ("of nobody over other bytes", fixed_authority("Nobody").stamp(note + b" ", START_MS)),
        ("of an expired authority", authority().stamp(note, 2_300_000_000_000)),
        ("refused", b"\x30\x05\x30\x03\x02\x01\x02"),
        ("empty", b""),
    ):
        put = {f"anchors/{last}.tsr": response}
        files = kind.finished(lambda files, put=put: files.update(put))  # type: ignore[misc]
        yield Input(name=f"stamp {name}", data=bundle.archive(files), policy=kind.policy)
        untrusting = kind.policy.partition(b"# tsa")[0]
        yield Input(name=f"stamp {name}, no root", data=bundle.archive(files), policy=untrusting)
    data = bundle.archive(kind.finished())
    yield Input(name="stamps that nobody trusts", data=data, policy=untrusting)
    yield Input(name="stamps and no policy", data=data, policy=None)
    cut = kind.finished(
        lambda files: files.update({"anchors/tsa.pem": b"-----BEGIN CERTIFICATE-----\nM=-----END"})
    )
    yield Input(name="certificates malformed", data=bundle.archive(cut), policy=kind.policy)


def tampered(kind: str) -> Iterator[Input]:
    """One file of a finished bundle changed, missing or in another's place."""
    finished = good(kind).finished()
    names = sorted(finished)
    for place, name in enumerate(names):
        if name.startswith(BETWEEN):
            continue
        other = finished[names[place - 1]]
        for label, edit in (
            ("a bit", _flip(name)),
            ("missing", lambda _: None),
            ("another file", lambda _, other=other: other),
        ):
            yield from _changed(kind, f"{name} {label}, tampered", finished, name, edit)


def committed(kind: str) -> Iterator[Input]:
    """One line or member changed, and all of it committed to again."""
    kept = good(kind)
    for name in sorted(set(kept.files) - {bundle.MANIFEST}):
        skipped = name.startswith(BETWEEN)
        if skipped or (kind != CHANGED[0] and not name.startswith(ONLY_ERASED)):
            continue
        for label, edit in _edits(name, kept.files[name]):
            try:
                files = kept.finished(lambda files, name=name, edit=edit: _apply(files, name, edit))  # type: ignore[misc]
            except (EvidenceError, KeyError):
                # A forger's own tools need this piece; `tampered` has it.
                continue
            yield Input(
                name=f"{kind}: {name} {label}, committed",
                data=bundle.archive(files),
                policy=kept.policy,
            )


def _edits(name: str, data: bytes) -> Iterator[tuple[str, Edit]]:
    """Changes that fit the form of a file."""
    yield "missing", lambda _: None
    if name.endswith(".json"):
        value = canonical.decode(data)
        if isinstance(value, list):
            yield "without its first", lambda _: canonical.encode(value[1:])
            yield "in reverse", lambda _: canonical.encode(value[::-1])
            return
        assert isinstance(value, dict)
        for member in value:
            less = {key: item for key, item in value.items() if key != member}
            yield f"without {member}", lambda _, less=less: canonical.encode(less)
            other = {**value, member: _other(value[member])}
            yield f"other {member}", lambda _, other=other: canonical.encode(other)
        yield "with more", lambda _: canonical.encode({**value, "zzz": 1})
    elif name.endswith((".tlog-proof", ".note", ".consistency", ".disclosures")):
        lines = data.split(b"\n")
        for number, line in enumerate(lines):
            if line:
                changed = [*lines[:number], _flip(name)(line), *lines[number + 1 :]]
                yield f"line {number} changed", lambda _, lines=changed: b"\n".join(lines)
                fewer = [*lines[:number], *lines[number + 1 :]]
                yield f"line {number} missing", lambda _, lines=fewer: b"\n".join(lines)
    elif name.endswith(".tsr"):
        for part in range(8):
            at = len(data) * part // 8 + 3
            yield f"byte {at} changed", lambda data, at=at: _flipped(data, at)
    else:
        yield "a bit", _flip(name)


def _other(value: canonical.JsonValue) -> canonical.JsonValue:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value:
            # The first letter of base64 or hex may be any other; the last one may not.
            return ("b" if value[0] != "b" else "c") + value[1:]
        case list():
            return value[:-1]
    return 1


def _flip(label: str) -> Callable[[bytes], bytes]:
    """One bit changed, somewhere that depends on the label."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
    return lambda data: _flipped(data, number % len(data)) if data else b"x"


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _apply(files: Files, name: str, edit: Edit) -> None:
    changed = edit(files[name])
    if changed is None:
        del files[name]
    else:
        files[name] = changed


def _changed(kind: str, label: str, files: Files, name: str, edit: Edit) -> Iterator[Input]:
    changed = dict(files)
    _apply(changed, name, edit)
    if changed != files:
        data = bundle.archive(changed)
        yield Input(name=f"{kind}: {label}", data=data, policy=good(kind).policy)


def _members(leaf: bytes) -> dict[str, canonical.JsonValue]:
    value = canonical.decode(leaf)
    assert isinstance(value, dict)
    return value
