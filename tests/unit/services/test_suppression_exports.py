# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions given out: whom they name, and that they come back as they went."""

import copy
import csv
import io

import pytest

from chalicelib.domain.events import EMAIL as BY_MAIL
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.reach import Reach
from chalicelib.domain.suppression_files import ExportForm, FileWish
from chalicelib.errors import Conflict, Unavailable
from tests.support.faults import FailAlways, Moment
from tests.support.suppression_lists import (
    MOST_BYTES,
    brought,
    digest,
    given_out,
    held,
)
from tests.support.world import World

KNOWN, STRANGER, OTHER = "known@example.org", "stranger@example.net", "other@example.net"
DEMO, NEWSLETTER = BrandId("demo"), ListId("newsletter")
TO_NEWSLETTER = Reach(DEMO, BY_MAIL, NEWSLETTER)
BOUNCE = FileWish(reason=SuppressionReason.BOUNCE)


@pytest.fixture
def world():
    return World()


def test_an_export_names_those_we_know_and_only_macs_of_others(world):
    world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual", TO_NEWSLETTER)
    world.suppressions.add(STRANGER, "bounce")
    rows = {row["reason"]: row for row in given_out(world)}
    own, other = rows["manual"], rows["bounce"]
    assert (own["address"], own["sha256"]) == (KNOWN, digest(KNOWN))
    assert (own["brand"], own["list"], own["channel"]) == ("demo", "newsletter", "email")
    assert (other["address"], other["sha256"]) == ("", "")
    assert other["address_mac"] == world.ledger.mac(STRANGER)
    hashed = {row["reason"]: row for row in given_out(world, ExportForm.SHA256)}
    assert (hashed["manual"]["address"], hashed["manual"]["sha256"]) == ("", digest(KNOWN))


def test_the_ledger_says_so_before_anybody_is_opened(world):
    world.suppression_exports.ask(ExportForm.PLAIN)
    assert b"list.exported" in b"".join(row.leaf for row in world.outbox.pending(1_000))
    world.faults = FailAlways(
        "LedgerStore.append_controller_entry", Moment.BEFORE, Unavailable("lost")
    )
    before = len(world.catalog_rows.jobs)
    with pytest.raises(Unavailable):
        world.suppression_exports.ask(ExportForm.PLAIN)
    assert len(world.catalog_rows.jobs) == before


@pytest.mark.parametrize("form", ExportForm)
def test_what_goes_out_and_comes_in_again_changes_nothing(world, form):
    sid = world.subscribe(KNOWN)
    gone = world.subscribe(OTHER)
    world.suppressions.add(KNOWN, "manual", TO_NEWSLETTER)
    world.suppressions.add(KNOWN, "bounce")
    world.suppressions.add(STRANGER, "complaint")
    brought(world, f"{digest('nobody@example.org')},manual\n")
    world.shredder.shred(gone, "withdrawn", suppress=True)
    made = world.suppression_exports.ask(form)
    world.settle()
    data = world.suppression_exports.file(made.id, MOST_BYTES)
    before = copy.deepcopy(world.rows.suppressions)
    found = brought(world, data)
    assert (found.added, found.refused_total) == (0, 0)
    assert found.known == found.rows == 5
    assert {mac: rows for mac, rows in world.rows.suppressions.items() if rows} == {
        mac: rows for mac, rows in before.items() if rows
    }
    assert len(held(world, sid)) == 2
    assert given_out(world, form) == list(csv.DictReader(io.StringIO(data.decode())))


def test_an_erasure_takes_every_export_along(world):
    sid = world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual")
    made = world.suppression_exports.ask(ExportForm.PLAIN)
    with pytest.raises(Conflict):
        world.suppression_exports.file(made.id, MOST_BYTES)
    world.settle()
    world.shredder.shred(sid, "withdrawn", suppress=True)
    found = world.suppression_exports.get(made.id)
    assert (found.status, found.rows) == (JobStatus.FAILED, None)
    with pytest.raises(Conflict):
        world.suppression_exports.file(made.id, MOST_BYTES)
    assert not [name for name in world.outside_rows.blobs if name.startswith("exports/")]


def test_an_export_of_many_is_made_in_parts(world):
    for n in range(130):
        world.suppressions.add(f"person{n}@example.org", "manual")
    world.suppression_exports._writer._part_bytes = 4_000
    rows = given_out(world)
    assert len({row["address_mac"] for row in rows}) == len(rows) == 130


def test_who_is_restricted_is_exported_by_mac_alone(world):
    sid = world.subscribe(KNOWN)
    world.suppressions.add(KNOWN, "manual")
    world.erasures.request({"subscriber": sid}, key_id="one")
    (row,) = given_out(world)
    assert (row["address"], row["sha256"]) == ("", "")
    assert row["address_mac"] == world.ledger.mac(KNOWN)
