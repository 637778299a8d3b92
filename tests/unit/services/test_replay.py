# SPDX-License-Identifier: Apache-2.0
"""A restored backup brings erased people back; the replay of the log erases them again."""

import copy

import pytest

from chalicelib.domain.consent import fold
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import event_of_leaf
from tests.support.world import World

ERASED, STAYS = "erased@example.org", "stays@example.org"
TABLES = {
    "vault": ("vault",),
    "audience": ("audience",),
    "ledger": ("entries", "states", "lookups", "tokens", "mails", "answers", "located"),
}


@pytest.mark.parametrize("restored", [("vault",), ("audience",), ("ledger",), tuple(TABLES)])
def test_whoever_a_restored_backup_brings_back_is_erased_again(restored):
    world = World()
    stays, sid = world.subscribe(STAYS, first_name="Bo"), world.subscribe(ERASED, first_name="Ada")
    names = [name for table in restored for name in TABLES[table]]
    backup = {name: copy.deepcopy(getattr(world.rows, name)) for name in names}
    asked = world.erasures.request({"subscriber": sid}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    assert world.replay.run().again == 0
    erased = copy.deepcopy((world.rows.entries, world.rows.states))
    for name, rows in backup.items():
        getattr(world.rows, name).update(copy.deepcopy(rows))
    done = world.replay.run()
    assert (done.erasures, done.again) == (1, 1)
    assert sid not in world.rows.vault
    assert sid not in world.rows.audience
    assert sid not in world.rows.lookups.values()
    assert not [n for owner, n in world.rows.mails if owner == sid]
    history = world.store.history(sid)
    assert all(entry.sealed is None for entry in history)
    assert world.state(sid).erased
    assert world.rows.states[sid].macs == ()
    assert world.rows.vault[stays]
    assert world.replay.run().again == 0
    if restored != ("ledger",) and "ledger" not in restored:
        assert (world.rows.entries, world.rows.states) == erased


def test_a_chain_restored_to_just_before_its_erasure_gets_its_entry_back_from_the_log():
    world = World()
    sid = world.subscribe(ERASED)
    asked = world.erasures.request({"subscriber": sid}, key_id="one")
    world.settle()
    entries, states = copy.deepcopy((world.rows.entries, world.rows.states))
    world.erasures.approve(asked.id, "two")
    world.settle()
    leaves = [entry.leaf for entry in world.store.history(sid)]
    world.rows.entries, world.rows.states = entries, states
    world.replay.run()
    assert [entry.leaf for entry in world.store.history(sid)] == leaves
    assert world.state(sid) == fold([event_of_leaf(leaf) for leaf in leaves])


def test_somebody_who_signed_up_anew_is_not_taken_for_the_erased_one():
    world = World()
    old = world.subscribe(ERASED)
    backup = copy.deepcopy(world.rows.vault)
    asked = world.erasures.request({"subscriber": old}, key_id="one")
    world.erasures.approve(asked.id, "two")
    world.settle()
    world.time.advance(24 * 3600 * 1000)
    new = world.subscribe(ERASED)
    world.rows.vault.update(backup)
    world.replay.run()
    assert old not in world.rows.vault
    assert new in world.rows.vault
    assert world.ledger.lookup(world.ledger.mac(ERASED)).sid == new


@pytest.mark.parametrize(
    ("suppress", "held", "kept"),
    [
        (True, None, ["erased"]),
        (True, "complaint", ["erased"]),
        (True, "manual", ["manual"]),
        (False, None, []),
    ],
)
def test_a_restored_ledger_leaves_the_erased_address_as_suppressed_as_the_erasure_did(
    suppress, held, kept
):
    world = World()
    sid = world.subscribe(ERASED)
    if held:
        world.suppressions.add(ERASED, held)
    names = (*TABLES["ledger"], "suppressions")
    backup = {name: copy.deepcopy(getattr(world.rows, name)) for name in names}
    asked = world.erasures.request({"subscriber": sid}, key_id="one", suppress=suppress)
    world.erasures.approve(asked.id, "two")
    world.settle()
    assert [row.reason for row in world.suppressions.find(ERASED)] == kept
    for name, rows in backup.items():
        setattr(world.rows, name, rows)
    assert world.replay.run().again == 1
    assert [row.reason for row in world.suppressions.find(ERASED)] == kept
    assert not [row for row in world.suppressions.find(ERASED) if world.store.locate(row.event).sid]
    assert world.replay.run().again == 0


def test_an_erasure_lost_before_it_came_into_the_log_is_done_anew_by_its_record():
    world = World()
    sid = world.subscribe(ERASED)
    asked = world.erasures.request({"subscriber": sid}, key_id="one")
    world.settle()
    names = ("entries", "states", "lookups", "vault", "audience", "outbox", "located", "tokens")
    backup = {name: copy.deepcopy(getattr(world.rows, name)) for name in names}
    world.erasures.approve(asked.id, "two")
    world.settle(Queue.ERASURES)
    for name, rows in backup.items():
        setattr(world.rows, name, rows)
    assert world.replay.run().again == 1
    world.settle()
    assert sid not in world.rows.vault
    assert world.erasures.certificate(asked.id).vault_ref
    assert world.replay.run().again == 0
