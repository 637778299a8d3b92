# SPDX-License-Identifier: Apache-2.0
"""The script of an embedded form and the form as data: the same words as our own page's."""

import gzip
import json
import re
import shutil
import subprocess

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.form_descriptor import descriptor
from chalicelib.services.gate_tokens import GateTokens
from infra.local.demo_data import DEMO_BRAND
from tests.support.form_bodies import all_kinds, form_body

MAX_BYTES = 12_000
"""12 kB, compressed as a browser gets it."""
MAX_LINES = 900
SCRIPT = "/forms/demo/embed.js"


def data_of(script):
    """What the script is called with."""
    found = re.search(r"\}\)\((\{.*\})\);\s*$", script, re.DOTALL)
    assert found, script[-200:]
    return json.loads(found[1])


def texts_of(words):
    """Every text of a tree of texts."""
    return [
        text
        for value in words.values()
        for text in (texts_of(value) if isinstance(value, dict) else [value])
    ]


def test_the_script_is_a_script_for_every_site_and_briefly_kept(web):
    reply = web.get(SCRIPT)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"] == "public, max-age=300"
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert reply.text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n")


def test_the_script_has_at_most_12_kb_compressed_in_four_languages(web):
    script = web.get(SCRIPT)
    compressed = web.get(SCRIPT, headers={"Accept-Encoding": "br;q=0.9, gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(compressed.body) == script.body
    assert set(data_of(script.text)["shown"]) == set(LANGUAGES)
    assert len(compressed.body) <= MAX_BYTES


@pytest.mark.parametrize("count", [0, 8, 48])
def test_no_form_makes_a_larger_script_and_the_rest_can_be_asked_for(web, api, count):
    made = api.post("/api/v1/forms", json=all_kinds("large", more_choices=count))
    assert made.status == 201, made.text
    compressed = web.get("/forms/large/embed.js", headers={"Accept-Encoding": "gzip"})
    assert len(compressed.body) <= MAX_BYTES
    data = data_of(gzip.decompress(compressed.body).decode())
    inside = list(data["shown"])
    assert inside == list(LANGUAGES)[: len(inside)]
    assert len(inside) < len(LANGUAGES)
    assert list(data["brief"]) == list(LANGUAGES)[len(inside) :]
    for language in LANGUAGES:
        one = web.get(f"/forms/large/embed.json?language={language}").json
        assert one == data["shown"].get(language, one)
        assert one["form"]["language"] == language
        brief = {"title": one["form"]["title"], "hosted": one["words"]["hosted"]}
        assert data["brief"].get(language, brief) == brief


def test_a_script_that_did_not_change_is_not_sent_again(web, api):
    tag = web.get(SCRIPT).headers["etag"]
    again = web.get(SCRIPT, headers={"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    changed = api.ask(
        "PUT",
        "/api/v1/forms/demo",
        json=form_body("demo", version=1, origins=["https://example.org"]),
    )
    assert changed.status == 200, changed.text
    fresh = web.get(SCRIPT, headers={"If-None-Match": tag})
    assert (fresh.status, fresh.headers["etag"] == tag) == (200, False)


def test_the_script_says_what_the_descriptor_says_in_each_language(web, world):
    data = data_of(web.get(SCRIPT).text)
    form, brand = world.signup.form("demo")
    assert data["base"] == world.settings.base_url
    for language in LANGUAGES:
        said = data["shown"][language]["form"]
        told = descriptor(form, brand, language)
        link = said["brand"].pop("privacy_url")
        assert link == world.settings.base_url + told["brand"].pop("privacy_url")
        assert said == told


def test_every_text_of_ours_is_in_each_language_and_none_is_left_in_english(web):
    shown = data_of(web.get(SCRIPT).text)["shown"]
    words = {language: one["words"] for language, one in shown.items()}
    english = texts_of(words["en"])
    for language in LANGUAGES:
        assert words[language].keys() == words["en"].keys()
        assert all(texts_of(words[language]))
    for language in ("sv", "de", "fr"):
        same = set(english) & set(texts_of(words[language]))
        assert same <= {"From", "Subject", ":"}, same


def test_texts_that_a_form_never_needs_are_not_sent(web, api):
    plain = data_of(web.get(SCRIPT).text)["shown"]["en"]["words"]
    assert "bad_number" not in plain["problems"]
    assert "role" not in plain["why"]
    made = api.post(
        "/api/v1/forms", json=all_kinds("all", guard={"role": "step", "disposable": "refuse"})
    )
    assert made.status == 201, made.text
    rich = data_of(web.get("/forms/all/embed.js").text)["shown"]["en"]["words"]
    needed = {"bad_number", "bad_date", "bad_phone", "bad_url", "out_of_range", "not_a_choice"}
    assert needed | {"disposable_address"} <= rich["problems"].keys()
    assert set(rich["why"]) == {"other", "role"}
    assert "undeliverable_address" in rich["problems"]
    made = api.post("/api/v1/forms", json=all_kinds("lax", guard={"no_mail": "step"}))
    assert made.status == 201, made.text
    lax = data_of(web.get("/forms/lax/embed.js").text)["shown"]["en"]["words"]
    assert "undeliverable_address" not in lax["problems"]
    assert set(lax["why"]) == {"other", "disposable", "no-mail"}


def test_no_text_of_a_form_can_end_the_script(web, api):
    title = dict.fromkeys(LANGUAGES, "</script><!-- & ' \" {{ 7 * 7 }}")
    made = api.post("/api/v1/forms", json=form_body("odd", title=title))
    assert made.status == 201, made.text
    script = web.get("/forms/odd/embed.js").text
    assert "</script" not in script
    assert "<!--" not in script
    assert data_of(script)["shown"]["sv"]["form"]["title"] == title["sv"]


def test_the_script_uses_nothing_that_a_strict_policy_forbids(world):
    source = world.renderer.page("pages/embed.js", {})
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|cookie"
    assert re.findall(rf"{forbidden}|Storage\b|\.style\b|setTimeout\(['\"]", code_of(source)) == []
    assert len(source.splitlines()) <= MAX_LINES


def code_of(source):
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_script_is_javascript_before_and_after_its_data_is_in_it(web, world, tmp_path):
    for name, text in (
        ("source", world.renderer.page("pages/embed.js", {})),
        ("sent", web.get(SCRIPT).text),
    ):
        path = tmp_path / f"{name}.js"
        path.write_text(text, encoding="utf-8")
        subprocess.run(["node", "--check", str(path)], check=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_as_data_has_the_descriptor_the_terms_and_a_time_token(web, world, language):
    reply = web.get(f"/forms/demo/descriptor?language={language}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["cache-control"] == "no-store"
    form, brand = world.signup.form("demo")
    told = descriptor(form, brand, language)
    assert {name: reply.json[name] for name in told if name != "brand"} == {
        name: value for name, value in told.items() if name != "brand"
    }
    headings = [part[1] for part in reply.json["terms"] if part[0] == "h2"]
    page = web.get(f"/forms/demo?language={language}").text
    assert len(headings) > 3
    assert all(f"<h2>{heading}</h2>" in page for heading in headings)
    links = [
        item["href"] for part in reply.json["terms"] for item in part if isinstance(item, dict)
    ]
    assert f"mailto:{DEMO_BRAND.contact_address}" in links
    assert all(re.match(r"(https?://|mailto:)", link) for link in links)


def test_a_form_shown_as_data_has_its_time_known(web, world):
    asked_ms = world.clock.now_ms()
    shown = web.get("/forms/demo/descriptor").json["shown"]
    assert GateTokens(world.tokens).shown_ms("demo", shown) == asked_ms


def test_nothing_is_stored_by_looking(web, world):
    for path in (SCRIPT, "/forms/demo/descriptor", "/forms/demo/embed.json"):
        assert web.get(path).status == 200
        assert web.ask("HEAD", path).body == b""
    assert len(world.rows.entries) == 0
    assert world.outside_rows.counters == {}


@pytest.mark.parametrize("name", ["embed.js", "embed.json", "descriptor"])
def test_what_is_not_there_is_404(web, name):
    assert web.get(f"/forms/none/{name}").status == 404
