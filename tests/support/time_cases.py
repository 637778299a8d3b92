# SPDX-License-Identifier: Apache-2.0
"""Time anchors: what must pass, what proves nothing, and what must fail.

Made with `openssl`; where it is not installed there are no such cases.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace

from chalicelib.proof import bundle, note
from chalicelib.proof.checkpoint import sign_checkpoint
from tests.support.evidence_cases import ERASED, SHOWN, full_case
from tests.support.forgery import FAIL, NOT_PROVEN, PASS, Case, Change, Files, drop, put
from tests.support.full_bundle import MINUTE_MS, Full, anchor, full_files, sealed
from tests.support.openssl_stamps import (
    INTEGER,
    SEQUENCE,
    TEXT,
    Authority,
    authority,
    der,
    stamp,
)
from tests.support.small_log import ORIGIN, START_MS, SmallLog, fixed_bytes

LAST_MS = START_MS + 3 * MINUTE_MS + 7
FIVE_MS = 5 * MINUTE_MS
HERE = shutil.which("openssl") is not None


def timed(name: str, change: Change = lambda _: None, state: str = FAIL, *more: str, **how) -> Case:
    """A fully anchored bundle with one change; `state` is what time then is."""
    case = full_case(name, change, *more, anchored=True, **how)
    assert case.verdicts is not None
    return replace(case, verdicts={**case.verdicts, "time": state})


def time_cases() -> Iterator[Case]:
    if not HERE:
        return
    yield timed("anchored", state=PASS)
    yield replace(timed("anchored, erased", state=PASS, erased=True), verdicts=ERASED)
    yield from bound_cases()
    yield from trust_cases()
    yield from stamp_cases()
    yield from anchor_cases()


def sizes() -> tuple[int, int]:
    """Sizes of the two anchors of a full bundle."""
    _, files = full_files(Full())
    early, late = sorted(
        int(name[8:-5]) for name in files if name.startswith("anchors/") and name.endswith(".note")
    )
    return early, late


def bound_cases() -> Iterator[Case]:
    early, late = sizes()
    nothing: Change = lambda _: None  # noqa: E731
    ends = ("note", "tsr", "consistency")
    yield timed("no upper bound", drop(*(f"anchors/{late}.{end}" for end in ends)), NOT_PROVEN)
    yield timed("no lower bound", drop(*(f"anchors/{early}.{end}" for end in ends)), NOT_PROVEN)
    yield timed("no lower bound, and too late",
                drop(*(f"anchors/{early}.{end}" for end in ends)), FAIL,
                late_ms=LAST_MS - 8 * MINUTE_MS)  # fmt: skip
    first = START_MS + 7
    second = 1000
    for label, how, state in (
        ("5 minutes early", {"early_ms": (first + FIVE_MS) // second * second}, PASS),
        (
            "more than 5 minutes early",
            {"early_ms": first + FIVE_MS + second, "late_ms": 2 * START_MS},
            FAIL,
        ),
        ("5 minutes late", {"late_ms": (LAST_MS - FIVE_MS) // second * second + second}, PASS),
        ("more than 5 minutes late", {"late_ms": LAST_MS - FIVE_MS - second}, FAIL),
        ("years late", {"early_ms": START_MS - 10**11, "late_ms": START_MS - 10**10}, FAIL),
    ):
        if how.get("late_ms") == 2 * START_MS:
            how = {**how, "late_ms": first + 3 * FIVE_MS}  # noqa: PLW2901
        yield timed(f"entries {label}", nothing, state, **how)


def with_stamp(size: int, response: bytes) -> Change:
    return put(f"anchors/{size}.tsr", response)


def stamped(late: int, **how: object) -> Change:
    """The later anchor stamped in another way."""

    def change(files: Files) -> None:
        data = files[f"anchors/{late}.note"]
        when_ms = START_MS + 6 * MINUTE_MS
        files[f"anchors/{late}.tsr"] = stamp(data, when_ms, **how)  # type: ignore[arg-type]

    return change


def trust_cases() -> Iterator[Case]:
    _, late = sizes()
    good = timed("", state=PASS)
    plain = SmallLog().policy
    lost = {**SHOWN, "time": NOT_PROVEN}
    line = authority().policy_line
    for label, text in (
        ("in a comment", b"#" + line),
        ("under another word", line[:4] + b"b" + line[5:]),
    ):
        yield replace(good, name=f"root {label}", policy=plain + text, verdicts=lost)
    own = {**SHOWN, "signature": NOT_PROVEN, "time": NOT_PROVEN}
    root = authority().root
    yield replace(good, name="no root in the policy given", policy=plain, verdicts=lost)
    yield replace(good, name="anchored, no policy", policy=None, verdicts=own)
    yield replace(good, name="root given", policy=plain, tsa=root)
    given = {**SHOWN, "signature": NOT_PROVEN}
    yield replace(good, name="root given, no policy", policy=None, tsa=root, verdicts=given)
    stranger = authority("stranger")
    yield replace(good, name="another root given", policy=plain, tsa=stranger.root, verdicts=lost)
    for label, tsa in (("empty", b""), ("no PEM", b"x"), ("cut", root.replace(b"M", b"=", 1))):
        yield replace(good, name=f"roots: {label}", tsa=tsa, verdicts=None)
    yield timed("certificates missing", drop("anchors/tsa.pem"), NOT_PROVEN)
    yield timed("certificates malformed", put("anchors/tsa.pem", root.replace(b"M", b"=", 1)))
    yield timed("stamped by a stranger", stamped(late, by=stranger), NOT_PROVEN)
    both = put("anchors/tsa.pem", root + stranger.root)

    def shown(files: Files) -> None:
        both(files)
        stamped(late, by=stranger)(files)

    yield timed("stamped by a stranger whose root is shown", shown, NOT_PROVEN)
    thief = Authority(
        root_der=stranger.root_der, root=root, signer=stranger.signer,
        signer_key=stranger.signer_key,
    )  # fmt: skip
    injected = stamped(late, by=thief, injected=authority().signer)
    yield timed("a stranger's stamp with the true certificate added", injected, NOT_PROVEN)


def stamp_cases() -> Iterator[Case]:
    _, late = sizes()
    line = f"anchors/{late}.tsr"
    root = authority()
    for label, years, state in (
        ("expired by now", (2026, 2027), PASS),
        ("expired when stamped", (2020, 2021), NOT_PROVEN),
        ("not valid yet when stamped", (2035, 2040), NOT_PROVEN),
    ):
        by = authority(label, years)
        case = timed(f"certificate {label}", stamped(late, by=by), state)
        assert case.policy is not None
        yield replace(case, policy=case.policy + by.policy_line, tsa=by.root)
    mail = authority("mail", purpose="1.3.6.1.5.5.7.3.4")
    case = timed("certificate for mail", stamped(late, by=mail), NOT_PROVEN)
    yield replace(case, tsa=mail.root)
    extra = stamped(late, injected=authority("stranger").signer)
    yield timed("a true stamp with a stranger's certificate added", extra, PASS)
    yield timed("with a fraction", stamped(late, fraction=".25"), PASS)
    for algorithm in ("sha384", "sha512"):
        yield timed(f"imprint {algorithm}", stamped(late, algorithm=algorithm), PASS)
    yield timed("imprint sha1", stamped(late, algorithm="sha1"))
    yield timed("over other bytes", with_stamp(late, stamp(b"other", START_MS)))
    yield timed("no stamp", put(line, b""))
    yield timed("a stamp of text", put(line, b"Verification: OK\n"))
    yield timed("stamp missing", drop(line))
    yield timed("certificate not named", stamped(late, named=False))
    refused = der(SEQUENCE, der(INTEGER, b"\x02"), der(SEQUENCE, der(TEXT, b"Verification: OK")))
    yield timed("a stamp that was refused", stamped(late, status=refused))
    spelled = der(
        SEQUENCE, der(INTEGER, b"\x00"),
        der(SEQUENCE, der(TEXT, b"\nHash Algorithm: sha256\nTime stamp: Nov 23 12:05:00 2026 GMT")),
    )  # fmt: skip
    yield timed("a status that spells a time", stamped(late, status=spelled))
    text = b"\nHash Algorithm: sha256\nTime stamp: Nix 23 12:05:00 2026 GMT\n"
    alone = der(SEQUENCE, der(SEQUENCE, der(INTEGER, b"\x02"), der(SEQUENCE, der(TEXT, text))))
    yield timed("a status alone that spells no time", with_stamp(late, alone))

    def cut(files: Files) -> None:
        files[line] = files[line][:-40]

    def altered(files: Files) -> None:
        files[line] = files[line][:-1] + bytes([files[line][-1] ^ 1])

    yield timed("stamp cut", cut)
    yield timed("stamp's signature altered", altered)
    del root


def anchor_cases() -> Iterator[Case]:
    early, late = sizes()
    both = ("consistency",)
    for end, failing in (("note", both), ("consistency", both)):
        yield timed(f"anchor without {end}", drop(f"anchors/{early}.{end}"), FAIL, *failing)
    proof = f"anchors/{early}.consistency"
    for label, edit in (
        ("short", lambda old: old[45:]),
        ("without newline", lambda old: old[:-1]),
        ("not ASCII", lambda old: b"\xff" + old[1:]),
        ("an empty line", lambda old: b"\n" + old),
        (
            "altered",
            lambda old: old.replace(old[:45], note.encode_base64(bytes(32)).encode() + b"\n"),
        ),
    ):
        change: Change = lambda files, edit=edit: files.update({proof: edit(files[proof])})  # noqa: E731
        yield timed(f"anchor consistency {label}", change, FAIL, *both)
    extra = put(f"anchors/{late}.consistency", note.encode_base64(bytes(32)).encode() + b"\n")
    yield timed("a hash for equal sizes", extra, FAIL, *both)

    def renamed(files: Files) -> None:
        for end in ("note", "tsr", "consistency"):
            files[f"anchors/{early + 1}.{end}"] = files.pop(f"anchors/{early}.{end}")

    yield timed("anchor under another size", renamed, FAIL, *both)

    def foreign(log: SmallLog, size: int) -> Change:
        def change(files: Files) -> None:
            made = anchor(log, size, size, START_MS)
            files.update({name: data for name, data in made.items() if name != proof})

        return change

    stolen = SmallLog()
    stolen.filler(30)
    yield timed("an anchor of a rewritten log", foreign(stolen, early), FAIL, *both)
    yield timed("an anchor at the same size rewritten", foreign(stolen, late), FAIL, *both)
    yield timed("an anchor beyond the checkpoint", foreign(stolen, late + 1), FAIL, *both)
    other = SmallLog("example.com/second")
    other.filler(early)
    yield timed("an anchor of another log", foreign(other, early), FAIL, *both)
    empty = put(f"anchors/{0}.consistency", b"")

    def nothing_yet(files: Files) -> None:
        files.update(anchor(SmallLog(), 0, 0, START_MS))
        empty(files)

    yield timed("an anchor of the empty log", nothing_yet, FAIL, *both)
    yield timed("the last entries alone enclosed", later_start(early, late), NOT_PROVEN)
    yield same_root(early, late)
    yield unsigned(early)
    yield moved_entry()


def later_start(early: int, late: int) -> Change:
    """The first anchor put between the first and the last entry."""

    def change(files: Files) -> None:
        full = Full()
        full_files(full)
        for end in ("note", "tsr", "consistency"):
            del files[f"anchors/{early}.{end}"]
        files.update(anchor(full.log, early + 3, late, START_MS))

    return change


def same_root(early: int, late: int) -> Case:
    """An anchor that states another size for the tree of the checkpoint."""
    full = Full()
    person, files = full_files(full)
    tree = replace(full.log.tree(late), size=early)
    signed = sign_checkpoint(tree, [full.log.signer])
    files[f"anchors/{early}.note"] = signed
    files[f"anchors/{early}.tsr"] = stamp(signed, START_MS)
    files[f"anchors/{early}.consistency"] = b""
    return Case(
        name="an anchor of another size with the same root",
        data=bundle.archive(sealed(person, files, erased=False)),
        policy=full.policy,
        verdicts={**SHOWN, "time": FAIL, "consistency": FAIL},
    )


def unsigned(early: int) -> Case:
    """An anchor whose note somebody else signed."""
    full = Full()
    person, files = full_files(full)
    signer = full.log.signer
    full.log.signer = note.Ed25519Signer(ORIGIN, fixed_bytes("stolen", 32))
    files |= anchor(full.log, early, early, START_MS) | {
        f"anchors/{early}.consistency": files[f"anchors/{early}.consistency"]
    }
    full.log.signer = signer
    return Case(
        name="an anchor signed by another key",
        data=bundle.archive(sealed(person, files, erased=False)),
        policy=full.policy,
        verdicts={**SHOWN, "time": FAIL},
    )


def moved_entry() -> Case:
    """An entry whose stated place in the log is not its own."""
    full = Full()
    person, files = full_files(full)
    files["events/3.tlog-proof"] = files["events/2.tlog-proof"]
    return Case(
        name="an entry's place that is another's",
        data=bundle.archive(sealed(person, files, erased=False)),
        policy=full.policy,
        verdicts={**SHOWN, "time": FAIL, "inclusion": FAIL, "notice": FAIL},
    )
