# SPDX-License-Identifier: Apache-2.0
"""Every verifier says the same of every bundle; each exception is listed in verifiers.md §3."""

import io
import re
import zipfile
import zlib

import pytest

from tests.support import strangers
from tests.support.differential_corpus import authority

NOT_PROVEN = "NOT PROVEN"
# What the program says of a stamp that it does not believe.
STAMP_REFUSED = ("a time stamp is ",)
FALSE_STAMP = "a time stamp is false or over other bytes"
# Texts that are not JSON in its one form: two parsers notice different things first.
JSON_REASON = re.compile(r"^(a JSON |the JSON member )")
# Why the program fails what a stranger accepts piece by piece: things of the bundle around the
# piece, and forms that we narrowed.
AROUND = {
    "signature": (
        "a proof is not a c2sp.org/tlog-proof@v1 file",
        "a signature is too short",
        "a checkpoint or one of its signature lines is malformed",
    ),
    "inclusion": (
        "a proof does not lead to the bundle's checkpoint",
        "a proof is not a c2sp.org/tlog-proof@v1 file",
        "a checkpoint or one of its signature lines is malformed",
        "a signature is too short",
        "an entry shown for a campaign is not the one of its plan",
        "the file ",
        "the name ",
        "the plans shown are of different people",
        "the JSON member ",
        "a JSON ",
        "the bundle holds no entry",
    ),
    "consistency": (
        # aics-tlog lets every tree extend the empty one, which proves nothing (ledger.md §2.1).
        "the later checkpoint is not larger than the earlier one",
        "a checkpoint or one of its signature lines is malformed",
        "a proof is not a c2sp.org/tlog-proof@v1 file",
        "a signature is too short",
        "an anchor is of another log or size",
        "an anchor's proof is not lines of hashes",
        "the file ",
        "the name ",
        "the two checkpoints are of different logs",
    ),
}


def test_the_corpus_is_large_and_has_each_change_once(inputs):
    mutated = [one for one in inputs if not one.name.startswith("case: ")]
    assert len(mutated) >= 300
    assert len({one.name for one in inputs}) == len(inputs)


def test_the_page_and_the_program_say_the_same_in_the_same_words(inputs, program, page):
    differing = []
    for one in inputs:
        ours, theirs = program[one.name], page[one.name]
        if isinstance(ours, str) or isinstance(theirs, str):
            if ours != theirs and not _both_json(ours, theirs):
                differing.append((one.name, ours, theirs))
            continue
        assert list(ours) == list(theirs)
        differing += [
            (one.name, name, ours[name], theirs[name])
            for name in ours
            if name != "time" and not _same(ours[name], theirs[name])
        ]
    assert not differing, "\n".join(map(str, differing[:20]))


def _same(ours, theirs):
    return ours == theirs or (ours[0] == theirs[0] and _both_json(ours[1], theirs[1]))


def _both_json(ours, theirs):
    return bool(JSON_REASON.match(str(ours)) and JSON_REASON.match(str(theirs)))


def test_the_page_never_passes_time_and_fails_it_only_where_it_is_false(inputs, program, page):
    for one in inputs:
        if isinstance(page[one.name], str):
            continue
        (ours, why), (theirs, reason) = program[one.name]["time"], page[one.name]["time"]
        assert theirs != "PASS", one.name
        if theirs == "FAIL":
            # The page cannot tell that the stamp it sees to be false is a stranger's.
            stranger = why.startswith("a time stamp is by nobody whom you trusted")
            assert ours == "FAIL" or (stranger and reason == FALSE_STAMP), (one.name, why, reason)


STRANGERS = {
    one.name: one for one in (strangers.PROOFBUNDLE, strangers.SIGSTORE, strangers.OPENSSL)
}


@pytest.mark.parametrize("name", [*STRANGERS, "aics-tlog"])
def test_a_stranger_sees_what_the_program_sees(name, inputs, program, openssl, request):
    stranger = STRANGERS[name] if name in STRANGERS else request.getfixturevalue("aics")
    asked, differing = 0, []
    for one in inputs:
        files = files_of(one.data)
        if files is None or isinstance(program[one.name], str):
            continue
        for verdict, held in stranger.verdicts(files, only_log(one.policy)).items():
            state, sentence = program[one.name][verdict]
            asked += 1
            if held != (state == "PASS") and not _explained(verdict, held, state, sentence):
                differing.append((one.name, verdict, held, state, sentence))
    assert asked > 300
    assert not differing, "\n".join(map(str, differing[:20]))


def _explained(verdict, held, state, sentence):
    if state == NOT_PROVEN:
        return True
    return held and state == "FAIL" and sentence.startswith(AROUND[verdict])


def test_rfc3161_client_sees_what_the_program_sees(inputs, program, openssl):
    asked, differing = 0, []
    trusting = f"# tsa {authority().root_sha256}".encode()
    for one in inputs:
        told = program[one.name]
        stamps = stamps_of(files_of(one.data) or {})
        if isinstance(told, str) or not stamps or trusting not in (one.policy or b""):
            continue
        held = all(strangers.stamp_holds(*stamp, authority().pem) for stamp in stamps)
        state, sentence = told["time"]
        asked += 1
        if held and sentence.startswith(STAMP_REFUSED):
            differing.append((one.name, "accepted", state, sentence))
        if not held and (state == "PASS" or sentence.endswith("stamps allow")):
            differing.append((one.name, "refused", state, sentence))
    assert asked > 100
    assert not differing, "\n".join(map(str, differing[:20]))


def stamps_of(files):
    """Every note that has a stamp, with it."""
    names = [name[:-4] for name in files if re.fullmatch(r"anchors/[0-9]+\.tsr", name)]
    return [
        (files[f"{name}.note"], files[f"{name}.tsr"]) for name in names if f"{name}.note" in files
    ]


def files_of(data):
    """The files of an archive, first of a name; None when there is none to read."""
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[:200]:
                files.setdefault(info.filename, archive.read(info)[:200_000])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError):
        return None
    return files


def only_log(policy):
    """The verifier key of a policy with one log, or None."""
    lines = [line.split() for line in (policy or b"").decode("utf-8", "replace").split("\n")]
    logs = [words[1] for words in lines if words[:1] == ["log"] and len(words) > 1]
    return logs[0] if len(logs) == 1 else None
