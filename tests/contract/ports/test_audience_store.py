# SPDX-License-Identifier: Apache-2.0
"""What every `AudienceStore` guarantees, on the fake and on DynamoDB's adapter."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import SHARDS, ListId, PurposeId, shard_of
from chalicelib.domain.standing import Standing, dump_standing, load_standing
from chalicelib.errors import Conflict, FatalError, InputError
from chalicelib.ports.ledger import ProfileWrite
from tests.support.appends import BRAND, LIST, first_append, next_append, subject

NAMES = tuple(f"person {n}" for n in range(40))
STANDS = Standing(given={BRAND: {LIST: frozenset({PurposeId("measurement")})}}, restricted=True)


@pytest.fixture
def audience(ports):
    """Forty people, every third one subscribed, the others pending."""
    for n, name in enumerate(NAMES):
        status = "pending" if n % 3 else "subscribed"
        profile = ProfileWrite(sealed=b"profile " + name.encode(), lists=((LIST, status),))
        ports.ledger.commit(first_append(name, profile=profile))
    return ports


def test_members_come_with_their_wrapped_keys_and_absent_ones_are_left_out(audience):
    asked = [subject("person 3"), subject("person 4"), subject("nobody"), subject("person 3")]
    found = audience.audience.members(asked)
    assert set(found) == {subject("person 3"), subject("person 4")}
    member = found[subject("person 3")]
    assert (member.sealed, member.wrapped_key) == (b"profile person 3", b"wrapped person 3")
    assert member.lists == ((LIST, "subscribed"),)
    assert audience.audience.members([]) == {}


def test_a_member_whose_key_is_gone_says_so(audience):
    sid = subject("person 3")
    audience.drop_vault_row(shard_of(sid), sid)
    assert audience.audience.members([sid])[sid].wrapped_key is None


def test_one_member_is_read_as_it_is_now_and_nobody_as_none(audience):
    sid = subject("person 3")
    assert audience.audience.member(sid) == audience.audience.members([sid])[sid]
    audience.drop_vault_row(shard_of(sid), sid)
    assert audience.audience.member(sid).wrapped_key is None
    assert audience.audience.member(subject("nobody")) is None


def test_a_standing_is_written_with_the_append_and_left_out_stays(ports):
    sid = subject("ada")
    ports.ledger.commit(first_append("ada"))
    assert ports.audience.member(sid).standing is None
    stands = ProfileWrite(sealed=None, lists=((LIST, "given"),), standing=STANDS)
    ports.ledger.commit(next_append("ada", 1, profile=stands))
    assert ports.audience.member(sid).standing == dump_standing(STANDS)
    with pytest.raises(Conflict):
        ports.ledger.commit(next_append("ada", 1, profile=replace(stands, standing=Standing())))
    ports.ledger.commit(next_append("ada", 2, profile=replace(stands, standing=None)))
    member = ports.audience.members([sid])[sid]
    assert (member.standing, member.sealed) == (dump_standing(STANDS), b"profile ada")
    assert ports.audience.page(None, 1).members == (member,)
    ports.ledger.commit(next_append("ada", 3, profile=replace(stands, standing=Standing())))
    assert load_standing(ports.audience.member(sid).standing) == Standing()


def test_at_most_fifty_members_are_read_at_once(audience):
    fifty = [subject(f"person {n}") for n in range(50)]
    assert len(audience.audience.members(fifty)) == 40
    with pytest.raises(FatalError):
        audience.audience.members([*fifty, subject("one too many")])


def test_the_shards_of_a_list_hold_exactly_its_members_of_that_status(audience):
    found = [
        sid for shard in SHARDS for sid in audience.audience.on_list(shard, LIST, "subscribed")
    ]
    assert sorted(found) == sorted(subject(name) for name in NAMES[::3])
    assert all(
        list(audience.audience.on_list(x, ListId("other"), "subscribed")) == [] for x in SHARDS
    )


def test_a_shard_yields_those_of_several_statuses_together_in_order(audience):
    for shard in SHARDS:
        both = list(audience.audience.on_list(shard, LIST, "subscribed", "pending"))
        assert both == sorted(subject(name) for name in NAMES if shard_of(subject(name)) == shard)


def test_a_shard_yields_its_members_in_order_of_id(audience):
    for shard in SHARDS:
        found = list(audience.audience.on_list(shard, LIST, "pending"))
        assert found == sorted(found)
        assert all(shard_of(sid) == shard for sid in found)


@pytest.mark.parametrize("limit", [1, 7, 40, 100])
def test_pages_show_everyone_once_in_shard_and_id_order(audience, limit):
    seen, cursor, pages = [], None, 0
    while True:
        page = audience.audience.page(cursor, limit)
        assert 0 < len(page.members) <= limit
        seen += page.members
        pages, cursor = pages + 1, page.cursor
        if cursor is None:
            break
    assert pages == -(-40 // limit)
    order = [(shard_of(x.sid), x.sid) for x in seen]
    assert order == sorted(order)
    assert {x.sid for x in seen} == {subject(name) for name in NAMES}
    assert all(x.wrapped_key is not None and x.sealed for x in seen)


def test_an_empty_audience_is_one_empty_page(ports):
    page = ports.audience.page(None, 10)
    assert (page.members, page.cursor) == ((), None)


@pytest.mark.parametrize("cursor", ["", "x", "../..", "A" * 23, "A" * 21 + "B", "å" * 22])
def test_a_cursor_from_elsewhere_is_refused(ports, cursor):
    with pytest.raises(InputError) as refused:
        ports.audience.page(cursor, 10)
    assert refused.value.code == "bad_cursor"


def test_a_cursor_of_somebody_erased_meanwhile_still_leads_on(ports):
    ports.ledger.commit(first_append("ada"))
    gone = subject("gone")
    page = ports.audience.page(gone, 10)
    later = (shard_of(subject("ada")), subject("ada")) > (shard_of(gone), gone)
    assert [x.sid for x in page.members] == ([subject("ada")] if later else [])
