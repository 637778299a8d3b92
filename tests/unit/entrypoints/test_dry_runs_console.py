# SPDX-License-Identifier: Apache-2.0
"""Dry runs in the console over HTTP: begun, watched, read, and refused."""

import re
from dataclasses import replace

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.dry_runs import DryRunPart, Failing
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.ids import SHARDS, ListId, PurposeId, SubjectId
from chalicelib.domain.rate import Quota
from chalicelib.errors import Conflict, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.dry_run import KIND, PATIENCE_MS
from tests.support.campaign_examples import dry_run_page_data
from tests.support.faults import FailOnce, Moment
from tests.support.segment_desk import Desk

NOBODY = "A" * 22
FAILS_FOR_BO = "<p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</p>"
BUTTON = "out sending</button>"


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


def written(world, html="<p>Hello</p>", **changes):
    """Write a draft and return the path of its page."""
    made = world.campaigns.create(
        name="November news",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="News", html=html),
        **changes,
    ).campaign
    return f"/console/campaigns/{made.id}"


def spoken(page):
    """The one sentence that is read out when it changes."""
    (found,) = re.findall(r'aria-live="polite">(.+?)</p>', page.text, re.DOTALL)
    return found


def numbers(page):
    return re.findall(r"<dd[^>]*>([^<]+)</dd>", page.text.split('class="numbers"')[1])[:4]


def ended(desk, world, path):
    """The page of a dry run that was begun and is over."""
    began = desk.send(f"{path}/dry-run", language="en")
    assert (began.status, began.headers["location"]) == (303, f"{path}/dry-run?language=en")
    world.settle(Queue.PLANS)
    return desk.get(f"{path}/dry-run")


def test_it_is_begun_on_the_page_of_a_campaign_that_was_not_started_and_found_there_again(
    desk, world
):
    path = written(world)
    campaign_id = path.rpartition("/")[2]
    for act in (None, "test", Act.SCHEDULE):
        if act == "test":
            world.test(campaign_id)
        elif act:
            world.campaigns.schedule(campaign_id, world.clock.now_ms() + 3_600_000)
        page = desk.get(path).text
        assert f'action="{path}/dry-run"' in page
        assert ("latest dry run" in page) is (act is not None)
        desk.send(f"{path}/dry-run")
    world.campaigns.act(campaign_id, Act.SEND)
    page = desk.get(path).text
    assert "/dry-run" not in page


def test_it_tells_who_would_get_it_what_it_costs_and_how_long_it_takes(desk, world):
    for number in range(3):
        world.subscribe(f"reader{number}@example.org")
    world.suppressions.add("reader1@example.org", "manual")
    mails = len(world.mails)
    page = ended(desk, world, written(world))
    assert spoken(page).strip() == "2 of the 3 people chosen would get it."
    assert numbers(page) == ["2", "1", "0.02 USD", "a minute at most"]
    assert "3 people</span>" in page.text
    assert ">suppressed</td>" in page.text
    assert "enough for it" in page.text
    assert len(world.mails) == mails


def test_it_is_watched_with_and_without_scripts_until_it_is_over(desk, world):
    path = written(world)
    desk.send(f"{path}/dry-run")
    page = desk.get(f"{path}/dry-run")
    assert f'data-from="{path}/dry-run?language=en"' in page.text
    assert "<noscript>" in page.text
    assert "<script>" in page.text
    assert "data-moves" in page.text
    assert BUTTON not in page.text
    world.settle(Queue.PLANS)
    page = desk.get(f"{path}/dry-run")
    assert "data-moves" not in page.text
    assert "<script>" not in page.text
    assert BUTTON in page.text


def test_before_the_first_it_is_said_what_it_would_tell(desk, world):
    page = desk.get(f"{written(world)}/dry-run")
    assert "Not tried" in spoken(page)
    assert BUTTON in page.text


def test_with_nobody_chosen_nobody_would_get_it(desk, world):
    page = ended(desk, world, written(world))
    assert "nobody is chosen" in spoken(page)
    assert numbers(page) == ["0", "0", "0.00 USD", "\u2013"]


def test_one_that_does_not_end_is_said_to_have_failed_and_can_be_begun_again(desk, world):
    path = written(world)
    desk.send(f"{path}/dry-run")
    world.time.advance(PATIENCE_MS + 1)
    page = desk.get(f"{path}/dry-run")
    assert "did not come to an end" in spoken(page)
    assert 'class="state bad"' in page.text
    assert BUTTON in page.text


def test_where_a_mail_fails_is_told_and_of_whom_nothing_but_an_id(desk, world):
    sid = world.subscribe("bo@example.org", first_name="Bo")
    page = ended(desk, world, written(world, FAILS_FOR_BO))
    assert "Nobody would get it" in spoken(page)
    assert ">HTML, line 1</td>" in page.text
    assert f"<code>{sid}</code>" in page.text
    assert "bo@example.org" not in page.text
    assert "would stop before anybody is mailed" in page.text


def test_those_of_a_segment_stand_beside_those_of_the_list(desk, world):
    for name in ("Anna", "Bo"):
        world.subscribe(f"{name.lower()}@example.org", first_name=name)
    anna = {"fact": "field.first_name", "op": "eq", "value": "Anna"}
    world.segments.create(segment_id="annas", brand_id="demo", name="Annas", where=anna)
    page = ended(desk, world, written(world, segment="annas")).text
    assert re.search(r"Newsletter <span[^>]+>2 people</span>", page)
    assert re.search(r"Annas <span[^>]+>1 person</span>", page)


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (Quota(per_second=14.0), "enough for it"),
        (Quota(per_second=14.0, daily_left=1, daily=2), "spreads it over 2 days"),
        (Quota(per_second=14.0, daily_left=0, daily=0), "nothing in a day"),
        (Quota(per_second=0.0), "nothing at all now"),
    ],
)
def test_the_quota_of_now_is_told_with_what_to_do(desk, world, monkeypatch, quota, words):
    for number in range(3):
        world.subscribe(f"reader{number}@example.org")
    monkeypatch.setattr(world.mailbox, "quota", lambda: quota)
    assert words in ended(desk, world, written(world)).text


def test_what_cannot_be_tried_is_refused_with_the_reason(desk, world):
    broken = written(world)
    campaign_id = broken.rpartition("/")[2]
    stored = world.campaign_rows.get(campaign_id)
    kept = world.campaign_rows.replace(stored, Content(subject="s", html="<p>{{ nothing }}</p>"))
    refused = desk.send(f"{broken}/dry-run")
    assert refused.status == 422
    assert "cannot be made into a mail" in refused.text
    world.campaign_rows.replace(
        replace(kept, segment="gone"), Content(subject="s", html="<p>Hello</p>")
    )
    refused = desk.send(f"{broken}/dry-run")
    assert refused.status == 422
    assert "segment is gone" in refused.text
    world.campaigns.act(campaign_id, Act.CANCEL)
    refused = desk.send(f"{broken}/dry-run")
    assert refused.status == 409
    assert "campaign is over" in refused.text
    assert BUTTON not in refused.text


def test_who_asks_at_the_same_moment_is_shown_the_one_of_the_other(desk, world):
    path = written(world)
    world.faults = FailOnce("Jobs.create", Moment.BEFORE, Conflict("a job with this id is there"))
    assert desk.send(f"{path}/dry-run").status == 303


def test_a_service_that_does_not_answer_is_a_503(desk, world):
    path = written(world)
    ended(desk, world, path)
    world.faults = FailOnce("DryRunParts.of", Moment.BEFORE, Unavailable("parts"))
    assert desk.get(f"{path}/dry-run").status == 503


def test_only_a_marketers_own_form_begins_one(desk, web, world):
    path = f"{written(world)}/dry-run"
    reader = Desk(web, world, KeyScope.READ)
    assert reader.get(path).status == 403
    assert "/dry-run" not in reader.get(path.removesuffix("/dry-run")).text
    refused = web.post(path, form={"form_token": "x"}, headers=desk.sent)
    assert refused.status == 403
    assert world.jobs.get(KIND, path.split("/")[3]) is None
    for gone in (NOBODY, "nope"):
        assert desk.get(f"/console/campaigns/{gone}/dry-run").status == 404
        assert desk.send(f"/console/campaigns/{gone}/dry-run").status == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_place_has_words(language):
    reasons = dict.fromkeys(map(str, SkipReason), 1)
    places = [("subject", 1), ("HTML", 2), ("MJML", 3), ("text", None), (None, None)]
    failing = tuple(
        Failing(sid=SubjectId(NOBODY), code="bad_template", part=part, line=line)
        for part, line in places
    )
    parts = [DryRunPart(shard=shard, considered=100, planned=100, unreadable=1) for shard in SHARDS]
    parts[0] = replace(parts[0], why_not=reasons, failing=failing)
    frame = {"language": language, "is_officer": False, "is_marketer": True, "form_token": "t"}
    data = dry_run_page_data(parts)
    page = TemplateRenderer().page("console/dry_run.html", frame | data)
    rows = re.findall(r'<td data-label="[^"]+">([^<]+)</td>', page)
    assert len(set(rows)) == len(reasons) + len(places)
    assert not set(rows) & set(reasons) - {"suppressed", "restricted", "erased", "objected"}
