# SPDX-License-Identifier: Apache-2.0
"""`ports.outside.Activity` as promised, by the fake and by DynamoDB's adapter alike."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.event_tallies import MAX_DAYS, OfNobody, WhyNobody, day_of
from chalicelib.domain.ids import SubjectId
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.outside import Activity, Attempt, Remembered, StoredEvent
from tests.support.clock import START_MS
from tests.support.memory_outside import MemoryActivity

TABLE = "kvitto-activity"
DAY_S = 86_400
LEASE_S = 35
ASKED, OTHER = "11" * 32, "22" * 32
MINE, THEIRS = Attempt(key="k", nonce="mine"), Attempt(key="k", nonce="theirs")
EVENT = StoredEvent(
    key="0100-aa#Bounce#mac",
    sid=SubjectId("DDDDDDDDDDDDDDDDDDDDDA"),
    mac="m" * 43,
    type="Bounce",
    at_ms=START_MS,
    sealed=b"\x01sealed",
)


def dynamo_activity() -> Any:
    from chalicelib.adapters.dynamo.activity import DynamoActivity

    return DynamoActivity(TABLE)


@pytest.fixture(params=["memory", "dynamo"])
def activity(request: pytest.FixtureRequest) -> Activity:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        made: Activity = dynamo_activity()
        return made
    return MemoryActivity()


def stored(pk: str, sk: str) -> dict[str, Any]:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    item = clients.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    assert isinstance(item, dict)
    return item


def begin(
    activity: Activity, attempt: Attempt, asked: str = ASKED, now_ms: int = START_MS
) -> Remembered | None:
    return activity.begin_request(attempt, asked, now_ms, lease_s=LEASE_S, keep_s=DAY_S)


def test_a_budget_counts_within_its_window_and_starts_anew_after_it(activity):
    window_ms = START_MS // 3_600_000 * 3_600_000
    assert [activity.count("signups/a", 3_600, window_ms + n) for n in range(3)] == [1, 2, 3]
    assert activity.count("signups/b", 3_600, window_ms) == 1
    assert activity.count("signups/a", 3_600, window_ms + 3_599_999) == 4
    assert activity.count("signups/a", 3_600, window_ms + 3_600_000) == 1


def test_a_new_idempotency_key_is_claimed_once(activity):
    assert begin(activity, MINE) is None
    pending = Remembered(request_sha256=ASKED, status=None, body=None)
    assert begin(activity, THEIRS) == pending
    assert begin(activity, THEIRS, OTHER) == pending
    assert begin(activity, Attempt(key="other", nonce="theirs"), OTHER) is None


def test_an_attempts_own_claim_is_new_to_it(activity):
    """The client repeats a write whose answer was lost; nothing ran in between."""
    assert begin(activity, MINE) is None
    assert begin(activity, MINE) is None
    assert begin(activity, THEIRS) is not None


def test_a_claim_without_an_answer_is_only_a_lease(activity):
    begin(activity, MINE)
    over = START_MS + LEASE_S * 1_000
    assert begin(activity, THEIRS, OTHER, over - 1) is not None
    assert begin(activity, THEIRS, OTHER, over) is None
    with pytest.raises(Conflict):
        activity.finish_request(MINE, 201, "late")
    activity.abandon_request(MINE)
    activity.finish_request(THEIRS, 201, "{}")
    remembered = Remembered(request_sha256=OTHER, status=201, body="{}")
    assert begin(activity, MINE, ASKED, over + LEASE_S * 1_000) == remembered


def test_the_answer_given_is_remembered_beyond_the_lease(activity):
    begin(activity, MINE)
    activity.finish_request(MINE, 201, '{"id":"é"}')
    remembered = Remembered(request_sha256=ASKED, status=201, body='{"id":"é"}')
    assert begin(activity, THEIRS, OTHER, START_MS + 1) == remembered
    assert begin(activity, THEIRS, OTHER, START_MS + LEASE_S * 2_000) == remembered


def test_an_empty_answer_is_an_answer(activity):
    begin(activity, MINE)
    activity.finish_request(MINE, 204, "")
    assert begin(activity, THEIRS) == Remembered(request_sha256=ASKED, status=204, body="")


def test_an_abandoned_key_is_new_again_to_whoever_comes(activity):
    begin(activity, MINE)
    activity.abandon_request(THEIRS)
    assert begin(activity, THEIRS, OTHER) is not None
    activity.abandon_request(MINE)
    assert begin(activity, THEIRS, OTHER) is None
    activity.abandon_request(Attempt(key="never claimed", nonce="mine"))


def test_an_answer_is_never_abandoned(activity):
    begin(activity, MINE)
    activity.finish_request(MINE, 201, "{}")
    activity.abandon_request(MINE)
    assert begin(activity, THEIRS) is not None


def test_a_key_nobody_claimed_is_not_answered(activity):
    with pytest.raises(Conflict):
        activity.finish_request(MINE, 200, "{}")
    assert begin(activity, MINE) is None


def test_a_key_is_new_after_its_time_even_while_its_row_is_still_there(activity):
    """DynamoDB removes expired rows up to days late."""
    begin(activity, MINE)
    activity.finish_request(MINE, 201, "{}")
    over = START_MS + DAY_S * 1_000
    assert begin(activity, THEIRS, ASKED, over - 1) is not None
    assert begin(activity, THEIRS, OTHER, over) is None
    assert begin(activity, MINE, OTHER, over) == Remembered(
        request_sha256=OTHER, status=None, body=None
    )


def test_an_event_is_stored_once(activity):
    assert activity.record_event(EVENT, DAY_S) is True
    assert activity.record_event(EVENT, DAY_S) is False
    stranger = replace(EVENT, key="a stranger's", sid=None, sealed=None)
    assert activity.record_event(stranger, DAY_S) is True
    assert activity.record_event(stranger, DAY_S) is False
    assert activity.record_event(replace(EVENT, key="another"), DAY_S) is True


def test_events_of_nobody_are_counted_once_each_by_day_why_and_type(activity):
    lost = replace(EVENT, sid=None, sealed=None, why_nobody=WhyNobody.UNMATCHED)
    forwarded = replace(lost, key="f", why_nobody=WhyNobody.FORWARDED)
    for event in (lost, replace(lost, key="second"), forwarded):
        assert activity.record_event(event, DAY_S) is True
        assert activity.record_event(event, DAY_S) is False
    next_day = replace(lost, key="later", type="Complaint", at_ms=START_MS + DAY_S * 1_000)
    assert activity.record_event(next_day, DAY_S)
    assert activity.record_event(replace(EVENT, key="somebody's"), DAY_S)
    day = day_of(START_MS)
    today = [
        OfNobody(day=day, why=WhyNobody.FORWARDED, type="Bounce", count=1),
        OfNobody(day=day, why=WhyNobody.UNMATCHED, type="Bounce", count=2),
    ]
    after = OfNobody(day=day + 1, why=WhyNobody.UNMATCHED, type="Complaint", count=1)
    assert activity.of_nobody(day - 13, 14) == today
    assert activity.of_nobody(day, 2) == [*today, after]
    assert activity.of_nobody(day + 1, 1) == [after]
    for days in (0, MAX_DAYS + 1):
        with pytest.raises(FatalError):
            activity.of_nobody(day, days)


def test_a_count_of_nobody_is_stored_like_this_and_goes_after_its_time(tables):
    lost = replace(EVENT, sid=None, sealed=None, why_nobody=WhyNobody.UNMATCHED)
    dynamo_activity().record_event(lost, DAY_S)
    day = day_of(START_MS)
    row = stored("T#SES", f"{day:06d}#unmatched#Bounce")
    assert {name: row[name] for name in ("v", "events", "expires_at")} == {
        "v": {"N": "1"},
        "events": {"N": "1"},
        "expires_at": {"N": str((day + 400) * DAY_S)},
    }


def test_every_row_says_when_it_may_go(tables):
    activity = dynamo_activity()
    start_s = START_MS // 1_000
    activity.count("signups/a", 3_600, START_MS)
    begin(activity, MINE)
    activity.record_event(EVENT, 2 * DAY_S)
    rows = [
        stored("B#signups/a", str(start_s // 3_600 * 3_600)),
        stored("R#k", "R"),
        stored(f"S#{EVENT.sid}", f"V#{EVENT.key}"),
    ]
    expected = [start_s // 3_600 * 3_600 + 7_200, start_s + DAY_S, start_s + 2 * DAY_S]
    assert [int(row["expires_at"]["N"]) for row in rows] == expected


def test_an_event_about_nobody_we_know_stores_nothing_of_a_person(tables):
    stranger = replace(EVENT, sid=None, sealed=None)
    dynamo_activity().record_event(stranger, DAY_S)
    names = {"pk", "sk", "v", "event_type", "at_ms", "expires_at", "mac"}
    assert set(stored(f"V#{EVENT.key}", "V")) == names


def test_an_activity_row_this_code_does_not_know_is_fatal(tables):
    activity = dynamo_activity()
    begin(activity, MINE)
    activity.record_event(EVENT, DAY_S)
    for pk, sk in (("R#k", "R"), (f"S#{EVENT.sid}", f"V#{EVENT.key}")):
        item = {**stored(pk, sk), "v": {"N": "2"}}
        clients.client("dynamodb").put_item(TableName=TABLE, Item=item)
    for step in (
        lambda: begin(activity, THEIRS),
        lambda: activity.finish_request(MINE, 200, ""),
        lambda: activity.record_event(EVENT, DAY_S),
    ):
        with pytest.raises(FatalError):
            step()


def test_a_claim_is_one_holders_until_it_runs_out_or_is_given_back(activity):
    assert activity.claim("mail#a", "first", START_MS, 1_000)
    assert activity.claim("mail#a", "first", START_MS + 1, 1_000)
    assert not activity.claim("mail#a", "second", START_MS + 500, 1_000)
    assert activity.claim("mail#b", "second", START_MS + 500, 1_000)
    assert activity.claim("mail#a", "second", START_MS + 1_001, 1_000)
    activity.unclaim("mail#a", "first")
    assert not activity.claim("mail#a", "first", START_MS + 1_002, 1_000)
    activity.unclaim("mail#a", "second")
    assert activity.claim("mail#a", "first", START_MS + 1_002, 1_000)


def test_giving_back_what_nobody_holds_is_harmless(activity):
    activity.unclaim("mail#nobody", "first")
    assert activity.claim("mail#nobody", "second", START_MS, 1_000)
