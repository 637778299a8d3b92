# SPDX-License-Identifier: Apache-2.0
"""A change of address in a bundle: told as what it is, and no more."""

import re
from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest

from chalicelib.proof.evidence import LANGUAGES
from chalicelib.services.dossier import Wish
from tests.support.report_cases import moved, moved_and_withdrawn
from tests.support.world import READER, World
from tests.unit.proof.report.test_report import conclusions, words

BEFORE, AFTER = "before@example.org", "visitor@example.org"


def test_it_is_told_with_time_way_both_addresses_and_entry():
    said = words(moved().evidence())
    assert "on a page of the controller, from before@example.org to visitor@example.org" in said
    assert "(entry 3). The entry begins and ends no consent" in said


def test_the_consent_stands_as_it_did_and_ends_as_it_would():
    assert "was given by double opt-in" in conclusions(moved().evidence())
    ended = conclusions(moved_and_withdrawn().evidence())
    assert "withdrawn" in ended


def test_left_closed_it_says_so_and_names_no_address():
    evidence = moved().evidence()
    closed = tuple(replace(entry, disclosures=()) for entry in evidence.entries)
    said = words(replace(evidence, entries=closed))
    assert "From which address to which: left closed in this bundle" in said
    assert BEFORE not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_both_addresses(language):
    said = words(moved().evidence(language=language))
    assert BEFORE in said
    assert AFTER in said


def test_a_bundle_of_the_product_is_about_the_new_address_and_tells_of_the_old():
    world = World()
    sid = world.subscribe(BEFORE)
    access = world.access_links.open(world.access_links.make(sid, "demo", "en"))
    world.address_change.ask(access, AFTER, "en")
    world.settle()
    token = world.mails[-1].message.text.partition("/address/")[2].split()[0]
    world.address_change.confirm(token, READER)
    world.settle()
    job = world.proofs.request({"email": AFTER}, Wish())
    world.settle()
    with ZipFile(BytesIO(world.proofs.bundle(job.id))) as files:
        (name,) = (each for each in files.namelist() if each.endswith("report.html"))
        report = files.read(name).decode()
    assert f"from {BEFORE} to {AFTER}" in report
    assert re.search(rf"<dd>{re.escape(AFTER)}</dd>", report)
