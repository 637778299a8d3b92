# SPDX-License-Identifier: Apache-2.0
"""Mails of a service: filled from plain data, with a footer of their own and nothing counted."""

from dataclasses import replace

import pytest

from chalicelib.adapters.service_mails import SandboxedServiceMails
from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.content import FindingCode
from chalicelib.domain.templates import Words
from chalicelib.errors import InputError
from infra.local.demo_data import DEMO_BRAND
from tests.support.template_examples import ENGLISH, ORDER_DATA

WORDS = Words(**ENGLISH)
BRAND = DEMO_BRAND


@pytest.fixture(scope="module")
def mails():
    return SandboxedServiceMails(TemplateRenderer())


def test_the_same_words_and_data_give_the_same_mail(mails):
    first = mails.render(WORDS, BRAND, "en", ORDER_DATA)
    again = SandboxedServiceMails(TemplateRenderer()).render(WORDS, BRAND, "en", ORDER_DATA)
    assert first == again


def test_the_footer_stands_before_the_end_of_the_body(mails):
    words = replace(WORDS, html="<html><body><h1>Hi</h1></body></html>")
    html = mails.render(words, BRAND, "en", ORDER_DATA).html
    assert html.index(WORDS.reason) < html.index("</body>")


def test_what_the_data_says_is_escaped_in_html_and_plain_in_text(mails):
    words = replace(WORDS, html="<h1>{{ a }}</h1>", text="{{ a }}", subject="{{ a }}")
    mail = mails.render(words, BRAND, "en", {"a": "<b>&"})
    assert "<h1>&lt;b&gt;&amp;</h1>" in mail.html
    assert mail.text.startswith("<b>&")
    assert mail.subject == "<b>&"


def test_a_mark_of_ours_written_as_entities_is_refused_before_it_is_stored(mails):
    words = replace(WORDS, html="<p>\n&#xE000;9&#xE001; {{ a }}</p>", text=None)
    with pytest.raises(InputError, match="reserved") as error:
        mails.check(words, BRAND, "en")
    assert error.value.detail.startswith("Line 2 of the HTML: ")


def test_the_text_part_of_a_mail_without_the_end_of_its_head_has_the_mails_words(mails):
    html = "<html><head><title>x</title><body><p>Hello {{ a }}</p></body></html>"
    words = replace(WORDS, html=html, text=None, subject="S")
    assert mails.render(words, BRAND, "en", {"a": "1"}).text.startswith("Hello 1\n")


def test_a_reason_is_words_and_no_markup_or_template(mails):
    words = replace(WORDS, reason="You <b>ordered</b> {{ brand }}.")
    mail = mails.render(words, BRAND, "en", ORDER_DATA)
    assert "You &lt;b&gt;ordered&lt;/b&gt; {{ brand }}." in mail.html
    assert "You <b>ordered</b> {{ brand }}." in mail.text


def test_data_cannot_take_the_brands_place(mails):
    words = replace(WORDS, html="<h1>{{ brand }}</h1>")
    assert (
        f"<h1>{BRAND.name}</h1>"
        in mails.render(words, BRAND, "en", {**ORDER_DATA, "brand": "Other"}).html
    )


def test_styles_are_written_into_elements(mails):
    words = replace(WORDS, html="<style>h1{color:#123456}</style><h1>Hi</h1>")
    assert "color: #123456" in mails.render(words, BRAND, "en", ORDER_DATA).html


@pytest.mark.parametrize(
    "data",
    [{}, {"order": {}}, {"order": {"number": 1.5, "items": []}}, {"order": "x" * 4_001}],
)
def test_data_that_does_not_fit_names_what_is_wrong(mails, data):
    with pytest.raises(InputError) as caught:
        mails.render(WORDS, BRAND, "en", data)
    assert caught.value.code == "bad_template"


def test_a_subject_stays_on_one_line(mails):
    words = replace(WORDS, subject="{{ a }}")
    with pytest.raises(InputError) as caught:
        mails.render(words, BRAND, "en", {"a": "a\nBcc: x@example.org", **ORDER_DATA})
    assert caught.value.code == "bad_subject"


def test_a_sender_nobody_can_answer_is_an_error(mails):
    brand = replace(BRAND, from_address="no-reply@example.org")
    codes = {found.code for found in mails.check(WORDS, brand, "en")}
    assert FindingCode.NO_REPLY_SENDER in codes


def test_a_mail_that_reads_well_has_no_error(mails):
    assert not [each for each in mails.check(WORDS, BRAND, "en") if each.severity == "error"]


def test_markup_that_is_not_finished_is_refused(mails):
    with pytest.raises(InputError):
        mails.check(replace(WORDS, html="<h1>Hi</h1><!-- never"), BRAND, "en")
