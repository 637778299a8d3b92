# SPDX-License-Identifier: Apache-2.0
"""A trial of the subject alone says what making all of the mail would have said, or nothing."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.campaign_mail import SplitCampaignMails
from chalicelib.adapters.mail_trial import SHORT_CHARS, SubjectTrial
from chalicelib.adapters.split_mail import Heads
from chalicelib.domain.content_document import FrozenContent
from chalicelib.errors import InputError
from chalicelib.ports.campaign_mail import Reader
from infra.local.demo_data import DEMO_BRAND
from tests.support.whole_mails import RENDERER

BASE_URL = "https://mail.example.org"
HEADS = Heads(unsubscribe=f"{BASE_URL}/unsubscribe/", preferences=f"{BASE_URL}/preferences/")
TOKEN = "A" * 66
FIELDS = ("first_name", "city")
SHARED = {"brand": "Demo", "list": "Newsletter", **dict.fromkeys(FIELDS, "")}
MAILS = SplitCampaignMails(RENDERER, BASE_URL)
SUBJECTS = (
    "News for {{ first_name | default('you') }}",
    "{{ city }}",
    "{{ first_name | title | truncate(9) }} of {{ old_field | default(city) }}, {{ list }}",
    "{{ list[0] }}{{ first_name[3] }}",
    "{{ nowhere }}",
    "{{ unsubscribe_url }}{{ first_name }}",
)


def content(
    subject: str = SUBJECTS[0],
    html: str = "<p>Hello {{ first_name }}</p>",
    text: str | None = "Hello {{ city }}",
) -> FrozenContent:
    return FrozenContent(subject=subject, html=html, text=text, source_html=html)


def trial(**parts: Any) -> SubjectTrial:
    return SubjectTrial(content(**parts), FIELDS, HEADS, TOKEN)


def made(version: Any, footer: Any, values: dict[str, object]) -> str | None:
    """What is wrong with a mail, all of it made; None: nothing."""
    reader = Reader(values=values, footer=footer, unsubscribe=TOKEN, preferences=TOKEN)
    try:
        version.prepare(reader)
    except InputError as error:
        return f"{error.code}: {error.detail}"
    return None


def tried(one: SubjectTrial, values: dict[str, object]) -> str | None:
    try:
        assert one.passes(values)
    except InputError as error:
        return f"{error.code}: {error.detail}"
    return None


ODD = (
    *("", " ", "\n", "a\r\nBcc: x@example.org", "\u2028", "\ue000u\ue001", "Åsa"),
    *("x" * 256, "ß" * 4_000, "x" * 4_001, "{{ city }}", "<b>&amp;"),
)
TEXT = st.text(max_size=12) | st.sampled_from(ODD)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_of_texts_it_says_what_making_all_of_the_mail_says(subject):
    one, version = trial(subject=subject), MAILS.version(content(subject=subject))
    footer = version.footer(
        {"language": "en", "brand": DEMO_BRAND, "list": "Newsletter", "checkpoint": None}
    )

    @settings(max_examples=60)
    @given(st.dictionaries(st.sampled_from((*FIELDS, "old_field", "other")), TEXT, max_size=4))
    def same(told: dict[str, str]) -> None:
        values = {**SHARED, **told, "brand": "Demo", "list": "Newsletter"}
        assert tried(one, values) == made(version, footer, values)

    same()


ONLY_SHORT = (
    *("", " ", "x", "x" * SHORT_CHARS, "x" * (SHORT_CHARS + 1), "a\nb", "a\x7f", "Åsa", "Bo Ek"),
)
SPARE = (
    "News for {{ first_name | default('you') }}",
    "{{ first_name | upper }}, {{ city | truncate(5) | e }}: {{ 1 if city else 2 }}",
    "{{ city }} {{ first_name }}",
    "{% if city %}To {{ city }}{% endif %}",
    "To {{ city | default('a\\nb') }}",
    "To {{ city | default('ß') | upper }}",
    "x" * 230 + "{{ city }}",
    "{{ city }} of {{ list }}",
    "To {{ city }} or {{ old_field | default('x') }}",
    "To\n{{ city }}",
)


@pytest.mark.parametrize("subject", SPARE)
def test_a_subject_that_is_not_made_would_have_been_one(subject):
    one, version = trial(subject=subject), MAILS.version(content(subject=subject))
    footer = version.footer(
        {"language": "en", "brand": DEMO_BRAND, "list": "Newsletter", "checkpoint": None}
    )
    for first_name, city in product(ONLY_SHORT, repeat=2):
        values = {**SHARED, "first_name": first_name, "city": city}
        assert tried(one, values) == made(version, footer, values)


def test_most_subjects_are_not_made(monkeypatch):
    one = trial()
    monkeypatch.setattr("chalicelib.adapters.mail_trial.fill", None)
    assert one.passes({**SHARED, "first_name": "x" * SHORT_CHARS, "city": "Åmål" * 1_000})
    with pytest.raises(TypeError):
        one.passes({**SHARED, "first_name": "Åsa"})


def test_a_value_that_no_mail_takes_is_found_beside_a_harmless_subject():
    with pytest.raises(InputError) as refused:
        trial().passes({**SHARED, "other": "x" * 4_001})
    assert refused.value.code == "bad_template"


def test_people_may_have_any_number_of_values():
    assert trial().passes({**SHARED, **{f"n{n}": "" for n in range(500)}})


@pytest.mark.parametrize(
    "parts",
    [
        {"html": "<p>{{ nowhere }}</p>"},
        {"html": "<p>{{ first_name | first }}</p>"},
        {"text": "{{ city | int }}"},
        {"text": None},
    ],
)
def test_where_more_than_the_subject_could_fail_it_says_nothing(parts):
    assert trial(**parts).passes({**SHARED, "first_name": "Bo"}) is False


@pytest.mark.parametrize("value", [5, True, ["Bo"], {"a": "b"}, None])
def test_of_somebody_with_a_value_that_is_no_text_it_says_nothing(value):
    assert trial().passes({**SHARED, "other": value}) is False


def test_a_field_that_not_everybody_has_could_fail():
    one = SubjectTrial(content(), ("city",), HEADS, TOKEN)
    assert one.passes({**SHARED, "first_name": "Bo"}) is False


def test_content_that_breaks_a_rule_is_refused_as_a_version_of_it_is():
    broken = content(html="<p>{% include 'x' %}</p>")
    for make in (MAILS.version, lambda each: MAILS.trial(each, FIELDS, TOKEN)):
        with pytest.raises(InputError):
            make(broken)
