# SPDX-License-Identifier: Apache-2.0
"""A brand's country table: committed to before it decides, changed only from what was seen."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.domain.country_rules import SHIPPED, load_rules, rules_document
from chalicelib.domain.state import Grade
from chalicelib.errors import Conflict, InputError, NotFound, Unavailable
from chalicelib.services.import_rules import RULES_FOLDER
from tests.support.faults import FailOnce, Moment
from tests.support.world import World

STRICT = replace(SHIPPED["SE"], consent_grade=Grade.B, why={"": "Ours."})


@pytest.fixture
def world():
    return World()


def committed(world):
    """Hashes the ledger commits to of which a table is stored."""
    leaves = [json.loads(item.leaf) for item in world.rows.outbox.values()]
    hashes = {leaf["cnt"] for leaf in leaves if leaf["typ"] == "policy.changed"}
    tables = {
        key.removeprefix(RULES_FOLDER).removesuffix(".json"): blob.data
        for key, blob in world.outside_rows.blobs.items()
        if key.startswith(RULES_FOLDER)
    }
    assert all(sha256(data).hexdigest() == name for name, data in tables.items())
    return {name: data for name, data in tables.items() if name in hashes}


def test_a_brand_without_a_table_of_its_own_has_the_shipped_one(world):
    table = world.import_rules.get("demo")
    assert (table.rules, table.revision) == (SHIPPED, 0)
    assert committed(world) == {}


def test_a_change_is_the_shipped_table_with_these_rules_and_the_ledger_commits_to_it(world):
    changed = world.import_rules.change("demo", [STRICT], 0)
    assert changed == world.import_rules.get("demo")
    assert changed.rules == {**SHIPPED, "SE": STRICT}
    (data,) = committed(world).values()
    assert load_rules(json.loads(data)) == changed.rules


def test_a_country_left_out_has_its_shipped_rule_again(world):
    first = world.import_rules.change("demo", [STRICT], 0)
    again = world.import_rules.change("demo", [], first.revision)
    assert again.rules == SHIPPED
    assert len(committed(world)) == 2


def test_the_same_table_is_no_change(world):
    first = world.import_rules.change("demo", [STRICT], 0)
    assert world.import_rules.change("demo", [STRICT], first.revision) == first
    assert len(committed(world)) == 1


def test_a_change_of_another_table_than_the_current_is_a_conflict(world):
    world.import_rules.change("demo", [STRICT], 0)
    with pytest.raises(Conflict):
        world.import_rules.change("demo", [], 0)
    assert world.import_rules.get("demo").rules["SE"] == STRICT


def test_a_looser_rule_without_a_reason_and_a_brand_that_is_not_there_are_refused(world):
    with pytest.raises(InputError):
        world.import_rules.change(
            "demo", [replace(SHIPPED["DE"], consent_grade=Grade.E, why={})], 0
        )
    with pytest.raises(NotFound):
        world.import_rules.get("none")
    with pytest.raises(NotFound):
        world.import_rules.change("none", [], 0)
    assert committed(world) == {}


def test_a_table_never_decides_without_its_entry(world):
    world.faults = FailOnce("LedgerStore.append_controller_entry", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.import_rules.change("demo", [STRICT], 0)
    table = world.import_rules.get("demo")
    assert rules_document(table.rules) == rules_document(SHIPPED)
