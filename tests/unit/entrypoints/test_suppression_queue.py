# SPDX-License-Identifier: Apache-2.0
"""What the consumer of the suppressions queue makes of each message."""

import json

import pytest

from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.suppression_files import ExportForm, FileWish
from chalicelib.entrypoints import schedules
from chalicelib.entrypoints.suppression_queue import AGAIN_S, keep_suppressions
from chalicelib.errors import Throttled, Unavailable
from chalicelib.ports.account_list import Listed
from chalicelib.ports.outside import Queue
from tests.support.faults import FailAlways, Moment

READER = "reader@example.org"
SID = "A" * 22


def keep(*messages: object) -> list[str]:
    event = {
        "Records": [
            {
                "messageId": f"m{n}",
                "body": message if isinstance(message, str) else json.dumps(message),
            }
            for n, message in enumerate(messages)
        ]
    }
    return [item["itemIdentifier"] for item in keep_suppressions(event)["batchItemFailures"]]


def list_old(world, address: str) -> None:
    world.account_list_rows.listed[address] = Listed(
        address=address,
        reason=SuppressionReason.BOUNCE,
        since_ms=world.time.now_ms() - 3 * 86_400_000,
    )


@pytest.mark.parametrize(
    "message",
    [
        "not JSON",
        {"v": 2, "sync": True},
        {"v": 1},
        {"v": 1, "sync": 1},
        {"v": 1, "sync": "true"},
        {"v": 1, "held": 5},
        {"v": 1, "held": "a@example.org"},
        {"v": 1, "held": SID + "A"},
        {"v": 1, "import": 5},
        {"v": 1, "export": "a@example.org"},
    ],
)
def test_what_nobody_can_read_goes_back(world, message):
    assert keep(message) == ["m0"]


def test_one_person_and_the_list_are_compared(world):
    sid = world.subscribe(READER)
    for address in (READER, "stranger@example.org"):
        list_old(world, address)
    assert keep({"v": 1, "held": sid}, {"v": 1, "held": SID}, {"v": 1, "sync": True}) == []
    assert READER not in world.account_list_rows.listed
    assert world.suppressions.find("stranger@example.org")


@pytest.mark.parametrize("message", [{"v": 1, "held": SID}, {"v": 1, "sync": True}])
def test_work_that_must_come_later_is_queued_anew_and_a_fault_goes_back(world, message):
    if "held" in message:
        message = {"v": 1, "held": world.subscribe(READER)}
    for call in ("get", "page"):
        world.faults = FailAlways(f"AccountList.{call}", Moment.BEFORE, Throttled("slow down"))
        keep(message)
    (queued, *_) = [m for m in world.outside_rows.messages if m.queue is Queue.SUPPRESSIONS]
    assert (json.loads(queued.body), queued.delay_s) == (message, AGAIN_S)
    world.faults = FailAlways("Comparisons.read", Moment.BEFORE, Unavailable("down"))
    assert keep({"v": 1, "sync": True}) == ["m0"]


def test_the_schedule_only_asks(world):
    assert schedules.sync_suppressions() == 1
    assert world.messages.take(Queue.SUPPRESSIONS) == [{"v": 1, "sync": True}]
    assert world.account_list_rows.comparison is None


def test_files_are_worked_on_and_made(world):
    made = world.suppression_imports.ask(b"stranger@example.org", FileWish())
    asked = world.suppression_exports.ask(ExportForm.SHA256)
    assert keep({"v": 1, "import": made.id}, {"v": 1, "export": asked.id}) == []
    assert world.suppression_imports.get(made.id).added == 1
    assert world.suppression_exports.get(asked.id).rows == 1
    assert keep({"v": 1, "import": SID}, {"v": 1, "export": SID}) == []
