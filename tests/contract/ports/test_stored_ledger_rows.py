# SPDX-License-Identifier: Apache-2.0
"""Today's code reads yesterday's rows: tests/data/v*/ledger_rows.json were written once and stay.

Each file holds the rows of one small story in DynamoDB's own JSON, binary as base64: version 1 of
an entry's row and version 2 (docs/adr/0017). A change that breaks these tests changes stored data:
it needs a new schema version, not a new file in place of an old one.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.packed_leaves import unpack
from chalicelib.domain.consent import fold
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.ids import BrandId, PurposeId
from chalicelib.domain.standing import Standing, load_standing
from chalicelib.errors import Conflict, FatalError
from chalicelib.ports.ledger import Head, ProfileWrite
from chalicelib.vocabulary import EventType
from tests.contract.ports.conftest import stored_items
from tests.support.appends import (
    BRAND,
    LIST,
    confirm_token,
    event,
    first_append,
    leaf,
    mac,
    next_append,
    subject,
    suppressed,
    token_hash,
)
from tests.support.clock import START_MS

DATA = Path(__file__).parents[2] / "data"
VERSIONS = ("v1", "v2")
WRITTEN = "v2"
HEAD = Head(size=1, root=b"r" * 32, checkpoint=b"note", staged="log/staging/1-aa")


def consent_event(kind, n):
    return Event(
        type=kind,
        at_ms=START_MS + n,
        brand=BRAND,
        channel=EMAIL,
        lists=(LIST,),
        purposes=(PurposeId("measurement"), PurposeId("newsletter")),
        notice="0" * 64,
    )


REQUESTED = fold([consent_event(EventType.CONSENT_REQUESTED, 0)])
CONFIRMED = fold([consent_event(EventType.CONSENT_CONFIRMED, 1)], REQUESTED)


def tell_the_story(ports):
    """A request, its confirmation, a suppression, a stranger, and the first sequenced entry."""
    ports.ledger.commit(first_append("ada", state=REQUESTED, index_request=True))
    ports.outbox.settle([(ports.outbox.pending(1)[0], 0)])
    ports.ledger.put_token(confirm_token("ada"))
    ports.ledger.commit(
        next_append(
            "ada",
            1,
            state=CONFIRMED,
            profile=ProfileWrite(sealed=b"profile 2", lists=((LIST, "given"),)),
            consume_token=token_hash("ada"),
            consumed_ms=START_MS + 1,
            suppress=(suppressed("ada"), suppressed("ada", BrandId("demo"), "complaint")),
        )
    )
    ports.ledger.append_controller_entry(
        event("controller"), leaf(event("controller"), START_MS), b"sealed", (suppressed("bo"),)
    )
    ports.heads.swap(None, HEAD)


def plain(value: Any) -> Any:
    """Binary as base64 text, so that rows are JSON."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def binary(value: Any) -> Any:
    """The inverse of `plain`: members named ``B`` are binary."""
    if isinstance(value, dict):
        return {
            name: base64.b64decode(part) if name == "B" and isinstance(part, str) else binary(part)
            for name, part in value.items()
        }
    return [binary(part) for part in value] if isinstance(value, list) else value


def stored(version):
    return json.loads((DATA / version / "ledger_rows.json").read_text())


def unpacked(rows):
    """Rows with the leaves of entries as they are: another zlib may pack them otherwise."""
    for row in rows:
        if row["item"]["sk"]["S"].startswith("E#"):
            row["item"]["leaf"] = unpack(base64.b64decode(row["item"]["leaf"]["B"]))
    return rows


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def yesterday(dynamo, version):
    """The tables as an earlier version of the product left them."""
    for row in stored(version):
        clients.client("dynamodb").put_item(TableName=row["table"], Item=binary(row["item"]))
    return dynamo


def test_the_same_story_is_still_stored_as_the_same_rows(dynamo):
    tell_the_story(dynamo)
    assert unpacked(plain(stored_items())) == unpacked(stored(WRITTEN))


def test_stored_rows_read_as_what_they_were(yesterday):
    loaded = yesterday.ledger.load(subject("ada"))
    assert loaded.state == CONFIRMED
    assert (loaded.macs, loaded.wrapped_key) == ((mac("ada"),), b"wrapped ada")
    history = yesterday.ledger.history(subject("ada"))
    assert [(x.n, x.event, x.leaf, x.sealed) for x in history] == [
        (0, event("ada 0"), leaf(event("ada 0"), START_MS), b"sealed"),
        (1, event("ada 1"), leaf(event("ada 1"), START_MS + 1), b"sealed"),
    ]
    assert yesterday.ledger.locate(event("ada 0")).index == 0
    assert yesterday.ledger.token(token_hash("ada")).used_ms == START_MS + 1
    assert yesterday.ledger.asked(token_hash("ada")).token.used_ms == START_MS + 1
    known = yesterday.ledger.lookup(mac("ada"))
    assert known.sid == subject("ada")
    assert [(x.brand, x.reason) for x in known.suppressions] == [
        (None, "bounce"),
        ("demo", "complaint"),
    ]
    assert [x.sid for x in yesterday.outbox.pending(10)].count(None) == 1
    member = yesterday.audience.members([subject("ada")])[subject("ada")]
    assert (member.sealed, member.lists) == (b"profile 2", ((LIST, "given"),))
    assert load_standing(member.standing) == Standing()
    assert yesterday.heads.read() == HEAD


def test_a_chain_stored_yesterday_can_be_appended_to(yesterday):
    yesterday.ledger.commit(next_append("ada", 2))
    assert yesterday.ledger.load(subject("ada")).state.entries == 3


READS = {
    "S#": lambda p: (p.ledger.history(subject("ada")), p.ledger.load(subject("ada"))),
    "I#": lambda p: p.ledger.lookup(mac("ada")),
    "X#": lambda p: p.ledger.lookup(mac("ada")),
    "V#": lambda p: p.ledger.locate(event("ada 0")),
    "T#": lambda p: p.ledger.token(token_hash("ada")),
    "Q#": lambda p: p.outbox.pending(10),
    "HEAD#": lambda p: p.heads.read(),
}


@pytest.mark.parametrize("kind", READS)
def test_a_row_of_a_later_schema_version_is_never_guessed_at(yesterday, version, kind):
    for row in stored(version):
        if row["item"]["pk"]["S"].startswith(kind):
            item = {**binary(row["item"]), "v": {"N": "3"}}
            clients.client("dynamodb").put_item(TableName=row["table"], Item=item)
    with pytest.raises(FatalError):
        READS[kind](yesterday)


@pytest.mark.parametrize("table", ["kvitto-vault", "kvitto-audience"])
def test_a_subject_row_of_a_later_schema_version_is_never_guessed_at(yesterday, version, table):
    for row in stored(version):
        if row["table"] == table:
            item = {**binary(row["item"]), "v": {"N": "3"}}
            clients.client("dynamodb").put_item(TableName=table, Item=item)
    with pytest.raises(FatalError):
        yesterday.audience.members([subject("ada")])
    with pytest.raises(FatalError):
        yesterday.audience.page(None, 10)


def test_a_chain_whose_state_a_later_version_wrote_is_not_written_over(yesterday, version):
    (state,) = [binary(row["item"]) for row in stored(version) if row["item"]["sk"]["S"] == "STATE"]
    clients.client("dynamodb").put_item(TableName="kvitto-ledger", Item={**state, "v": {"N": "3"}})
    before = stored_items()
    with pytest.raises(Conflict):
        yesterday.ledger.commit(next_append("ada", 2))
    assert stored_items() == before
