# SPDX-License-Identifier: Apache-2.0
"""Segments in the console over HTTP: what is shown, what is done, and who may do it."""

import json
import re

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.campaigns import Content
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.segment_values import SegmentCode
from chalicelib.entrypoints.segments_console_forms import Fault
from tests.support.segment_desk import BUYERS, HOME, RULES, WHERE, Desk, make_buyers
from tests.support.segment_examples import segment_page_data, segment_pages
from tests.support.shop import BUYER, consent, objection

FRAME = {"is_officer": False, "is_marketer": True, "form_token": "t"}
RULE = json.dumps(WHERE)
NEW = {"brand": "demo", "id": "regulars", "name": "Regulars", "rule": RULE}


@pytest.fixture
def desk(web, world):
    return Desk(web, world, KeyScope.MARKETING)


@pytest.fixture
def reader(web, world):
    return Desk(web, world, KeyScope.READ)


@pytest.fixture
def buyers(world):
    make_buyers(world)


def rows(page):
    """The cells of every row of a page's tables, without their marks."""
    found = re.findall(r"<tr><td.*?</tr>", page, re.DOTALL)
    cells = (re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found)
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def beside(page, field):
    """What is told of a field beside it."""
    found = re.search(rf'<(?:p|ul) class="wrong" id="e-{field}">(.*?)</(?:p|ul)>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1])).strip()


def test_the_list_says_what_a_segment_is_and_then_each_with_its_last_count(desk, world):
    empty = desk.get(HOME).text
    assert "A segment is a saved rule" in empty
    assert f'href="{HOME}/new' in empty
    make_buyers(world)
    assert "none in seven days" in desk.get(HOME).text
    desk.send(f"{BUYERS}/counts")
    assert "being counted" in desk.get(HOME).text
    world.settle()
    assert rows(desk.get(HOME).text)[0][:3] == ["Buyers &lt;of pots&gt;", "demo", "0 of 1"]


def test_the_list_goes_on_where_a_page_of_it_ends(desk, world, monkeypatch):
    monkeypatch.setattr("chalicelib.entrypoints.segments_console_pages.ROWS", 2)
    for n in range(5):
        name = f"Number {n}"
        world.segments.create(segment_id=f"n{n}", brand_id="demo", name=name, where=WHERE)
    seen, path = set(), HOME
    while path:
        page = desk.get(path).text
        seen |= set(re.findall(r"Number \d", page))
        found = re.search(r'href="([^"]+)">More segments', page)
        path = found and found[1].replace("&amp;", "&")
    assert len(seen) == 5


def test_a_segment_is_written_and_shown_in_words_with_facts_and_warnings(desk, world):
    shown = desk.get(f"{HOME}/new").text
    assert "orders.count" in shown
    reply = desk.send(HOME, **NEW)
    there = f"{HOME}/regulars?language=en&done=made"
    assert (reply.status, reply.headers["location"]) == (303, there)
    page = desk.get(there).text
    for words in (
        "The segment is saved.",
        "The number of orders is at least 2.",
        "At least one of these holds:",
        "The opposite of this holds:",
        "Reading, visits and baskets",
        "<code>where.all[1].any[1]</code>: Known only of people who consent to profiling",
        "Not counted lately.",
    ):
        assert words in page
    assert page.count("<ul class=") == page.count("</ul>") - 2
    assert world.segments.get("regulars").segment.source == WHERE


BROKEN = (
    ({"id": "Regulars!"}, 422, "id", "An id has 1 to 32"),
    ({"id": "new"}, 422, "id", "taken by us"),
    ({"id": "buyers"}, 409, "id", "a segment with this id already"),
    ({"name": " "}, 422, "name", "1 to 120"),
    ({"brand": "none"}, 422, "brand", "Choose a brand"),
    ({"rule": "{,"}, 422, "rule", "This is not JSON. Line 1, character 2."),
    ({"rule": '{"all": [], "all": []}'}, 422, "rule", "This is not JSON."),
    ({"rule": "[" * 60_000}, 422, "rule", "This is not JSON."),
    ({"rule": "[" * 30 + "]" * 30}, 400, "rule", "nested too deeply"),
    ({"rule": '"' + "x" * 300_000 + '"'}, 422, "rule", "This is not JSON."),
    ({"rule": '{"fact": "orders.cont", "op": "gte", "value": 1}'}, 422, "rule", "where.fact: "),
)


@pytest.mark.parametrize(("changed", "status", "field", "words"), BROKEN)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    desk, world, changed, status, field, words
):
    make_buyers(world)
    told = NEW | changed
    reply = desk.send(HOME, **told)
    assert reply.status == status
    assert words in beside(reply.text, field)
    assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"[^>]*e-{field}"', reply.text)
    assert f'href="#f-{field}"' in reply.text
    assert 'role="alert" tabindex="-1" id="problems" autofocus' in reply.text
    kept = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", reply.text, re.DOTALL)[1]
    assert kept.replace("&#34;", '"') == told["rule"]
    assert f'value="{told["name"].strip()}"' in reply.text
    assert not world.segment_rows.get("regulars")


def test_every_place_is_told_at_once_with_what_was_probably_meant(desk, buyers):
    rule = {"all": [{"fact": "orders.cont", "op": "gte", "value": 1}, {"any": []}]}
    reply = desk.send(f"{BUYERS}/edit", version=1, name="Buyers", rule=json.dumps(rule))
    assert beside(reply.text, "rule") == (
        "where.all[0].fact: There is no such fact. Did you mean orders.count? "
        "where.all[1].any: This is empty."
    )


def test_a_change_names_the_version_it_was_made_from(desk, world, buyers):
    form = desk.get(f"{BUYERS}/edit").text
    assert 'name="version" value="1"' in form
    assert "Buyers &lt;of pots&gt;" in form
    told = {"version": 1, "name": "Renamed", "rule": RULE}
    reply = desk.send(f"{BUYERS}/edit", **told)
    assert reply.headers["location"] == f"{BUYERS}?language=en&done=saved"
    late = desk.send(f"{BUYERS}/edit", **told | {"name": "Mine"})
    assert late.status == 409
    assert "Somebody else changed it meanwhile" in late.text
    assert 'value="Mine"' in late.text
    assert 'name="version" value="2"' in late.text
    assert world.segments.get("buyers").segment.name == "Renamed"
    for version in ("", "x", "1" * 20, "-1"):
        assert desk.send(f"{BUYERS}/edit", **told | {"version": version}).status == 422


def test_a_count_runs_is_shown_while_it_does_and_then_with_its_numbers(desk, world, buyers):
    reply = desk.send(f"{BUYERS}/counts", list="newsletter")
    assert reply.headers["location"] == f"{BUYERS}?language=en&done=counting"
    page = desk.get(BUYERS)
    assert "being counted" in page.text
    assert "Show how far the count is" in page.text
    assert "<script>" in page.text
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    world.settle()
    page = desk.get(BUYERS).text
    assert "<script>" not in page
    assert rows(page)[0][1:] == ["newsletter", "0 of 1", "0", "0"]
    assert desk.send(f"{BUYERS}/counts", list="nothing").status == 422


def test_a_fifth_count_is_told_to_wait(desk, world, buyers):
    for _ in range(4):
        desk.send(f"{BUYERS}/counts")
    reply = desk.send(f"{BUYERS}/counts")
    assert reply.status == 429
    assert "Four counts run already" in beside(reply.text, "list")


def test_a_person_is_explained_clause_by_clause_in_words(desk, world, buyers):
    reply = desk.send(f"{BUYERS}/explain", email=f" {BUYER} ")
    assert reply.status == 200
    assert f"No: {BUYER} is not in the segment." in reply.text
    assert rows(reply.text) == [
        ["The number of orders is at least 2.", "The number of orders is 2.", "yes, it holds"],
        [
            "The answer in the field city is &#34;Göteborg&#34;.",
            "The answer in the field city is not known.",
            "nobody knows",
        ],
        [
            "The products looked at include &#34;pots&#34;.",
            "No consent to profiling stands with the brand, so this may not be known.",
            "nobody knows",
        ],
        [
            "The language of the sign-up is sv.",
            "The language of the sign-up is en.",
            "no, it does not",
        ],
    ]
    sid = world.explaining.by_address(BUYER)
    assert world.types(sid)[-1] == "data.unsealed"
    objection(world, sid)
    assert "no segment of it asks about them" in desk.send(f"{BUYERS}/explain", email=BUYER).text


def test_somebody_who_fits_is_told_so(desk, world):
    make_buyers(world)
    where = {"fact": "orders.count", "op": "eq", "value": 2}
    world.segments.replace("buyers", version=1, name="Buyers", where=where)
    consent(world, world.explaining.by_address(BUYER), "profiling")
    assert f"Yes: {BUYER} is in the segment." in desk.send(f"{BUYERS}/explain", email=BUYER).text


@pytest.mark.parametrize(
    ("email", "status", "words"),
    [
        ("nobody@example.org", 404, "Nobody with this address is kept."),
        ("nobody", 422, "This is not an e-mail address."),
        ("", 422, "This is not an e-mail address."),
    ],
)
def test_who_cannot_be_explained_is_told_beside_the_field(desk, buyers, email, status, words):
    reply = desk.send(f"{BUYERS}/explain", email=email)
    assert reply.status == status
    assert words in beside(reply.text, "email")
    assert f'value="{email}"' in reply.text


def test_deleting_asks_once_more_and_names_who_still_needs_it(desk, world, buyers):
    assert "Delete “Buyers &lt;of pots&gt;”?" in desk.get(f"{BUYERS}/delete").text
    campaign = world.campaigns.create(
        name="November news",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="News", html="<p>Hello</p>"),
        segment="buyers",
    ).campaign
    asked = desk.get(f"{BUYERS}/delete").text
    assert f'href="/console/campaigns/{campaign.id}?language=en">November news<' in asked
    assert "Delete it for good" not in asked
    assert desk.send(f"{BUYERS}/delete").status == 409
    assert world.segment_rows.get("buyers")


def test_a_segment_that_is_deleted_is_gone(desk, world, buyers):
    reply = desk.send(f"{BUYERS}/delete")
    assert reply.headers["location"] == f"{HOME}?language=en&done=deleted"
    assert "The segment was deleted." in desk.get(reply.headers["location"]).text
    assert desk.get(BUYERS).status == 404


@pytest.mark.parametrize("segment", ["nothing", "%00", "x" * 40])
def test_an_unknown_segment_is_a_404_page(desk, segment):
    for part in ("", "/edit", "/delete"):
        assert desk.get(f"{HOME}/{segment}{part}").status == 404
    for part in ("/edit", "/delete", "/counts", "/explain"):
        assert desk.send(f"{HOME}/{segment}{part}").status == 404


def test_a_key_that_only_reads_sees_no_form_and_no_address_and_acts_on_nothing(
    desk, reader, world, buyers
):
    for path in (HOME, BUYERS, RULES):
        page = reader.get(path)
        assert page.status == 200
        assert "<code>marketing</code>" in page.text
        assert page.text.count("<form") == 1  # To log out.
        assert BUYER not in page.text
    for part in ("/edit", "/delete"):
        assert reader.get(BUYERS + part).status == 403
    assert reader.get(f"{HOME}/new").status == 403
    token = desk.token()
    paths = (HOME, RULES, *(f"{BUYERS}/{part}" for part in ("edit", "delete", "counts", "explain")))
    before = len(world.types(world.explaining.by_address(BUYER)))
    for path in paths:
        told = {"form_token": token, "email": BUYER, **NEW, "version": "1"}
        assert reader.web.post(path, form=told, headers=reader.sent).status == 403
    assert len(world.types(world.explaining.by_address(BUYER))) == before
    assert world.segments.get("buyers").segment.version == 1


def test_a_form_without_the_token_of_its_session_does_nothing(desk, world, web, buyers):
    other = Desk(web, world, KeyScope.MARKETING).token()
    for path in (HOME, RULES, f"{BUYERS}/delete", f"{BUYERS}/counts", f"{BUYERS}/explain"):
        for token in ("", "x", other):
            told = {"form_token": token, "email": BUYER, **NEW}
            assert web.post(path, form=told, headers=desk.sent).status == 403
        assert web.post(path, form=NEW).headers["location"] == "/console/login"
    assert world.segment_rows.get("buyers")


def test_the_rules_of_a_brand_are_shown_in_words_and_changed(desk, world):
    page = desk.get(RULES).text
    assert "The rules of every brand that has none of its own." in page
    assert "The time of the last order is 12 months ago or later." in page
    rules = {"stage": [{"is": "discovery"}], "activity": []}
    reply = desk.send(RULES, version=0, rule=json.dumps(rules))
    assert reply.headers["location"] == f"{RULES}?language=en&done=saved"
    page = desk.get(reply.headers["location"]).text
    assert "own rules, version 1." in page
    assert "everybody who is left" in page
    late = desk.send(RULES, version=0, rule=json.dumps(rules))
    assert late.status == 409
    assert "Somebody else changed it meanwhile" in late.text
    assert 'name="version" value="1"' in late.text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{,", "This is not JSON. Line 1, character 2."),
        ("[]", "rules: Something of another type belongs here."),
        ('{"stage": [{"is": "rich"}], "activity": []}', "stage[0].is: This is none of the words"),
    ],
)
def test_rules_that_cannot_be_used_come_back_with_their_places(desk, world, rule, words):
    reply = desk.send(RULES, version=0, rule=rule)
    assert reply.status == 422
    assert words in beside(reply.text, "rule")
    kept = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", reply.text, re.DOTALL)[1]
    assert kept.replace("&#34;", '"') == rule
    assert world.segments.rules("demo").version == 0


def test_an_unknown_brand_has_no_rules(desk):
    for brand in ("nothing", "%00"):
        assert desk.get(f"/console/brands/{brand}/lifecycle").status == 404
        assert desk.send(f"/console/brands/{brand}/lifecycle").status == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_of_a_rule_has_words_of_its_own(language):
    codes = (*SegmentCode, "not_json", "unreadable", "changed")
    faults = tuple(Fault(code=str(code), field="rule") for code in codes)
    data = segment_pages(language)["segment_form"] | {"faults": faults}
    frame = FRAME | {"language": language}
    page = TemplateRenderer().page("console/segment_form.html", frame | data)
    found = re.search(r'<ul class="wrong" id="e-rule">(.*?)</ul>', page, re.DOTALL)[1]
    told = re.findall(r"<li>(.+?)</li>", found)
    assert len(set(told)) == len(codes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_somebody_is_excluded_has_words(language):
    frame = FRAME | {"language": language}
    for code in ("unknown_list", "busy", "nobody", "malformed_address"):
        data = segment_page_data(language, fault=Fault(code=code, field="email"), told=None)
        page = TemplateRenderer().page("console/segment.html", frame | data)
        assert code not in beside(page, "email")


def test_a_count_older_than_seven_days_is_not_shown(desk, world, buyers):
    desk.send(f"{BUYERS}/counts")
    world.settle()
    world.time.advance(8 * 86_400_000)
    assert world.segment_counts.recent() == ()
