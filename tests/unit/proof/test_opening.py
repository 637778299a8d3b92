# SPDX-License-Identifier: Apache-2.0
"""Many people's sections in one loop: as `SubjectKeys` opens them, in order, never by halves."""

from itertools import count

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.errors import Unavailable
from chalicelib.proof.opening import (
    BATCH,
    UNREADABLE,
    Opened,
    SealedPerson,
    Wanted,
    open_sections,
)
from chalicelib.proof.sealing import BadSeal, Kek, SubjectKeys, derive

ORIGIN = "example.com/ledger"
NONCE = b"n" * 12
KEKS = {epoch: Kek(epoch, bytes([epoch]) * 32) for epoch in (1, 2)}
BOTH = Wanted.PROFILE | Wanted.FACTS


def person(number, epoch=1, *, facts=True):
    sid, ks = number.to_bytes(16, "big"), number.to_bytes(32, "little")
    keys = SubjectKeys(ks, ORIGIN, sid)
    return SealedPerson(
        sid=sid,
        wrapped=KEKS[epoch].wrap(sid, ks, NONCE),
        profile=keys.seal_profile(b"profile %d" % number, NONCE),
        facts=keys.seal_facts(b"facts %d" % number, b"f" * 12) if facts else None,
    )


def plain(number):
    return Opened(profile=b"profile %d" % number, facts=b"facts %d" % number, unreadable=False)


def first_version(number):
    """A profile of seal version 1, as it stands in rows written before version 2."""
    sid, salt = number.to_bytes(16, "big"), ORIGIN.encode()
    key = derive(derive(number.to_bytes(32, "little"), salt, b"cl1/enc"), salt, b"cl1/profile")
    sealed = AESGCM(key).encrypt(NONCE, b"profile %d" % number, b"cl1/profile" + sid)
    return b"\x01" + NONCE + sealed


def opened(*people, wanted=BOTH, kek_of=KEKS.__getitem__):
    return list(open_sections(people, kek_of, ORIGIN, wanted=wanted))


@pytest.mark.parametrize("number", [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_everybody_is_told_once_and_in_order(number):
    people = [person(each, 1 + each % 2) for each in range(number)]
    assert opened(*people) == [plain(each) for each in range(number)]


def test_a_section_that_is_not_wanted_stays_sealed():
    one = person(1)
    assert opened(one, wanted=Wanted.PROFILE) == [Opened(b"profile 1", None, unreadable=False)]
    assert opened(one, wanted=Wanted.FACTS) == [Opened(None, b"facts 1", unreadable=False)]
    broken = one._replace(profile=b"broken")
    assert opened(broken, wanted=Wanted.FACTS) == [Opened(None, b"facts 1", unreadable=False)]


def test_a_section_never_written_is_nothing_and_no_reason_to_unwrap():
    bare = person(2, facts=False)
    assert opened(bare) == [Opened(b"profile 2", None, unreadable=False)]
    nothing = [Opened(None, None, unreadable=False)]
    never = {}.__getitem__
    assert opened(bare, wanted=Wanted.FACTS, kek_of=never) == nothing
    assert opened(person(2), wanted=Wanted(0), kek_of=never) == nothing


def test_a_profile_of_the_first_version_is_opened_with_facts_beside_it():
    old = person(3)._replace(profile=first_version(3))
    assert opened(old, person(4)) == [plain(3), plain(4)]
    assert opened(old._replace(facts=None)) == [Opened(b"profile 3", None, unreadable=False)]
    assert opened(old._replace(facts=b"\x01" + old.facts[1:])) == [UNREADABLE]


BROKEN = {
    "an empty wrap": {"wrapped": b""},
    "a wrap of another length": {"wrapped": person(1).wrapped + b"\0"},
    "a wrap of another version": {"wrapped": b"\x02" + person(1).wrapped[1:]},
    "somebody else's wrap": {"wrapped": person(9).wrapped},
    "somebody else's id": {"sid": b"t" * 16},
    "an id of another length": {"sid": b""},
    "an empty profile": {"profile": b""},
    "a profile cut short": {"profile": person(1).profile[:20]},
    "a profile of a later version": {"profile": b"\x03" + person(1).profile[1:]},
    "a profile said to be of version 1": {"profile": b"\x01" + person(1).profile[1:]},
    "a version 1 said to be a later one": {"profile": b"\x02" + first_version(1)[1:]},
    "an altered profile": {"profile": person(1).profile[:-1] + b"\0"},
    "somebody else's profile": {"profile": person(9).profile},
    "facts as a profile": {"profile": person(1).facts},
    "a profile as facts": {"facts": person(1).profile},
    "facts of version 1": {"facts": b"\x01" + person(1).facts[1:]},
    "empty facts": {"facts": b""},
    "somebody else's facts": {"facts": person(9).facts},
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_open_is_unreadable_and_the_others_are_told(what):
    broken = person(1)._replace(**BROKEN[what])
    assert opened(person(0), broken, person(2)) == [plain(0), UNREADABLE, plain(2)]


def test_people_of_a_lost_epoch_are_unreadable_and_its_key_is_asked_for_once_a_batch():
    asked = []

    def kek_of(epoch):
        asked.append(epoch)
        if epoch == 2:
            raise BadSeal("gone")
        return KEKS[epoch]

    people = [person(each, 1 + each % 2) for each in range(BATCH + 2)]
    found = opened(*people, kek_of=kek_of)
    assert found == [UNREADABLE if each % 2 else plain(each) for each in range(BATCH + 2)]
    assert asked == [1, 2, 1, 2]


def test_a_keeper_of_keys_that_is_away_ends_the_run_and_takes_nothing_back():
    asked = count()

    def kek_of(epoch):
        if next(asked):
            raise Unavailable("away")
        return KEKS[epoch]

    run = open_sections(map(person, range(BATCH + 1)), kek_of, ORIGIN, wanted=BOTH)
    assert [next(run) for _ in range(BATCH)] == [plain(each) for each in range(BATCH)]
    with pytest.raises(Unavailable):
        next(run)


def test_people_are_read_ahead_by_one_batch_at_most():
    taken = []

    def people():
        for number in count():
            taken.append(number)
            yield person(number)

    assert next(open_sections(people(), KEKS.__getitem__, ORIGIN, wanted=BOTH)) == plain(0)
    assert len(taken) == BATCH
