# SPDX-License-Identifier: Apache-2.0
"""What `PersonalData` and `Erasures` guarantee, on the fakes and on DynamoDB's adapters."""

from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.activity import DynamoActivity
from chalicelib.adapters.dynamo.erasure import DynamoPersonalData
from chalicelib.adapters.dynamo.erasures import DynamoErasures
from chalicelib.adapters.dynamo.facts import DynamoFactStore
from chalicelib.adapters.dynamo.hygiene import DynamoHealthStore
from chalicelib.adapters.dynamo.mails import DynamoMailStore
from chalicelib.domain.customer_events import Kind
from chalicelib.domain.erasure import Erasure, Ground, Search, Stage
from chalicelib.domain.health import Health
from chalicelib.domain.ids import BrandId, JobId
from chalicelib.domain.state import SubjectState
from chalicelib.errors import Conflict, InputError
from chalicelib.ports.erasure import Shred
from chalicelib.ports.facts import FactChange, KeptEvent, KeptOrder
from chalicelib.ports.ledger import Suppressed
from chalicelib.ports.outside import StoredEvent
from tests.contract.ports.conftest import (
    ACTIVITY,
    AUDIENCE,
    CAMPAIGNS,
    LEDGER,
    VAULT,
    dynamo_ports,
    memory_ports,
)
from tests.support.appends import (
    confirm_token,
    entry,
    event,
    first_append,
    leaf,
    mac,
    next_append,
    subject,
    suppressed,
    token_hash,
)
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_erasure import MemoryErasures, MemoryPersonalData
from tests.support.memory_facts import MemoryFactStore
from tests.support.memory_hygiene import HygieneRows, MemoryHealthStore
from tests.support.memory_mails import MemoryMailStore
from tests.support.memory_outside import MemoryActivity, OutsideRows


class Everything:
    """All the ports an erasure reaches, over one set of rows."""

    def __init__(self, kind):
        if kind == "dynamo":
            ports = dynamo_ports()
            self.data = DynamoPersonalData(
                ledger_table=LEDGER,
                vault_table=VAULT,
                audience_table=AUDIENCE,
                activity_table=ACTIVITY,
                clock=FakeClock(),
                random=SeededRandom(),
            )
            self.activity, self.health = DynamoActivity(ACTIVITY), DynamoHealthStore(ACTIVITY)
            self.mails = DynamoMailStore(LEDGER)
            self.facts = DynamoFactStore(
                ledger_table=LEDGER,
                audience_table=AUDIENCE,
                activity_table=ACTIVITY,
                clock=FakeClock(),
                random=SeededRandom(),
            )
        else:
            ports, outside, hygiene = memory_ports(), OutsideRows(), HygieneRows()
            self.data = MemoryPersonalData(ports.rows, outside, hygiene)
            self.activity, self.health = MemoryActivity(outside), MemoryHealthStore(hygiene)
            self.mails = MemoryMailStore(ports.rows)
            self.facts = MemoryFactStore(ports.rows, outside)
        self.ledger, self.outbox, self.audience = ports.ledger, ports.outbox, ports.audience
        self.stored_text = ports.stored_text

    def add_event(self, key, sid):
        row = StoredEvent(key=key, sid=sid, mac=None, type="Bounce", at_ms=1, sealed=b"sealed")
        return self.activity.record_event(row, 60)

    def add_order(self, name, entries):
        event = KeptEvent(tag="event", kind=Kind.ORDER, sealed=b"event", until_ms=START_MS)
        order = KeptOrder(tag="order", sealed=b"order", until_ms=START_MS)
        change = FactChange(
            sid=subject(name), entries=entries, revision=0, facts=b"facts", event=event, order=order
        )
        return self.facts.keep(change)


@pytest.fixture(params=["memory", "dynamo"])
def ports(request):
    if request.param == "dynamo":
        request.getfixturevalue("tables")
    return Everything(request.param)


@pytest.fixture(params=["memory", "dynamo"])
def records(request):
    if request.param == "memory":
        return MemoryErasures()
    request.getfixturevalue("tables")
    return DynamoErasures(CAMPAIGNS)


def shred(name="ada", n=2, **changes):
    """The end of a chain of ``n`` entries."""
    last = entry(name, n, sealed=None)
    made = Shred(
        sid=subject(name),
        entry=last,
        state=SubjectState(entries=n + 1, last_ms=START_MS + n, erased=True),
        last_leaf_hash=sha256(last.leaf).hexdigest(),
        macs=(mac(name),),
    )
    return replace(made, **changes)


def kept(name, reason="erased", brand=None):
    row = replace(suppressed(name), reason=reason, brand=brand, event=event(f"kept {name} {brand}"))
    return row, (row.event, leaf(row.event, START_MS))


def test_a_shred_ends_the_chain_and_takes_key_profile_and_lookup_with_it(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    ports.ledger.commit(first_append("bo"))
    ports.data.shred(shred())
    loaded = ports.ledger.load(subject("ada"))
    assert (loaded.wrapped_key, loaded.macs, loaded.state.erased) == (None, (), True)
    assert loaded.last_leaf_hash == shred().last_leaf_hash
    assert ports.ledger.lookup(mac("ada")).sid is None
    assert ports.audience.members([subject("ada")]) == {}
    assert ports.ledger.history(subject("ada"))[2] == shred().entry
    assert shred().entry.event in {waiting.event for waiting in ports.outbox.pending(100)}
    assert ports.ledger.load(subject("bo")).wrapped_key == b"wrapped bo"
    assert ports.ledger.lookup(mac("bo")).sid == subject("bo")


def test_a_shred_decided_on_an_older_chain_destroys_nothing(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    ports.ledger.commit(next_append("ada", 2))
    before = ports.stored_text()
    with pytest.raises(Conflict):
        ports.data.shred(shred())
    assert ports.stored_text() == before


def test_a_chain_ends_once(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    ports.data.shred(shred())
    before = ports.stored_text()
    for again in (shred(), shred(n=3)):
        with pytest.raises(Conflict):
            ports.data.shred(again)
    with pytest.raises(Conflict):
        ports.ledger.commit(next_append("ada", 2))
    assert ports.stored_text() == before


def test_a_shred_replaces_every_suppression_of_the_mac(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    old = (suppressed("ada"), replace(suppressed("ada"), brand=BrandId("demo")))
    ports.ledger.append_controller_entry(event("old"), leaf(event("old"), START_MS), None, old)
    (row, recorded), (second, also) = kept("ada"), kept("ada", "manual", BrandId("other"))
    ports.data.shred(shred(kept=(row, second), recorded=(recorded, also)))
    assert ports.ledger.lookup(mac("ada")).suppressions == (row, second)
    assert ports.ledger.locate(row.event).sid is None
    waiting = {each.event for each in ports.outbox.pending(100)}
    assert {row.event, second.event} <= waiting


def test_a_shred_that_keeps_nothing_leaves_no_suppression(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    old = (suppressed("ada"),)
    ports.ledger.append_controller_entry(event("old"), leaf(event("old"), START_MS), None, old)
    ports.data.shred(shred())
    assert ports.ledger.lookup(mac("ada")).suppressions == ()


def test_a_sweep_empties_every_entry_and_takes_all_else_of_the_person(ports):
    ports.ledger.commit(first_append("ada", entries=30))
    ports.ledger.commit(first_append("bo", entries=2))
    for name, entries in (("ada", 30), ("bo", 2)):
        assert ports.add_order(name, entries)
        ports.mails.put(subject(name), 0, b"sealed mail")
        ports.mails.answer(subject(name), 0, b"sealed answer", 1, 1)
        ports.add_event(f"event of {name}", subject(name))
        ports.health.write(subject(name), Health(), 0, START_MS)
    leaves = [each.leaf for each in ports.ledger.history(subject("ada"))]
    assert ports.data.sweep(subject("ada")) == 35
    history = ports.ledger.history(subject("ada"))
    assert [each.leaf for each in history] == leaves
    assert {each.sealed for each in history} == {None}
    assert ports.mails.read(subject("ada")) == ()
    assert ports.facts.events(subject("ada")) == ports.facts.orders(subject("ada")) == ()
    assert ports.health.read(subject("ada")).revision == 0
    assert ports.add_event("event of ada", subject("ada")), "it was gone"
    assert ports.data.sweep(subject("ada")) == 1
    assert ports.data.sweep(subject("ada")) == 0
    assert ports.ledger.load(subject("ada")).state is not None
    assert {each.sealed for each in ports.ledger.history(subject("bo"))} == {b"sealed"}
    assert ports.mails.read(subject("bo"))
    assert ports.facts.events(subject("bo"))
    assert ports.facts.orders(subject("bo"))
    assert ports.health.read(subject("bo")).revision == 1
    assert not ports.add_event("event of bo", subject("bo"))


def test_what_is_forgotten_ahead_are_tokens_and_the_health_of_macs(ports):
    ports.ledger.put_token(confirm_token("ada"))
    ports.ledger.put_token(confirm_token("bo"))
    ports.health.write(mac("ada"), Health(), 0, START_MS)
    for _ in range(2):
        ports.data.forget_ahead([token_hash("ada"), token_hash("ada")], [mac("ada")])
    ports.data.forget_ahead([], [])
    assert ports.ledger.token(token_hash("ada")) is None
    assert ports.ledger.token(token_hash("bo")) is not None
    assert ports.health.read(mac("ada")).revision == 0


def test_shredding_again_needs_nothing_to_be_there_and_spares_a_new_owner_of_the_address(ports):
    ports.ledger.commit(first_append("bo", macs=(mac("ada"),)))
    ports.data.shred_again(shred("gone", 0, macs=(mac("bo"), mac("nobody"))), 7)
    assert ports.ledger.lookup(mac("bo")).sid == subject("bo")
    assert ports.ledger.load(subject("gone")).state.erased
    located = ports.ledger.locate(shred("gone", 0).entry.event)
    assert (located.sid, located.n, located.index) == (subject("gone"), 0, 7)


def test_shredding_again_takes_what_a_backup_brought_back(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    for _ in range(2):
        ports.data.shred_again(shred(), 7)
    loaded = ports.ledger.load(subject("ada"))
    assert (loaded.wrapped_key, loaded.macs, loaded.state.erased) == (None, (), True)
    assert ports.ledger.lookup(mac("ada")).sid is None
    assert ports.audience.members([subject("ada")]) == {}


def test_shredding_again_leaves_an_address_suppressed_for_exactly_what_is_kept(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    before = Suppressed(
        mac=mac("ada"), brand="demo", reason="bounce", since_ms=START_MS, event=event("before")
    )
    ports.ledger.append_controller_entry(before.event, leaf("before", 0), None, (before,))
    row = Suppressed(
        mac=mac("ada"),
        brand=None,
        reason="erased",
        since_ms=START_MS,
        event=event("kept"),
        salt_key=bytes(32),
    )
    recorded = ((row.event, leaf("kept", 0)),)
    ports.data.shred_again(replace(shred(), kept=(row,), recorded=recorded), 7)
    assert ports.ledger.lookup(mac("ada")).suppressions == (row,)
    assert ports.ledger.locate(row.event).sid is None


def test_everybody_is_found_by_key_profile_or_state(ports):
    ports.ledger.commit(first_append("ada", entries=2))
    ports.ledger.commit(first_append("bo", entries=2))
    ports.data.shred(shred("bo"))
    found = set(ports.data.subjects())
    assert found == {(subject("ada"), True), (subject("ada"), False), (subject("bo"), False)}


def erasure(name, **changes):
    made = Erasure(
        id=JobId(event(f"erasure {name}")),
        sid=subject(name),
        ground=Ground.WITHDRAWN,
        suppress=True,
        requested_by="key",
        requested_ms=START_MS,
    )
    return replace(made, **changes)


def test_a_record_reads_back_as_it_was_written_at_every_stage(records):
    first = erasure("ada", country="SE", language="sv")
    records.create(first, None)
    assert records.get(first.id) == first
    assert records.of(first.sid) == first
    approved = replace(first, stage=Stage.APPROVED, approved_by="other", approved_ms=START_MS + 1)
    stored = records.replace(approved)
    assert stored == replace(approved, revision=1)
    done = replace(stored, stage=Stage.ERASED, event=event("end"), entry=4, erased_ms=START_MS + 2)
    assert records.get(first.id) == stored
    assert records.replace(done) == records.get(first.id)
    assert records.get("nothing") is None
    assert records.of(subject("nobody")) is None


def test_a_record_is_replaced_only_over_what_was_read(records):
    first = erasure("ada")
    records.create(first, None)
    records.replace(first)
    with pytest.raises(Conflict):
        records.replace(replace(first, stage=Stage.CANCELLED))
    with pytest.raises(Conflict):
        records.replace(erasure("nobody"))


def test_a_person_has_one_latest_erasure_whoever_asks_at_once(records):
    first, second = erasure("ada"), erasure("ada", id=JobId(event("another")))
    records.create(first, None)
    with pytest.raises(Conflict):
        records.create(second, None)
    assert records.get(second.id) is None
    records.create(second, first)
    assert records.of(first.sid) == second
    assert records.get(first.id) == first


def test_what_is_approved_or_erased_is_unfinished_until_it_is_finished(records):
    first = erasure("ada")
    records.create(first, None)
    records.create(erasure("bo"), None)
    assert records.unfinished() == ()
    approved = records.replace(replace(first, stage=Stage.APPROVED))
    assert records.unfinished() == (approved,)
    for _ in range(2):
        records.finish(approved)
    assert records.unfinished() == ()


def test_records_are_paged_by_id(records):
    made = sorted((erasure(f"person {n}") for n in range(5)), key=lambda each: each.id)
    for each in made:
        records.create(each, None)
    found, cursor = [], None
    while True:
        page = records.page(cursor, 2)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == made
    with pytest.raises(InputError):
        records.page("not a cursor", 2)


def test_the_place_of_each_search_is_kept_by_itself(records):
    for search in Search:
        assert records.place(search) == 0
    records.move(512)
    records.move(256, Search.WAITING)
    assert (records.place(), records.place(Search.WAITING)) == (512, 256)


def test_a_records_row_never_expires(tables):
    records = DynamoErasures(CAMPAIGNS)
    records.create(erasure("ada"), None)
    rows = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    assert len(rows) == 2
    assert not any("expires_at" in row for row in rows)
