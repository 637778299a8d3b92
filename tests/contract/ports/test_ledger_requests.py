# SPDX-License-Identifier: Apache-2.0
"""What the DynamoDB ledger asks of the service, and what it does when the service says wait."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.append_writes import TRANSACTION_TRIES
from chalicelib.adapters.dynamo.items import BATCH_TRIES
from chalicelib.domain.ids import BrandId, decode_id, encode_id
from chalicelib.domain.standing import Standing
from chalicelib.errors import Conflict, Throttled, Unavailable
from chalicelib.ports.ledger import NewSubject, ProfileWrite, StoredEntry
from chalicelib.proof.disclosure import Claims, encode_claims
from chalicelib.proof.leaf import LeafFields, build_leaf
from chalicelib.proof.sealing import Kek, SubjectKeys
from chalicelib.vocabulary import EventType
from tests.support.appends import (
    BRAND,
    confirm_token,
    first_append,
    mac,
    next_append,
    subject,
    suppressed,
    token_hash,
)
from tests.support.clock import START_MS

CANARY = "canary.visitor@example.org"


@pytest.fixture
def transactions(dynamo):
    """Every TransactWriteItems request made, as sent."""
    sent = []
    clients.client("dynamodb").meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: sent.append(params),
    )
    return sent


def rows_touched(request):
    """Table and kind of row of every operation, in order: each costs the same to wait for."""
    found = []
    for write in request["TransactItems"]:
        ((_, body),) = write.items()
        row = body.get("Item") or body["Key"]
        prefix, separator, _ = row["pk"]["S"].partition("#")
        found.append((body["TableName"], prefix if separator else "subject"))
    return found


def test_a_known_and_a_new_subjects_append_touch_the_same_rows_in_one_order(dynamo, transactions):
    profile = ProfileWrite(sealed=b"profile", lists=(), standing=Standing())
    dynamo.ledger.commit(first_append("ada", index_request=True, profile=profile))
    dynamo.ledger.commit(next_append("ada", 1, index_request=True, profile=profile))
    new, known = (rows_touched(request) for request in transactions)
    assert new == known
    assert [kind for _, kind in new] == ["S", "Q", "S", "I", "subject", "subject", "V"]


def test_a_known_subjects_append_only_checks_the_vault(dynamo, transactions):
    dynamo.ledger.commit(first_append("ada"))
    dynamo.ledger.commit(next_append("ada", 1))
    vault = [
        kind
        for write in transactions[1]["TransactItems"]
        for kind, body in write.items()
        if body["TableName"] == "kvitto-vault"
    ]
    assert vault == ["ConditionCheck"]


def test_an_append_is_one_request_however_much_it_changes(dynamo, transactions):
    rows = tuple(suppressed("ada", brand) for brand in (None, BRAND, BrandId("other")))
    dynamo.ledger.commit(first_append("ada", entries=3, index_request=True, suppress=rows))
    assert len(transactions) == 1
    assert len(transactions[0]["TransactItems"]) == 6 + 1 + 1 + 1 + 1 + 1 + 1


def test_the_same_append_carries_the_same_token_and_another_another(dynamo, transactions):
    dynamo.ledger.commit(first_append("ada"))
    with pytest.raises(Conflict):
        dynamo.ledger.commit(first_append("ada"))
    dynamo.ledger.commit(first_append("bo"))
    tokens = [request["ClientRequestToken"] for request in transactions]
    assert tokens[0] == tokens[1] != tokens[2]
    assert all(1 <= len(token) <= 36 for token in tokens)


def failing(monkeypatch, name, errors):
    """Make the client's method raise each of ``errors`` before it works; return the calls made."""
    dynamodb = clients.client("dynamodb")
    real, calls = getattr(dynamodb, name), []

    def call(**request):
        calls.append(request)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return real(**request)

    monkeypatch.setattr(dynamodb, name, call)
    return calls


def cancelled(*codes):
    return ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": f"about {CANARY}"},
            "CancellationReasons": [{"Code": code} for code in codes],
        },
        "TransactWriteItems",
    )


def test_a_row_busy_in_another_transaction_is_asked_for_again(dynamo, monkeypatch):
    busy = cancelled("None", "TransactionConflict")
    calls = failing(monkeypatch, "transact_write_items", [busy, busy])
    dynamo.ledger.commit(first_append("ada"))
    assert len(calls) == 3
    assert len({call["ClientRequestToken"] for call in calls}) == 1
    assert dynamo.ledger.load(subject("ada")).state.entries == 1


def test_a_row_that_stays_busy_is_throttled_after_a_bounded_number_of_tries(dynamo, monkeypatch):
    busy = cancelled("TransactionConflict")
    calls = failing(monkeypatch, "transact_write_items", [busy] * 99)
    with pytest.raises(Throttled):
        dynamo.ledger.commit(first_append("ada"))
    assert len(calls) == TRANSACTION_TRIES
    assert dynamo.ledger.load(subject("ada")).state is None


def test_a_failed_condition_decides_even_beside_a_busy_row(dynamo, monkeypatch):
    both = cancelled("TransactionConflict", "ConditionalCheckFailed")
    calls = failing(monkeypatch, "transact_write_items", [both])
    with pytest.raises(Conflict) as refused:
        dynamo.ledger.commit(first_append("ada"))
    assert len(calls) == 1
    assert CANARY not in str(refused.value)


def test_a_lost_answer_is_unavailable_never_guessed(dynamo, monkeypatch):
    lost = ReadTimeoutError(endpoint_url="http://127.0.0.1")
    calls = failing(monkeypatch, "transact_write_items", [lost])
    with pytest.raises(Unavailable):
        dynamo.ledger.commit(first_append("ada"))
    assert len(calls) == 1


def partial_reads(monkeypatch, times):
    """Leave all but one key unread in each of the first ``times`` batch reads."""
    dynamodb = clients.client("dynamodb")
    real, calls = dynamodb.batch_get_item, []

    def call(RequestItems):  # noqa: N803 -- the SDK's own argument name
        calls.append(RequestItems)
        if len(calls) > times:
            return real(RequestItems=RequestItems)
        table, request = next(iter(RequestItems.items()))
        now = {table: {**request, "Keys": request["Keys"][:1]}}
        later = {**RequestItems, table: {**request, "Keys": request["Keys"][1:]}}
        if not later[table]["Keys"]:
            del later[table]
        return {**real(RequestItems=now), "UnprocessedKeys": later}

    monkeypatch.setattr(dynamodb, "batch_get_item", call)
    return calls


def test_keys_left_unread_are_asked_for_again_until_the_answer_is_whole(dynamo, monkeypatch):
    for name in ("ada", "bo", "cy"):
        dynamo.ledger.commit(first_append(name))
    calls = partial_reads(monkeypatch, 2)
    sids = [subject(name) for name in ("ada", "bo", "cy")]
    assert set(dynamo.ledger.states(sids)) == set(sids)
    assert len(calls) == 3
    assert all(request["kvitto-ledger"]["ConsistentRead"] for request in calls)


def test_one_member_is_read_strongly_and_many_are_not(dynamo, monkeypatch):
    dynamo.ledger.commit(first_append("ada"))
    calls = partial_reads(monkeypatch, 0)
    dynamo.audience.member(subject("ada"))
    dynamo.audience.members([subject("ada")])
    strong = [{each["ConsistentRead"] for each in request.values()} for request in calls]
    assert strong == [{True}, {False}]


def test_a_batch_that_stays_partial_is_unavailable_and_returns_nothing(dynamo, monkeypatch):
    dynamo.ledger.commit(first_append("ada"))
    dynamodb = clients.client("dynamodb")
    calls = []

    def never(RequestItems):  # noqa: N803 -- the SDK's own argument name
        calls.append(RequestItems)
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    monkeypatch.setattr(dynamodb, "batch_get_item", never)
    for read in (
        lambda: dynamo.ledger.states([subject("ada")]),
        lambda: dynamo.ledger.load(subject("ada")),
        lambda: dynamo.ledger.lookup(mac("ada")),
        lambda: dynamo.audience.members([subject("ada")]),
        lambda: dynamo.audience.member(subject("ada")),
    ):
        calls.clear()
        with pytest.raises(Unavailable):
            read()
        assert len(calls) == BATCH_TRIES


def test_index_rows_left_unwritten_keep_their_entries_in_the_outbox(dynamo, monkeypatch):
    dynamo.ledger.commit(first_append("ada", entries=2))
    waiting = dynamo.outbox.pending(10)
    dynamodb = clients.client("dynamodb")
    real = dynamodb.batch_write_item
    monkeypatch.setattr(
        dynamodb,
        "batch_write_item",
        lambda RequestItems: {"UnprocessedItems": RequestItems},  # noqa: N803 -- the SDK's own argument name
    )
    with pytest.raises(Throttled):
        dynamo.outbox.settle([(x, x.n) for x in waiting])
    monkeypatch.setattr(dynamodb, "batch_write_item", real)
    assert dynamo.outbox.pending(10) == waiting


def test_no_stored_row_holds_a_persons_data_in_any_form(ports):
    sid = subject("canary")
    key = b"k" * 32
    keys = SubjectKeys(key, "example.org/log", decode_id(sid))
    append = first_append("canary")
    event_id = decode_id(append.entries[0].event)
    claims = Claims(subject={"email": CANARY, "email_as_typed": CANARY.upper()})
    fields = LeafFields(
        event_id=event_id,
        type=EventType.CONSENT_REQUESTED,
        ts_ms=START_MS,
        controller="example",
        brand="demo",
        channel="email",
        lists=("newsletter",),
        purposes=("newsletter",),
        notice_sha256="0" * 64,
    )
    built = build_leaf(fields, claims, keys, 0)
    sealed = keys.seal_claims(event_id, built.hash, encode_claims(claims), b"n" * 12)
    ports.ledger.commit(
        replace(
            append,
            entries=(
                StoredEntry(n=0, event=append.entries[0].event, leaf=built.leaf, sealed=sealed),
            ),
            new_subject=NewSubject(
                wrapped_key=Kek(1, b"e" * 32).wrap(decode_id(sid), key, b"n" * 12),
                macs=(mac("canary"),),
            ),
            profile=ProfileWrite(sealed=keys.seal_profile(CANARY.encode(), b"n" * 12), lists=()),
        )
    )
    stored = ports.stored_text().lower()
    assert sid.lower() in stored
    for form in (CANARY, "canary.visitor", CANARY.encode().hex(), encode_id(CANARY.encode())):
        assert form.lower() not in stored


def test_a_row_written_once_that_a_lagging_replica_lacks_is_read_strongly(dynamo, monkeypatch):
    append = replace(first_append("ada"), index_request=True)
    dynamo.ledger.commit(append)
    dynamo.ledger.put_token(confirm_token("ada"))
    dynamodb = clients.client("dynamodb")
    real, strong = dynamodb.get_item, []

    def lagging(**request):
        strong.append(request["ConsistentRead"])
        return real(**request) if request["ConsistentRead"] else {}

    monkeypatch.setattr(dynamodb, "get_item", lagging)
    assert dynamo.ledger.locate(append.entries[0].event).sid == subject("ada")
    assert dynamo.ledger.asked(token_hash("ada")).token.sid == subject("ada")
    assert strong == [False, True, False, True]
