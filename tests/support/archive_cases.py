# SPDX-License-Identifier: Apache-2.0
"""Archives, signatures, policies and witnesses that must not pass."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import bundle, note
from chalicelib.proof.policy import Group, Log, Policy, Witness
from chalicelib.proof.tlog_proof import TlogProof
from tests.support import small_log
from tests.support.forgery import (
    HONEST,
    NOT_PROVEN,
    PASS,
    Case,
    Files,
    drop,
    forged,
    honest_files,
    put,
    wrong,
)
from tests.support.small_log import (
    ORIGIN,
    SmallLog,
    evidence_of,
    fixed_bytes,
    forge,
    withdrawn_person,
    witness_key,
)


def archive_cases() -> Iterator[Case]:
    good, policy = small_log.honest_bundle()
    person, files = honest_files()
    files = forge(person, files)

    def rezipped(method: int, order: list[str]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as out:
            for name in order:
                out.writestr(name, files[name])
        return buffer.getvalue()

    yield Case(name="honest", data=good, policy=policy, verdicts=HONEST)
    yield Case(
        name="honest, no policy",
        data=good,
        policy=None,
        verdicts=wrong("signature", state=NOT_PROVEN),
    )
    yield Case(
        name="honest, all required",
        data=good,
        policy=policy,
        require="integrity,chain",
        verdicts=HONEST,
    )
    yield Case(
        name="time required", data=good, policy=policy, require="time", verdicts=wrong("time")
    )
    loose = {"policy": policy, "verdicts": wrong("integrity")}
    yield Case(name="compressed", data=rezipped(zipfile.ZIP_DEFLATED, sorted(files)), **loose)
    yield Case(name="unsorted", data=rezipped(zipfile.ZIP_STORED, sorted(files)[::-1]), **loose)
    yield Case(name="a comment", data=good[:-2] + b"\x01\x00!", **loose)
    yield Case(name="bytes before", data=b"MZ" + good, **loose)
    broken = {"policy": policy, "verdicts": None}
    yield Case(name="no file", data=None, **broken)
    yield Case(name="empty", data=b"", **broken)
    yield Case(name="text", data=b"not a zip", **broken)
    yield Case(name="truncated", data=good[: len(good) // 2], **broken)
    yield Case(name="other zip", data=bundle.archive({"a.txt": b"a"}), **broken)
    yield Case(name="lzma", data=rezipped(zipfile.ZIP_LZMA, sorted(files)), **broken)
    yield Case(name="bomb", data=zip_bomb(), **broken)
    yield Case(name="too many files", data=bundle.archive(many_files()), **broken)
    yield Case(name="cut local header", data=good[:20], **broken)
    yield Case(name="non-ASCII bytes", data=good.replace(b"README.txt", b"README.tx\xff"), **broken)
    files["l\u00e4s.txt"] = b"x"
    yield Case(name="non-ASCII name", data=rezipped(zipfile.ZIP_STORED, sorted(files)), **loose)
    del files["l\u00e4s.txt"]
    yield Case(name="traversal", data=bundle.archive({**files, "../evil": b"x"}), **loose)
    yield Case(name="absolute", data=bundle.archive({**files, "/etc/evil": b"x"}), **loose)
    duplicate = bundle.archive({**files, "README.txu": b"x"}).replace(b"README.txu", b"README.txt")
    yield Case(name="duplicate name", data=duplicate, **loose)


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for number in range(3):
            out.writestr(f"manifest{number}.json", bytes(30 * 1024 * 1024))
    return buffer.getvalue()


def many_files() -> Files:
    return {f"f{number}": b"" for number in range(20_001)}


def signature_cases() -> Iterator[Case]:
    person, files = honest_files()
    good = bundle.archive(forge(person, files))
    other = SmallLog(seed="another key").policy
    elsewhere = SmallLog("example.org/other").policy
    yield Case(name="another key", data=good, policy=other, verdicts=wrong("signature"))
    yield Case(name="another origin", data=good, policy=elsewhere, verdicts=wrong("signature"))
    person.log.signer = note.Ed25519Signer(ORIGIN, fixed_bytes("stolen", 32))
    split = bundle.archive(forge(person, files))
    policy = SmallLog().policy
    yield Case(
        name="export checkpoint by another key",
        data=split,
        policy=policy,
        verdicts=wrong("signature"),
    )
    yield from bad_signature_cases()
    yield forged("policy.txt malformed, mine given", put("policy.txt", b"nonsense\n"))
    for name, text in (
        ("names another key", other),
        ("malformed", b"nonsense\n"),
        ("too large", policy + b"#" * 1_000_001),
    ):
        case = forged(f"policy.txt {name}, none given", put("policy.txt", text), "signature")
        yield replace(case, policy=None)
    yield replace(
        forged("policy.txt missing, none given", drop("policy.txt"), "signature"), policy=None
    )


def bad_signature_cases() -> Iterator[Case]:
    """The checkpoint's own line kept, but the signature in it false."""
    person, published = withdrawn_person()
    honest = person.log.signer.sign
    person.log.signer.sign = lambda text: honest(text + b"!")  # type: ignore[method-assign]
    prepared = bundle.prepare(evidence_of(person, published))
    data = bundle.archive(forge(person, dict(prepared.files)))
    yield Case(
        name="false signature", data=data, policy=person.log.policy, verdicts=wrong("signature")
    )


def policy_cases() -> Iterator[Case]:
    good, policy = small_log.honest_bundle()
    vkey = policy.split()[1].decode()
    witness = str(witness_key("w.example"))
    other = str(witness_key("x.example"))
    twin = str(replace(witness_key("w.example"), name="twin.example"))
    long = (
        vkey.split("+")[0]
        + "+"
        + vkey.split("+")[1]
        + "+"
        + note.encode_base64(b"\x01" + b"k" * 33)
    )
    encoded = vkey.split("+", 2)[2]
    key_id = sha256(b"\n" + note.decode_base64(encoded)).hexdigest()[:8]
    nameless = f"{key_id}+{encoded}"
    bad = {
        "no quorum": f"log {vkey}\n",
        "control character": f"log {vkey}\nquorum none\n\x00",
        "unknown keyword": f"log {vkey}\nquorum none\nlogs\n",
        "two quorums": f"log {vkey}\nquorum none\nquorum none\n",
        "undefined quorum": f"log {vkey}\nquorum w\n",
        "log twice": f"log {vkey}\nlog {vkey}\nquorum none\n",
        "witness key as log": f"log {witness}\nquorum none\n",
        "log key as witness": f"witness w {vkey}\nquorum none\n",
        "witness twice": f"witness a {witness}\nwitness b {twin}\nquorum none\n",
        "name twice": f"witness a {witness}\nwitness a {other}\nquorum none\n",
        "named none": f"witness none {witness}\nquorum none\n",
        "group of unknown": f"witness a {witness}\ngroup g any b\nquorum none\n",
        "group too large": f"witness a {witness}\ngroup g 2 a\nquorum none\n",
        "group of nobody": f"witness a {witness}\ngroup g 0 a\nquorum none\n",
        "group without members": f"witness a {witness}\ngroup g all\nquorum none\n",
        "group named as witness": f"witness a {witness}\ngroup a any a\nquorum none\n",
        "group named none": f"witness a {witness}\ngroup none any a\nquorum none\n",
        "member twice": f"witness a {witness}\ngroup g any a a\nquorum none\n",
        "log without key": "log\nquorum none\n",
        "log with too much": f"log {vkey} url more\nquorum none\n",
        "witness without key": "witness a\nquorum none\n",
        "quorum with too much": f"log {vkey}\nquorum none none\n",
        "key id": f"log {vkey.replace(vkey.split('+')[1], '00000000')}\nquorum none\n",
        "key length": f"log {long}\nquorum none\n",
        "key empty": "log a+b+\nquorum none\n",
        "key no base64": "log a+b+*\nquorum none\n",
        "key name empty": f"log +{nameless}\nquorum none\n",
        "keyword like quorum": f"log {vkey}\nquora none\n",
        "number": f"witness a {witness}\ngroup g 01 a\nquorum none\n",
        "too large": f"log {vkey}\nquorum none\n" + "#" * 1_000_001,
    }
    for name, text in bad.items():
        yield Case(name=f"policy: {name}", data=good, policy=text.encode(), verdicts=None)
    fine = f"# mine\n\tlog  {vkey}   https://example.com/ \n\nquorum none"
    yield Case(name="policy: spacing", data=good, policy=fine.encode(), verdicts=HONEST)


def witness_cases() -> Iterator[Case]:
    log = SmallLog()
    log.witnesses = ["w1.example", "w2.example"]
    person, published = withdrawn_person(log)
    prepared = bundle.prepare(evidence_of(person, published))
    files = forge(person, dict(prepared.files))
    data = bundle.archive(files)
    ones = {
        name: Witness(name=name[:2], key=witness_key(name))
        for name in ("w1.example", "w2.example", "w3.example")
    }

    def policy(quorum: str, *groups: Group) -> bytes:
        return Policy(
            logs=(Log(key=log.signer.key),),
            witnesses=tuple(ones.values()),
            groups=groups,
            quorum=quorum,
        ).encode()

    both = wrong("witnesses", state=PASS)
    two = Group(name="g", threshold=2, members=("w1", "w2", "w3"))
    three = Group(name="g", threshold=3, members=("w1", "w2", "w3"))
    yield Case(name="witness quorum", data=data, policy=policy("w1"), verdicts=both)
    yield Case(name="group quorum", data=data, policy=policy("g", two), verdicts=both)
    yield Case(name="group unmet", data=data, policy=policy("g", three), verdicts=HONEST)
    yield Case(name="witness absent", data=data, policy=policy("w3"), verdicts=HONEST)
    text = TlogProof.parse(files[bundle.EXPORT_PROOF]).checkpoint.partition(b"\n\n")[0]
    late = small_log.cosignature_line("w3.example", f"{text.decode()}\n", 2**63 + 5)
    key_id = witness_key("w3.example").key_id
    short = note.NoteSignature(name="w3.example", key_id=key_id, signature=b"1234")
    for name, line in (
        ("false", small_log.cosignature_line("w3.example", log.tree(3).text)),
        ("late", late),
        ("short", f"{short}\n".encode()),
    ):
        changed = {**files, bundle.EXPORT_PROOF: files[bundle.EXPORT_PROOF] + line}
        yield Case(
            name=f"{name} cosignature",
            data=bundle.archive(changed),
            policy=policy("w1"),
            verdicts=wrong("witnesses"),
        )
