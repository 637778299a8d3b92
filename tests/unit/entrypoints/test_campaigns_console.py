# SPDX-License-Identifier: Apache-2.0
"""Campaigns in the console over HTTP: what is shown, what is done, and who may do it."""

import re
from dataclasses import replace

import pytest

from chalicelib.adapters.templates import TemplateRenderer, utc_minute, zone_minute
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.campaigns import CampaignStatus, Content, Progress
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.measurement import Targets
from chalicelib.domain.outcomes import Counted
from chalicelib.domain.plan_gate import PLANNING, RENDERING
from chalicelib.domain.stops import Stop, StopWhy
from chalicelib.domain.tempo import Commit
from chalicelib.ports.breakers import About
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.campaign_start import UNSTARTED
from chalicelib.services.campaign_tests import TESTS_PER_DAY
from tests.support.campaign_examples import campaign, campaign_page_data
from tests.support.memory_sending import accept
from tests.support.world import World

NOBODY = "A" * 22
AUTHOR = "author@example.org"
BUTTONS = re.compile(r'name="act" value="(\w+)"')
HTML = "<html lang='en'><head><title>News</title></head><body><p>Hello</p></body></html>"


class Desk:
    """A session of the console, with its form token."""

    def __init__(self, web, world: World, *scopes: KeyScope) -> None:
        self.web, self.world = web, world
        key = world.key_ring.create("console", list(scopes))[0]
        reply = web.post("/console/login", form={"key": key})
        self.sent = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}

    def get(self, path):
        return self.web.get(path, headers=self.sent)

    def token(self):
        """The token that forms of this session carry, as a page of it shows it."""
        page = f"/console/campaigns/{written(self.world, 'For its token')}"
        return re.search(r'name="form_token" value="([^"]+)"', self.get(page).text)[1]

    def act(self, campaign_id, act, **fields):
        told = {"form_token": self.token(), "act": act, **fields}
        return self.web.post(f"/console/campaigns/{campaign_id}", form=told, headers=self.sent)


def written(world, name="November news", **changes):
    """Write a draft and return its id."""
    return world.campaigns.create(
        name=name,
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="News", html=changes.pop("html", HTML)),
        **changes,
    ).campaign.id


def status_of(world, campaign_id):
    return world.campaigns.get(campaign_id).status


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


@pytest.fixture
def reader(web, world):
    return Desk(web, world, KeyScope.READ)


def test_the_list_says_what_to_do_when_it_is_empty_and_shows_every_state(desk, world):
    assert "POST /api/v1/campaigns" in desk.get("/console/campaigns").text
    draft, started = written(world, "A draft"), world.campaign("A sent one")
    world.settle()
    page = desk.get("/console/campaigns").text
    for campaign_id, name, state in ((draft, "A draft", "draft"), (started, "A sent one", "sent")):
        row = page.split(f"/console/campaigns/{campaign_id}?")[1].split("</tr>")[0]
        assert name in row
        assert f">{state}<" in row


def test_the_list_goes_on_where_a_page_of_it_ends(desk, world, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.campaigns_console_pages.ROWS", 2)
    names = {f"Number {n}" for n in range(5)}
    for name in names:
        written(world, name)
    seen, path = set(), "/console/campaigns?language=en"
    while path:
        page = desk.get(path).text
        seen |= set(re.findall(r"Number \d", page))
        found = re.search(r'href="([^"]+)">More campaigns', page)
        path = found and found[1].replace("&amp;", "&")
    assert seen == names


def test_a_page_says_what_it_says_and_to_whom(desk, world):
    page = desk.get(f"/console/campaigns/{written(world)}").text
    for words in ("Newsletter", "none: the whole list", "newsletter", "any", "News"):
        assert words in page
    assert '<iframe sandbox src="/console/campaigns/' in page


def test_the_mail_runs_nothing_and_is_framed_by_our_own_page_alone(desk, world):
    path = f"/console/campaigns/{written(world)}"
    mail = desk.get(f"{path}/mail")
    assert "<p>Hello</p>" in mail.text
    policy = mail.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert not [each for each in policy if each.startswith("script-src")]
    assert mail.headers["x-frame-options"] == "SAMEORIGIN"
    page = desk.get(path)
    assert page.headers["x-frame-options"] == "DENY"
    assert "connect-src 'self'; frame-src 'self'" in page.headers["content-security-policy"]


def test_a_mail_that_cannot_be_made_any_more_is_told_on_the_page(desk, world):
    campaign_id = written(world)
    broken = Content(subject="News", html="<p>{{ nothing }}</p>")
    stored = world.campaign_rows.get(campaign_id)
    world.campaign_rows.replace(stored, broken)
    page = desk.get(f"/console/campaigns/{campaign_id}")
    assert page.status == 200
    assert "cannot be made into a mail" in page.text
    assert desk.get(f"/console/campaigns/{campaign_id}/mail").status == 404
    refused = desk.act(campaign_id, "test", to=AUTHOR)
    assert refused.status == 422
    assert "cannot be made into a mail" in refused.text


@pytest.mark.parametrize("campaign_id", [NOBODY, "nope", "%00"])
@pytest.mark.parametrize("part", ["", "/mail", "/progress", "/cancel"])
def test_an_unknown_campaign_is_a_404_page(desk, campaign_id, part):
    assert desk.get(f"/console/campaigns/{campaign_id}{part}").status == 404


def test_every_act_is_answered_by_a_redirect_that_says_what_was_done(desk, world):
    campaign_id = written(world)
    steps = (
        ("test", {"to": AUTHOR}, "tested"),
        ("schedule", {"day": "2026-12-24", "minute": "18:00"}, "scheduled"),
        ("unschedule", {}, "tested"),
        ("send", {}, "sending"),
        ("pause", {}, "paused"),
        ("resume", {}, "sending"),
        ("cancel", {}, "cancelled"),
    )
    for act, fields, status in steps:
        reply = desk.act(campaign_id, act, **fields)
        there = f"/console/campaigns/{campaign_id}?language=en&done={act}"
        assert (reply.status, reply.headers["location"]) == (303, there)
        assert status_of(world, campaign_id) == status
        page = desk.get(there)
        assert page.text.count('role="status"') == 1
        assert (
            set(BUTTONS.findall(page.text))
            == {
                "draft": {"test"},
                "tested": {"test", "schedule", "send"},
                "scheduled": {"unschedule", "send"},
                "sending": {"pause"},
                "paused": {"resume"},
                "cancelled": set(),
            }[status]
        )


def test_a_time_is_that_of_the_brands_clocks(desk, world):
    brand = world.brands.latest("demo")
    world.brands.replace(replace(brand, time_zone="Europe/Stockholm"))
    campaign_id = written(world)
    desk.act(campaign_id, "test", to=AUTHOR)
    desk.act(campaign_id, "schedule", day="2026-12-24", minute="18:00")
    at_ms = world.campaigns.get(campaign_id).campaign.scheduled_ms
    assert utc_minute(at_ms) == "2026-12-24 17:00 UTC"
    page = desk.get(f"/console/campaigns/{campaign_id}").text
    assert zone_minute(at_ms, "Europe/Stockholm") in page
    assert "Europe/Stockholm" not in page


WRONG = (
    ("test", {"to": "no address"}, "to", "This is not an e-mail address"),
    ("test", {"to": ""}, "to", "This is not an e-mail address"),
    ("test", {"to": "gone@example.org"}, "to", "suppressed"),
    ("schedule", {"day": "soon", "minute": "18:00"}, "day", "Choose a day."),
    ("schedule", {"day": "2026-12-24"}, "minute", "Choose a time of day."),
    ("schedule", {"day": "2020-12-24", "minute": "18:00"}, "day", "a time to come"),
    ("schedule", {"day": "2027-03-28", "minute": "02:30"}, "minute", "set forward"),
)


@pytest.mark.parametrize(("act", "fields", "field", "words"), WRONG)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    desk, world, act, fields, field, words
):
    brand = world.brands.latest("demo")
    world.brands.replace(replace(brand, time_zone="Europe/Stockholm"))
    world.suppressions.add("gone@example.org", "manual")
    campaign_id = written(world)
    world.test(campaign_id)
    reply = desk.act(campaign_id, act, **fields)
    assert reply.status == 422
    assert re.search(rf'id="f-{field}"[^>]+aria-invalid="true"[^>]+e-{field}"', reply.text)
    beside = re.search(rf'<p class="wrong" id="e-{field}">([^<]+)<', reply.text)[1]
    assert words in beside
    assert f'href="#f-{field}"' in reply.text
    for value in fields.values():
        assert f'value="{value}"' in reply.text


def test_what_cannot_be_done_any_more_is_a_409_that_shows_how_it_stands(desk, world):
    campaign_id = written(world)
    early = desk.act(campaign_id, "send")
    assert early.status == 409
    assert "no accepted test" in early.text
    started = world.campaign()
    late = desk.act(started, "unschedule")
    assert late.status == 409
    assert "cannot be done from where" in late.text
    assert status_of(world, started) == "sending"


def test_a_day_of_tests_ends_in_words(desk, world):
    campaign_id = written(world)
    for _ in range(TESTS_PER_DAY):
        world.activity.count(f"test#{campaign_id}", 86_400, world.clock.now_ms())
    reply = desk.act(campaign_id, "test", to=AUTHOR)
    assert reply.status == 429
    assert "used up" in reply.text
    assert f'value="{AUTHOR}"' in reply.text


def test_a_test_nobody_answered_for_may_have_gone_and_the_page_says_so(desk, world):
    campaign_id = written(world)
    world.mailbox.answer = lambda _message: Sent(outcome=Outcome.UNKNOWN)
    reply = desk.act(campaign_id, "test", to=AUTHOR)
    assert reply.status == 503
    assert "may still arrive" in reply.text
    world.mailbox.answer = lambda _message: Sent(outcome=Outcome.RETRY)
    assert "asked to wait" in desk.act(campaign_id, "test", to=AUTHOR).text
    world.mailbox.answer = accept


def test_an_act_that_is_none_is_refused(desk, world):
    campaign_id = written(world)
    for act in ("", "edit", "finish", "delete"):
        assert desk.act(campaign_id, act).status == 422
    assert desk.act(NOBODY, "send").status == 404


def test_calling_off_asks_once_more(desk, world):
    started = world.campaign("November news")
    path = f"/console/campaigns/{started}/cancel"
    assert "November news" in desk.get(path).heading
    assert status_of(world, started) == "sending"
    desk.act(started, "cancel")
    assert desk.get(path).headers["location"] == f"/console/campaigns/{started}?language=en"


def test_a_key_that_only_reads_sees_no_button_and_acts_on_nothing(desk, reader, world):
    campaign_id = written(world)
    page = reader.get(f"/console/campaigns/{campaign_id}").text
    assert not BUTTONS.findall(page)
    assert "/cancel" not in page
    assert "<code>marketing</code>" in page
    assert reader.get(f"/console/campaigns/{campaign_id}/cancel").status == 303
    told = {"form_token": desk.token(), "act": "cancel"}
    path = f"/console/campaigns/{campaign_id}"
    refused = reader.web.post(path, form=told, headers=reader.sent)
    assert refused.status == 403
    assert "marketing" in refused.text
    assert status_of(world, campaign_id) == "draft"


def test_a_form_without_the_token_of_its_session_does_nothing(desk, world, web):
    other = Desk(web, world, KeyScope.MARKETING).token()
    campaign_id = written(world)
    path = f"/console/campaigns/{campaign_id}"
    for token in ("", "x", other):
        told = {"form_token": token, "act": "cancel"}
        assert web.post(path, form=told, headers=desk.sent).status == 403
    assert web.post(path, form={"act": "cancel"}).headers["location"] == "/console/login"
    assert status_of(world, campaign_id) == "draft"


def test_numbers_are_asked_for_while_it_moves_and_not_after(desk, world):
    world.subscribe("reader@example.org")
    started = world.campaign("November news")
    path = f"/console/campaigns/{started}"
    page = desk.get(path).text
    assert f'data-from="{path}/progress?language=en&amp;seen=sending"' in page
    assert "<script>" in page
    assert "<noscript>" in page
    assert "data-moves" in desk.get(f"{path}/progress?seen=sending").text
    world.settle()
    part = desk.get(f"{path}/progress?seen=sending").text
    assert "1 of 1 people" in part
    assert "data-moves" not in part
    assert "Show what can be done now" in part
    assert "Show what can be done now" not in desk.get(f"{path}/progress?seen=sent").text
    assert "<script>" not in desk.get(path).text


@pytest.fixture
def moving(world, monkeypatch):
    """The address of what changes of a campaign that was sent to 40,150 of 41,000 people."""
    now_ms = world.clock.now_ms()
    counted = Counted(
        progress=Progress(planned=41_000, sent=40_150, first_ms=now_ms - 600_000),
        resolved=1_200,
        commits=(Commit(at_ms=now_ms - 10_000, sent=300, accounted=300),),
    )
    started = world.campaign()
    monkeypatch.setattr(world.chunk_accounts, "progress", lambda _: (counted, 16))
    return f"/console/campaigns/{started}/progress"


def test_the_tempo_and_what_is_left_are_those_of_the_last_minute(desk, moving):
    part = desk.get(moving).text
    for words in ("<dd>5.0</dd>", ">3 minutes</dd>", "<dd>40,150</dd>", "1,200 of those sent were"):
        assert words in part
    assert "<dd>5,0</dd>" in desk.get(moving + "?language=sv").text


def test_a_day_that_is_used_up_is_said_with_what_to_do(desk, moving, world):
    world.rate.hold(world.clock.now_ms() + 1)
    part = desk.get(moving).text
    spoken = re.search(r'aria-live="polite">(.+?)</p>', part, re.DOTALL)[1]
    assert "On hold" in spoken
    assert "ask AWS for a higher quota" in spoken
    assert '<dd class="words">\u2013</dd>' in part
    world.time.advance(1)
    assert "On hold" not in desk.get(moving).text


def test_a_segment_leads_to_its_own_page_as_long_as_there_is_one(desk, world):
    where = {"fact": "orders.count", "op": "gte", "value": 2}
    world.segments.create(segment_id="buyers", brand_id="demo", name="Buyers", where=where)
    path = f"/console/campaigns/{written(world, segment='buyers')}"
    page = desk.get(path).text
    there = re.search(r'<a href="(/console/segments/[^"]+)">Buyers</a>', page)[1]
    assert desk.get(there).heading == "Buyers"
    del world.catalog_rows.segments["buyers"]
    page = desk.get(path).text
    assert "deleted since" in page
    assert "/console/segments/buyers" not in page


def test_links_are_shown_with_what_was_counted(desk, world):
    started = world.campaign()
    path = f"/console/campaigns/{started}"
    assert "No link of this campaign is counted" in desk.get(path).text
    urls = ("https://www.example.org/a", "https://www.example.org/b")
    held = world.campaign_rows.get(started)
    world.campaign_links.put(started, Targets(brand=held.brand, list=held.list, urls=urls))
    page = desk.get(path).text
    assert all(url in page for url in urls)


@pytest.mark.parametrize("status", list(CampaignStatus))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_and_reason_of_a_campaign_has_words(language, status):
    reasons = [*SkipReason, "unsent"]
    shown = campaign(
        status=status,
        started_ms=None if status in UNSTARTED else 0,
        scheduled_ms=0 if status is CampaignStatus.SCHEDULED else None,
        problem="not_tested" if status in UNSTARTED else None,
    )
    progress = Progress(planned=14, skipped={**dict.fromkeys(reasons, 1), "failed": 1})
    data = campaign_page_data(shown, progress=progress, results=None)
    frame = {"language": language, "is_officer": False, "is_marketer": True, "form_token": "t"}
    text = TemplateRenderer().page("console/campaign.html", frame | data)
    rows = re.findall(r'<td data-label="[^"]+">([^<]+)</td>', text)
    assert len(set(rows)) == (0 if status in UNSTARTED else len(reasons))
    assert not set(rows) & set(reasons) - {"suppressed", "restricted", "erased", "objected"}


@pytest.mark.parametrize("problem", ["not_tested", RENDERING, PLANNING])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_of_a_campaign_has_words(language, problem):
    told = {}
    for status in (CampaignStatus.PAUSED, CampaignStatus.SENDING):
        for code in (problem, None):
            data = campaign_page_data(campaign(status=status, problem=code))
            frame = {"language": language, "is_officer": False, "is_marketer": True}
            page = TemplateRenderer().page("console/campaign_progress.html", frame | data)
            told[status, code] = re.search(r'aria-live="polite">(.+?)</p>', page, re.DOTALL)[1]
            assert problem not in told[status, code]
        assert told[status, None] in told[status, problem]
        assert len(told[status, problem]) > len(told[status, None]) + 20


def told_of(language, **members):
    data = campaign_page_data(campaign(**members))
    frame = {"language": language, "is_officer": False, "is_marketer": True, "form_token": "t"}
    page = TemplateRenderer().page("console/campaign.html", frame | data)
    return page, re.search(r'aria-live="polite">(.+?)</p>', page, re.DOTALL)[1]


@pytest.mark.parametrize("why", [StopWhy.COMPLAINTS, StopWhy.BOUNCES])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_campaign_that_stopped_itself_says_why_with_its_numbers(language, why):
    stop = Stop(why=why, at_ms=0, delivered=912, bounced=83, complained=83)
    for status in (CampaignStatus.PAUSED, CampaignStatus.SENDING):
        page, told = told_of(language, status=status, problem=str(why), stop=stop)
        assert {"912", "83"} <= set(re.findall(r"\d+", told))
        assert str(why) not in told
        assert ('name="accept_risk" value="yes"' in page) == (status is CampaignStatus.PAUSED)
        assert page.count('value="resume"') == (status is CampaignStatus.PAUSED)
    _, told = told_of(language, status=CampaignStatus.SENT, stop=stop)
    assert "912" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_large_mailing_that_is_not_ready_says_what_to_mend(language):
    stop = Stop(why=StopWhy.NOT_READY, at_ms=0, checks=("dmarc", "spf"))
    page, told = told_of(language, status=CampaignStatus.PAUSED, problem="not_ready", stop=stop)
    assert "not_ready" not in told
    for check in stop.checks:
        assert f'href="/console/deliverability?language={language}&amp;brand=demo#{check}"' in page
    assert page.count('value="resume"') == 2
    assert page.count('name="accept_risk" value="yes"') == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_brings_a_campaign_near_a_stop_is_told(language):
    warning = Stop(why=StopWhy.COMPLAINTS, at_ms=0, delivered=912, complained=1)
    data = campaign_page_data(campaign(), warning=warning)
    frame = {"language": language, "is_officer": False, "is_marketer": True}
    page = TemplateRenderer().page("console/campaign_progress.html", frame | data)
    assert "912" in re.search(r'<p id="stopped">(.+?)</p>', page, re.DOTALL)[1]


def test_a_marketer_sends_all_the_same_by_its_own_button(desk, world):
    world.subscribe("reader@example.org")
    started = world.campaign()
    world.mails.clear()
    counts = Counts(delivered=1_000, complained=3)
    at_ms = world.time.now_ms()
    note = Note(key=started, level=Level.STOP, why=StopWhy.COMPLAINTS, counts=counts, at_ms=at_ms)
    world.breaker_rows.stop(About.CAMPAIGN, note)
    world.settle()
    world.watch.advance()
    page = desk.get(f"/console/campaigns/{started}").text
    assert "Send all the same" in page
    refused = desk.act(started, "resume")
    assert refused.status == 409
    assert "That was not done" in refused.text
    assert world.campaigns.get(started).status is CampaignStatus.PAUSED
    assert desk.act(started, "resume", accept_risk="yes").status == 303
    world.settle()
    assert len(world.mails) == 1


def test_whose_mail_cannot_be_made_is_left_out_as_the_page_says(desk, world):
    for name in ("Anna", "Bo"):
        world.subscribe(f"{name.lower()}@example.org", first_name=name)
    world.mails.clear()
    html = "<p>{% if first_name == 'Bo' %}{{ nowhere }}{% endif %}</p>"
    started = world.campaign(html=html)
    world.settle()
    assert world.campaigns.get(started).problem == RENDERING
    assert desk.act(started, "resume").status == 303
    world.settle()
    seen = world.campaigns.get(started)
    assert (seen.progress.sent, dict(seen.progress.skipped)) == (1, {"rendering": 1})
