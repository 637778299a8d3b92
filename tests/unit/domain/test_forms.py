# SPDX-License-Identifier: Apache-2.0
"""A form is whole and harmless by construction: nothing else can be stored or shown."""

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.colours import READABLE, contrast
from chalicelib.domain.forms import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    MAX_CHOICES,
    MAX_ORIGINS,
    Box,
    Choice,
    Field,
    FieldType,
    Gift,
    Guard,
    Look,
)
from chalicelib.domain.parameters import RESERVED_NAMES
from chalicelib.errors import InputError
from tests.support.catalog_examples import FORM
from tests.support.form_examples import FULL_FORM

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")
WORDS = {"en": "Words"}


def field(kind: FieldType, **more: object) -> Field:
    return Field(name="it", type=kind, label=WORDS, **more)  # type: ignore[arg-type]


def test_a_box_has_no_member_that_could_tick_it():
    assert {x.name for x in fields(Box)} == {"name", "purpose", "text", "mandatory"}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (FieldType.TEXT, {"min": 1}),
        (FieldType.TEXT, {"latest": "2026-01-01"}),
        (FieldType.DATE, {"max": 3}),
        (FieldType.NUMBER, {"min": 3, "max": 2}),
        (FieldType.NUMBER, {"max": 10**13}),
        (FieldType.DATE, {"earliest": "2026-02-30"}),
        (FieldType.DATE, {"earliest": "2026-W01-1"}),
        (FieldType.DATE, {"earliest": "2026-02-02", "latest": "2026-02-01"}),
        (FieldType.CHOICE, {}),
        (FieldType.CHOICE, {"choices": (Choice(value="a", label=WORDS),)}),
        (FieldType.CHOICE, {"choices": (Choice(value="a", label=WORDS),) * 2}),
        (
            FieldType.CHOICE,
            {"choices": tuple(Choice(value=f"{n}", label=WORDS) for n in range(MAX_CHOICES + 1))},
        ),
        (FieldType.TICK, {"choices": tuple(Choice(value=v, label=WORDS) for v in "ab")}),
    ],
)
def test_a_field_has_only_what_its_type_knows(kind, more):
    with pytest.raises(InputError):
        field(kind, **more)


@pytest.mark.parametrize("value", ["", " a", "a b", "-a", "å", "x" * 41, 'a"'])
def test_the_value_of_a_choice_is_plain(value):
    with pytest.raises(InputError):
        Choice(value=value, label=WORDS)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "javascript:alert(1)",
        "//example.org",
        "https://",
        "https://user@example.org/",
        "https://example.org/a b",
        'https://example.org/"',
        "https://example.org/\n",
        "https://exämple.org/",
        "https://example.org:x/",
        "https://example.org/" + "x" * 500,
    ],
)
def test_a_person_is_sent_only_to_plain_https_addresses(url):
    with pytest.raises(InputError):
        replace(FORM, redirect_url=url)
    with pytest.raises(InputError):
        Gift(name=WORDS, url=url)


@pytest.mark.parametrize(
    "url", ["https://example.org", "https://example.org:8443/a?b=c#d", "http://127.0.0.1:8000/x"]
)
def test_https_and_this_machine_are_places_to_go_to(url):
    assert replace(FORM, redirect_url=url).redirect_url == url


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://example.org/",
        "https://EXAMPLE.org",
        "https://*.example.org",
        "http://example.org",
        "https://a@example.org",
        "https://example.org?x",
        "https://example.org\n",
    ],
)
def test_an_origin_is_written_as_a_browser_sends_it(origin):
    with pytest.raises(InputError):
        replace(FORM, origins=(origin,))


@pytest.mark.parametrize(
    ("origin", "sent"),
    [
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:", "https://example.org"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:080", "http://[::1]"),
        ("https://example.org:08443", "https://example.org:8443"),
    ],
)
def test_an_origin_that_no_browser_sends_is_not_published_though_a_stored_one_is_read(origin, sent):
    with pytest.raises(InputError, match=re.escape(f"{sent}.")):
        replace(FORM, origins=(origin,)).require_publishable()
    replace(FORM, origins=(sent,)).require_publishable()


def test_there_are_not_too_many_origins():
    many = tuple(f"https://{n}.example.org" for n in range(MAX_ORIGINS + 1))
    assert replace(FORM, origins=many[1:]).origins == many[1:]
    with pytest.raises(InputError):
        replace(FORM, origins=many)


@pytest.mark.parametrize("accent", ["#FFF", "#0B5D4E", "red", "#12345g", "#123456;}", "#123456\n"])
def test_an_accent_is_a_plain_colour(accent):
    with pytest.raises(InputError):
        Look(accent=accent)


@pytest.mark.parametrize("corner_px", [-1, 25])
def test_a_corner_stays_a_corner(corner_px):
    with pytest.raises(InputError):
        Look(corner_px=corner_px)


@given(COLOURS)
def test_words_on_any_accent_and_in_its_shades_can_be_read(accent):
    look = Look(accent=accent)
    assert contrast(look.on_accent, accent) >= READABLE
    assert all(contrast(look.link_light, ground) >= READABLE for ground in LIGHT_GROUNDS)
    assert all(contrast(look.link_dark, ground) >= READABLE for ground in DARK_GROUNDS)


def test_the_least_time_to_fill_in_a_form_keeps_nobody_out():
    with pytest.raises(InputError):
        Guard(min_fill_s=61)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_our_own_parameters_are_no_fields(name):
    FULL_FORM.require_publishable()
    with pytest.raises(InputError, match="reserved_name"):
        replace(FORM, boxes=(replace(FORM.boxes[0], name=name),)).require_publishable()


def test_two_boxes_never_share_a_purpose():
    twice = (FORM.boxes[0], replace(FORM.boxes[0], name="other"))
    with pytest.raises(InputError):
        replace(FORM, boxes=twice).require_publishable()


def test_ticks_stand_apart_from_what_is_typed():
    assert [item.name for item in FULL_FORM.ticks] == ["adult"]
    assert len(FULL_FORM.facts) + 1 == len(FULL_FORM.fields)
    told = {"adult": "yes", "beds": "7", "email": "visitor@example.org", "newsletter": "yes"}
    assert FULL_FORM.attributes(told) == {"adult": "yes", "beds": "7"}
