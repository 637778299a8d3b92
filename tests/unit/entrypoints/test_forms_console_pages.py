# SPDX-License-Identifier: Apache-2.0
"""Forms in the console: what is asked, what the lint says, what is pasted, and who may look."""

from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.ids import FormId
from chalicelib.domain.leaving import LeavingReason
from tests.support.form_examples import FULL_FORM, said

VAGUE = said(
    "Yes, Example Controller & our partners may send me <b>news</b>. I can withdraw at any time.",
    "Ja, Example Controller får skicka nyheter. Jag kan återkalla när som helst.",
    "Ja, Example Controller darf mir Neues senden.",
    "Oui, Example Controller peut m’envoyer des nouvelles. Je peux retirer mon consentement.",  # noqa: RUF001
)


class Seen(HTMLParser):
    """What a page shows, and what stands in each of its text areas, as a browser reads it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pasted: dict[str, str] = {}
        self.areas: list[dict[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self._open: str | None = None
        self.feed(html)
        self.text = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "textarea":
            self.areas.append(dict(attrs))
            self._open = dict(attrs)["id"]
            self.pasted[self._open] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._open = None

    def handle_data(self, data):
        if self._open is None:
            self._words.append(data)
        else:
            self.pasted[self._open] += data

    def links(self) -> set[str | None]:
        return {attributes.get("href") for tag, attributes in self.tags if tag == "a"}


@pytest.fixture
def inside(web, world):
    """Return a function that asks with a session whose key may only read."""
    key, _ = world.key_ring.create("marketing", [KeyScope.READ])
    cookie = web.post("/console/login", form={"key": key}).headers["set-cookie"]
    sent = {"Cookie": cookie.partition(";")[0]}
    return lambda path, method="GET": web.ask(method, path, headers=sent)


@pytest.fixture
def full(world):
    return world.setup.add_form(FULL_FORM)


@pytest.fixture
def vague(world):
    box = replace(FULL_FORM.boxes[0], text=VAGUE)
    form = replace(FULL_FORM, id=FormId("vague"), boxes=(box,), gift=None, origins=())
    return world.setup.add_form(form)


@pytest.mark.parametrize(
    "path", ["/console/forms", "/console/forms/demo", f"/console/notices/{'0' * 64}"]
)
def test_without_a_session_every_page_leads_to_the_log_in(web, path):
    reply = web.get(path)
    assert (reply.status, reply.headers["location"]) == (303, "/console/login")


def test_every_form_is_listed_with_what_the_lint_says_of_it(inside, full, vague):
    seen = Seen(inside("/console/forms").text)
    paths = {f"/console/forms/{form}?language=en" for form in ("demo", "full", "vague")}
    assert paths <= seen.links()
    assert "The Kvitto Demo newsletter demo Kvitto Demo newsletter 1 en, sv, de, fr" in seen.text
    assert seen.text.count("nothing found") == 2
    assert "2 warnings" in seen.text


def test_without_a_form_the_list_says_what_to_do_next(inside, world):
    world.catalog_rows.forms.clear()
    text = inside("/console/forms").text
    assert "POST /api/v1/forms" in text
    assert "<table" not in text


def test_a_form_shows_what_it_asks_and_what_each_box_is_for(inside, full):
    seen = Seen(inside("/console/forms/full").text)
    for field in full.fields:
        assert field.label["en"] in seen.text
    for words in ("1 to 99", "one of 1, 2", "1930-01-01 to 2026-12-31", "up to 200 characters"):
        assert words in seen.text
    for box in full.boxes:
        assert box.text["en"] in seen.text
        assert f"Purpose {box.purpose}" in seen.text
    assert "Sowing calendar" in seen.text
    assert "https://www.example.org/welcome?from=letters" in seen.text
    assert "Nothing found" in seen.text


def test_its_words_are_shown_in_a_language_asked_for_and_said_to_be(inside, full):
    seen = Seen(inside("/console/forms/full?words=sv").text)
    assert full.title["sv"] in seen.text
    assert ("h1", {"lang": "sv"}) in seen.tags
    assert "What it asks" in seen.text
    assert "/console/forms/full?language=en&words=de" in seen.links()
    nonsense = Seen(inside("/console/forms/full?words=xx").text)
    assert ("h1", {"lang": "en"}) in nonsense.tags


def test_the_console_keeps_its_own_colours(inside, full):
    assert full.look.accent not in inside("/console/forms/full").text


def test_findings_are_told_in_words_by_language_with_place_and_severity(inside, vague):
    text = Seen(inside("/console/forms/vague").text).text
    findings = text[text.index("Findings") : text.index("What it asks")]
    english, german = findings.split("German ")
    assert "English warning Box “newsletter” vague_purpose “partners” leaves open" in english
    assert VAGUE["en"] in english
    assert "missing_withdrawal" in german
    assert VAGUE["de"] in german
    assert "Together: 2 warnings" in german


def test_an_error_of_an_older_form_is_marked_as_one(inside, world, full):
    shaming = said(*["No thanks, I hate saving money."] * 4)
    box = replace(full.boxes[1], text=shaming)
    hint = replace(full.fields[2], hint=shaming)
    fields = (*full.fields[:2], hint, *full.fields[3:])
    stored = replace(full, version=2, boxes=(full.boxes[0], box), fields=fields)
    world.forms.publish(stored)
    assert {found.severity for found in world.setup.findings(stored)} == {"error", "warning"}
    for path in ("/console/forms", "/console/forms/full"):
        reply = inside(path)
        assert 'class="state bad"' in reply.text
    assert "Field “beds”, hint" in Seen(reply.text).text


@pytest.mark.parametrize("form_id", ["full", "vague"])
def test_what_is_pasted_is_what_the_api_gives_character_for_character(
    inside, api, full, vague, form_id
):
    seen = Seen(inside(f"/console/forms/{form_id}").text)
    for language in LANGUAGES:
        given = api.get(f"/api/v1/forms/{form_id}/snippet?language={language}").json
        assert seen.pasted[f"snippet-{language}"] == given["html"]
        assert seen.pasted[f"script-{language}"] == given["script"]
    assert all("readonly" in area for area in seen.areas)
    labelled = {attributes.get("for") for tag, attributes in seen.tags if tag == "label"}
    assert set(seen.pasted) == labelled
    # Nothing of the snippet is an element of this page.
    assert not [tag for tag, _ in seen.tags if tag in ("script", "b", "input")]


def test_the_hosted_page_is_linked_in_each_language_and_the_sites_are_named(inside, full, vague):
    seen = Seen(inside("/console/forms/full").text)
    assert {f"/forms/full?language={code}" for code in LANGUAGES} <= seen.links()
    for origin in full.origins:
        assert origin in seen.text
    assert "None yet" in Seen(inside("/console/forms/vague").text).text


def test_every_version_leads_to_its_notices_as_they_were_published(inside, world, full):
    second = world.setup.replace_form(replace(full, title=said("New", "Ny", "Neu", "Neuf")))
    seen = Seen(inside("/console/forms/full").text)
    for version in (full, second):
        for ref in version.notices:
            path = f"/console/notices/{ref.sha256}"
            assert path in seen.links()
            reply = inside(path)
            assert (reply.status, sha256(reply.body).hexdigest()) == (200, ref.sha256)
            assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "Version 2 (current)" in seen.text
    assert "Older ones" not in seen.text


def test_only_the_newest_versions_are_read(inside, world, full):
    for version in range(1, 12):
        full = world.setup.replace_form(replace(full, version=version))
    text = Seen(inside("/console/forms/full").text).text
    assert "Version 12 (current)" in text
    assert "Version 3 " in text
    assert "Version 2 " not in text
    assert "/api/v1/forms/full/versions/{version}" in text


@pytest.mark.parametrize(
    "path",
    [
        *("/console/forms/none", "/console/forms/%00", "/console/notices/none"),
        *(f"/console/notices/{'0' * 64}", f"/console/notices/{'A' * 64}"),
    ],
)
def test_what_is_not_there_is_a_404_page(inside, path):
    assert inside(path).status == 404


def test_looking_changes_nothing(inside, world, full, api):
    before = api.get("/api/v1/forms/full").json
    entries = len(world.rows.controller)
    for path in ("/console/forms", "/console/forms/full", "/console/overview"):
        assert inside(path).status == 200
        assert inside(path, "POST").status == 405
    assert api.get("/api/v1/forms/full").json == before
    assert len(world.rows.controller) == entries


def test_the_overview_counts_why_people_leave_each_brand(inside, world):
    shown = Seen(inside("/console/overview").text).text
    assert "Kvitto Demo 0 0 0 0" in shown
    for times, reason in enumerate(LeavingReason, start=1):
        for _ in range(times):
            world.reasons.count("demo", None, reason)
    shown = Seen(inside("/console/overview").text).text
    assert "Too many mails Not interesting Never signed up Something else" in shown
    assert "Kvitto Demo 1 2 3 4" in shown


def test_every_page_leads_to_the_forms_and_only_an_officer_s_to_compliance(inside, web, world):
    assert "/console/forms?language=en" in Seen(inside("/console/overview").text).links()
    assert "compliance" not in inside("/console/forms").text
    key, _ = world.key_ring.create("officer", KeyScope)
    cookie = web.post("/console/login", form={"key": key}).headers["set-cookie"]
    sent = {"Cookie": cookie.partition(";")[0]}
    assert "compliance" in web.ask("GET", "/console/forms", headers=sent).text
    assert "/console/forms" not in web.get("/console/login").text


IN_FOUR = {
    "en": ("What it asks", "The form in Swedish", "Snippet without JavaScript, German"),
    "sv": ("Vad det frågar efter", "Formuläret på svenska", "Kodsnutt utan JavaScript, Tyska"),
    "de": ("Was es fragt", "Das Formular auf Schwedisch", "Codeabschnitt ohne JavaScript, Deutsch"),
    "fr": ("Ce qu\u2019il demande", "Le formulaire en suédois", "JavaScript, Allemand"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_is_told_in_the_reader_s_language_and_other_languages_are_named_in_it(
    inside, full, vague, language
):
    seen = Seen(inside(f"/console/forms/full?language={language}").text)
    for words in IN_FOUR[language]:
        assert words in seen.text
    assert full.title[language] in seen.text
    for path in ("/console/forms", "/console/forms/full"):
        shown = Seen(inside(f"{path}?language={language}").text)
        assert "POST /api/v1/forms" in shown.text
        assert "PUT /api/v1/forms/" in shown.text
    told = Seen(inside(f"/console/forms/vague?language={language}").text).text
    assert ("leaves open who gets" in told) == (language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_its_sentence_in_every_language(inside, world, full, language):
    """The page words what the lint found; in English they are the lint's own words."""
    shaming = said(*["No thanks, I hate saving money."] * 4)
    bundled = said(*["I agree to mail and the terms of use."] * 4)
    boxes = (
        replace(full.boxes[0], text=shaming, mandatory=True),
        replace(full.boxes[1], text=bundled, mandatory=True),
    )
    stored = replace(full, version=2, boxes=boxes, promise=said(*["News"] * 4))
    world.forms.publish(stored)
    found = world.setup.findings(stored)
    text = Seen(inside(f"/console/forms/full?language={language}").text).text
    assert len({each.code for each in found}) > 4
    for each in found:
        assert each.code in text
        assert (each.detail in text) == (language == "en")
