# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from chalicelib.domain.consent import may_confirm
from chalicelib.domain.eligibility import Allowed, Skipped, SkipReason, decide
from chalicelib.domain.events import EMAIL, SuppressionReason
from chalicelib.domain.ids import BrandId, ListId, SubjectId
from chalicelib.domain.state import Scope
from chalicelib.domain.suppressions import OPERATOR_REASONS, outweighs
from chalicelib.errors import Conflict, InputError, NotFound, Unavailable
from chalicelib.services.entries import event_of_leaf
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment
from tests.support.people import NEWS, People

VISITOR = "visitor@example.org"
STRANGER = "stranger@example.net"


@pytest.fixture
def people() -> People:
    return People()


def suppressed(state, brand="demo") -> bool:
    found = decide(state, Scope(BrandId(brand), EMAIL), ListId("newsletter"), NEWS)
    return found == Skipped(reason=SkipReason.SUPPRESSED)


def is_suppressed(people: People, address: str, brand: str | None = None) -> bool:
    return any(row.brand in (None, brand) for row in people.suppressions.find(address))


def entries(people: People, sid) -> list[EventType]:
    return [event_of_leaf(x.leaf).type for x in people.ledger.history(sid)]


@pytest.mark.parametrize("address", [VISITOR, STRANGER])
@pytest.mark.parametrize("reason", sorted(OPERATOR_REASONS))
def test_an_operator_suppresses_any_address_for_every_brand(people, address, reason):
    sid = people.confirmed(VISITOR)
    row = people.suppressions.add(address, reason)
    assert (row.mac, row.brand, row.reason) == (people.mac(address), None, reason)
    assert is_suppressed(people, address)
    assert is_suppressed(people, address, "demo")
    assert is_suppressed(people, address.upper())
    assert suppressed(people.state(sid)) == (address == VISITOR)


def test_a_suppression_has_its_entry_and_repeating_adds_none(people):
    sid = people.confirmed(VISITOR)
    for _ in range(3):
        people.suppressions.add(VISITOR, "manual")
        people.suppressions.add(STRANGER, "manual")
    assert entries(people, sid) == [EventType.CONSENT_CONFIRMED, EventType.SUPPRESSION_ADDED]
    leaves = [pending.leaf for pending in people.rows.outbox.values()]
    assert len([x for x in leaves if b"suppression.added" in x]) == 2
    assert people.mac(STRANGER).encode() not in b"".join(leaves)


def test_an_address_nobody_suppressed_may_be_mailed(people):
    people.confirmed(VISITOR)
    assert not is_suppressed(people, VISITOR)
    assert people.suppressions.find(STRANGER) == ()


@pytest.mark.parametrize("reason", ["erased", "asked by phone", "BOUNCE"])
def test_other_words_count_as_manual(people, reason):
    assert people.suppressions.add(VISITOR, reason).reason == "manual"


def test_what_is_no_address_is_refused(people):
    with pytest.raises(InputError):
        people.suppressions.add("not an address", "manual")


@pytest.mark.parametrize("address", [VISITOR, STRANGER])
@pytest.mark.parametrize(("first", "then"), [("bounce", "manual"), ("manual", "bounce")])
def test_a_reason_a_confirmation_lifts_never_replaces_one_it_does_not(people, address, first, then):
    sid = people.confirmed(VISITOR)
    people.suppressions.add(address, first)
    assert people.suppressions.add(address, then).reason == "manual"
    people.confirm_again(sid)
    assert is_suppressed(people, address)
    assert suppressed(people.state(sid)) == (address == VISITOR)


def test_every_pair_of_reasons_is_ordered():
    for one in SuppressionReason:
        assert outweighs(one, [])
        assert not outweighs(one, [one])
        for other in set(SuppressionReason) - {one}:
            assert outweighs(one, [other]) != outweighs(other, [one])


@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_a_fresh_confirmation_is_the_way_back_from_a_bounce_or_complaint(people, reason):
    sid = people.confirmed(VISITOR)
    people.suppressions.add(VISITOR, reason)
    people.confirm_again(sid)
    assert not is_suppressed(people, VISITOR)
    assert not suppressed(people.state(sid))
    assert people.suppressions.page(None, 10).items == ()


def test_pages_show_every_suppression_once(people):
    addresses = [f"person-{n}@example.org" for n in range(7)]
    people.confirmed(addresses[0])
    for address in addresses:
        people.suppressions.add(address, "manual")
    seen, cursor = [], None
    while True:
        page = people.suppressions.page(cursor, 3)
        seen += [row.mac for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(people.mac(address) for address in addresses)


def test_somebody_who_signs_up_while_being_suppressed_is_suppressed(people):
    """The sign-up commits after the lookup found a stranger and before the row is written."""
    signed_up: list[SubjectId | None] = []

    def race(call: str, moment: Moment) -> None:
        wanted = ("LedgerStore.append_controller_entry", Moment.BEFORE)
        if (call, moment) == wanted and not signed_up:
            signed_up.append(None)
            signed_up[0] = people.confirmed(VISITOR)

    people.faults = race
    people.suppressions.add(VISITOR, "manual")
    assert suppressed(people.state(signed_up[0]))


def test_somebody_new_takes_over_what_the_address_was_suppressed_for(people):
    """The other order: the row was there before the sign-up; its worker mirrors before mailing."""
    people.suppressions.add(VISITOR, "manual")
    sid = people.confirmed(VISITOR)
    assert not suppressed(people.state(sid))
    chain = people.suppressor.mirror(people.ledger.open(sid))
    assert suppressed(chain.state)
    assert people.suppressor.mirror(chain).state == chain.state
    people.confirm_again(sid)
    assert is_suppressed(people, VISITOR)


def test_a_mirrored_bounce_is_lifted_with_its_row_by_the_next_confirmation(people):
    people.suppressions.add(VISITOR, "bounce")
    sid = people.confirmed(VISITOR)
    people.suppressor.mirror(people.ledger.open(sid))
    people.confirm_again(sid)
    assert not is_suppressed(people, VISITOR)


def test_a_bounce_before_the_mirroring_does_not_replace_what_the_operator_set(people):
    people.suppressions.add(VISITOR, "manual")
    sid = people.confirmed(VISITOR)
    people.suppressions.add(VISITOR, "bounce")
    people.confirm_again(sid)
    chain = people.suppressor.mirror(people.ledger.open(sid))
    assert suppressed(chain.state)


def sendable(state, brand="demo") -> bool:
    found = decide(state, Scope(BrandId(brand), EMAIL), ListId("newsletter"), NEWS)
    return isinstance(found, Allowed)


def test_confirming_one_brand_does_not_lift_another_brands_complaint(people):
    sid = people.confirmed(VISITOR, ("demo", "newsletter"), ("other", "newsletter"))
    people.clock.advance(1000)
    people.suppressions.add(VISITOR, "complaint")
    people.suppressions.add(VISITOR, "complaint")
    assert entries(people, sid).count(EventType.OBJECTION_RECORDED) == 2
    state = people.confirm_again(sid, "demo")
    assert sendable(state, "demo")
    assert not sendable(state, "other")
    assert sendable(people.confirm_again(sid, "other"), "other")


@pytest.mark.parametrize("reason", sorted(OPERATOR_REASONS - {"complaint"}))
def test_no_other_reason_is_an_objection(people, reason):
    sid = people.confirmed(VISITOR)
    people.suppressions.add(VISITOR, reason)
    assert EventType.OBJECTION_RECORDED not in entries(people, sid)


ASKED = Draft(
    type=EventType.CONSENT_REQUESTED,
    brand=BrandId("demo"),
    lists=(ListId("newsletter"),),
    purposes=(NEWS,),
    notice="11" * 32,
)


@pytest.mark.parametrize("then", ["mirror", "bounce"])
def test_a_complaint_from_before_the_chain_spares_only_what_was_asked_for_since(people, then):
    """The row is older than the request; an objection to its brand would end the request."""
    people.suppressions.add(VISITOR, "complaint")
    sid = people.confirmed(VISITOR, ("demo", "offers"), ("other", "newsletter"))
    people.act(sid, ASKED)
    people.act(sid, replace(ASKED, brand=BrandId("third")))
    people.act(sid, ASKED)
    if then == "bounce":
        people.suppressions.add(VISITOR, "bounce")
    state = people.suppressor.mirror(people.ledger.open(sid)).state
    assert [scope.brand for scope in state.objections] == ["other"]
    assert may_confirm(state, 4, BrandId("demo"), EMAIL, ASKED.lists, ASKED.purposes)
    assert may_confirm(state, 3, BrandId("third"), EMAIL, ASKED.lists, ASKED.purposes)
    after = people.confirm_again(sid, "demo")
    assert sendable(after, "demo")
    assert not sendable(after, "other")


def test_mirroring_somebody_never_suppressed_appends_nothing(people):
    sid = people.confirmed(VISITOR)
    before = people.ledger.open(sid)
    assert people.suppressor.mirror(before).state == before.state


def test_a_chain_that_moves_on_meanwhile_is_decided_anew(people):
    sid = people.confirmed(VISITOR)
    people.faults = FailOnce("LedgerStore.commit", Moment.BEFORE, Conflict("moved on"))
    people.suppressions.add(VISITOR, "manual")
    assert suppressed(people.state(sid))


def test_a_chain_that_never_rests_is_reported_and_unchanged(people):
    sid = people.confirmed(VISITOR)

    def always(call: str, moment: Moment) -> None:
        if (call, moment) == ("LedgerStore.commit", Moment.BEFORE):
            raise Conflict("moved on")

    people.faults = always
    with pytest.raises(Conflict):
        people.suppressions.add(VISITOR, "manual")
    assert not suppressed(people.state(sid))


CALLS = ["LedgerStore.commit", "LedgerStore.append_controller_entry", "SuppressionIndex.note"]


@pytest.mark.parametrize("address", [VISITOR, STRANGER])
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("call", CALLS)
def test_trying_again_after_any_fault_suppresses_and_lists(people, call, moment, address):
    people.confirmed(VISITOR)
    people.faults = FailOnce(call, moment)
    try:
        people.suppressions.add(address, "manual")
    except Unavailable:
        people.suppressions.add(address, "manual")
    assert is_suppressed(people, address)
    assert [row.mac for row in people.suppressions.page(None, 10).items] == [people.mac(address)]


def test_an_erasure_meanwhile_leaves_the_row_by_mac(people):
    sid = people.confirmed(VISITOR)
    del people.rows.vault[sid]
    people.suppressions.add(VISITOR, "complaint")
    assert is_suppressed(people, VISITOR)


def test_a_suppression_for_one_brand_leaves_the_others_free(people):
    people.ledger.suppress_stranger(people.mac(STRANGER), SuppressionReason.MANUAL, BrandId("demo"))
    assert is_suppressed(people, STRANGER, "demo")
    assert not is_suppressed(people, STRANGER, "other")
    assert not is_suppressed(people, STRANGER)
    assert people.suppressions.add(STRANGER, "bounce").brand is None
    assert is_suppressed(people, STRANGER)
    sid = people.confirmed(STRANGER)
    state = people.suppressor.mirror(people.ledger.open(sid)).state
    assert {(x.brand, x.reason) for x in state.suppressions} == {
        ("demo", "manual"),
        (None, "bounce"),
    }


def test_a_suppression_lifted_at_once_is_not_reported_as_one(people):
    sid = people.confirmed(VISITOR)
    confirmed: list[object] = []

    def race(call: str, moment: Moment) -> None:
        if (call, moment) == ("SuppressionIndex.note", Moment.AFTER) and not confirmed:
            confirmed.append(people.confirm_again(sid))

    people.faults = race
    with pytest.raises(NotFound):
        people.suppressions.add(VISITOR, "bounce")


def test_rows_that_were_read_already_are_not_looked_up_again(people):
    sid = people.confirmed(VISITOR)
    people.ledger.suppress_stranger(people.mac(STRANGER), SuppressionReason.MANUAL)
    chain, read = people.ledger.open(sid), people.suppressions.find(STRANGER)
    looked_up = []
    people.faults = lambda call, _: looked_up.append(call)
    held = {people.mac(VISITOR): read}
    assert [draft.reason for draft in people.suppressor.unheard(chain, held)] == ["manual"]
    change = people.suppressor.change(chain, SuppressionReason.BOUNCE, held=held)
    assert [draft.reason for draft in change.drafts] == ["manual", "bounce"]
    assert change.rows == ()
    assert "LedgerStore.lookup" not in looked_up
