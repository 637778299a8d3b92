# SPDX-License-Identifier: Apache-2.0
"""`ports.audit` as promised, by the fakes and by the adapters: all is seen, nothing moved."""

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.audit import DynamoLedgerAudit
from chalicelib.adapters.s3_listing import S3Listing
from chalicelib.domain.ids import SHARDS
from chalicelib.errors import FatalError
from chalicelib.ports.audit import LookupRow, SubjectRows, SuppressionRow
from chalicelib.ports.ledger import Located, Pending, Suppressed
from tests.contract.ports.conftest import LEDGER, VAULT, LedgerPorts, stored_items
from tests.support.appends import event, first_append, leaf, mac, subject
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_audit import MemoryLedgerAudit, MemoryObjectAudit
from tests.support.memory_outside import MemoryBlobs, OutsideRows

STRANGER = Suppressed(
    mac=mac("stranger"), brand=None, reason="manual", since_ms=START_MS, event=event("s")
)


@pytest.fixture
def audit(ports):
    if ports.rows is not None:
        return MemoryLedgerAudit(ports.rows)
    return DynamoLedgerAudit(
        ledger_table=LEDGER, vault_table=VAULT, clock=FakeClock(), random=SeededRandom()
    )


def fill(ports: LedgerPorts) -> None:
    ports.ledger.commit(first_append("ada", entries=3))
    ports.ledger.commit(first_append("bo"))
    controllers = leaf(event("s"), START_MS)
    ports.ledger.append_controller_entry(event("s"), controllers, b"sealed", (STRANGER,))


def test_every_row_is_told_of_once(ports, audit):
    fill(ports)
    rows = list(audit.rows())
    people = [row for row in rows if isinstance(row, SubjectRows)]
    assert {row.sid: row.sealed for row in people} == {subject("ada"): 3, subject("bo"): 1}
    assert len(people) == 2
    lookups = {(row.mac, row.sid) for row in rows if isinstance(row, LookupRow)}
    assert lookups == {(mac("ada"), subject("ada")), (mac("bo"), subject("bo"))}
    suppressed = [row for row in rows if isinstance(row, SuppressionRow)]
    assert suppressed == [SuppressionRow(mac=mac("stranger"), suppressions=(STRANGER,))]
    waiting = [row.event for row in rows if isinstance(row, Pending)]
    assert sorted(waiting) == sorted(row.event for row in ports.outbox.pending(10))
    placed = [row for row in rows if isinstance(row, Located)]
    assert Located(event=event("s"), sid=None, n=None, index=None) in placed


def test_a_settled_entry_has_a_place_and_waits_no_more(ports, audit):
    fill(ports)
    first, *others = ports.outbox.pending(10)
    assert audit.is_waiting(first.event, first.leaf, first.sid)
    ports.outbox.settle([(first, 7)])
    assert not audit.is_waiting(first.event, first.leaf, first.sid)
    assert audit.places([first.event, others[0].event]).get(first.event) == Located(
        event=first.event, sid=first.sid, n=first.n, index=7
    )
    assert [row.event for row in audit.rows() if isinstance(row, Pending)].count(first.event) == 0


def test_entries_are_read_by_their_place_in_their_chains(ports, audit):
    fill(ports)
    wanted = [(subject("ada"), 2), (subject("bo"), 0), (subject("bo"), 9)]
    found = audit.entries(wanted)
    assert set(found) == set(wanted[:2])
    assert found[wanted[0]] == ports.ledger.history(subject("ada"))[2]


def test_key_holders_are_people_and_nothing_else_of_the_vault(ports, audit):
    fill(ports)
    if ports.rows is None:
        epoch = {"pk": {"S": "EPOCH"}, "sk": {"S": "0000000001"}, "v": {"N": "1"}}
        clients.client("dynamodb").put_item(TableName=VAULT, Item=epoch)
        assert "EPOCH" not in SHARDS
    assert sorted(audit.key_holders()) == sorted([subject("ada"), subject("bo")])


def test_reads_by_id_are_at_most_a_hundred_and_may_be_none(audit):
    assert audit.places([]) == {}
    assert audit.entries([]) == {}
    with pytest.raises(FatalError, match="100"):
        audit.places([event(str(n)) for n in range(101)])
    with pytest.raises(FatalError, match="100"):
        audit.entries([(subject("ada"), n) for n in range(101)])


def test_many_rows_come_page_by_page_and_nothing_is_written(dynamo, monkeypatch):
    fill(dynamo)
    before = stored_items()
    scan = clients.client("dynamodb").scan
    calls = []

    def short(**request):
        calls.append(request)
        return scan(**request, Limit=2)

    monkeypatch.setattr(clients.client("dynamodb"), "scan", short)
    audit = DynamoLedgerAudit(
        ledger_table=LEDGER, vault_table=VAULT, clock=FakeClock(), random=SeededRandom()
    )
    people = [row for row in audit.rows() if isinstance(row, SubjectRows)]
    assert {row.sid: row.sealed for row in people} == {subject("ada"): 3, subject("bo"): 1}
    assert len(people) == 2
    assert len(calls) > 3
    assert stored_items() == before


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_objects_are_listed_by_prefix(kind, request):
    names = [f"log/checkpoints/{n}" for n in range(5)]
    if kind == "memory":
        rows = OutsideRows()
        blobs, listing = MemoryBlobs(rows), MemoryObjectAudit(rows)
        for name in [*names, "log/tile/0/000"]:
            blobs.put_new(name, b"x", "text/plain")
    else:
        request.getfixturevalue("aws")
        s3 = clients.client("s3")
        where = {"LocationConstraint": "eu-north-1"}
        s3.create_bucket(Bucket="kvitto-store", CreateBucketConfiguration=where)
        for name in [*names, "log/tile/0/000"]:
            s3.put_object(Bucket="kvitto-store", Key=name, Body=b"x")
        plain = s3.list_objects_v2
        s3.list_objects_v2 = lambda **asked: plain(**asked, MaxKeys=2)
        listing = S3Listing("kvitto-store")
    assert sorted(listing.keys("log/checkpoints/")) == names
