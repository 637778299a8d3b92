# SPDX-License-Identifier: Apache-2.0
"""The descriptor holds all a form shows, in one language, and nothing that is not shown."""

import json
from dataclasses import replace

import pytest

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.form_descriptor import descriptor
from chalicelib.domain.forms import NoticeRef
from chalicelib.proof import canonical
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM
from tests.support.form_examples import FULL_FORM

NOTICE = NoticeRef(language="sv", sha256="11" * 32, text_sha256="22" * 32, published_ms=0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_form_is_in_it(language):
    shown = json.dumps(descriptor(FULL_FORM, DEMO_BRAND, language), ensure_ascii=False)
    texts = [FULL_FORM.title, FULL_FORM.promise, FULL_FORM.gift.name]
    texts += [x for item in FULL_FORM.fields for x in (item.label, item.hint) if x]
    texts += [choice.label for item in FULL_FORM.fields for choice in item.choices]
    texts += [box.text for box in FULL_FORM.boxes]
    for words in texts:
        assert json.dumps(words[language], ensure_ascii=False) in shown


def test_it_says_who_asks_and_how_each_value_is_bounded():
    shown = descriptor(FULL_FORM, DEMO_BRAND, "en")
    assert shown["brand"] == {
        "name": "Kvitto Demo",
        "controller": "Example Controller",
        "address": DEMO_BRAND.postal_address,
        "contact": "privacy@example.org",
        "privacy_url": "/privacy/demo?language=en",
    }
    by_name = {item["name"]: item for item in shown["fields"]}
    assert (by_name["beds"]["min"], by_name["beds"]["max"]) == (1, 99)
    assert by_name["since"]["earliest"] == "1930-01-01"
    assert by_name["zone"]["choices"][1] == {"value": "2", "label": "Cold"}
    assert "hint" not in by_name["email"]
    assert shown["look"] == {
        "accent": "#ffd400",
        "on_accent": "#000000",
        "link_light": "#7f6a00",
        "link_dark": "#ffd400",
        "corner_px": 14,
        "scheme": "auto",
    }
    assert shown["min_fill_s"] == 3


def test_addresses_behind_the_form_are_not_in_it():
    shown = json.dumps(descriptor(FULL_FORM, DEMO_BRAND, "en"))
    assert "calendar.pdf" not in shown
    assert "welcome" not in shown
    assert "origins" not in shown


def test_the_served_one_is_the_stored_one_and_its_notice():
    stored = descriptor(DEMO_FORM, DEMO_BRAND, "sv")
    served = descriptor(replace(DEMO_FORM, notices=(NOTICE,)), DEMO_BRAND, "sv")
    assert served.pop("notice") == NOTICE.sha256
    assert canonical.encode(served) == canonical.encode(stored)
    assert stored["gift"] is None
