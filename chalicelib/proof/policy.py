# SPDX-License-Identifier: Apache-2.0
"""Trust policies: which logs and how many witnesses make a checkpoint valid (c2sp.org/tlog-policy).

Guarantees that `Policy.verify` returns only a checkpoint signed by a listed log and cosigned by
the quorum. Refuses policies with duplicate keys or names, forward references or no quorum line,
because two readers could weigh those differently.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chalicelib.errors import BadSignature, Malformed, QuorumNotMet
from chalicelib.proof import note
from chalicelib.proof.checkpoint import Checkpoint, parse_decimal
from chalicelib.proof.cosignature import (
    WITNESS_ALGORITHMS,
    CosignatureVerifier,
    cosignature_time,
)

MAX_POLICY_BYTES: Final = 1_000_000
NO_QUORUM: Final = "none"
_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_TIME_ROOT: Final = re.compile(r"# tsa ([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log that is accepted; its key name is its origin. Keys of type 0x01 only."""

    key: note.VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A witness under the name the policy gives it. Keys of type 0x04 or 0x06 only."""

    name: str
    key: note.VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Witnesses and earlier groups of which `threshold` must agree; 1 <= threshold <= members."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCheckpoint:
    """A checkpoint that satisfied a policy.

    Attributes:
        checkpoint: origin, size and root.
        log: the listed key that signed it.
        witnesses: (policy name, cosignature time in seconds since the epoch), name order.
    """

    checkpoint: Checkpoint
    log: note.VerifierKey
    witnesses: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Accepted logs, known witnesses and the quorum; construction checks every rule.

    Attributes:
        logs: any of them may have signed.
        witnesses: known cosigners.
        groups: in an order in which each refers only to earlier ones.
        quorum: a witness or group name, or "none".
        time_roots: SHA-256 of the DER of each root certificate whose time stamps count. Other
            readers of the file skip these lines: to them they are comments.
    """

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NO_QUORUM
    time_roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the policy format forbids."""
        if any(log.key.algorithm is not note.Algorithm.ED25519 for log in self.logs):
            raise Malformed("a log key must be an Ed25519 note key (type 0x01)")
        if any(w.key.algorithm not in WITNESS_ALGORITHMS for w in self.witnesses):
            raise Malformed("a witness key must be a cosignature key (type 0x04 or 0x06)")
        _require_distinct((log.key.public_key for log in self.logs), "two logs share a key")
        _require_distinct((w.key.public_key for w in self.witnesses), "two witnesses share a key")
        if any(len(root) != sha256().digest_size for root in self.time_roots):
            raise Malformed("a time-stamping root is not named by a SHA-256")
        _require_distinct(self.time_roots, "a time-stamping root is named twice")
        names = [w.name for w in self.witnesses]
        _require_distinct([*names, *(g.name for g in self.groups)], "a name is defined twice")
        _require_distinct(
            (member for group in self.groups for member in group.members),
            "a name is a member of two groups, or twice of one",
        )
        for group in self.groups:
            if not set(group.members) <= set(names):
                raise Malformed("a group names a member that is not defined before it")
            if not 1 <= group.threshold <= len(group.members):
                raise Malformed("a group's threshold is not between 1 and its members")
            names.append(group.name)
        if NO_QUORUM in names:
            raise Malformed("the name none is reserved")
        if self.quorum != NO_QUORUM and self.quorum not in names:
            raise Malformed("the quorum is not defined")

    def is_satisfied_by(self, cosigned: Iterable[str]) -> bool:
        """Whether these witnesses together meet the quorum."""
        agreed = set(cosigned) & {witness.name for witness in self.witnesses}
        for group in self.groups:
            if len(agreed & set(group.members)) >= group.threshold:
                agreed.add(group.name)
        return self.quorum == NO_QUORUM or self.quorum in agreed

    def verify(self, data: bytes) -> VerifiedCheckpoint:
        """The checkpoint in signed note `data`, if a listed log signed and the quorum cosigned.

        Raises:
            Malformed: not a signed checkpoint.
            BadSignature: no listed log of that origin signed, or a known key's signature is wrong.
            QuorumNotMet: too few known witnesses cosigned.

        Source: c2sp.org/tlog-policy; c2sp.org/tlog-proof, Verifying a tlog proof.
        """
        parsed = note.parse_note(data)
        checkpoint = Checkpoint.parse(parsed.text)
        logs = {
            (log.key.name, log.key.key_id): log.key
            for log in self.logs
            if log.key.name == checkpoint.origin
        }
        names = {(w.key.name, w.key.key_id): w.name for w in self.witnesses}
        verifiers: list[note.Verifier] = [note.Ed25519Verifier(key=key) for key in logs.values()]
        verifiers += [CosignatureVerifier(key=witness.key) for witness in self.witnesses]
        signers = {(line.name, line.key_id): line for line in note.verify_note(parsed, verifiers)}
        log_key = next((logs[signer] for signer in signers if signer in logs), None)
        if log_key is None:
            raise BadSignature("no log that the policy lists signed the checkpoint")
        times = {
            names[signer]: cosignature_time(line.signature)
            for signer, line in signers.items()
            if signer in names
        }
        if not self.is_satisfied_by(times):
            raise QuorumNotMet("the checkpoint lacks the cosignatures the policy asks for")
        return VerifiedCheckpoint(
            checkpoint=checkpoint, log=log_key, witnesses=tuple(sorted(times.items()))
        )

    def encode(self) -> bytes:
        """The policy file, one definition a line; parsing it gives an equal policy."""
        lines = [_line("log", str(log.key), log.url) for log in self.logs]
        lines += [_line("witness", w.name, str(w.key), w.url) for w in self.witnesses]
        lines += [_line("group", g.name, str(g.threshold), *g.members) for g in self.groups]
        lines.append(_line("quorum", self.quorum))
        lines += [_line("#", "tsa", root.hex()) for root in self.time_roots]
        return "".join(lines).encode("utf-8", "surrogateescape")


def parse_policy(data: bytes) -> Policy:
    """The policy in a policy file; other comments than `# tsa` lines and spacing are not kept.

    Names are octets: bytes that are not UTF-8 survive a round trip.

    Raises:
        Malformed: a control character, an unknown keyword, a wrong number of items, a reference
            to something not defined on an earlier line, or any rule of `Policy`.

    Source: c2sp.org/tlog-policy, Policy file syntax and structure.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise Malformed(f"a policy is larger than {MAX_POLICY_BYTES} bytes")
    if _FORBIDDEN.search(data):
        raise Malformed("a policy holds a control character")
    reader = _PolicyReader()
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        items = line.replace("\t", " ").split(" ")
        items = [item for item in items if item]
        if items and not items[0].startswith("#"):
            reader.read(items)
        elif found := _TIME_ROOT.fullmatch(line):
            reader.time_roots.append(bytes.fromhex(found[1]))
    return reader.policy()


class _PolicyReader:
    """Collects definitions line by line, so that a reference can only point backwards."""

    def __init__(self) -> None:
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._defined: set[str] = set()
        self._quorum: str | None = None
        self.time_roots: list[bytes] = []

    def read(self, items: list[str]) -> None:
        match items:
            case ["log", vkey, *url] if len(url) <= 1:
                key = note.VerifierKey.parse(vkey)
                self._logs.append(Log(key=key, url=url[0] if url else None))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                key = note.VerifierKey.parse(vkey)
                self._witnesses.append(Witness(name=name, key=key, url=url[0] if url else None))
                self._defined.add(name)
            case ["group", name, threshold, *members] if members:
                self._require_defined(members)
                count = {"any": 1, "all": len(members)}.get(threshold) or parse_decimal(threshold)
                self._groups.append(Group(name=name, threshold=count, members=tuple(members)))
                self._defined.add(name)
            case ["quorum", name] if self._quorum is None:
                self._require_defined([name] if name != NO_QUORUM else [])
                self._quorum = name
            case _:
                raise Malformed("a policy line is not a log, witness, group or single quorum line")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise Malformed("a policy needs exactly one quorum line")
        return Policy(
            logs=tuple(self._logs),
            witnesses=tuple(self._witnesses),
            groups=tuple(self._groups),
            quorum=self._quorum,
            time_roots=tuple(dict.fromkeys(self.time_roots)),
        )

    def _require_defined(self, names: list[str]) -> None:
        if not self._defined.issuperset(names):
            raise Malformed("a policy line names something that is not defined before it")


def _require_distinct(values: Iterable[object], complaint: str) -> None:
    seen = list(values)
    if len(set(seen)) != len(seen):
        raise Malformed(complaint)


def _line(*items: str | None) -> str:
    return " ".join(item for item in items if item is not None) + "\n"
