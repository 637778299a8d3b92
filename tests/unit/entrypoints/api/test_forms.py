# SPDX-License-Identifier: Apache-2.0
"""Forms over the API: checked, published, published anew, read by version, put on a page."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.form_descriptor import descriptor
from chalicelib.entrypoints.api.form_shapes import form_of, form_shape
from tests.support.form_examples import FULL_FORM

OURS = ("version", "notices", "findings")
NEW = {k: v for k, v in json.loads(json.dumps(form_shape(FULL_FORM, ()))).items() if k not in OURS}
CURRENT = {**NEW, "version": 1}
TICKING = {"en": "I accept the terms, and you may send me news."}


def changed(**more):
    return {**CURRENT, "promise": {**NEW["promise"], "en": "One mail a week."}, **more}


def boxes(**more):
    return [{**NEW["boxes"][0], **more}, NEW["boxes"][1]]


@pytest.fixture
def made(api):
    reply = api.post("/api/v1/forms", json=NEW)
    assert reply.status == 201
    return reply.json


class TestPublishing:
    def test_what_is_sent_is_what_is_answered_and_can_be_sent_again(self, api, made):
        assert {k: v for k, v in made.items() if k not in OURS} == NEW
        assert made["findings"] == []
        assert form_of({k: v for k, v in made.items() if k not in OURS}) == FULL_FORM
        assert api.get("/api/v1/forms/full").json == made

    def test_what_is_shown_is_stored_byte_for_byte_and_named_by_the_notice(self, world, made):
        brand = world.brands.get("demo")
        for notice in made["notices"]:
            stored = world.blobs.get(f"forms/{notice['form_sha256']}.json").data
            assert sha256(stored).hexdigest() == notice["form_sha256"]
            assert json.loads(stored) == descriptor(FULL_FORM, brand, notice["language"])
            named = f'content="sha256:{notice["form_sha256"]}"'
            assert named.encode() in world.blobs.get(f"notice/{notice['sha256']}.html").data

    def test_words_of_our_own_are_no_names(self, api):
        named = [*NEW["fields"], {"name": "notice", "type": "text", "label": {"en": "x"}}]
        reply = api.post("/api/v1/forms", json={**NEW, "id": "check", "fields": named})
        assert reply.status == 422
        assert {(x["field"], x["code"]) for x in reply.json["errors"]} == {
            ("id", "reserved"),
            ("fields[8].name", "reserved"),
        }

    @pytest.mark.parametrize(
        "change",
        [
            {"redirect_url": "http://example.org"},
            {"origins": ["https://example.org/path"]},
            {"look": {"accent": "red"}},
            {"guard": {"role": "maybe"}},
            {"gift": {"name": {"en": "x"}}},
            {"gift": {"name": {"xx": "x"}, "url": "https://example.org"}},
            {"fields": [*NEW["fields"], {"name": "tag", "type": "text", "label": {"en": "x"}}]},
            {"boxes": [NEW["boxes"][0], {**NEW["boxes"][0], "name": "other"}]},
        ],
    )
    def test_a_bad_one_is_refused_and_publishes_nothing(self, api, world, change):
        before = len(world.rows.controller)
        assert api.post("/api/v1/forms", json={**NEW, **change}).status == 422
        assert len(world.rows.controller) == before


class TestLint:
    def test_checking_names_all_there_is_and_stores_nothing(self, api, world):
        before = len(world.rows.controller)
        reply = api.post("/api/v1/forms/check", json={**NEW, "boxes": boxes(text=TICKING)})
        assert reply.status == 200
        found = {(x["code"], x["severity"], x["place"]) for x in reply.json["findings"]}
        assert found == {
            ("bundled", "error", "boxes.newsletter.text"),
            ("missing_controller", "warning", "boxes.newsletter.text"),
            ("missing_withdrawal", "warning", "boxes.newsletter.text"),
            ("gift_price", "error", "boxes.newsletter.text"),
        }
        assert len(world.rows.controller) == before
        assert api.get("/api/v1/forms/full").status == 404

    def test_an_error_keeps_a_form_from_being_published(self, api, world):
        before = len(world.rows.controller)
        reply = api.post("/api/v1/forms", json={**NEW, "boxes": boxes(text=TICKING)})
        assert (reply.status, reply.json["code"]) == (422, "dark_pattern")
        assert [x["code"] for x in reply.json["errors"]] == ["bundled", "gift_price"]
        assert "boxes.newsletter.text, en: " in reply.json["detail"]
        assert len(world.rows.controller) == before

    def test_a_warning_comes_back_with_the_form(self, api):
        text = {"en": "Send me the letter in return."}
        reply = api.post("/api/v1/forms", json={**NEW, "boxes": boxes(text=text)})
        assert reply.status == 201
        codes = [x["code"] for x in reply.json["findings"]]
        assert codes == ["missing_controller", "missing_withdrawal"]

    @pytest.mark.parametrize("name", ["checked", "default", "prechecked", "preselected"])
    @pytest.mark.parametrize("path", ["forms", "forms/check"])
    def test_a_box_ticked_beforehand_is_refused_by_name(self, api, path, name):
        reply = api.post(f"/api/v1/{path}", json={**NEW, "boxes": boxes(**{name: True})})
        assert reply.status == 422
        assert reply.json["errors"] == [{"field": f"boxes[0].{name}", "code": "prechecked"}]

    def test_a_tick_or_choice_made_beforehand_is_refused_too(self, api):
        fields = [{**item, "default": "1"} for item in NEW["fields"]]
        reply = api.post("/api/v1/forms", json={**NEW, "fields": fields})
        assert {x["code"] for x in reply.json["errors"]} == {"prechecked"}


class TestVersions:
    def test_a_change_is_a_new_version_and_the_old_one_stays(self, api, web, made):
        reply = api.ask("PUT", "/api/v1/forms/full", json=changed())
        assert (reply.status, reply.json["version"]) == (200, 2)
        assert api.get("/api/v1/forms/full").json == reply.json
        assert api.get("/api/v1/forms/full/versions/1").json == made
        assert api.get("/api/v1/forms/full/versions/2").json == reply.json
        assert "One mail a week." in web.get("/forms/full?language=en").text
        assert not {x["sha256"] for x in made["notices"]} & {
            x["sha256"] for x in reply.json["notices"]
        }

    def test_a_version_that_is_not_the_current_one_is_a_conflict(self, api, made):
        assert made["version"] == 1
        assert api.ask("PUT", "/api/v1/forms/full", json=changed()).status == 200
        for version in (1, 3):
            assert api.ask("PUT", "/api/v1/forms/full", json=changed(version=version)).status == 409
        assert api.get("/api/v1/forms/full").json["version"] == 2

    @pytest.mark.parametrize(
        ("change", "status"),
        [({"id": "other"}, 422), ({"brand": "none"}, 422), ({"version": 0}, 422)],
    )
    def test_a_form_keeps_its_id_and_brand(self, api, made, change, status):
        assert api.ask("PUT", "/api/v1/forms/full", json=changed(**change)).status == status
        assert api.get("/api/v1/forms/full").json == made

    def test_dark_patterns_come_in_by_no_back_door(self, api, made):
        reply = api.ask("PUT", "/api/v1/forms/full", json=changed(boxes=boxes(text=TICKING)))
        assert (reply.status, reply.json["code"]) == (422, "dark_pattern")
        assert api.get("/api/v1/forms/full").json == made

    def test_there_is_nothing_to_change_where_there_is_no_form(self, api):
        assert api.ask("PUT", "/api/v1/forms/full", json=changed()).status == 404

    @pytest.mark.parametrize("version", ["0", "2", "01", "x", "9999999"])
    def test_a_version_nobody_published_is_not_found(self, api, made, version):
        assert made["version"] == 1
        assert api.get(f"/api/v1/forms/full/versions/{version}").status == 404

    def test_reading_needs_read_and_publishing_marketing(self, api_as, made):
        reader = api_as(KeyScope.READ)
        assert reader.get("/api/v1/forms/full/versions/1").json == made
        assert reader.get("/api/v1/forms/full/snippet").status == 200
        assert reader.ask("PUT", "/api/v1/forms/full", json=changed()).status == 403
        assert reader.post("/api/v1/forms/check", json=NEW).status == 403


class Tags(HTMLParser):
    """Every start tag of a piece of HTML, with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self):
        return {x["name"]: x for _, x in self.found if "name" in x}


class TestSnippet:
    @pytest.fixture
    def html(self, api, made):
        assert made["version"] == 1
        reply = api.get("/api/v1/forms/full/snippet?language=sv")
        assert (reply.json["language"], reply.json["version"]) == ("sv", 1)
        return reply.json["html"]

    def test_holds_every_field_and_box_unticked_with_its_label(self, html):
        tags = Tags(html).found
        named = Tags(html).named()
        for item in (*FULL_FORM.fields, *FULL_FORM.boxes):
            assert item.name in named
        assert not [x for _, x in tags if "checked" in x or "selected" in x]
        ids = [x["id"] for _, x in tags if "id" in x]
        assert len(ids) == len(set(ids))
        assert all(each.startswith("kvitto-full-") for each in ids)
        labelled = {x["for"] for tag, x in tags if tag == "label"}
        shown = [x for tag, x in tags if tag in ("input", "select") and x.get("type") != "hidden"]
        assert {x["id"] for x in shown} == labelled

    def test_runs_nothing_and_loads_nothing(self, html):
        tags = Tags(html).found
        assert not {tag for tag, _ in tags} & {"script", "img", "iframe", "link", "style"}
        assert not re.search(r"\son\w+=", html)

    def test_posts_what_was_shown_to_our_absolute_address(self, html, made):
        (form,) = [x for tag, x in Tags(html).found if tag == "form"]
        assert form["action"] == "https://mail.example.org/forms/full"
        named = Tags(html).named()
        shown = {x["language"]: x["sha256"] for x in made["notices"]}
        assert named["notice"]["value"] == shown["sv"]
        assert named["language"]["value"] == "sv"
        assert named["shown_as"]["value"] == "snippet"
        assert named["leave_empty"]["autocomplete"] == "off"

    def test_says_who_asks_and_how_to_withdraw(self, html):
        assert "Example Controller" in html
        assert "privacy@example.org" in html
        assert "https://mail.example.org/privacy/demo?language=sv" in html

    def test_is_accepted_as_it_stands(self, html, web, world):
        values = {
            name: x.get("value", "")
            for name, x in Tags(html).named().items()
            if x.get("type") != "checkbox"
        }
        values |= {"email": "visitor@example.org", "zone": "2", "adult": "1", "newsletter": "1"}
        assert web.post("/forms/full", form=values).status == 200
        sid = world.rows.lookups[world.ledger.mac("visitor@example.org")]
        assert len(world.store.history(sid)) == 1

    def test_the_script_is_one_tag(self, api, made):
        assert made["version"] == 1
        script = api.get("/api/v1/forms/full/snippet").json["script"]
        assert script == (
            '<script async src="https://mail.example.org/forms/full/embed.js"'
            ' data-language="en"></script>'
        )

    def test_a_language_the_form_is_not_in_is_refused(self, api):
        one = {**NEW, "id": "swedish", "title": {"sv": "Brev"}}
        assert api.post("/api/v1/forms", json=one).status == 201
        assert api.get("/api/v1/forms/swedish/snippet").json["language"] == "sv"
        reply = api.get("/api/v1/forms/swedish/snippet?language=fr")
        assert (reply.status, reply.json["code"]) == (422, "bad_language")


def test_an_earlier_form_with_two_boxes_of_one_purpose_stays_readable(api, world, made):
    kept = world.catalog_rows.forms["full"]
    twice = replace(kept, boxes=(kept.boxes[0], replace(kept.boxes[1], purpose="newsletter")))
    world.catalog_rows.forms["full"] = twice
    assert made["version"] == 1
    assert api.get("/api/v1/forms/full").status == 200
