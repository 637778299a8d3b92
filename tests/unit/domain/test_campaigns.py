# SPDX-License-Identifier: Apache-2.0
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.campaigns import (
    Act,
    CampaignStatus,
    Progress,
    Recipient,
    chunk_range,
    find_place,
    manifest_length,
    next_status,
    pack_manifest,
    pack_people,
    read_records,
    read_sids,
    record_range,
)
from chalicelib.domain.ids import DeliveryId, SubjectId, encode_id
from chalicelib.errors import FatalError, IllegalTransition
from tests.support.clock import SeededRandom

S, A = CampaignStatus, Act
LEGAL = {
    (S.DRAFT, A.EDIT): S.DRAFT,
    (S.DRAFT, A.TEST): S.TESTED,
    (S.DRAFT, A.CANCEL): S.CANCELLED,
    (S.TESTED, A.EDIT): S.DRAFT,
    (S.TESTED, A.TEST): S.TESTED,
    (S.TESTED, A.SCHEDULE): S.SCHEDULED,
    (S.TESTED, A.SEND): S.SENDING,
    (S.TESTED, A.CANCEL): S.CANCELLED,
    (S.SCHEDULED, A.EDIT): S.DRAFT,
    (S.SCHEDULED, A.UNSCHEDULE): S.TESTED,
    (S.SCHEDULED, A.SEND): S.SENDING,
    (S.SCHEDULED, A.CANCEL): S.CANCELLED,
    (S.SENDING, A.PAUSE): S.PAUSED,
    (S.SENDING, A.CANCEL): S.CANCELLED,
    (S.SENDING, A.FINISH): S.SENT,
    (S.PAUSED, A.RESUME): S.SENDING,
    (S.PAUSED, A.CANCEL): S.CANCELLED,
    (S.PAUSED, A.FINISH): S.SENT,
}


@pytest.mark.parametrize(("status", "act"), list(product(CampaignStatus, Act)))
def test_every_act_leads_somewhere_or_is_refused_in_words(status, act):
    if (status, act) in LEGAL:
        assert next_status(status, act) is LEGAL[status, act]
    else:
        with pytest.raises(IllegalTransition, match=f"{status} cannot {act}"):
            next_status(status, act)


def test_a_campaign_that_ended_stays_ended():
    for status in (S.SENT, S.CANCELLED):
        for act in Act:
            with pytest.raises(IllegalTransition):
                next_status(status, act)


people = st.lists(
    st.builds(
        Recipient,
        sid=st.binary(min_size=16, max_size=16).map(encode_id).map(SubjectId),
        delivery=st.binary(min_size=12, max_size=12).map(encode_id).map(DeliveryId),
    ),
    max_size=130,
    unique_by=lambda person: person.sid,
).map(lambda found: sorted(found, key=lambda person: person.sid))


@given(people, st.integers(1, 50))
def test_the_chunks_of_a_manifest_are_its_people_once_each(recipients, size):
    manifest = pack_manifest(recipients)
    assert manifest_length(len(manifest)) == len(recipients)
    found: list[Recipient] = []
    for number in range(-(-len(recipients) // size)):
        first, last = chunk_range(number, size)
        found += read_records(manifest[first : last + 1])
    assert found == recipients


@given(people)
def test_the_ids_alone_are_read_as_they_stand_in_the_records(recipients):
    records = pack_manifest(recipients)[8:]
    assert list(read_sids(records)) == [person.sid for person in recipients]
    with pytest.raises(FatalError):
        read_sids(records + b"\0")


@pytest.mark.parametrize("length", [0, 11, 13])
def test_a_delivery_id_is_of_one_length(length):
    with pytest.raises(FatalError):
        pack_people([(SubjectId("A" * 22), bytes(length))])


@pytest.mark.parametrize("ids", ["BA", "AA"])
def test_a_manifest_out_of_order_or_with_somebody_twice_is_not_made(ids):
    people = [
        Recipient(sid=SubjectId(each * 21 + "A"), delivery=DeliveryId("A" * 16)) for each in ids
    ]
    with pytest.raises(FatalError):
        pack_manifest(people)


def looked_up(manifest, sid):
    """What `find_place` answers, and how often it read."""
    reads = []

    def read(first, last):
        reads.append((first, last))
        start, end = record_range(first, last)
        return manifest[start : end + 1]

    return find_place(sid, manifest_length(len(manifest)), read), len(reads)


@given(people, st.binary(min_size=16, max_size=16).map(encode_id).map(SubjectId))
def test_everybody_is_found_in_a_manifest_and_nobody_else(recipients, stranger):
    manifest = pack_manifest(recipients)
    for place, person in enumerate(recipients):
        found, _ = looked_up(manifest, person.sid)
        assert found is not None
        assert found[0] == place
        assert list(read_records(found[1])) == [person]
    if stranger not in {person.sid for person in recipients}:
        assert looked_up(manifest, stranger)[0] is None


def test_a_person_among_sixty_thousand_is_found_in_one_look():
    random = SeededRandom(4)
    sids = sorted(SubjectId(encode_id(random(16))) for _ in range(60_000))
    crowd = [Recipient(sid=sid, delivery=DeliveryId("A" * 16)) for sid in sids]
    manifest = pack_manifest(crowd)
    looks = [looked_up(manifest, sid) for sid in sids[::997]]
    assert all(found for found, _ in looks)
    assert max(reads for _, reads in looks) == 1


def test_ids_that_crowd_in_one_corner_take_a_few_dozen_looks_at_most():
    sids = sorted(SubjectId(encode_id(b"\0" * 13 + n.to_bytes(3, "big"))) for n in range(20_000))
    manifest = pack_manifest([Recipient(sid=sid, delivery=DeliveryId("A" * 16)) for sid in sids])
    for sid in sids[::1999]:
        found, reads = looked_up(manifest, sid)
        assert found
        assert reads < 24


def test_a_manifest_is_an_eight_byte_header_and_28_bytes_a_person():
    someone = Recipient(
        sid=SubjectId(encode_id(bytes(range(16)))), delivery=DeliveryId(encode_id(bytes(range(12))))
    )
    assert pack_manifest([someone]) == b"KVMANI\x00\x01" + bytes(range(16)) + bytes(range(12))
    assert chunk_range(0, 50) == (8, 8 + 50 * 28 - 1)
    assert chunk_range(2, 10) == (8 + 20 * 28, 8 + 30 * 28 - 1)


@pytest.mark.parametrize("total_bytes", [0, 7, 9, 35, 37, 63])
def test_a_manifest_cut_short_is_not_read(total_bytes):
    with pytest.raises(FatalError):
        manifest_length(total_bytes)


@pytest.mark.parametrize("length", [1, 27, 29, 55])
def test_a_chunk_cut_short_is_not_read(length):
    with pytest.raises(FatalError):
        list(read_records(bytes(length)))


def test_an_empty_manifest_plans_nobody():
    assert manifest_length(len(pack_manifest([]))) == 0
    assert list(read_records(b"")) == []


@pytest.mark.parametrize(
    ("progress", "accounted", "rate"),
    [
        (Progress(), 0, 0.0),
        (Progress(sent=10), 10, 0.0),
        (Progress(sent=100, first_ms=0, last_ms=2000), 100, 50.0),
        (Progress(sent=7, first_ms=5, last_ms=5), 7, 7.0),
        (Progress(sent=1, rejected=2, unknown=3, skipped={"a": 4, "b": 5}), 15, 0.0),
    ],
)
def test_progress_accounts_for_everybody_and_states_a_rate(progress, accounted, rate):
    assert (progress.accounted, progress.rate) == (accounted, rate)
