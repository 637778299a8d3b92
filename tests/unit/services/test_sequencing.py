# SPDX-License-Identifier: Apache-2.0
"""The sequencer under crashes and rivals: one index each, no fork, never backwards."""

import pytest

from chalicelib.errors import Conflict, FatalError, KvittoError
from chalicelib.ports.ledger import Head
from chalicelib.proof.checkpoint import verify_checkpoint
from chalicelib.proof.merkle import leaf_hash, verify_consistency
from chalicelib.proof.tiles import (
    TileReader,
    bundle_path,
    decode_bundle,
    prove_consistency,
    prove_inclusion,
)
from chalicelib.services.ledger import Draft
from chalicelib.services.sequencing import CHECKPOINT, Sequencer, tile_reader
from chalicelib.vocabulary import EventType
from tests.support.faults import FailAlways, FailOnce, Moment
from tests.support.world import ORIGIN, World

HEARTBEAT = Draft(type=EventType.LOG_HEARTBEAT, channel=None)
CALLS = [
    "Blobs.get",
    "HeadStore.read",
    "Outbox.pending",
    "Blobs.put_new",
    "LogSigner.sign",
    "HeadStore.swap",
    "Blobs.put",
    "Outbox.settle",
    "Blobs.delete",
]


@pytest.fixture
def world():
    return World()


def rival(world):
    return Sequencer(
        heads=world.heads,
        outbox=world.outbox,
        blobs=world.blobs,
        signer=world.log_signer,
        origin=ORIGIN,
    )


def published(world):
    blob = world.outside_rows.blobs.get(CHECKPOINT)
    return verify_checkpoint(blob.data, world.sequencer.log_key) if blob else None


def check(world, events):
    """I1: every entry once, at its index, in the published tree; nothing is left waiting."""
    tree = published(world)
    assert tree.size == len(set(events))
    read = tile_reader(world.blobs)
    leaves = [
        leaf
        for number in range(-(-tree.size // 256))
        for leaf in decode_bundle(
            read(bundle_path(number, min(256, tree.size - number * 256))),
            min(256, tree.size - number * 256),
        )
    ]
    reader = TileReader(tree.size, read)
    for event in events:
        index = world.store.locate(event).index
        assert prove_inclusion(reader, index, tree.root)[0] == leaf_hash(leaves[index])
    assert world.rows.outbox == {}
    assert world.heads.read().staged is None


def accepted(world):
    """Every event committed so far, sequenced or not."""
    waiting = {pending.event for pending in world.rows.outbox.values()}
    return waiting | {
        event for event, place in world.rows.located.items() if place.index is not None
    }


def test_every_entry_gets_one_index_in_a_signed_tree(world):
    for _ in range(3):
        world.ledger.record(HEARTBEAT)
    world.settle()
    for _ in range(300):
        world.ledger.record(HEARTBEAT)
    events = accepted(world)
    world.settle()
    check(world, events)


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("call", CALLS)
def test_a_crash_at_any_call_is_completed_by_the_next_run(world, call, moment, nth):
    world.settle()
    before = published(world)
    for _ in range(4):
        world.ledger.record(HEARTBEAT)
    events = accepted(world)
    world.faults = FailOnce(call, moment, nth=nth)
    try:
        rival(world).run()
    except KvittoError:
        after = published(world)
        assert after.size >= before.size
    world.faults = lambda call, moment: None
    world.sequencer.run()
    check(world, events)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("moment", list(Moment))
def test_two_sequencers_at_once_publish_one_consistent_log(world, call, moment):
    world.settle()
    old = published(world)
    for _ in range(4):
        world.ledger.record(HEARTBEAT)
    events = accepted(world)
    raced = []

    def race(name, when):
        if (name, when) == (call, moment) and not raced:
            raced.append(True)
            events.add(world.ledger.record(HEARTBEAT))
            rival(world).run()

    world.faults = race
    world.sequencer.run()
    world.faults = lambda call, moment: None
    world.sequencer.run()
    assert raced
    check(world, events)
    new = published(world)
    proof = prove_consistency(
        TileReader(new.size, tile_reader(world.blobs)), old.size, old.root, new.root
    )
    verify_consistency(old.size, new.size, old.root, new.root, proof)


def test_a_head_that_was_rolled_back_halts_the_log(world):
    world.settle()
    old = world.heads.read()
    world.ledger.record(HEARTBEAT)
    world.settle()
    world.rows.heads[ORIGIN] = old
    world.ledger.record(HEARTBEAT)
    with pytest.raises(FatalError, match="rolled back"):
        world.sequencer.run()


def test_a_head_that_says_other_than_its_checkpoint_halts_the_log(world):
    world.settle()
    head = world.heads.read()
    world.rows.heads[ORIGIN] = Head(
        size=head.size + 1, root=head.root, checkpoint=head.checkpoint, staged=None
    )
    with pytest.raises(FatalError):
        world.sequencer.run()


def test_an_immutable_object_with_other_bytes_halts_the_log(world):
    world.settle()
    for _ in range(2):
        world.ledger.record(HEARTBEAT)
    size = published(world).size + 2
    world.blobs.put_new(f"log/checkpoints/{size}", b"forged", "text/plain")
    with pytest.raises(FatalError, match="forked"):
        world.sequencer.run()


def test_waking_is_only_an_optimisation(world):
    world.faults = FailOnce("Queues.send", Moment.BEFORE)
    event = world.ledger.record(HEARTBEAT)
    world.sequencer.run()
    assert world.store.locate(event).index is not None


def test_a_sequencer_that_always_loses_gives_up_without_publishing(world):
    world.settle()
    world.ledger.record(HEARTBEAT)
    world.faults = FailAlways("HeadStore.swap", Moment.BEFORE, Conflict("lost"))
    before = published(world)
    world.sequencer.run()
    assert published(world) == before
