# SPDX-License-Identifier: Apache-2.0
"""Our own pages, notices and mails: what each must hold, in every language."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.templates import (
    TEMPLATES,
    TemplateRenderer,
    in_language,
    iso_minute,
    utc_minute,
    zone_minute,
)
from chalicelib.domain.campaigns import Campaign, CampaignStatus, Content, Progress
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.erasure import Erasure, Ground
from chalicelib.domain.forms import NoticeRef
from chalicelib.domain.ids import JobId, SubjectId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.signup import Problem
from chalicelib.errors import FatalError, InputError
from chalicelib.proof.words import TABLES
from chalicelib.services.erasure import Certificate
from chalicelib.services.findings import Finding, Standing
from chalicelib.services.receipts import Receipt, ReceiptStatus
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.gate_cases import stepping
from tests.support.preference_examples import preference_pages
from tests.support.unsubscribe_examples import WHOLE

NOTICE = NoticeRef(language="en", sha256="ab" * 32, text_sha256="cd" * 32, published_ms=0)
CHECKPOINT = {"origin": "log.example.org/demo", "size": 12, "root": "Q3Vyc29y"}
TOKEN = "t" * 43
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


def form_data(language: str, **changes: Any) -> dict[str, Any]:
    values = {
        "language": language,
        "brand": DEMO_BRAND,
        "form": DEMO_FORM,
        "notice": NOTICE,
        "languages": LANGUAGES,
        "values": {},
        "problems": {},
        "shown": "token",
        "tag": "",
        "changed": False,
    }
    return values | changes


def checking_data(**changes: Any) -> dict[str, Any]:
    values = {
        "form": DEMO_FORM,
        "address": "visitor@gmial.com",
        "suggestion": "visitor@gmail.com",
        "values": {"email": "visitor@gmial.com", "newsletter": "1"},
    }
    return values | changes


def campaign(**changes: Any) -> Campaign:
    values: dict[str, Any] = {
        "id": "AAAAAAAAAAAAAAAAAAAAAA",
        "brand": DEMO_BRAND.id,
        "list": DEMO_LIST.id,
        "purpose": "newsletter",
        "name": "November <news>",
        "content": Content(subject="s", html="h"),
        "status": CampaignStatus.SENDING,
        "created_ms": 0,
        "started_ms": 0,
        "planned": 10,
    }
    return Campaign(**(values | changes))


def certificate(*, suppress: bool) -> Certificate:
    erasure = Erasure(
        id=JobId("AAAAAAAAAAAAAAAAAAAAAA"),
        sid=SubjectId("BAAAAAAAAAAAAAAAAAAAAA"),
        ground=Ground.WITHDRAWN,
        suppress=suppress,
        requested_by="key",
        requested_ms=0,
    )
    return Certificate(
        erasure=erasure,
        event="CAAAAAAAAAAAAAAAAAAAAA",
        index=7,
        leaf='{"v":"cl/1"}',
        leaf_sha256="0" * 64,
        chain_entries=4,
        vault_ref="1" * 64,
        erased_ms=1_795_435_200_000,
        final_ms=1_796_040_000_000,
        origin="mail.example.org/ledger",
        checkpoint="mail.example.org/ledger\n8\nAAAA\n",
    )


def public_pages(language: str) -> dict[str, str]:
    base = {"language": language, "brand": DEMO_BRAND}
    agreed = base | {
        "lists": ["Newsletter"],
        "sentences": [box.text[language] for box in DEMO_FORM.boxes],
    }
    after = {"gift": None, "onward": None}
    wanted: dict[str, dict[str, Any]] = {
        "form": form_data(language),
        "check_mail": base | checking_data(),
        "confirm": agreed | {"token": TOKEN, "refusing": False},
        "confirmed": agreed | after | {"receipt": "AAAAAAAAAAAAAAAAAAAAAA", "receipt_path": None},
        "already_confirmed": base | after,
        "refused": base,
        "confirm_expired": base | {"form_id": "demo", "token": TOKEN},
        "confirm_overtaken": base | {"form_id": "demo"},
        "confirm_invalid": base,
        "unsubscribe": base | WHOLE | {"token": TOKEN},
        "unsubscribed": base | WHOLE,
        "unsubscribed_reason": base | {"reason": "other"},
        "privacy": base,
        "busy": base | {"minutes": 37},
        "extra_step": base | stepping("disposable"),
        "error": {"language": language, "brand": None, "status": 404, "reference": None},
    }
    wanted["erasure_certificate"] = {
        "language": language,
        "certificate": certificate(suppress=True),
        "words": TABLES[language],
    }
    wanted["receipt"] = base | {
        "receipt": Receipt(status=ReceiptStatus.ERASED, brand=DEMO_BRAND),
        "evidence": None,
    }
    wanted |= preference_pages(language)
    pages = {f"pages/{name}.html": data for name, data in wanted.items()}
    pages["notices/consent.html"] = base | {"form": DEMO_FORM, "form_sha256": "33" * 32}
    return {name: RENDERER.page(name, data) for name, data in pages.items()}


def console_pages() -> dict[str, str]:
    progress = Progress(planned=10, sent=6, skipped={"withdrawn": 1}, unknown=1)
    wanted: dict[str, dict[str, Any]] = {
        "login": {"problem": None},
        "overview": {"lists": [DEMO_LIST], "campaigns": [campaign()], "more": False},
        "campaign": {"campaign": campaign(), "progress": progress},
        "error": {"title": "There is nothing here", "detail": "No campaign has this id."},
        "forbidden": {"why": "scope"},
        **compliance_pages(),
    }
    return {name: RENDERER.page(f"console/{name}.html", data) for name, data in wanted.items()}


def compliance_pages() -> dict[str, dict[str, Any]]:
    asked = certificate(suppress=True).erasure
    job = Job(id=asked.id, kind="proofs", status=JobStatus.READY, created_ms=0, request={})
    standing = Standing(
        consents=(),
        objections=(),
        suppressions=(),
        is_restricted=True,
        is_erased=False,
        erasure=None,
    )
    found = Finding(
        sid=asked.sid, email="visitor@example.org", language="en", mails=(), standing=standing
    )
    frame = {"form_token": TOKEN, "is_officer": True, "words": TABLES["en"]}
    search = {"problem": None, "clue": "", "waiting": [asked], "proofs": [job]}
    chosen = {"grounds": tuple(Ground), "countries": ("SE",), "reasons": ("complaint",)}
    person = {"brands": {}, "zone": "Europe/Stockholm", "items": (), "lists": (), "purposes": ()}
    wish = {"ground": "withdrawn", "suppress": True, "country": None, "subscriber": asked.sid}
    keys = {"is_refused": False, "is_own": False, "asked_by": "one", "approved_by": ""}
    return {
        "compliance": frame | search,
        "person": frame | person | chosen | {"found": found, "standing": standing},
        "proof": frame | {"job": job},
        "erasures": frame | {"erasures": [asked], "more": True},
        "erasure_preview": frame | wish | {"consequences": ()},
        "erasure": frame | keys | {"erasure": asked, "consequences": ()},
    }


EVERY_PAGE = [
    *((language, name) for language in LANGUAGES for name in public_pages("en")),
    *(("console", name) for name in console_pages()),
]
_RENDERED = {language: public_pages(language) for language in LANGUAGES}
_RENDERED["console"] = console_pages()


@pytest.mark.parametrize(("group", "name"), EVERY_PAGE)
def test_every_page_stands_alone_and_can_be_found_one_s_way_in(group, name):
    html = _RENDERED[group][name]
    page = Reader(html)
    assert "://" not in html
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert "@import" not in html
    assert "url(" not in html
    assert page.all("html") == [{"lang": "en" if group == "console" else group}]
    assert len(page.all("title")) == len(page.all("main")) == len(page.all("h1")) == 1
    assert html.split("<title>")[1].split("</title>")[0].strip()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("group", "name"), EVERY_PAGE)
def test_every_input_has_a_label_and_every_form_posts_to_an_absolute_path(group, name):
    page = Reader(_RENDERED[group][name])
    labelled = {attributes["for"] for attributes in page.all("label")}
    shown = [x for x in page.all("input") if x.get("type") != "hidden"]
    assert all(x["id"] in labelled for x in shown)
    for form in page.all("form"):
        assert form["method"] == "post"
        assert form["action"].startswith("/")


def test_every_template_file_is_rendered_here_or_part_of_one_that_is():
    parts = {"layout.html", "style.css", "agreed.html", "receipt.js", "after_confirmation.html"}
    parts |= {"form_parts.html", "look.css", "snippet.html"}
    parts |= {"languages.html", "rights_part.html"}
    files = {path.name for path in (TEMPLATES / "pages").iterdir()} - parts
    assert files == {name.split("/")[1] for name in public_pages("en")} - {"consent.html"}
    files = {path.stem for path in (TEMPLATES / "console").iterdir()} - {"layout", "parts"}
    assert files == set(console_pages())


def test_a_time_is_said_on_the_clocks_of_a_zone_too():
    assert utc_minute(1_767_225_600_000) == "2026-01-01 00:00 UTC"
    assert iso_minute(1_767_225_600_000) == "2026-01-01T00:00Z"
    assert zone_minute(1_767_225_600_000, "Europe/Stockholm") == "2026-01-01 01:00, Stockholm"
    assert zone_minute(1_782_864_000_000, "America/New_York") == "2026-06-30 20:00, New York"


def test_the_demo_form_asks_for_one_address_and_ticks_nothing():
    page = Reader(_RENDERED["en"]["pages/form.html"])
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
    data = {"language": language, "brand": DEMO_BRAND, "form": DEMO_FORM, "form_sha256": ""}
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
    data = {"language": "de", "brand": DEMO_BRAND, "form": DEMO_FORM, "form_sha256": ""}
    assert TemplateRenderer().page(name, data) == TemplateRenderer().page(name, data)


def test_a_confirmation_is_one_plain_button_and_a_refusal_another():
    page = Reader(_RENDERED["en"]["pages/confirm.html"])
    answers = [x["value"] for x in page.all("input") if x["name"] == "answer"]
    assert answers == ["confirm", "refuse"]
    assert [x["action"] for x in page.all("form")] == [f"/confirm/{TOKEN}"] * 2
    assert [x["type"] for x in page.all("button")] == ["submit", "submit"]


def test_unsubscribing_is_one_button_that_posts_what_rfc_8058_posts():
    page = Reader(_RENDERED["de"]["pages/unsubscribe.html"])
    assert [x["action"] for x in page.all("form")] == [f"/unsubscribe/{TOKEN}"]
    hidden = {x["name"]: x["value"] for x in page.all("input")}
    assert hidden["List-Unsubscribe"] == "One-Click"
    assert len(page.all("button")) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503]
)
def test_every_error_says_what_happened_and_that_nothing_was_lost(status, language):
    data = {"language": language, "brand": DEMO_BRAND, "status": status, "reference": None}
    lost = {"en": "lost", "sv": "förlorat", "de": "verloren", "fr": "perdu"}
    shown = Reader(RENDERER.page("pages/error.html", data)).text
    assert lost[language] in shown
    assert str(status) in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", [1, 2, 37])
def test_a_wait_is_counted_in_words(language, minutes):
    data = {"language": language, "brand": None, "minutes": minutes}
    shown = Reader(RENDERER.page("pages/busy.html", data)).text
    assert (str(minutes) in shown) is (minutes > 1)


def mail_data(language: str, **changes: Any) -> dict[str, Any]:
    values = {
        "language": language,
        "brand": DEMO_BRAND,
        "lists": ["Newsletter"],
        "sentences": [DEMO_FORM.boxes[0].text[language]],
        "requested_ms": 1_795_435_200_000,
        "checkpoint": CHECKPOINT,
        "confirm_url": f"https://news.example.org/confirm/{TOKEN}",
        "cancel_url": f"https://news.example.org/confirm/{TOKEN}?refuse=1",
        "unsubscribe_url": f"https://news.example.org/unsubscribe/{TOKEN}",
    }
    return values | changes


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
    for name in ("confirm", "already_subscribed"):
        html = RENDERER.mail(name, mail_data("fr")).html
        tags = {tag for tag, _ in Reader(html).tags}
        assert not tags & {"img", "script", "link", "iframe"}
        assert "url(" not in html


def test_the_subject_on_the_check_mail_page_is_the_subject_of_the_mail():
    for language in LANGUAGES:
        page = Reader(_RENDERED[language]["pages/check_mail.html"]).text
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


def test_the_console_reloads_only_while_a_campaign_moves():
    for status in CampaignStatus:
        data = {"campaign": campaign(status=status), "progress": Progress()}
        html = RENDERER.page("console/campaign.html", data)
        assert ('http-equiv="refresh"' in html) is (status is CampaignStatus.SENDING)
        assert "November &lt;news&gt;" in html


def test_empty_lists_and_campaigns_say_what_to_do_next():
    data: dict[str, object] = {"lists": [], "campaigns": [], "more": False}
    html = RENDERER.page("console/overview.html", data)
    assert "POST /api/v1/campaigns" in html
    assert "POST /api/v1/lists" in html


def test_words_fall_back_to_english_and_a_time_reads_alike_everywhere():
    assert in_language({"sv": "ja"}, "de") == "ja"
    assert in_language({"en": "yes", "sv": "ja"}, "de") == "yes"
    assert utc_minute(1_767_225_600_000) == "2026-01-01 00:00 UTC"


def test_templates_are_found_beside_the_package():
    assert Path("templates").resolve() == TEMPLATES
