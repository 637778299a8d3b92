# SPDX-License-Identifier: Apache-2.0
"""Mails, privacy texts, campaigns, deliveries and erasures that must not pass.

All are forged by an operator who holds the log's key, from a bundle that shows everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from chalicelib.proof import base64url, bundle, canonical
from chalicelib.vocabulary import EventType
from tests.support.forgery import (
    HONEST,
    NOT_PROVEN,
    PASS,
    Case,
    Change,
    Files,
    drop,
    edit_leaf,
    put,
)
from tests.support.full_bundle import (
    CAMPAIGN,
    DELIVERIES,
    KINDS,
    MAIL,
    PRIVACY,
    Full,
    full_files,
    plan_of,
    sealed,
)
from tests.support.small_log import NOTICE, TEXT, Person, fixed_bytes

SHOWN = {**HONEST, "time": PASS}
ERASED = {**SHOWN, "disclosures": NOT_PROVEN, "erasure": PASS}
UNANCHORED = {"anchored": False}
STEM = f"campaigns/{CAMPAIGN}"
PRIVATE = f"privacy/{sha256(PRIVACY).hexdigest()}"


def full_case(
    name: str,
    change: Change = lambda _: None,
    *failing: str,
    export: Callable[[dict[str, object]], object] = len,
    state: str = "FAIL",
    **how: object,
) -> Case:
    """A bundle without time anchors in which `change` was made before everything was signed."""
    full = Full(**{**UNANCHORED, **how})  # type: ignore[arg-type]
    person, files = full_files(full)
    change(files)
    files = sealed(person, files, full.erased, export)
    base = {**(ERASED if full.erased else SHOWN)}
    if not full.anchored:
        base["time"] = NOT_PROVEN
    return Case(
        name=name,
        data=bundle.archive(files),
        policy=full.policy,
        verdicts={**base, **dict.fromkeys(failing, state)},
    )


def name_cases() -> Iterator[Case]:
    yield full_case("everything shown")
    yield full_case("never confirmed", kinds=KINDS[:2], deliveries=[])
    yield full_case("a top-level name of no format", put("notes.txt", b""), "integrity")
    yield full_case("a folder of no format", put("extra/a.html", b""), "integrity")
    yield full_case("a folder's name as a file", put("events", b""), "integrity")
    for name, failing in (
        ("mails/1.txt", ("disclosures",)),
        ("mails/01.json", ("disclosures",)),
        ("privacy/a.html", ("notice", "inclusion")),
        (f"{STEM}.html", ("inclusion", "disclosures")),
        (f"campaigns/{'x' * 33}.plan.json", ("inclusion", "disclosures")),
        ("anchors/tsb.pem", ("consistency", "time")),
    ):
        yield full_case(f"no place for {name}", put(name, b""), "integrity", *failing)


def mail_cases() -> Iterator[Case]:
    edited = canonical.encode({**MAIL, "subject": "Confirm"})  # type: ignore[dict-item]
    yield full_case("a mail edited", put("mails/1.json", edited), "disclosures")
    yield full_case("a mail left out", drop("mails/1.json"))

    def moved(files: Files) -> None:
        files["mails/2.json"] = files.pop("mails/1.json")

    yield full_case("a mail of another entry", moved, "disclosures")
    _, files = full_files(Full(anchored=False))
    yield full_case("a mail of no entry", put("mails/9.json", files["mails/1.json"]), "disclosures")
    for label, mail in (
        ("without to", {name: value for name, value in MAIL.items() if name != "to"}),
        ("with more", {**MAIL, "bcc": "x"}),
        *((f"{name} a number", {**MAIL, name: 1}) for name in ("from", "html", "subject", "text")),
        ("headers an object", {**MAIL, "headers": {"To": "x"}}),
        ("a header of three", {**MAIL, "headers": [["a", "b", "c"]]}),
        ("a header of a number", {**MAIL, "headers": [["a", 1]]}),
        ("a list", [MAIL]),
    ):
        yield full_case(f"mail {label}", lambda _: None, "disclosures", mail=mail)
    yield full_case("mail without headers", mail={**MAIL, "headers": []})
    yield odd_mail_type()


def odd_mail_type() -> Case:
    """An entry of another type that commits to a mail."""
    other = EventType.CONSENT_IMPORTED
    full = Full(anchored=False, kinds=(KINDS[0], other, KINDS[2], KINDS[3]))
    log, person = full.log, Person(full.log)
    record = person.record
    data = canonical.encode(full.mail)  # type: ignore[arg-type]

    def committed(self: Person, kind: EventType, *given: object, **more: object) -> None:
        if kind is other:
            more["content_sha256"] = sha256(data).hexdigest()
        original(self, kind, *given, **more)  # type: ignore[arg-type]

    del log, record
    original = Person.record
    Person.record = committed  # type: ignore[method-assign]
    try:
        person, files = full_files(full)
    finally:
        Person.record = original  # type: ignore[method-assign]
    files["mails/1.json"] = data
    return Case(
        name="a mail committed to by another type",
        data=bundle.archive(sealed(person, files, erased=False)),
        policy=full.policy,
        verdicts={**SHOWN, "time": NOT_PROVEN, "disclosures": "FAIL"},
    )


def privacy_cases() -> Iterator[Case]:
    yield full_case("privacy text edited", put(f"{PRIVATE}.html", b"x"), "notice")
    yield full_case("privacy page missing", drop(f"{PRIVATE}.html"), "notice")
    yield full_case("privacy leaf missing", drop(f"{PRIVATE}.leaf.json"), "notice", "inclusion")
    yield full_case("privacy proof missing", drop(f"{PRIVATE}.tlog-proof"), "inclusion")
    everything = [f"{PRIVATE}.{end}" for end in ("html", "leaf.json", "tlog-proof")]
    yield full_case("no privacy text", drop(*everything))

    def renamed(files: Files) -> None:
        for end in ("html", "leaf.json", "tlog-proof"):
            files[f"privacy/{'0' * 64}.{end}"] = files.pop(f"{PRIVATE}.{end}")

    yield full_case("privacy text under another name", renamed, "notice")

    def published_text(files: Files) -> None:
        stem = f"privacy/{sha256(TEXT).hexdigest()}"
        files[f"{stem}.html"] = TEXT
        for end in ("leaf.json", "tlog-proof"):
            files[f"{stem}.{end}"] = files[f"notices/{NOTICE}.{end}"]

    yield full_case("a notice's text as privacy text", published_text, "notice")


def campaign_cases() -> Iterator[Case]:
    both = ("inclusion", "disclosures")
    plan = f"{STEM}.plan.json"
    yield full_case("content edited", put(f"{STEM}.content.json", b"{}"), "disclosures")
    yield full_case("content missing", drop(f"{STEM}.content.json"), "disclosures")
    yield full_case("plan missing", drop(plan), "inclusion")
    yield full_case("campaign leaf missing", drop(f"{STEM}.leaf.json"), *both, "integrity")
    yield full_case("campaign proof missing", drop(f"{STEM}.tlog-proof"), "inclusion")
    yield full_case("campaign leaf without plan", lambda _: None, *both, commitment={"man": None})
    yield full_case("campaign leaf of another", lambda _: None, *both, commitment={"cmp": "x"})
    other_type = {"typ": EventType.LIST_EXPORTED.value}
    yield full_case("campaign leaf another type", lambda _: None, *both, commitment=other_type)
    yield full_case(
        "campaign leaf another content", lambda _: None, "disclosures", commitment={"cnt": "0" * 64}
    )
    for name, value in (("ntc", 7), ("cnt", "abc")):
        yield full_case(
            f"campaign leaf with a malformed {name}", lambda _: None, *both,
            commitment={name: value},
        )  # fmt: skip
    records, index = plan_of("person")
    for label, members in (
        ("index", {"index": index + 1}),
        ("index true", {"index": True}),
        ("index negative", {"index": -1}),
        ("size", {"size": 9}),
        ("size zero", {"size": 0}),
        ("size text", {"size": "5"}),
        ("record", {"record": base64url.encode(records[0])}),
        ("record short", {"record": "AAAA"}),
        ("record number", {"record": 1}),
        ("more", {"more": 1}),
        ("path an object", {"path": {}}),
        ("path short", {"path": []}),
        ("path of numbers", {"path": [1]}),
        ("path text", {"path": "AAAA"}),
    ):
        edit = edit_leaf(plan, lambda stated, members=members: stated.update(members))
        yield full_case(f"plan: {label}", edit, "inclusion")
    yield full_case("plan a list", put(plan, b"[]"), "inclusion")
    spaced: Change = lambda files: files.update({plan: files[plan] + b" "})  # noqa: E731
    yield full_case("plan with a space", spaced, "inclusion")
    yield full_case("two campaigns", subjects=("person", "person"))
    yield full_case("plans of two", lambda _: None, "inclusion", subjects=("person", "other"))


def delivery_cases() -> Iterator[Case]:
    mail, campaign = DELIVERIES
    assert isinstance(mail, dict)
    assert isinstance(campaign, dict)
    for label, lines in (
        ("an object", {}),
        ("a line of text", ["x"]),
        ("a line of a number", [1]),
        ("campaign time text", [{**campaign, "at": "1"}]),
        ("entry text", [{**campaign, "entry": "2"}]),
        ("answer a number", [{**campaign, "answer": 1}]),
        ("message a number", [{**campaign, "message_id": 1}]),
        ("delivery a number", [{**campaign, "delivery": 1}]),
        ("a member more", [{**mail, "to": "x"}]),
        ("mail and campaign", [{**mail, "campaign": CAMPAIGN}]),
        ("no time", [{"mail": 1}]),
        ("time text", [{**mail, "at": "1"}]),
        ("time negative", [{**mail, "at": -1}]),
        ("event time text", [{**mail, "event_at": "1"}]),
        ("event a number", [{**mail, "event": 1}]),
        ("mail true", [{**mail, "mail": True}]),
        ("mail of no entry", [{**mail, "mail": 9}]),
        ("no delivery id", [{name: campaign[name] for name in ("at", "campaign", "entry")}]),
        ("entry not shown", [{**campaign, "entry": 9}]),
        ("campaign not shown", [{**campaign, "campaign": "x"}]),
        ("campaign a number", [{**campaign, "campaign": 1}]),
        ("unsorted", [campaign, mail]),
    ):
        yield full_case(f"deliveries: {label}", lambda _: None, "integrity", deliveries=lines)
    yield full_case("no deliveries", deliveries=[])
    yield full_case("deliveries missing", drop("deliveries.json"))
    same = [mail, {**campaign, "at": mail["at"]}]
    yield full_case("deliveries at one time", deliveries=same)


def erasure_cases() -> Iterator[Case]:
    gone = {"erased": True}
    yield full_case("erased", **gone)
    yield full_case("erased, nobody planned", subjects=(), deliveries=[], **gone)
    wrong = ("chain", "erasure")
    yield full_case(
        "erasure of another key", lambda _: None, *wrong,
        erasure={"chk": base64url.encode(bytes(32))}, **gone,
    )  # fmt: skip
    yield full_case("erasure of number 5", lambda _: None, *wrong, erasure={"num": 5}, **gone)
    one = {"kinds": (), "subjects": (), "deliveries": []}
    bare = drop(*(f"notices/{NOTICE}.{end}" for end in ("html", "txt", "leaf.json", "tlog-proof")))
    yield replace(
        full_case("erasure number false", bare, *wrong, erasure={"num": False}, **gone, **one),
        verdicts=every_leaf_reader("erasure"),
    )
    yield full_case(
        "erasure of another subject", lambda _: None, "erasure", erasure={"kid": "0" * 64}, **gone
    )
    yield full_case(
        "plan of another than the erased", lambda _: None, "erasure", subjects=("other",), **gone
    )
    yield full_case("erasure of a list", lambda _: None, "erasure", erasure={"kid": []}, **gone)
    yield full_case("erasure in the middle", lambda _: None, *wrong, erasure_at=2, **gone)
    twice = (*KINDS[:2], EventType.SUBJECT_ERASED, KINDS[2])
    yield full_case("erased twice", lambda _: None, "erasure", kinds=twice, **gone)
    key = edit_leaf("chain.json", lambda chain: chain.update(key=base64url.encode(bytes(32))))
    yield full_case("erased, another chain key", key, *wrong, **gone)
    yield full_case("erased, no chain", drop("chain.json"), *wrong, **gone)
    yield full_case(
        "erased, a mail shown", put("mails/1.json", canonical.encode(MAIL)), "erasure", **gone
    )  # type: ignore[arg-type]
    opened = full_files(Full(anchored=False))[1]["events/0.disclosures"]
    yield replace(
        full_case("erased, a value opened", put("events/0.disclosures", opened), **gone),
        verdicts={**ERASED, "time": NOT_PROVEN, "disclosures": PASS, "erasure": "FAIL"},
    )

    def tagged(leaf: dict[str, object]) -> None:
        leaf["tag"] = base64url.encode(fixed_bytes("tag", 32))

    yield full_case("erased, export with a tag", lambda _: None, *wrong, export=tagged, **gone)
    sd: Callable[[dict[str, object]], object] = lambda leaf: leaf.update(_sd=[])  # noqa: E731
    yield full_case("erased, export with digests", lambda _: None, "chain", export=sd, **gone)
    yield full_case(
        "erased, export leaf empty", drop(), "chain", "erasure", "integrity",
        export=lambda leaf: leaf.clear(), **gone,
    )  # fmt: skip
    yield swapped_tags()


def every_leaf_reader(*more: str) -> dict[str, str]:
    """What a malformed leaf in the chain fails."""
    failing = ("inclusion", "disclosures", "notice", "chain", *more)
    return {**ERASED, "time": NOT_PROVEN, **dict.fromkeys(failing, "FAIL")}


def swapped_tags() -> Case:
    """An erased chain whose first two entries stand in each other's place."""
    full = Full(anchored=False, erased=True)
    person, files = full_files(full)
    for end in ("leaf.json", "disclosures", "tlog-proof"):
        first, second = f"events/0.{end}", f"events/1.{end}"
        files[first], files[second] = files[second], files[first]
    verdicts = {**ERASED, "time": NOT_PROVEN, "chain": "FAIL", "erasure": "FAIL"}
    return Case(
        name="erased, entries swapped",
        data=bundle.archive(sealed(person, files, erased=True)),
        policy=full.policy,
        verdicts=verdicts,
    )
