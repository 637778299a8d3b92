# SPDX-License-Identifier: Apache-2.0
"""Trying everybody's mail before the send: who is tried, and what is told of who fails."""

from dataclasses import replace

import pytest

from chalicelib.domain.dry_runs import MAX_SAMPLES
from chalicelib.domain.ids import SHARDS, shard_of
from chalicelib.errors import NotFound, Unavailable
from chalicelib.proof.opening import Opened, Wanted
from chalicelib.services.rehearsal import Rehearsed, rehearses
from tests.support.faults import FailOnce, Moment
from tests.support.planning import FAILS_FOR_BO, PLAIN, PlanWorld


@pytest.fixture
def world():
    made = PlanWorld()
    made.sids = {}
    for n, name in enumerate(("Anna", "Bo", "Bo", "Cia")):
        made.sids[made.subscribe(f"reader{n}@example.org", first_name=name)] = name
    return made


def tried(world, html, sids=None):
    campaign = world.started(html)
    content = world.frozen_contents.of(campaign)
    wanted = sorted(world.sids if sids is None else sids)
    parts = [world.rehearsal.shard(campaign, content, shard, wanted) for shard in SHARDS]
    return sum(part.errors for part in parts), [each for part in parts for each in part.failing]


def of_name(world, name):
    return {sid for sid, told in world.sids.items() if told == name}


def test_a_mail_that_cannot_fail_is_not_tried(world):
    campaign = world.started(PLAIN)
    assert not rehearses(world.frozen_contents.of(campaign))
    with world.counting() as calls:
        world.plan()
    assert not calls["AudienceScan.people"]
    assert world.totals.totals(campaign.id).render_errors == dict.fromkeys(SHARDS, 0)


def test_everybody_whose_mail_cannot_be_made_is_counted(world):
    errors, failing = tried(world, FAILS_FOR_BO)
    assert errors == 2
    assert {each.sid for each in failing} == of_name(world, "Bo")
    assert {(each.code, each.part, each.line) for each in failing} == {("bad_template", "HTML", 1)}


def test_a_content_is_compiled_once_for_all_shards_of_a_process(world):
    campaign = world.started(FAILS_FOR_BO)
    content = world.frozen_contents.of(campaign)
    compiled = []
    make = world.campaign_mails.version
    world.campaign_mails.version = lambda content: compiled.append(content) or make(content)
    for shard in SHARDS:
        world.rehearsal.shard(campaign, content, shard, sorted(world.sids))
    assert compiled == [content]


def test_a_subject_that_cannot_be_one_is_found_without_making_the_rest(world, monkeypatch):
    sid = world.subscribe("reader9@example.org", first_name="n" * 100)
    campaign = world.started(PLAIN, subject="News for" + 3 * " {{ first_name }}")
    content = world.frozen_contents.of(campaign)
    assert rehearses(content)
    monkeypatch.setattr(world.campaign_mails, "version", None)
    parts = [world.rehearsal.shard(campaign, content, each, [sid]) for each in shard_of(sid)]
    (failing,) = (found for part in parts for found in part.failing)
    assert (failing.sid, failing.code) == (sid, "bad_subject")
    everybody = sorted([*world.sids, sid])
    tries = [world.rehearsal.shard(campaign, content, shard, everybody) for shard in SHARDS]
    assert sum(tried.errors for tried in tries) == 1


def test_another_content_is_compiled_anew(world):
    assert tried(world, FAILS_FOR_BO)[0] == 2
    assert tried(world, PLAIN)[0] == 0
    assert tried(world, FAILS_FOR_BO)[0] == 2


def test_only_who_is_planned_is_tried(world):
    assert tried(world, FAILS_FOR_BO, of_name(world, "Cia")) == (0, [])
    one = min(of_name(world, "Bo"))
    errors, failing = tried(world, FAILS_FOR_BO, [one])
    assert (errors, [each.sid for each in failing]) == (1, [one])


def test_who_left_or_cannot_be_read_is_nobodys_rendering_error(world):
    first, second = sorted(of_name(world, "Bo"))
    row = world.rows.audience[first]
    world.rows.audience[first] = replace(row, sealed=row.sealed[:-1] + b"x")
    del world.rows.vault[second]
    assert tried(world, FAILS_FOR_BO) == (0, [])
    del world.rows.audience[second]
    assert tried(world, FAILS_FOR_BO) == (0, [])


def test_who_may_not_be_mailed_is_nobodys_rendering_error(world):
    first = min(of_name(world, "Bo"))
    number = list(world.sids).index(first)
    world.suppressions.add(f"reader{number}@example.org", "manual")
    errors, failing = tried(world, FAILS_FOR_BO)
    assert (errors, {each.sid for each in failing}) == (1, of_name(world, "Bo") - {first})


def test_logs_and_what_is_kept_hold_no_word_of_a_person(world, caplog):
    campaign = world.started(FAILS_FOR_BO)
    world.plan()
    assert "bad_template in line 1 of the HTML" in caplog.text
    for word in ("Bo", "reader", *world.sids):
        assert word not in caplog.text
    assert "Anna" not in repr(world.totals.totals(campaign.id))


def test_a_few_are_named_however_many_fail():
    world = PlanWorld()
    sids = [world.subscribe(f"bo{n}@example.org", first_name="Bo") for n in range(3)]
    campaign = world.started(FAILS_FOR_BO)
    content = world.frozen_contents.of(campaign)
    everybody = [
        row for each in SHARDS for row in world.audience_scan.people(each, wanted=Wanted.PROFILE)
    ]

    class Scan:
        def people(self, *_args, **_kwargs):
            return iter(sorted(everybody * 4))

    world.__dict__["audience_scan"] = Scan()
    found = world.rehearsal.shard(campaign, content, "0", sorted(sids))
    assert (found.errors, len(found.failing)) == (12, MAX_SAMPLES)


def test_a_store_that_fails_in_the_middle_tells_of_nobody(world):
    campaign = world.started(FAILS_FOR_BO)
    content = world.frozen_contents.of(campaign)
    world.faults = FailOnce("AudienceScan.people", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.rehearsal.shard(campaign, content, "0", sorted(world.sids))


def test_a_campaign_without_its_brand_is_not_tried(world):
    campaign = world.started(FAILS_FOR_BO)
    content = world.frozen_contents.of(campaign)
    with pytest.raises(NotFound):
        world.rehearsal.shard(replace(campaign, list="gone"), content, "0", [])
    assert Rehearsed().errors == 0


def test_a_profile_that_is_no_object_is_nobodys_rendering_error(world, monkeypatch):
    monkeypatch.setattr(
        "chalicelib.services.rehearsal.open_sections",
        lambda people, *_args, **_kwargs: (
            Opened(profile=(b"{", b"[]")[n % 2], facts=None, unreadable=False)
            for n, _ in enumerate(people)
        ),
    )
    assert tried(world, FAILS_FOR_BO) == (0, [])
