# SPDX-License-Identifier: Apache-2.0
"""What a link may lead to, and whose clicks may be remembered."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.measurement import (
    MAX_ALL_CHARS,
    MAX_TARGET_CHARS,
    MAX_TARGETS,
    Targets,
    may_remember,
    require_target,
)
from chalicelib.domain.state import (
    MEASUREMENT,
    Consent,
    ConsentKey,
    ConsentStatus,
    Scope,
    SubjectState,
)
from chalicelib.errors import InputError
from tests.support.link_examples import URLS

DEMO, NEWS = BrandId("demo"), ListId("news")
SCOPE = Scope(DEMO, "email")


def consent(status=ConsentStatus.GIVEN):
    return Consent(status=status, since_ms=1, entry=2)


GIVEN = SubjectState(consents={ConsentKey(*SCOPE, NEWS, MEASUREMENT): consent()})


@pytest.mark.parametrize("url", URLS)
def test_a_plain_web_address_is_a_target(url):
    assert require_target(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "//www.example.org/",
        "/path",
        "www.example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:visitor@example.org",
        "ftp://www.example.org/",
        "https://www.example.org@example.com/",
        "https://user:password@www.example.org/",
        "https://@www.example.org/",
        "https://www.example.org\\@example.com/",
        "https:\\\\www.example.org",
        "https:/\\www.example.org/",
        "https://www.example.org/\r\nSet-Cookie: a=b",
        "https://www.example.org/\n",
        "https://www.example.org/\t",
        "https://www.example.org/a b",
        " https://www.example.org/",
        "https://www.example.org/\x00",
        "https://www.example.org/\x7f",
        "https://www.example.org/å",
        "https://exämple.org/",
        "https://www.example.org:0/",
        "https://www.example.org:65536/",
        "https://www.example.org:port/",
        "https://[2001:db8::1/",
        "https://www.example.org/" + "a" * MAX_TARGET_CHARS,
    ],
)
def test_anything_else_is_refused(url):
    with pytest.raises(InputError):
        require_target(url)
    with pytest.raises(InputError):
        Targets(brand=DEMO, list=NEWS, urls=(URLS[0], url))


@given(st.text(max_size=60).map(lambda text: f"https://{text}") | st.text(max_size=80))
def test_what_is_taken_is_one_visible_line_to_a_host_without_a_user(text):
    try:
        url = require_target(text)
    except InputError:
        return
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert "@" not in parts.netloc
    assert "\\" not in url
    assert all("!" <= character <= "~" for character in url)


def test_a_campaign_has_no_more_links_than_one_row_holds():
    assert Targets(brand=DEMO, list=NEWS, urls=URLS[:1] * MAX_TARGETS)
    long = "https://www.example.org/" + "a" * (MAX_TARGET_CHARS - 24)
    for urls in (URLS[:1] * (MAX_TARGETS + 1), (long,) * (MAX_ALL_CHARS // len(long) + 1)):
        with pytest.raises(InputError):
            Targets(brand=DEMO, list=NEWS, urls=urls)


def test_who_consents_to_measurement_on_the_list_is_remembered():
    assert may_remember(GIVEN, SCOPE, NEWS)


@pytest.mark.parametrize("status", [each for each in ConsentStatus if each != "given"])
def test_no_other_answer_is_a_consent_to_it(status):
    state = SubjectState(consents={ConsentKey(*SCOPE, NEWS, MEASUREMENT): consent(status)})
    assert not may_remember(state, SCOPE, NEWS)


@pytest.mark.parametrize(
    "state",
    [
        None,
        SubjectState(),
        replace(GIVEN, erased=True),
        replace(GIVEN, restricted=True),
        replace(GIVEN, objections={SCOPE: 3}),
        SubjectState(consents={ConsentKey(*SCOPE, NEWS, PurposeId("newsletter")): consent()}),
        SubjectState(consents={ConsentKey(*SCOPE, ListId("other"), MEASUREMENT): consent()}),
        SubjectState(
            consents={ConsentKey(BrandId("other"), "email", NEWS, MEASUREMENT): consent()}
        ),
    ],
)
def test_nobody_else_is(state):
    assert not may_remember(state, SCOPE, NEWS)
