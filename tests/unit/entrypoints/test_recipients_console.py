# SPDX-License-Identifier: Apache-2.0
"""Who got a campaign and who did not, in the console over HTTP: listed, filtered, exported."""

import csv
import io
import re
from dataclasses import replace

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.accounting import REASONS, Account, Asked
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.ids import SHARDS
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.outcomes import OutcomeCode
from chalicelib.entrypoints import recipients_console_pages as console
from chalicelib.entrypoints.api import exports as api_exports
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.export_files import GIVE_UP_MS, KEEP_MS
from tests.support.account_examples import fill, sent_campaign, sids
from tests.support.memory_sending import accept
from tests.support.recipient_examples import export_page_data, recipients_page_data
from tests.support.segment_desk import Desk

NOBODY = "A" * 22
NOTHING = "\u2013"
BUTTON = "Make a file of "


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


@pytest.fixture
def people(world):
    """Ids by name: one gets it, one is suppressed, one is refused by the mail service."""
    found = {name: world.subscribe(f"{name}@example.org") for name in ("anna", "bo", "cecilia")}
    world.suppressions.add("bo@example.org", "manual")

    def answer(message):
        refused = message.to == "cecilia@example.org"
        return Sent(outcome=Outcome.REJECTED) if refused else accept(message)

    world.mailbox.answer = answer
    return found


@pytest.fixture
def campaign(world, people):
    return sent_campaign(world)


@pytest.fixture
def path(campaign):
    return f"/console/campaigns/{campaign}/recipients"


def rows(page):
    """Id, outcome and reason of each person of a list."""
    cells = re.findall(r"<td data-label=[^>]+>(.*?)</td>", page.text, re.DOTALL)
    told = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
    return [tuple(told[n : n + 3]) for n in range(0, len(told), 3)]


def counts(page):
    """What is counted, as it is named, and the one that is chosen."""
    found = re.findall(
        r'<li[^>]*><a href="[^"]+"( aria-current="true")?>([^<]+)</a> <span>([^<]+)</span>',
        page.text,
    )
    (chosen,) = [name for current, name, _ in found if current] or [None]
    return {name: number for _, name, number in found}, chosen


def links(page):
    found = re.findall(r'<li[^>]*><a href="([^"]+)"[^>]*>([^<]+)</a> <span>', page.text)
    return {name: target.replace("&amp;", "&") for target, name in found}


def test_the_page_of_a_campaign_leads_to_it_once_somebody_was_planned(desk, world, people):
    started = world.campaign("November news")
    page = f"/console/campaigns/{started}"
    assert "/recipients" not in desk.get(page).text
    world.settle()
    shown = desk.get(page).text
    assert f'href="{page}/recipients?language=en">Who did not get it, and why</a>' in shown


def test_it_opens_with_who_did_not_get_it_and_why(desk, path, people):
    page = desk.get(path)
    numbers, chosen = counts(page)
    assert numbers == {
        "Did not get it, or unknown": "2",
        "Skipped": "1",
        "suppressed": "1",
        "Rejected": "1",
        "Sent": "1",
        "Everybody": "3",
    }
    assert chosen == "Did not get it, or unknown"
    assert sorted(rows(page)) == sorted(
        [
            (people["bo"], "skipped", "suppressed"),
            (people["cecilia"], "rejected by the mail service", NOTHING),
        ]
    )
    assert "example.org" not in page.text


def test_every_count_leads_to_those_it_counts(desk, path, people):
    for name, target in links(desk.get(path)).items():
        page = desk.get(target)
        numbers, chosen = counts(page)
        assert chosen == name
        assert str(len(rows(page))) == numbers[name]
    by_reason = desk.get(f"{path}?reason=suppressed")
    assert rows(by_reason) == [(people["bo"], "skipped", "suppressed")]
    assert "Skipped: suppressed</h2>" in by_reason.text


def test_a_list_goes_on_where_it_ended_and_leads_back(desk, world, campaign, path):
    many = {SHARDS[0]: sids(console.ROWS + 1)}
    fill(world, campaign, many, {SHARDS[0]: [OutcomeCode.SENT] * (console.ROWS + 1)})
    first = desk.get(f"{path}?outcome=sent&language=en")
    assert len(rows(first)) == console.ROWS
    (further,) = re.findall(r'<a href="([^"]+)">More people</a>', first.text)
    second = desk.get(further.replace("&amp;", "&"))
    found = [row[0] for page in (first, second) for row in rows(page)]
    assert set(found) >= set(many[SHARDS[0]])
    assert len(found) == len(set(found))
    back = f'<a href="{path}?language=en&amp;outcome=sent">Back to the first</a>'
    assert back in second.text
    assert back not in first.text


def test_a_look_that_found_nobody_yet_goes_on(desk, world, path, monkeypatch):
    page = world.recipients.page(path.split("/")[3], Asked(), None, 1)
    empty = replace(page, items=(), cursor="f-0-0")
    monkeypatch.setattr(world.recipients, "page", lambda *_: empty)
    shown = desk.get(path).text
    assert "there are more" in shown
    assert "cursor=f-0-0" in shown


def test_where_there_is_nobody_it_says_why(desk, world, campaign, path, monkeypatch):
    assert ">Nobody.</p>" in desk.get(f"{path}?reason=erased").text
    assert ">Nobody more.</p>" in desk.get(f"{path}?reason=erased&cursor=f-9-0").text
    fill(world, campaign, dict.fromkeys(SHARDS, ()), {})
    assert "an earlier version settled them" in desk.get(f"{path}?outcome=sent").text
    other = world.campaign("Unsent")
    waiting = f"/console/campaigns/{other}/recipients"
    assert "is being worked out" in desk.get(waiting).text
    draft = world.catalog_rows.campaigns
    draft[other] = replace(draft[other], started_ms=None)
    assert "It was not started" in desk.get(waiting).text
    draft[other] = replace(draft[other], started_ms=1, go_ms=1)
    assert "Nobody was chosen" in desk.get(waiting).text


def test_a_word_or_a_cursor_of_nobody_s_is_refused(desk, path):
    for query in ("outcome=mailed", "reason=bored", "outcome=sent&reason=erased", "cursor=x"):
        assert desk.get(f"{path}?{query}").status == 422
    for gone in (NOBODY, "nope"):
        assert desk.get(f"/console/campaigns/{gone}/recipients").status == 404
        assert desk.send(f"/console/campaigns/{gone}/exports").status == 404
        assert desk.get(f"/console/exports/{gone}").status == 404
        led = desk.get(f"/console/exports/{gone}/csv")
        assert (led.status, led.headers["location"]) == (
            303,
            f"/console/exports/{gone}?language=en",
        )


def test_only_an_officer_is_led_to_the_person(web, world, path, people):
    officer = Desk(web, world, KeyScope.COMPLIANCE)
    page = officer.get(f"{path}?reason=suppressed").text
    assert BUTTON not in page
    (clue,) = re.findall(r'name="clue" value="([^"]+)"', page)
    assert clue == people["bo"]
    (token,) = set(re.findall(r'name="form_token" value="([^"]+)"', page))
    told = {"form_token": token, "clue": clue}
    person = web.post("/console/compliance/search", form=told, headers=officer.sent)
    assert "bo@example.org" in person.text
    for scope in (KeyScope.READ, KeyScope.MARKETING):
        page = Desk(web, world, scope).get(f"{path}?reason=suppressed").text
        assert f"<code>{people['bo']}</code>" in page
        assert 'name="clue"' not in page


def exported(desk, world, path, **fields):
    """The address of an export that was asked for, and is made."""
    reply = desk.send(path.replace("recipients", "exports"), language="en", **fields)
    assert reply.status == 303
    world.settle(Queue.SEGMENTS)
    return reply.headers["location"].removesuffix("?language=en")


def test_what_is_listed_is_made_into_a_file_and_fetched(desk, world, path, people):
    page = desk.get(path).text
    assert f"{BUTTON}2 people</button>" in page
    assert "written into the ledger first" in page
    told = desk.send(path.replace("recipients", "exports"), outcome="missed", language="en")
    address = told.headers["location"].removesuffix("?language=en")
    made = desk.get(address)
    assert "being made" in made.text
    assert made.headers["refresh"] == "3"
    early = desk.get(f"{address}/csv")
    assert (early.status, early.headers["location"]) == (303, f"{address}?language=en")
    world.settle(Queue.SEGMENTS)
    made = desk.get(address)
    assert "refresh" not in made.headers
    assert "It has 2 people" in made.text
    assert "Can be fetched until" in made.text
    file = desk.get(f"{address}/csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["cache-control"] == "no-store"
    lines = csv.DictReader(io.StringIO(file.text, newline=""), strict=True)
    assert {line["address"]: line["reason"] for line in lines} == {
        "bo@example.org": "suppressed",
        "cecilia@example.org": "",
    }


def test_a_file_has_those_that_were_chosen_and_leads_back_to_them(desk, world, path):
    for fields, people, back in (
        ({"outcome": "sent"}, 1, "outcome=sent"),
        (
            {"outcome": "skipped", "reason": "suppressed"},
            1,
            "outcome=skipped&amp;reason=suppressed",
        ),
        ({"outcome": "all"}, 3, "outcome=all"),
    ):
        page = desk.get(exported(desk, world, path, **fields)).text
        assert f"It has {people} pe" in page
        assert f'href="{path}?language=en&amp;{back}"' in page


def test_a_large_file_is_fetched_from_the_store(desk, world, path, monkeypatch):
    address = exported(desk, world, path)
    monkeypatch.setattr(api_exports, "MAX_FILE_BYTES", 10)
    assert desk.get(f"{address}/csv").status == 303


def test_a_file_that_is_no_more_says_why_and_can_be_made_anew(desk, web, world, path):
    address = exported(desk, world, path, outcome="missed")
    again = 'name="outcome" value="missed"'
    world.export_fence.move()
    gone = desk.get(address).text
    assert "Somebody was erased" in gone
    assert again in gone
    address = exported(desk, world, path, outcome="missed")
    world.time.advance(KEEP_MS)
    desk = Desk(web, world, KeyScope.MARKETING)
    assert "older than five days" in desk.get(address).text
    asked = desk.send(path.replace("recipients", "exports"), outcome="missed", language="en")
    world.time.advance(GIVE_UP_MS)
    late = desk.get(asked.headers["location"]).text
    assert "within six hours" in late
    assert "Can be fetched" not in late


def test_before_everybody_is_planned_no_file_is_offered_or_made(desk, world, campaign, path):
    stored = world.catalog_rows.campaigns
    stored[campaign] = replace(stored[campaign], go_ms=None, finished_ms=None)
    page = desk.get(path).text
    assert "once everybody is planned" in page
    assert BUTTON not in page
    refused = desk.send(path.replace("recipients", "exports"), outcome="missed")
    assert refused.status == 409
    assert "leave people out" in refused.text
    assert world.messages.take(Queue.SEGMENTS) == []


def test_only_a_marketers_own_form_makes_a_file(desk, web, world, path):
    asking = path.replace("recipients", "exports")
    address = exported(desk, world, path)
    for scope in (KeyScope.READ, KeyScope.COMPLIANCE):
        other = Desk(web, world, scope)
        assert BUTTON not in other.get(path).text
        for part in (address, f"{address}/csv"):
            assert other.get(part).status == 403
    told = {"form_token": "x", "outcome": "missed"}
    assert web.post(asking, form=told, headers=desk.sent).status == 403
    assert web.get(path).status == web.get(f"{address}/csv").status == 303
    assert world.messages.take(Queue.SEGMENTS) == []


def test_numbers_are_those_of_the_campaign_and_reasons_come_by_their_people():
    progress = Progress(
        planned=30, sent=9, rejected=2, unknown=1, skipped={"failed": 3, "erased": 3, "objected": 5}
    )
    told = [(it.outcome, it.reason, it.people) for it in console.choices(progress)]
    assert told == [
        ("missed", "", 14),
        ("skipped", "", 11),
        ("skipped", "objected", 5),
        ("skipped", "erased", 3),
        ("skipped", "failed", 3),
        ("rejected", "", 2),
        ("unknown", "", 1),
        ("sent", "", 9),
        ("planned", "", 7),
        ("all", "", 30),
    ]
    assert [it.people for it in console.choices(Progress())] == [0, 0, 0]


def test_an_export_that_this_page_has_no_word_for_is_shown_all_the_same(desk, world, path):
    both = Asked(outcomes=frozenset({Account.SENT, Account.UNKNOWN}))
    export = world.exports.ask(path.split("/")[3], both)
    page = desk.get(f"/console/exports/{export.id}?language=en")
    assert page.status == 200
    assert f'href="{path}?language=en"' in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_and_reason_has_words(language):
    frame = {"language": language, "is_officer": False, "is_marketer": True, "form_token": "t"}
    data = recipients_page_data()
    page = TemplateRenderer().page("console/recipients.html", frame | data)
    told = re.findall(r'<td data-label="[^"]+">([^<]+)</td>', page)
    outcomes, reasons = set(told[0::2]), set(told[1::2]) - {NOTHING}
    assert len(outcomes) == len(Account)
    assert len(reasons) == len(REASONS)
    assert not reasons & set(REASONS) - {"suppressed", "restricted", "erased", "objected"}
    named = re.findall(r"<a [^>]+>([^<]+)</a> <span>", page)
    assert len(set(named)) == len(data["choices"])


def test_an_export_that_failed_for_a_reason_without_words_tells_its_own():
    frame = {"language": "sv", "is_officer": False, "is_marketer": True, "form_token": "t"}
    data = export_page_data(status=JobStatus.FAILED, problem="It broke.")
    page = TemplateRenderer().page("console/export.html", frame | data)
    assert '<span lang="en">It broke.</span>' in page
