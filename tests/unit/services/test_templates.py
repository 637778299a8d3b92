# SPDX-License-Identifier: Apache-2.0
"""Templates: judged before they are stored, changed by who read them last, copied by campaigns."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Content
from chalicelib.domain.content import ContentKind, FindingCode
from chalicelib.domain.ids import ListId
from chalicelib.domain.templates import MAX_TEMPLATE_BYTES, TemplateKind, Words
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.services.templates import Said
from tests.support.template_examples import ENGLISH, SWEDISH
from tests.support.world import World

LIST = ListId("newsletter")
GOOD = Words(**ENGLISH)
NEWS = Content(subject="News", html="<h1>News</h1><p>Hello {{ first_name | default('you') }}</p>")
MJML = Content(
    subject="News",
    html="<mjml><mj-body><mj-section><mj-column><mj-text><h1>News</h1></mj-text></mj-column>"
    "</mj-section></mj-body></mjml>",
    kind=ContentKind.MJML,
)


@pytest.fixture(scope="module")
def made_world():
    return World()


@pytest.fixture
def world(made_world):
    made_world.catalog_rows.templates.clear()
    return made_world


def create(world, said, kind=TemplateKind.SERVICE, **changes):
    named = {"template_id": "order", "brand_id": "demo", "name": "Order", **changes}
    return world.templates.create(**named, kind=kind, said=said)


def in_english(**changes):
    return Said(words={"en": replace(GOOD, **changes)})


class TestOfAService:
    def test_is_stored_and_shown_with_what_its_author_should_know(self, world):
        judged = create(world, Said(words={"en": GOOD, "sv": Words(**SWEDISH)}))
        assert judged.template.version == 1
        assert {language for language, _ in judged.findings} == {"en", "sv"}
        assert world.templates.get("order") == judged

    @pytest.mark.parametrize(
        ("words", "code", "told"),
        [
            ({"html": "<h1>A</h1><img src='https://example.org/a.png'>"}, "img_without_alt", "en"),
            ({"html": "<h1>Hello *|FNAME|*</h1>"}, "foreign_merge_tag", "FNAME"),
            ({"subject": "Hello %recipient.name%"}, "foreign_merge_tag", "Mailgun"),
            ({"text": "Hello {{{name}}}"}, "foreign_merge_tag", "{{{name}}}"),
            ({"html": "<p>{{ cycler.__init__ }}</p>"}, "bad_template", "Line 1 of the HTML"),
            ({"html": "<p>\n{% include 'a' %}</p>"}, "bad_template", "Line 2 of the HTML"),
            ({"text": "{{ 'a' * 10 }}"}, "bad_template", "text"),
            ({"subject": "{{ a"}, "bad_template", "subject"),
            ({"html": "<p>" + "{{ (" * 60 + "1" + ") }}" * 60}, "bad_template", ""),
        ],
    )
    def test_with_an_error_is_not_stored(self, world, words, code, told):
        with pytest.raises(InputError) as caught:
            create(world, in_english(**words))
        assert caught.value.code == code
        assert told in caught.value.detail
        assert not world.catalog_rows.templates

    def test_may_call_its_data_as_other_tools_call_theirs(self, world):
        judged = create(world, in_english(html="<h1>Hi {{ contact.name }}, {{ params.x }}</h1>"))
        codes = {found.code for _, found in judged.findings}
        assert FindingCode.FOREIGN_MERGE_TAG not in codes

    @pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 201])
    def test_says_why_in_one_line(self, reason):
        with pytest.raises(InputError):
            replace(GOOD, reason=reason)

    def test_is_no_larger_than_a_row_can_hold(self, world):
        half = "<h1>A</h1>" + "x" * (MAX_TEMPLATE_BYTES // 2)
        with pytest.raises(InputError) as caught:
            create(world, Said(words={code: replace(GOOD, html=half) for code in ("en", "sv")}))
        assert caught.value.code == "template_too_large"

    def test_has_words_in_a_language_at_least_and_in_known_ones(self, world):
        for said in (Said(words={}), Said(words={"xx": GOOD}), Said(content=NEWS)):
            with pytest.raises(InputError):
                create(world, said)


class TestOfCampaigns:
    @pytest.mark.parametrize("content", [NEWS, MJML])
    def test_is_judged_by_the_compiler_of_campaigns(self, world, content):
        judged = create(world, Said(content=content), TemplateKind(content.kind))
        assert judged.template.content == content
        assert all(language == "" for language, _ in judged.findings)

    def test_is_stored_with_errors_that_a_test_would_refuse(self, world):
        content = replace(NEWS, html="<h1>A</h1><img src='https://example.org/a.png'>")
        judged = create(world, Said(content=content), TemplateKind.HTML)
        assert FindingCode.IMG_WITHOUT_ALT in {found.code for _, found in judged.findings}

    def test_is_content_for_campaigns_of_its_brand(self, world):
        create(world, Said(content=NEWS), TemplateKind.HTML)
        assert world.templates.content("order", LIST) == NEWS
        stored = world.catalog_rows.templates["order"]
        world.catalog_rows.templates["others"] = replace(stored, id="others", brand="another")
        for template in ("others", "nothing"):
            with pytest.raises(InputError) as caught:
                world.templates.content(template, LIST)
            assert caught.value.code == "unknown_template"
        with pytest.raises(InputError) as caught:
            world.templates.content("order", ListId("nobodys"))
        assert caught.value.code == "unknown_list"

    def test_one_in_mjml_is_copied_as_mjml(self, world):
        create(world, Said(content=MJML), TemplateKind.MJML)
        assert world.templates.content("order", LIST) == MJML

    def test_of_a_service_none_is_made_a_campaign(self, world):
        create(world, in_english())
        with pytest.raises(InputError) as caught:
            world.templates.content("order", LIST)
        assert caught.value.code == "unknown_template"


class TestChanges:
    def test_a_change_names_the_version_it_was_made_from(self, world):
        create(world, in_english())
        changed = world.templates.replace(
            "order", version=1, name="Orders", said=in_english(subject="Thanks")
        )
        assert (changed.template.version, changed.template.name) == (2, "Orders")
        with pytest.raises(Conflict):
            world.templates.replace("order", version=1, name="Mine", said=in_english())
        assert world.templates.get("order") == changed

    def test_the_kind_stays(self, world):
        create(world, Said(content=MJML), TemplateKind.MJML)
        mended = replace(MJML, subject="Other", kind=ContentKind.HTML)
        changed = world.templates.replace("order", version=1, name="A", said=Said(content=mended))
        assert changed.template.content == replace(MJML, subject="Other")
        with pytest.raises(InputError):
            world.templates.replace("order", version=2, name="A", said=in_english())

    def test_one_that_is_deleted_is_gone(self, world):
        create(world, in_english())
        world.templates.delete("order")
        for act in (world.templates.get, world.templates.delete):
            with pytest.raises(NotFound):
                act("order")

    def test_an_unknown_brand_has_none(self, world):
        with pytest.raises(InputError) as caught:
            create(world, in_english(), brand_id="nobody")
        assert caught.value.code == "unknown_brand"
