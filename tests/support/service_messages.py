# SPDX-License-Identifier: Apache-2.0
"""A world with a template of a service, and what tests do to its messages and their people."""

from chalicelib.domain.messages import LEASE_MS
from chalicelib.domain.templates import TemplateKind, Words
from chalicelib.errors import Conflict, DependencyError
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome, Sent
from chalicelib.services.ledger import Draft
from chalicelib.services.messages import Asked
from chalicelib.services.templates import Said
from chalicelib.vocabulary import EventType
from tests.support.template_examples import ENGLISH, ORDER_DATA, SWEDISH
from tests.support.world import World

EMAIL = "visitor@example.org"
ASKED = Asked(template="order", data=ORDER_DATA, email=EMAIL, once="key#1")
SILENCE = Sent(outcome=Outcome.UNKNOWN)


def service_world():
    """A world with the template `order`."""
    made = World()
    made.templates.create(
        template_id="order",
        brand_id="demo",
        name="Order",
        kind=TemplateKind.SERVICE,
        said=Said(words={"en": Words(**ENGLISH), "sv": Words(**SWEDISH)}),
    )
    return made


def news(world, before):
    """What SES took since."""
    return [mailed.message for mailed in world.mails[before:]]


def suppress(world, sid, reason, brand=None):
    draft = Draft(type=EventType.SUPPRESSION_ADDED, reason=reason, brand=brand)
    world.ledger.append(world.ledger.open(sid), [draft])


def restrict(world, sid):
    draft = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    world.ledger.append(world.ledger.open(sid), [draft])


def erase(world, sid):
    asked = world.erasures.request({"subscriber": sid}, key_id="A" * 22, suppress=False)
    world.erasures.approve(asked.id, "B" * 21 + "A")
    world.settle(Queue.ERASURES)


def hand_over(world, message_id, times=1):
    """Give a worker the message's queue message; what it raises goes back to the queue."""
    for _ in range(times):
        try:
            world.handle(Queue.CONFIRMATIONS, {"v": 1, "message": message_id})
        except (Conflict, DependencyError):
            world.time.advance(LEASE_MS)


def status(world, message_id):
    message = world.service_messages.get(message_id)
    return message.status, message.reason
