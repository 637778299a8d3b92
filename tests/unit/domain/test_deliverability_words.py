# SPDX-License-Identifier: Apache-2.0
"""What the doctor says: every code, in four languages, with what it found in its places."""

import re
import string
from pathlib import Path

import pytest

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.deliverability import (
    REQUIRED_BY,
    Check,
    CheckId,
    Provider,
    Report,
    Verdict,
)
from chalicelib.domain.deliverability_words import SENTENCES, said

SOURCES = Path(__file__).resolve().parents[3] / "chalicelib" / "domain"
CHECKS = ("account_checks.py", "dns_checks.py")
RENDERER = TemplateRenderer()


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_code_has_words_in_four_languages(code):
    english = SENTENCES[code].text
    told = set()
    for language in LANGUAGES:
        text = RENDERER.tongue(language).say(english)
        assert places(text) == places(english), language
        told.add(text)
        check = said(code, **dict.fromkeys(places(english), 1234))
        assert "{" not in check.sentence(RENDERER.tongue(language))
    assert len(told) == len(LANGUAGES), "a text is told in English in another language"


@pytest.mark.parametrize("code", SENTENCES)
def test_what_is_not_in_order_says_what_to_do_after_a_colon_or_a_semicolon(code):
    found = SENTENCES[code]
    if found.verdict is not Verdict.OK:
        assert re.search(r"[:;] [a-z]", found.text)
    assert found.text.endswith(".")


def test_every_code_is_said_somewhere_and_no_other_is():
    written = "".join((SOURCES / name).read_text(encoding="utf-8") for name in CHECKS)
    codes = set(re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', written))
    assert set(SENTENCES) - codes == set()


def test_every_check_can_end_well_and_can_be_unknown_or_told_from_what_is_known():
    verdicts = {check: set() for check in CheckId}
    for found in SENTENCES.values():
        verdicts[found.id].add(found.verdict)
    for check, found in verdicts.items():
        assert Verdict.UNKNOWN in found, check
        assert found & {Verdict.WARN, Verdict.FAIL}, check
        assert (Verdict.OK in found) is True, check


def report(*checks):
    return Report(brand="demo", address="news@example.org", checked_ms=1, checks=checks)


def check(check_id, verdict):
    return Check(id=check_id, code="x", verdict=verdict, text="x")


@pytest.mark.parametrize("check_id", CheckId)
@pytest.mark.parametrize("verdict", Verdict)
def test_only_what_fails_and_is_asked_for_by_a_provider_holds_a_sending_back(check_id, verdict):
    found = report(check(CheckId.QUOTA, Verdict.OK), check(check_id, verdict))
    blocks = verdict is Verdict.FAIL and check_id in REQUIRED_BY
    assert found.ready is not blocks
    assert found.blocking == ((check_id,) if blocks else ())
    missing = {each for each in Provider if found.missed(each)}
    assert missing == (set(REQUIRED_BY[check_id]) if blocks else set())


def test_a_report_is_as_good_as_its_worst_check():
    order = [Verdict.OK, Verdict.UNKNOWN, Verdict.WARN, Verdict.FAIL]
    found = [check(CheckId.QUOTA, verdict) for verdict in order]
    for count, verdict in enumerate(order, 1):
        assert report(*found[:count]).verdict is verdict


def test_numbers_have_the_signs_of_the_language():
    sentence = said("quota_ok", left=50_000).sentence
    assert "50,000" in sentence()
    assert "50.000" in sentence(RENDERER.tongue("de"))
