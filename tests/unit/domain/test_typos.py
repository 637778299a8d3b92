# SPDX-License-Identifier: Apache-2.0
"""A mistyped mail domain is noticed, a right one never doubted."""

import pytest

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.typos import WELL_KNOWN, suggest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("visitor@gmial.com", "visitor@gmail.com"),
        ("visitor@gmail.co", "visitor@gmail.com"),
        ("visitor@gamil.com", "visitor@gmail.com"),
        ("visitor@gmai.com", "visitor@gmail.com"),
        ("visitor@hotmial.com", "visitor@hotmail.com"),
        ("visitor@outlok.com", "visitor@outlook.com"),
        ("visitor@yaho.com", "visitor@yahoo.com"),
        ("visitor@gmial.con", "visitor@gmail.com"),
        ("visitor@icloud.con", "visitor@icloud.com"),
        ("visitor@wanado.fr", "visitor@wanadoo.fr"),
        ("visitor@t-onlin.de", "visitor@t-online.de"),
        ("Visitor.Name+tag@gmial.com", "Visitor.Name+tag@gmail.com"),
    ],
)
def test_one_slip_in_a_well_known_domain_is_noticed(typed, meant):
    assert suggest(parse_address(typed)) == meant


@pytest.mark.parametrize("domain", WELL_KNOWN)
def test_a_well_known_domain_is_never_called_a_mistake(domain):
    assert suggest(parse_address(f"visitor@{domain}")) is None


@pytest.mark.parametrize(
    "domain",
    [
        "example.org",
        "outlook.dk",
        "hotmail.cl",
        "yahoo.com.br",
        "line.de",
        "mail.example.org",
        "company.de",
        "gov.uk",
        "xn--bcher-kva.example",
    ],
)
def test_other_domains_are_left_alone(domain):
    assert suggest(parse_address(f"visitor@{domain}")) is None
