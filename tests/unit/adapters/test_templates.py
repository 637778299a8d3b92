# SPDX-License-Identifier: Apache-2.0
"""Our own pages, notices and mails: what each must hold, in every language."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.adapters.templates import (
    TEMPLATES,
    TemplateRenderer,
    in_language,
    iso_minute,
    utc_minute,
    zone_minute,
)
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.signup import Problem
from chalicelib.errors import FatalError, InputError
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.campaign_examples import campaign_page_data
from tests.support.page_examples import (
    MAILS,
    NOTICE,
    TOKEN,
    Pages,
    campaign_data,
    console_pages,
    form_data,
    mail_data,
    notice_data,
    notices,
    visitor_pages,
)
from tests.support.unsubscribe_examples import WHOLE
from tests.support.whole_mails import whole_mail

RENDERER = TemplateRenderer()


class Reader(HTMLParser):
    """Collects what the tests ask about: tags with attributes, and visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._skipping = 0
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._skipping += tag in {"style", "title"}

    def handle_endtag(self, tag):
        self._skipping -= tag in {"style", "title"}

    def handle_data(self, data):
        if not self._skipping:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def rendered(pages: Pages) -> dict[str, str]:
    return {name: RENDERER.page(name, data) for name, data in pages.items()}


@cache
def page_data(language: str) -> Pages:
    """The data of what is a whole page: no text, and no part of one."""
    notice = {"notices/consent.html": notices(language)["notices/consent.html"]}
    return {**visitor_pages(language), **notice, **console_pages(language)}


@cache
def html_of(language: str, name: str) -> str:
    return RENDERER.page(name, page_data(language)[name])


EVERY_PAGE = [(language, name) for language in LANGUAGES for name in page_data(language)]


@pytest.mark.parametrize(("language", "name"), EVERY_PAGE)
def test_every_page_stands_alone_and_can_be_found_one_s_way_in(language, name):
    html = html_of(language, name)
    page = Reader(html)
    told = [value for _, attributes in page.tags for value in attributes.values() if value]
    assert not [value for value in told if "://" in value]
    assert not {"script", "link", "img"} & {tag for tag, _ in page.tags}
    assert all("sandbox" in it and it["src"].startswith("/") for it in page.all("iframe"))
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert "@import" not in html
    assert "url(" not in html
    assert page.all("html") == [{"lang": language}]
    assert len(page.all("title")) == len(page.all("main")) == len(page.all("h1")) == 1
    assert html.split("<title>")[1].split("</title>")[0].strip()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("language", "name"), EVERY_PAGE)
def test_every_input_has_a_label_and_every_form_posts_to_an_absolute_path(language, name):
    page = Reader(html_of(language, name))
    labelled = {attributes["for"] for attributes in page.all("label")}
    fields = [*page.all("input"), *page.all("select"), *page.all("textarea")]
    shown = [x for x in fields if x.get("type") != "hidden"]
    assert all(x["id"] in labelled for x in shown)
    for form in page.all("form"):
        assert form["method"] == "post"
        assert form["action"].startswith("/")


PARTS = {
    "pages": {
        *("after_confirmation.html", "agreed.html", "form_parts.html", "languages.html"),
        "health_parts.html",
        *("layout.html", "look.css", "own_facts.html", "rights_address_form.html"),
        "rights_part.html",
        *("rights_restrict_form.html", "snippet.html", "style.css", "unsubscribe_everything.html"),
        *("unsubscribed_why.html", "receipt.js", "embed.js", "embed_words.txt"),
    },
    "console": {
        *("layout.html", "parts.html"),
        *("campaign.js", "campaign_again.html", "campaign_progress.html", "dry_run_found.html"),
        *("export_file.html", "recipients_export.html", "recipients_words.html"),
        "events_of_nobody.html",
        *("segment.js", "segment_words.html"),
        *("import.js", "import_columns.html", "import_now.html", "import_preview.html"),
        *("import_statement.html", "import_uploading.html", "import_words.html"),
        *("campaign_preview_form.html", "campaign_preview_words.html"),
        *("campaign_words.html", "form_words.html", "rights_words.html"),
        "deliverability_words.html",
    },
    "notices": set(),
    "emails": {
        *("campaign_footer.html", "campaign_footer.txt", "foot.txt", "layout.html"),
        *("service_footer.html", "service_footer.txt"),
    },
}
"""What is rendered within another, or with it."""


@pytest.mark.parametrize("folder", PARTS)
def test_every_template_file_is_rendered_here_or_part_of_one_that_is(folder):
    named = {**visitor_pages("en"), **notices("en"), **console_pages("en")}
    whole = {name.split("/")[1] for name in named if name.startswith(folder)}
    whole |= set(MAILS) if folder == "emails" else set()
    files = {path.name for path in (TEMPLATES / folder).iterdir()}
    assert files - PARTS[folder] == whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_and_mails_are_whole_in_every_language(language):
    english = rendered(notices("en"))
    for name, text in rendered(notices(language)).items():
        assert DEMO_BRAND.controller_name in text
        assert (text == english[name]) is (language == "en")
    for name in MAILS:
        mail, other = (RENDERER.mail(name, mail_data(code)) for code in (language, "en"))
        assert (mail.subject == other.subject) is (language == "en")
        assert (mail.text == other.text) is (language == "en")
    campaign_mail = whole_mail("s", "<p>h</p>", None, campaign_data(language))
    for part in (campaign_mail.html, campaign_mail.text):
        assert campaign_data(language)["preferences_url"] in part


def test_a_time_is_said_on_the_clocks_of_a_zone_too():
    assert utc_minute(1_767_225_600_000) == "2026-01-01 00:00 UTC"
    assert iso_minute(1_767_225_600_000) == "2026-01-01T00:00Z"
    assert zone_minute(1_767_225_600_000, "Europe/Stockholm") == "2026-01-01 01:00, Stockholm"
    assert zone_minute(1_782_864_000_000, "America/New_York") == "2026-06-30 20:00, New York"


def test_the_demo_form_asks_for_one_address_and_ticks_nothing():
    page = Reader(html_of("en", "pages/form.html"))
    inputs = {x["name"]: x for x in page.all("input")}
    emails = [x for x in inputs.values() if x["type"] == "email"]
    assert [x["autocomplete"] for x in emails] == ["email"]
    assert inputs["first_name"]["autocomplete"] == "given-name"
    assert "required" not in inputs["first_name"]
    boxes = [x for x in inputs.values() if x["type"] == "checkbox"]
    assert [x["name"] for x in boxes] == ["newsletter", "measurement"]
    assert not any("checked" in x for x in boxes)
    assert ["required" in x for x in boxes] == [True, False]
    assert inputs["notice"]["value"] == NOTICE.sha256
    assert inputs["language"]["value"] == "en"
    assert page.all("form")[0]["action"] == "/forms/demo"


def test_a_form_with_problems_says_them_twice_keeps_what_was_typed_and_escapes_it():
    html = RENDERER.page(
        "pages/form.html",
        form_data(
            "sv",
            values={"email": "visitor@", "first_name": '"><b>', "measurement": "1"},
            problems={"email": Problem.MALFORMED_ADDRESS, "newsletter": Problem.CONSENT_MISSING},
        ),
    )
    page = Reader(html)
    inputs = {x["name"]: x for x in page.all("input")}
    assert inputs["email"]["value"] == "visitor@"
    assert inputs["first_name"]["value"] == '"><b>'
    assert "checked" in inputs["measurement"]
    assert "checked" not in inputs["newsletter"]
    assert not page.all("b")
    for name in ("email", "newsletter"):
        assert inputs[name]["aria-invalid"] == "true"
        described = inputs[name]["aria-describedby"]
        assert [x for _, x in page.tags if x.get("id") == described]
        assert [x for x in page.all("a") if x.get("href") == f"#{inputs[name]['id']}"]
    assert [x for _, x in page.tags if x.get("role") == "alert"]


@pytest.mark.parametrize("problem", Problem)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_has_a_sentence_in_every_language(language, problem):
    html = RENDERER.page("pages/form.html", form_data(language, problems={"email": problem}))
    words = [x for _, x in Reader(html).tags if x.get("id") == "e-email"]
    assert words
    assert str(problem) not in Reader(html).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_names_controller_promise_boxes_withdrawal_rights_and_contact(language):
    data = notice_data(language)
    html = Reader(RENDERER.page("notices/consent.html", data)).text
    text = " ".join(RENDERER.page("notices/consent.txt", data).split())
    unsubscribe = {
        "en": "Unsubscribe",
        "sv": "Avsluta prenumerationen",
        "de": "Abbestellen",
        "fr": "Se désabonner",
    }
    for shown in (html, text):
        assert DEMO_BRAND.controller_name in shown
        assert DEMO_BRAND.postal_address in shown
        assert DEMO_BRAND.contact_address in shown
        assert DEMO_FORM.promise[language] in shown
        for box in DEMO_FORM.boxes:
            assert box.text[language] in shown
        assert unsubscribe[language] in shown


@pytest.mark.parametrize("name", ["notices/consent.html", "notices/consent.txt"])
def test_a_notice_has_the_same_bytes_from_any_process(name):
    data = notice_data("de")
    assert TemplateRenderer().page(name, data) == TemplateRenderer().page(name, data)


def test_a_confirmation_is_one_plain_button_and_a_refusal_another():
    page = Reader(html_of("en", "pages/confirm.html"))
    answers = [x["value"] for x in page.all("input") if x["name"] == "answer"]
    assert answers == ["confirm", "refuse"]
    assert [x["action"] for x in page.all("form")] == [f"/confirm/{TOKEN}"] * 2
    assert [x["type"] for x in page.all("button")] == ["submit", "submit"]


def test_unsubscribing_is_one_button_that_posts_what_rfc_8058_posts():
    page = Reader(html_of("de", "pages/unsubscribe.html"))
    assert [x["action"] for x in page.all("form")] == [f"/unsubscribe/{TOKEN}"]
    hidden = {x["name"]: x["value"] for x in page.all("input")}
    assert hidden["List-Unsubscribe"] == "One-Click"
    assert len(page.all("button")) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503]
)
def test_every_error_says_what_happened_and_that_nothing_was_lost(status, language):
    data = visitor_pages(language)["pages/error.html"] | {"status": status}
    lost = {"en": "lost", "sv": "förlorat", "de": "verloren", "fr": "perdu"}
    shown = Reader(RENDERER.page("pages/error.html", data)).text
    assert lost[language] in shown
    assert str(status) in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_without_markup_quotes_as_its_language_does(language):
    for name in MAILS:
        assert '"' not in RENDERER.mail(name, mail_data(language)).text, name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", [1, 2, 37])
def test_a_wait_is_counted_in_words(language, minutes):
    data = {"language": language, "brand": None, "minutes": minutes}
    shown = Reader(RENDERER.page("pages/busy.html", data)).text
    assert (str(minutes) in shown) is (minutes > 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_confirmation_mail_holds_request_link_refusal_sender_and_checkpoint(language):
    mail = RENDERER.mail("confirm", mail_data(language))
    assert DEMO_BRAND.name in mail.subject
    for part in (Reader(mail.html).text, " ".join(mail.text.split())):
        assert DEMO_FORM.boxes[0].text[language] in part
        assert DEMO_BRAND.controller_name in part
        assert DEMO_BRAND.postal_address in part
        assert "2026-11-23 12:00 UTC" in part
        assert f"https://news.example.org/confirm/{TOKEN}" in part
        assert "ledger log.example.org/demo 12 Q3Vyc29y" in part
        assert DEMO_FORM.promise[language] not in part
    assert f'href="https://news.example.org/confirm/{TOKEN}?refuse=1"' in mail.html
    assert f"https://news.example.org/confirm/{TOKEN}?refuse=1" in mail.text


def test_our_mails_load_nothing_and_track_nothing():
    for name in MAILS:
        html = RENDERER.mail(name, mail_data("fr")).html
        tags = {tag for tag, _ in Reader(html).tags}
        assert not tags & {"img", "script", "link", "iframe"}
        assert "url(" not in html


def test_the_subject_on_the_check_mail_page_is_the_subject_of_the_mail():
    for language in LANGUAGES:
        page = Reader(html_of(language, "pages/check_mail.html")).text
        assert RENDERER.mail("confirm", mail_data(language)).subject in page


def test_without_a_checkpoint_a_mail_has_no_ledger_line():
    mail = RENDERER.mail("already_subscribed", mail_data("en", checkpoint=None))
    assert "ledger" not in mail.html + mail.text
    assert mail_data("en")["unsubscribe_url"] in mail.text


def test_a_brand_s_name_is_escaped_in_pages_and_plain_in_subjects():
    brand = Brand(
        id="b", code="00000000", name="Ada & <Sons>", controller_name="C", postal_address="P",
        contact_address="c@example.org", from_address="f@example.org",
    )  # fmt: skip
    page = RENDERER.page("pages/unsubscribed.html", WHOLE | {"language": "en", "brand": brand})
    assert "Ada &amp; &lt;Sons&gt;" in page
    assert "<Sons>" not in page
    mail = RENDERER.mail("confirm", mail_data("en", brand=brand))
    assert "Ada & <Sons>" in mail.subject
    assert "<Sons>" not in mail.html


def test_a_missing_value_an_unknown_language_and_an_unknown_page_are_errors():
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        RENDERER.page("pages/unsubscribe.html", {"language": "en", "brand": DEMO_BRAND})
    with pytest.raises(InputError):
        RENDERER.page("pages/refused.html", {"language": "../en", "brand": DEMO_BRAND})
    for name in ("pages/none.html", "../pyproject.toml"):
        with pytest.raises(FatalError):
            RENDERER.page(name, {})


def test_a_campaigns_page_asks_for_news_only_while_it_moves():
    for moves in (True, False):
        data = campaign_page_data(moves=moves) | {"is_officer": False, "is_marketer": True}
        html = RENDERER.page("console/campaign.html", data | {"form_token": "t"})
        assert ("<script>" in html) is ("<noscript>" in html) is moves
        assert 'http-equiv="refresh"' not in html
        assert html.count("aria-live") == 1
        assert "November &lt;news&gt;" in html


def test_empty_lists_and_campaigns_say_what_to_do_next():
    data = dict.fromkeys(("lists", "campaigns", "left"), ()) | {"more": False, "more_brands": False}
    html = RENDERER.page("console/overview.html", data)
    for noun in ("campaigns", "lists", "brands"):
        assert f"POST /api/v1/{noun}" in html


def test_words_fall_back_to_english_and_a_time_reads_alike_everywhere():
    assert in_language({"sv": "ja"}, "de") == "ja"
    assert in_language({"en": "yes", "sv": "ja"}, "de") == "yes"
    assert utc_minute(1_767_225_600_000) == "2026-01-01 00:00 UTC"


def test_templates_are_found_beside_the_package():
    assert Path("templates").resolve() == TEMPLATES
