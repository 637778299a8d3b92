# SPDX-License-Identifier: Apache-2.0
"""The ledger's line in mails: true of the log, in every mail, and one read for many."""

import re

import pytest

from chalicelib.domain.campaigns import Content
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.ports.outside import Queue
from chalicelib.proof.checkpoint import verify_checkpoint
from chalicelib.services.checkpoint_line import FRESH_FOR_MS
from tests.support.faults import Moment
from tests.support.world import ORIGIN, World

LINE = re.compile(r"ledger (\S+) (\d+) ([0-9a-f]{64})\b")
READER = "reader@example.org"


@pytest.fixture
def world():
    made = World()
    made.settle(Queue.SEQUENCING)
    return made


def lines(message):
    return [LINE.search(part) for part in (message.html, message.text)]


def require_true(world, message):
    """Both parts name one checkpoint that the log's history holds with that root."""
    html, text = lines(message)
    assert html.groups() == text.groups()
    origin, size, root = text.groups()
    assert origin == ORIGIN
    kept = world.blobs.get(f"log/checkpoints/{size}")
    assert verify_checkpoint(kept.data, world.sequencer.log_key).root.hex() == root
    assert f"\n{text[0]}\n" in message.text


def test_a_confirmation_mail_a_campaigns_mail_and_a_test_mail_name_a_true_checkpoint(world):
    world.subscribe(READER)
    world.campaign()
    world.settle()
    draft = world.campaigns.create(
        name="Draft",
        list_id=ListId("newsletter"),
        purpose=PurposeId("newsletter"),
        content=Content(subject="Draft", html="<p>Draft</p>"),
    ).campaign
    world.campaign_tests.send(draft.id, READER)
    subjects = [each.message.subject for each in world.mails]
    assert len(subjects) == 3
    for each in world.mails:
        require_true(world, each.message)


def test_before_the_first_checkpoint_a_mail_has_no_line():
    world = World()
    world.sign_up(READER)
    world.settle(Queue.CONFIRMATIONS)
    (mail,) = world.mails
    assert lines(mail.message) == [None, None]


def test_chunks_of_a_minute_share_one_read_of_the_head(world):
    for number in range(6):
        world.subscribe(f"reader{number}@example.org")
    world.campaign()
    world.settle(Queue.PLANS)
    world.time.advance(FRESH_FOR_MS)
    read = []
    world.faults = lambda call, moment: (
        read.append(call) if (call, moment) == ("HeadStore.read", Moment.BEFORE) else None
    )
    world.settle(Queue.CHUNKS)
    assert len(read) == 1
    world.time.advance(FRESH_FOR_MS)
    world.checkpoint_lines.latest()
    world.checkpoint_lines.latest()
    assert len(read) == 2


def test_a_preview_shows_the_line_a_mail_would_have(world):
    brand, mailing_list = world.brands.get("demo"), world.lists.get("newsletter")
    shown = world.samples.sample(brand, mailing_list, Content(subject="Hello", html="<p>x</p>"))
    require_true(world, shown)


def test_the_first_checkpoint_is_named_as_soon_as_there_is_one():
    world = World()
    assert world.checkpoint_lines.latest() is None
    world.settle(Queue.SEQUENCING)
    assert world.checkpoint_lines.latest() is not None
