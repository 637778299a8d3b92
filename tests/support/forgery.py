# SPDX-License-Identifier: Apache-2.0
"""Ways to make a bundle with one thing wrong, and what a case of that is.

A case lists only the verdicts that differ from an honest bundle's. Most are forged by an operator
who holds the log's key, so nothing but the named check stands in the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.proof import bundle, canonical
from tests.support.small_log import (
    Person,
    evidence_of,
    forge,
    withdrawn_person,
)

PASS, FAIL, NOT_PROVEN = "PASS", "FAIL", "NOT PROVEN"
HONEST = {
    "integrity": PASS,
    "signature": PASS,
    "witnesses": NOT_PROVEN,
    "inclusion": PASS,
    "consistency": PASS,
    "disclosures": PASS,
    "notice": PASS,
    "time": NOT_PROVEN,
    "chain": PASS,
    "erasure": NOT_PROVEN,
}
Files = dict[str, bytes]
Change = Callable[[Files], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input (None: no file); `verdicts` None means exit 2 with a sentence and no verdict.

    `tsa` is what `--tsa` is given: time-stamping roots.
    """

    name: str
    data: bytes | None
    policy: bytes | None
    verdicts: dict[str, str] | None
    require: str = ""
    tsa: bytes | None = None


def wrong(*names: str, state: str = FAIL) -> dict[str, str]:
    return {**HONEST, **dict.fromkeys(names, state)}


def honest_files() -> tuple[Person, Files]:
    person, published = withdrawn_person()
    return person, dict(bundle.prepare(evidence_of(person, published)).files)


def forged(
    name: str,
    change: Change,
    *failing: str,
    state: str = FAIL,
    after: Change = lambda _: None,
    **how: object,
) -> Case:
    """`change` before the forger signs (committed to), `after` once everything is signed."""
    person, files = honest_files()
    change(files)
    files = forge(person, files, **how)  # type: ignore[arg-type]
    after(files)
    return Case(
        name=name,
        data=bundle.archive(files),
        policy=person.log.policy,
        verdicts=wrong(*failing, state=state),
    )


def tampered(name: str, after: Change, *failing: str, state: str = FAIL) -> Case:
    return forged(name, lambda _: None, *failing, state=state, after=after)


def swap(name: str, old: bytes, new: bytes) -> Change:
    def change(files: Files) -> None:
        assert old in files[name], (name, old)
        files[name] = files[name].replace(old, new, 1)

    return change


def put(name: str, data: bytes) -> Change:
    return lambda files: files.update({name: data})


def drop(*names: str) -> Change:
    def change(files: Files) -> None:
        for name in names:
            del files[name]

    return change


def edit_leaf(name: str, edit: Callable[[dict[str, object]], object]) -> Change:
    def change(files: Files) -> None:
        members = canonical.decode(files[name])
        assert isinstance(members, dict)
        edit(members)
        files[name] = canonical.encode(members)

    return change


def edit_manifest(**members: object) -> dict[str, object]:
    return {"manifest": lambda stated: stated.update(members)}


def edit_export(**members: object) -> dict[str, object]:
    def export(leaf: bytes) -> bytes:
        stated = canonical.decode(leaf)
        assert isinstance(stated, dict)
        return canonical.encode({**stated, **members})  # type: ignore[dict-item]

    return {"export": export}
