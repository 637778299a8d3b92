# SPDX-License-Identifier: Apache-2.0
"""`ports.traces.Traces` as promised, by the fake and by DynamoDB's adapter alike."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.ids import DeliveryId, EventId, SubjectId
from chalicelib.errors import FatalError
from chalicelib.ports.outside import StoredEvent
from chalicelib.ports.traces import MailTrace
from tests.contract.ports.conftest import ACTIVITY
from tests.support.clock import START_MS
from tests.support.memory_outside import MemoryActivity, OutsideRows
from tests.support.memory_traces import MemoryTraces

MESSAGE_ID = "0102018f2f7c3a4b-0a1b2c3d-1111-2222-3333-0123456789ab-000000"
CAMPAIGN = MailTrace(delivery=DeliveryId("AAECAwQFBgcICQoL"))
CONFIRMATION = MailTrace(request=EventId("AAAAAAAAAAAAAAAAAAAAAA"))
READER = SubjectId("DDDDDDDDDDDDDDDDDDDDDA")
EVENT = StoredEvent(
    key="e1", sid=READER, mac=None, type="Delivery", at_ms=START_MS, sealed=b"\x01sealed"
)


@pytest.fixture(params=["memory", "dynamo"])
def ports(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Traces, and the activity they read the events of."""
    if request.param == "memory":
        rows = OutsideRows()
        return MemoryTraces(rows), MemoryActivity(rows)
    request.getfixturevalue("tables")
    from chalicelib.adapters.dynamo.activity import DynamoActivity
    from chalicelib.adapters.dynamo.traces import DynamoTraces

    return DynamoTraces(ACTIVITY), DynamoActivity(ACTIVITY)


@pytest.mark.parametrize("trace", [CAMPAIGN, CONFIRMATION])
def test_a_mail_is_found_by_its_message_id_and_by_no_other(ports, trace):
    traces, _ = ports
    for _ in range(2):
        traces.keep(MESSAGE_ID, trace, START_MS)
    assert traces.find(MESSAGE_ID) == trace
    assert traces.find(MESSAGE_ID + "x") is None


def test_a_persons_events_come_oldest_first_and_nobody_elses(ports):
    traces, activity = ports
    later = replace(EVENT, key="e0", at_ms=START_MS + 5)
    other = replace(EVENT, key="e2", sid=SubjectId("EEEEEEEEEEEEEEEEEEEEEA"))
    stranger = replace(EVENT, key="e3", sid=None, mac="m" * 43)
    for event in (later, EVENT, other, stranger):
        activity.record_event(event, 60)
    assert traces.events(READER) == (EVENT, later)
    assert traces.events(SubjectId("FFFFFFFFFFFFFFFFFFFFFA")) == ()


@pytest.mark.usefixtures("tables")
class TestRows:
    """What DynamoDB is given."""

    @pytest.fixture
    def traces(self):
        from chalicelib.adapters.dynamo.traces import DynamoTraces

        return DynamoTraces(ACTIVITY)

    def test_a_row_is_named_by_a_hash_holds_a_random_id_and_says_when_it_may_go(self, traces):
        traces.keep(MESSAGE_ID, CAMPAIGN, START_MS)
        (row,) = clients.client("dynamodb").scan(TableName=ACTIVITY)["Items"]
        assert row == {
            "pk": {"S": f"M#{hashlib.sha256(MESSAGE_ID.encode()).hexdigest()}"},
            "sk": {"S": "M"},
            "v": {"N": "1"},
            "delivery": {"S": CAMPAIGN.delivery},
            "expires_at": {"N": str(START_MS // 1000)},
        }

    def test_a_row_of_another_version_is_not_guessed_at(self, traces):
        traces.keep(MESSAGE_ID, CAMPAIGN, START_MS)
        dynamodb = clients.client("dynamodb")
        (row,) = dynamodb.scan(TableName=ACTIVITY)["Items"]
        dynamodb.put_item(TableName=ACTIVITY, Item={**row, "v": {"N": "9"}})
        with pytest.raises(FatalError):
            traces.find(MESSAGE_ID)
