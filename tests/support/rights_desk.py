# SPDX-License-Identifier: Apache-2.0
"""Requests at the rights desk: asked by a person, entered by an officer, read back."""

from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.rights import Medium, Received
from chalicelib.services.entries import event_of_leaf, open_claims
from tests.support.world import READER

EMAIL = "reader@example.org"
STRANGER = "nobody@example.org"
KEY, OTHER_KEY = "key-one", "key-two"


def enter(world, right, selector=None, brand="demo", **more):
    """What an officer enters of a letter that came yesterday."""
    received = Received(
        medium=Medium.LETTER,
        received_ms=world.clock.now_ms() - DAY_MS,
        received_by="Front desk",
        entered_by=KEY,
    )
    return world.rights.by_officer(selector or {"email": EMAIL}, right, brand, received, **more)


def ask(world, sid, right, **more):
    return world.rights.by_person(sid, "demo", right, READER, **more)


def claims_of(world, sid, type_):
    chain = world.ledger.open(sid)
    for entry in reversed(world.ledger.history(sid)):
        if event_of_leaf(entry.leaf).type == type_:
            return open_claims(chain.keys, entry)
    raise AssertionError(type_)


def event_of(world, sid, type_):
    events = [event_of_leaf(entry.leaf) for entry in world.ledger.history(sid)]
    return [event for event in events if event.type == type_][-1]


def mailed_to(world, name):
    world.mails.clear()
    world.campaign(name)
    world.settle()
    return [mailed.message.to for mailed in world.mails]
