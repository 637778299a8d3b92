# SPDX-License-Identifier: Apache-2.0
"""Everybody planned is listed once with what became of them, in pages of bounded work."""

from collections import Counter
from dataclasses import replace

import pytest

from chalicelib.domain.accounting import Account, read_asked
from chalicelib.domain.campaigns import ChunkRef, ChunkStatus, Content
from chalicelib.domain.ids import SHARDS, ListId, PurposeId
from chalicelib.domain.outcomes import OutcomeCode as Code
from chalicelib.errors import InputError, NotFound
from chalicelib.services.recipients import MAX_LOOKS, Spot
from tests.support.account_examples import AT_MS, EVERYBODY, fill, sent_campaign, sids
from tests.support.faults import Moment
from tests.support.memory_sending import ChunkRow
from tests.support.world import World


@pytest.fixture
def world():
    return World()


@pytest.fixture
def campaign(world):
    return sent_campaign(world)


def pages(world, campaign, asked=EVERYBODY, limit=7):
    """Everybody of a listing, page by page."""
    cursor, found = None, []
    while True:
        page = world.recipients.page(campaign, asked, cursor, limit)
        assert len(page.items) <= limit
        found.append(list(page.items))
        cursor = page.cursor
        if cursor is None:
            return found


def listed(world, campaign, asked=EVERYBODY, limit=7):
    return [person for page in pages(world, campaign, asked, limit) for person in page]


def counting(world):
    """Count the calls that a listing makes from now on."""
    calls = Counter()

    def count(call, moment):
        if moment is Moment.BEFORE:
            calls[call] += 1

    world.faults = count
    return calls


@pytest.mark.parametrize("limit", [1, 3, 5, 6, 17, 100])
def test_everybody_is_listed_once_in_order_whatever_the_size_of_a_page(world, campaign, limit):
    people = {shard: sids(n, 100 * n) for n, shard in enumerate(SHARDS)}
    fill(world, campaign, people, {})
    found = listed(world, campaign, limit=limit)
    assert [person.sid for person in found] == [sid for s in SHARDS for sid in people[s]]
    assert {person.account for person in found} == {Account.PLANNED}
    assert {person.at_ms for person in found} == {None}


def test_who_was_mailed_and_who_was_not_add_up_to_the_campaigns_answer(world):
    for n in range(9):
        world.subscribe(f"visitor{n}@example.org")
    kept = world.subscribe("leaver@example.org")
    campaign = world.campaign()
    world.erasures.request({"subscriber": kept}, key_id="k")
    world.settle()
    progress = world.chunk_accounts.progress(campaign)[0].progress
    found = listed(world, campaign)
    words = Counter(str(person.account) for person in found)
    assert words == {"sent": progress.sent, "skipped": sum(progress.skipped.values())}
    assert {(p.sid, p.reason) for p in found if p.reason} == {(kept, "restricted")}
    ids = {person.message_id for person in found if person.account is Account.SENT}
    assert ids == {mail.message_id for mail in world.mails if mail.message.subject == "Hello"}
    assert len(ids) == progress.sent == 9


def test_what_is_asked_for_is_found_and_nobody_else(world, campaign):
    every = list(Code)
    fill(world, campaign, {"3": sids(len(every)), "b": sids(len(every), 500)}, {"3": every})
    assert len(listed(world, campaign)) == 2 * len(every)
    skipped = listed(world, campaign, read_asked([], ["no-consent"]))
    assert [(p.account, p.reason) for p in skipped] == [(Account.SKIPPED, "no-consent")]
    sent = listed(world, campaign, read_asked(["sent"], []))
    assert len(sent) == 2
    assert [p.message_id for p in sent] == [f"id-3-{n}" for n in (Code.SENT, Code.RESOLVED_SENT)]
    assert {p.at_ms for p in sent} == {AT_MS}
    planned = listed(world, campaign, read_asked(["planned"], []))
    assert len(planned) == len(every) + 2


def test_a_filter_that_finds_nobody_answers_in_bounded_work_with_a_cursor(world, campaign):
    fill(world, campaign, {"0": sids(100)}, {"0": [Code.SENT] * 100}, size=1)
    fill(world, campaign, {"1": sids(400)}, {"1": [*[Code.SENT] * 399, Code.REJECTED]}, size=1)
    calls = counting(world)
    asked = read_asked(["rejected"], [])
    page = world.recipients.page(campaign, asked, None, 50)
    assert page.items == ()
    assert page.cursor is not None
    assert calls["Blobs.get_range"] == MAX_LOOKS
    assert calls["RunStore.view"] <= MAX_LOOKS
    assert set(calls) == {"Campaigns.get", "Blobs.get_range", "RunStore.view"}
    (found,) = listed(world, campaign, asked, 50)
    assert found.sid == sids(400)[-1]


def test_a_page_of_everybody_reads_no_more_chunks_than_it_shows(world, campaign):
    fill(world, campaign, {"0": sids(500)}, {"0": [Code.SENT] * 500}, size=50)
    calls = counting(world)
    page = world.recipients.page(campaign, EVERYBODY, None, 50)
    assert page.cursor == "0-1-0"
    again = world.recipients.page(campaign, EVERYBODY, "0-0-30", 50)
    assert again.cursor == "0-1-30"
    assert (calls["Blobs.get_range"], calls["RunStore.view"]) == (2, 2)


def test_of_people_the_first_version_settled_no_more_is_said_than_its_rows_know(world, campaign):
    fill(world, campaign, {"a": sids(8)}, {})
    done = ChunkRow(status=ChunkStatus.DONE, owner=None, lease_ms=0, people=5)
    open_one = replace(done, status=ChunkStatus.PARTIAL, unsettled=(1,))
    for number, row in enumerate((done, open_one)):
        chunk = ChunkRef(campaign=campaign, shard="a", number=number)
        world.run_rows.former.chunks[chunk] = row
    words = [str(person.account) for person in listed(world, campaign)]
    assert words == ["earlier"] * 5 + ["earlier", "planned", "earlier"]
    assert {person.reason for person in listed(world, campaign)} == {None}


def test_a_campaign_that_was_not_started_has_nobody_and_another_is_not_found(world):
    made = world.campaigns.create(
        name="Draft",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="Hello", html="<p>Hello</p>"),
    ).campaign
    assert pages(world, made.id) == [[]]
    with pytest.raises(NotFound):
        world.recipients.page("A" * 22, EVERYBODY, None, 1)


@pytest.mark.parametrize(
    "cursor", ["x", "g-0-0", "0-0", "0-0-0-0", "0--1-0", "0-12345678-0", "٣-0-0"]
)
def test_a_cursor_not_made_here_is_refused(world, campaign, cursor):
    with pytest.raises(InputError) as refused:
        world.recipients.page(campaign, EVERYBODY, cursor, 1)
    assert refused.value.code == "bad_cursor"


def test_a_cursor_beyond_the_end_is_the_end(world, campaign):
    fill(world, campaign, {"f": sids(3)}, {})
    page = world.recipients.page(campaign, EVERYBODY, "f-9999999-99", 1)
    assert (page.items, page.cursor) == ((), None)
    assert str(Spot.read("f-2-1")) == "f-2-1"
