# SPDX-License-Identifier: Apache-2.0
"""Where a sign-up came from: what is kept of it, and what never is."""

import pytest

from chalicelib.domain.sources import MAX_PAGE_CHARS, page_of, source_of

OURS = "https://mail.example.org/forms/demo"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://www.example.org/offers?name=Kim&email=kim%40example.org#kim", "/offers"),
        ("https://www.example.org", "/"),
        ("https://kim:secret@www.example.org/offers;kim", "/offers;kim"),
        ("HTTPS://WWW.Example.ORG/Offers", "/Offers"),
    ],
)
def test_of_a_page_only_origin_and_path_are_kept(url, kept):
    assert page_of(url) == "https://www.example.org" + kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://localhost:8123/a", "http://localhost:8123/a"),
        ("http://[::1]:8123/a", "http://[::1]:8123/a"),
    ],
)
def test_a_port_is_part_of_an_origin(url, kept):
    assert page_of(url) == kept


@pytest.mark.parametrize(
    "url",
    ["", "about:blank", "android-app://org.example/", "https://", "http://[", "/offers", None, 5],
)
def test_what_is_no_web_page_is_kept_as_nothing(url):
    assert page_of(url) == ""


def test_an_endless_path_is_cut():
    assert len(page_of("https://www.example.org/" + "a" * 5_000)) == MAX_PAGE_CHARS


@pytest.mark.parametrize(
    ("choice", "session", "page"),
    [
        ({}, {"url": OURS, "referrer": ""}, OURS),
        ({}, {"url": OURS, "referrer": "https://www.example.org/a?b"}, "https://www.example.org/a"),
        ({}, {"url": OURS, "referrer": "nonsense"}, OURS),
        ({"page": "https://www.example.org/a"}, {"url": OURS}, "https://www.example.org/a"),
    ],
)
def test_the_page_is_the_one_the_form_stood_on(choice, session, page):
    assert source_of(choice, session) == {"page": page}


def test_form_and_tag_are_kept_where_they_are_told():
    choice = {"form": "demo", "tag": "autumn", "version": 3}
    assert source_of(choice, {}) == {"form": "demo", "tag": "autumn"}
