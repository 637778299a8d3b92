# SPDX-License-Identifier: Apache-2.0
"""What every `FactStore` guarantees, on the fake and on DynamoDB's adapter."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.activity import DynamoActivity
from chalicelib.adapters.dynamo.erasure import DynamoPersonalData
from chalicelib.adapters.dynamo.facts import DynamoFactStore
from chalicelib.adapters.dynamo.traces import DynamoTraces
from chalicelib.domain.customer_event_body import ORDER_DAYS, OTHER_DAYS
from chalicelib.domain.customer_events import Kind
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.state import SubjectState
from chalicelib.errors import Conflict, FatalError, Throttled, Unavailable
from chalicelib.ports.erasure import Shred
from chalicelib.ports.facts import (
    MAX_FORGOTTEN,
    FactChange,
    Held,
    KeptEvent,
    KeptOrder,
    kept_until_ms,
)
from chalicelib.ports.ledger import ProfileWrite
from chalicelib.ports.outside import StoredEvent
from tests.contract.ports.conftest import (
    ACTIVITY,
    AUDIENCE,
    LEDGER,
    VAULT,
    dynamo_ports,
    memory_ports,
)
from tests.support.appends import LIST, entry, first_append, mac, next_append, subject
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.faults import FailOnce, Moment
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_facts import MemoryFactStore
from tests.support.memory_outside import MemoryActivity, OutsideRows
from tests.support.memory_traces import MemoryTraces

ANNA, BO, NOBODY = subject("anna"), subject("bo"), subject("nobody")
LONG_MS = START_MS + 400 * DAY_MS
EVENT = KeptEvent(tag="event-1", kind=Kind.ORDER, sealed=b"sealed event", until_ms=LONG_MS)
ORDER = KeptOrder(tag="order-1", sealed=b"sealed order", until_ms=LONG_MS)
FIRST = FactChange(sid=ANNA, entries=1, revision=0, facts=b"facts 1", event=EVENT, order=ORDER)
SECOND = FactChange(
    sid=ANNA, entries=1, revision=1, facts=b"facts 2", event=replace(EVENT, tag="event-2")
)


class Everything:
    """The facts, and what else reads, writes or destroys the same rows."""

    def __init__(self, kind):
        self.kind, clock, random = kind, FakeClock(), SeededRandom()
        if kind == "dynamo":
            ports = dynamo_ports()
            tables = {
                "ledger_table": LEDGER,
                "audience_table": AUDIENCE,
                "activity_table": ACTIVITY,
                "clock": clock,
                "random": random,
            }
            self.facts = DynamoFactStore(**tables)
            self.data = DynamoPersonalData(vault_table=VAULT, **tables)
            self.traces, self.activity = DynamoTraces(ACTIVITY), DynamoActivity(ACTIVITY)
        else:
            ports, self.outside = memory_ports(), OutsideRows()
            self.facts = MemoryFactStore(ports.rows, self.outside)
            self.data = MemoryPersonalData(ports.rows, self.outside)
            self.traces, self.activity = MemoryTraces(self.outside), MemoryActivity(self.outside)
        self.ledger, self.audience, self._ports = ports.ledger, ports.audience, ports
        self.ledger.commit(first_append("anna"))
        self.ledger.commit(first_append("bo"))

    def losing_an_answer(self, monkeypatch, moment):
        """The store, whose next write fails: before it is made, or when its answer is lost."""
        if self.kind == "memory":
            return MemoryFactStore(
                self.facts.rows, self.outside, FailOnce("FactStore.keep", moment)
            )
        dynamodb = clients.client("dynamodb")
        real, lost = dynamodb.transact_write_items, [True]

        def call(**request):
            fails = bool(lost) and lost.pop()
            answer = None if fails and moment is Moment.BEFORE else real(**request)
            if fails:
                raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
            return answer

        monkeypatch.setattr(dynamodb, "transact_write_items", call)
        return self.facts

    def stored(self):
        """Everything stored, as text."""
        found = self._ports.stored_text()
        if self.kind == "memory":
            return found + repr(self.outside)
        return found + repr(clients.client("dynamodb").scan(TableName=ACTIVITY)["Items"])

    def held(self, sid=ANNA):
        """All that this port tells of somebody."""
        return (
            self.facts.read(sid, event=EVENT.tag, order=ORDER.tag),
            self.facts.events(sid),
            self.facts.orders(sid),
        )


@pytest.fixture(params=["memory", "dynamo"])
def people(request):
    if request.param == "dynamo":
        request.getfixturevalue("tables")
    return Everything(request.param)


def test_who_has_a_row_and_no_facts_is_told_from_who_has_no_row(people):
    assert people.facts.read(ANNA) == Held(facts=None, revision=0)
    assert people.held() == (Held(facts=None, revision=0), (), ())
    assert people.held(NOBODY) == (None, (), ())


def test_what_is_kept_is_read_back_and_is_nobody_elses(people):
    assert people.facts.keep(FIRST)
    held = Held(facts=b"facts 1", revision=1, known=True, order=ORDER)
    assert people.held() == (held, (EVENT,), (ORDER,))
    assert people.facts.read(ANNA) == Held(facts=b"facts 1", revision=1)
    assert people.facts.read(ANNA, event="event-2", order="order-2") == people.facts.read(ANNA)
    assert people.held(BO) == (Held(facts=None, revision=0), (), ())


def test_an_order_is_replaced_and_events_and_orders_come_by_tag(people):
    later = KeptOrder(tag="order-0", sealed=b"another", until_ms=LONG_MS)
    changed = replace(ORDER, sealed=b"as it is now", until_ms=LONG_MS + DAY_MS)
    third = replace(EVENT, tag="event-0", kind=Kind.PROFILING)
    people.facts.keep(FIRST)
    people.facts.keep(replace(SECOND, order=changed))
    people.facts.keep(replace(SECOND, revision=2, event=third, order=later))
    assert people.facts.orders(ANNA) == (later, changed)
    assert people.facts.events(ANNA) == (third, EVENT, SECOND.event)


def test_an_event_is_counted_once_whatever_else_changed_meanwhile(people):
    people.facts.keep(FIRST)
    before = people.stored()
    for again in (
        FIRST,
        replace(FIRST, revision=1),
        replace(FIRST, entries=9),
        replace(FIRST, revision=1, event=replace(EVENT, kind=Kind.SIGNUP, sealed=b"another")),
    ):
        assert not people.facts.keep(again)
    assert people.stored() == before
    assert people.facts.keep(replace(FIRST, sid=BO)), "a tag is its person's own"


def test_a_change_folded_from_older_facts_writes_nothing(people):
    people.facts.keep(FIRST)
    before = people.stored()
    for stale in (replace(SECOND, revision=0), replace(SECOND, revision=2)):
        with pytest.raises(Conflict):
            people.facts.keep(stale)
    assert people.stored() == before
    assert people.facts.keep(SECOND)


def test_a_change_allowed_by_an_older_chain_writes_nothing(people):
    """A withdrawal, an objection or a restriction in between: all of them lengthen the chain."""
    people.ledger.commit(next_append("anna", 1))
    before = people.stored()
    with pytest.raises(Conflict):
        people.facts.keep(FIRST)
    assert people.stored() == before
    assert people.facts.keep(replace(FIRST, entries=2))


def test_nothing_is_kept_for_somebody_without_a_row(people):
    before = people.stored()
    with pytest.raises(Conflict):
        people.facts.keep(replace(FIRST, sid=NOBODY))
    people.ledger.commit(first_append("cleo", profile=None))
    with pytest.raises(Conflict):
        people.facts.keep(replace(FIRST, sid=subject("cleo")))
    assert people.held(subject("cleo")) == (None, (), ())
    assert "facts 1" not in before + people.stored()


def test_facts_change_without_an_event_and_can_be_none_again(people):
    people.facts.keep(FIRST)
    people.facts.keep(replace(SECOND, event=None))
    assert people.facts.read(ANNA) == Held(facts=b"facts 2", revision=2)
    with pytest.raises(Conflict):
        people.facts.keep(replace(SECOND, event=None))
    people.facts.keep(replace(SECOND, event=None, revision=2, facts=None))
    assert people.facts.read(ANNA) == Held(facts=None, revision=3)
    assert people.facts.events(ANNA) == (EVENT,)
    assert people.facts.keep(replace(SECOND, revision=3))


def test_forgetting_takes_the_named_rows_with_the_facts_and_no_others(people):
    people.facts.keep(FIRST)
    people.facts.keep(replace(SECOND, order=replace(ORDER, tag="order-2")))
    people.facts.keep(replace(FIRST, sid=BO))
    forgets = FactChange(
        sid=ANNA,
        entries=1,
        revision=2,
        facts=b"what is left",
        forget_events=("event-1", "event-9"),
        forget_orders=("order-1",),
    )
    with pytest.raises(Conflict):
        people.facts.keep(replace(forgets, revision=1))
    assert len(people.facts.orders(ANNA)) == 2
    assert people.facts.keep(forgets)
    assert [event.tag for event in people.facts.events(ANNA)] == ["event-2"]
    assert [order.tag for order in people.facts.orders(ANNA)] == ["order-2"]
    assert people.facts.read(ANNA).facts == b"what is left"
    assert people.held(BO)[1:] == ((EVENT,), (ORDER,))
    assert people.facts.keep(replace(FIRST, revision=3)), "what was forgotten is new again"


def test_as_much_as_one_change_may_forget_is_forgotten_at_once(people):
    tags = tuple(f"event-{number}" for number in range(MAX_FORGOTTEN))
    for revision, tag in enumerate(tags[:3]):
        event = replace(EVENT, tag=tag)
        people.facts.keep(replace(FIRST, revision=revision, event=event, order=None))
    new = replace(EVENT, tag="event-new")
    whole = replace(SECOND, revision=3, event=new, order=ORDER, forget_events=tags)
    with pytest.raises(FatalError):
        replace(whole, forget_orders=("order-9",))
    assert people.facts.keep(whole)
    assert [event.tag for event in people.facts.events(ANNA)] == ["event-new"]


def test_a_row_is_not_written_and_forgotten_by_one_change():
    for twice in ({"forget_events": (EVENT.tag,)}, {"forget_orders": (ORDER.tag,)}):
        with pytest.raises(FatalError):
            replace(FIRST, **twice)
    with pytest.raises(FatalError):
        replace(FIRST, forget_events=("event-2", "event-2"))


@pytest.mark.parametrize("moment", list(Moment))
def test_a_write_that_failed_is_made_again_and_counts_once(people, monkeypatch, moment):
    people.facts.keep(FIRST)
    failing = people.losing_an_answer(monkeypatch, moment)
    with pytest.raises(Unavailable):
        failing.keep(SECOND)
    assert failing.keep(SECOND) is (moment is Moment.BEFORE)
    held = people.facts.read(ANNA, event="event-2")
    assert held == Held(facts=b"facts 2", revision=2, known=True)
    anew = replace(SECOND, revision=2, event=replace(SECOND.event, sealed=b"sealed anew"))
    assert not failing.keep(anew)
    assert people.facts.read(ANNA, event="event-2") == held


@pytest.mark.parametrize("moment", list(Moment))
def test_forgetting_that_failed_is_decided_anew(people, monkeypatch, moment):
    people.facts.keep(FIRST)
    forgets = replace(SECOND, event=None, facts=None, forget_orders=(ORDER.tag,))
    failing = people.losing_an_answer(monkeypatch, moment)
    with pytest.raises(Unavailable):
        failing.keep(forgets)
    if moment is Moment.AFTER:
        with pytest.raises(Conflict):
            failing.keep(forgets)
    else:
        failing.keep(forgets)
    assert people.held()[0] == Held(facts=None, revision=2, known=True)


def test_of_changes_made_at_once_one_is_written_and_of_one_event_one_counts(people):
    changes = [replace(FIRST, event=replace(EVENT, tag=f"event-{n % 4}")) for n in range(8)]

    def kept(change):
        try:
            return people.facts.keep(change)
        except (Conflict, Throttled):
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(kept, changes)) == 1
    assert len(people.facts.events(ANNA)) == people.facts.read(ANNA).revision == 1


def test_an_append_that_rewrites_the_profile_keeps_the_facts(people):
    people.facts.keep(FIRST)
    profile = ProfileWrite(sealed=b"another", lists=((LIST, "subscribed"),))
    people.ledger.commit(next_append("anna", 1, profile=profile))
    assert people.audience.members([ANNA])[ANNA].sealed == b"another"
    assert people.facts.read(ANNA) == Held(facts=b"facts 1", revision=1)
    people.facts.keep(replace(SECOND, entries=2))
    assert people.audience.members([ANNA])[ANNA].sealed == b"another"


def test_events_of_mails_are_told_without_these_rows_and_these_without_them(people):
    mail = StoredEvent(key="e1", sid=ANNA, mac=None, type="Bounce", at_ms=START_MS, sealed=b"mail")
    people.activity.record_event(mail, 60)
    people.facts.keep(FIRST)
    assert people.traces.events(ANNA) == (mail,)
    assert people.held()[1:] == ((EVENT,), (ORDER,))


def erasing(name, n):
    last = entry(name, n, sealed=None)
    return Shred(
        sid=subject(name),
        entry=last,
        state=SubjectState(entries=n + 1, last_ms=START_MS + n, erased=True),
        last_leaf_hash=sha256(last.leaf).hexdigest(),
        macs=(mac(name),),
    )


def test_an_erasure_leaves_nothing_of_facts_events_and_orders(people):
    people.facts.keep(FIRST)
    people.facts.keep(replace(SECOND, order=replace(ORDER, tag="order-2")))
    people.facts.keep(replace(FIRST, sid=BO, facts=b"of another", order=None))
    people.data.shred(erasing("anna", 1))
    assert people.facts.read(ANNA, event=EVENT.tag) is None, "the facts go with the key"
    assert people.data.sweep(ANNA) == 1 + 4, "the chain's entry, two events, two orders"
    assert people.held() == (None, (), ())
    left = people.stored()
    for gone in ("facts 1", "facts 2", "event-2", "sealed order", "order-1", "order-2"):
        assert gone not in left
    assert people.data.sweep(ANNA) == 0
    assert people.held(BO)[0] == Held(facts=b"of another", revision=1, known=True)


@pytest.mark.parametrize("entries", [1, 2])
def test_what_was_on_its_way_when_somebody_was_erased_is_not_written(people, entries):
    people.facts.keep(FIRST)
    people.data.shred(erasing("anna", 1))
    people.data.sweep(ANNA)
    before = people.stored()
    late = replace(SECOND, entries=entries)
    for change in (late, replace(late, event=EVENT, revision=0), replace(late, event=None)):
        with pytest.raises(Conflict):
            people.facts.keep(change)
    assert people.stored() == before


def test_a_restored_backup_loses_facts_events_and_orders_again(people):
    people.facts.keep(FIRST)
    people.data.shred_again(erasing("anna", 1), 7)
    people.data.sweep(ANNA)
    assert people.held() == (None, (), ())
    assert "facts 1" not in people.stored()


def test_an_event_is_kept_longer_than_one_that_old_is_taken():
    for kind in Kind:
        oldest = ORDER_DAYS if kind is Kind.ORDER else OTHER_DAYS
        assert kept_until_ms(kind, START_MS) > START_MS + oldest * DAY_MS
    assert kept_until_ms(Kind.ORDER, START_MS, order_days=10) == START_MS + 40 * DAY_MS
    assert kept_until_ms(Kind.PROFILING, START_MS) == START_MS + 400 * DAY_MS
