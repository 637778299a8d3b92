# SPDX-License-Identifier: Apache-2.0
"""Erasures: two keys, no mail from the request on, gone for good, whatever crashes."""

import copy
from hashlib import sha256

import pytest

from chalicelib.domain.erasure import Ground, Stage
from chalicelib.domain.events import Via
from chalicelib.domain.ids import decode_id
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.measurement import Spot
from chalicelib.errors import (
    Conflict,
    IllegalTransition,
    InputError,
    KvittoError,
    NotFound,
    Unavailable,
)
from chalicelib.ports.outside import Queue, StoredEvent
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.tokens import LinkPayload, LinkPurpose
from chalicelib.services.erasure import SWEEP_AGAIN_MS
from chalicelib.services.proofs import Wish
from tests.support.account_examples import EVERYBODY
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.link_examples import CAMPAIGN, DELIVERY
from tests.support.world import READER, TICKED, VISITOR, World

EMAIL = "reader@example.org"
ASKER, APPROVER = "key-one", "key-two"


@pytest.fixture
def world():
    return World()


def ask(world, sid, **wanted):
    return world.erasures.request({"subscriber": sid}, key_id=ASKER, **wanted)


def erase(world, sid, **wanted):
    asked = ask(world, sid, **wanted)
    world.erasures.approve(asked.id, APPROVER)
    world.settle()
    return world.erasures.get(asked.id)


def unsubscribe_token(world, sid):
    payload = LinkPayload(sid=decode_id(sid), brand=bytes.fromhex("6b766974"), delivery=bytes(12))
    return world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)


def test_a_request_restricts_at_once_and_nobody_is_mailed_any_more(world):
    sid = world.subscribe(EMAIL)
    asked = world.erasures.request({"email": EMAIL}, key_id=ASKER)
    assert asked.stage is Stage.REQUESTED
    assert world.types(sid)[-1] == "subject.restricted"
    world.mails.clear()
    world.campaign()
    world.sign_up(EMAIL)
    world.settle()
    assert world.mails == []
    assert world.ledger.lookup(world.ledger.mac(EMAIL)).sid == sid


def test_a_withdrawal_is_still_recorded_until_the_shred(world):
    sid = world.subscribe(EMAIL)
    ask(world, sid)
    world.unsubscribe.withdraw(unsubscribe_token(world, sid), READER, Via.PAGE)
    assert world.types(sid)[-1] == "consent.withdrawn"


def test_asking_again_gives_the_open_erasure_and_restricts_once(world):
    sid = world.subscribe(EMAIL)
    first = ask(world, sid)
    token = unsubscribe_token(world, sid)
    again = world.erasures.request({"token": token}, key_id=APPROVER)
    assert again == first
    assert world.types(sid).count("subject.restricted") == 1


@pytest.mark.parametrize("suppress", [True, False])
def test_the_person_says_whether_a_note_stays_whatever_an_officer_asked_for(world, suppress):
    sid = world.subscribe(EMAIL)
    asked = world.erasures.request({"subscriber": sid}, key_id=ASKER, suppress=not suppress)
    made = world.erasures.request_by_person(sid, "en", suppress=suppress)
    assert (made.id, made.stage, made.suppress) == (asked.id, Stage.APPROVED, suppress)
    world.settle()
    assert bool(world.rows.suppressions.get(world.ledger.mac(EMAIL))) is suppress


def test_one_key_cannot_erase_anybody(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    with pytest.raises(IllegalTransition, match="another API key"):
        world.erasures.approve(asked.id, ASKER)
    world.settle()
    assert sid in world.rows.vault
    assert world.erasures.perform(asked.id).stage is Stage.REQUESTED
    assert sid in world.rows.vault


def test_approving_twice_erases_once(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    for _ in range(2):
        world.erasures.approve(asked.id, APPROVER)
    world.settle()
    assert world.types(sid).count("subject.erased") == 1
    assert world.erasures.approve(asked.id, APPROVER).stage is Stage.ERASED


def test_a_cancelled_erasure_erases_nobody_lifts_nothing_and_can_be_asked_for_anew(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    assert world.erasures.cancel(asked.id).stage is Stage.CANCELLED
    assert world.erasures.cancel(asked.id).stage is Stage.CANCELLED
    with pytest.raises(Conflict):
        world.erasures.approve(asked.id, APPROVER)
    assert world.state(sid).restricted
    assert ask(world, sid).id != asked.id


def test_what_was_approved_cannot_be_cancelled(world):
    asked = ask(world, world.subscribe(EMAIL))
    world.erasures.approve(asked.id, APPROVER)
    with pytest.raises(IllegalTransition):
        world.erasures.cancel(asked.id)


def test_the_clocks_ground_is_not_a_persons(world):
    sid = world.subscribe(EMAIL)
    with pytest.raises(InputError):
        ask(world, sid, ground=Ground.UNCONFIRMED)
    assert not world.state(sid).restricted


def test_an_erasure_leaves_leaves_and_nothing_that_opens_them(world):
    sid = world.subscribe(EMAIL, first_name="Ada")
    world.activity.record_event(
        StoredEvent(key="k", sid=sid, mac=None, type="Delivery", at_ms=1, sealed=b"sealed"), 60
    )
    world.hits.record(sid, Spot(campaign=CAMPAIGN, delivery=DELIVERY, link=0), 1)
    world.health.write(sid, world.health.read(sid).health, 0, 1)
    world.proofs.request({"email": EMAIL}, Wish())
    world.settle()
    campaign = world.campaign()
    world.settle()
    export = world.exports.ask(campaign, EVERYBODY)
    world.settle()
    assert EMAIL.encode() in (world.exports.file(export.id, 1 << 20) or b"")
    assert any(key.startswith(f"bundles/{sid}/") for key in world.outside_rows.blobs)
    taken = world.import_desk.new(NewImport(brand="demo", list="newsletter"), "key")
    world.import_desk.put_part(taken.id, 1, f"email\n{EMAIL}\n".encode())
    world.import_desk.uploaded(taken.id, 1)
    world.settle()
    assert any(key.startswith("imports/") for key in world.outside_rows.blobs)
    before = [entry.leaf for entry in world.store.history(sid)]
    done = erase(world, sid)
    rows = world.rows
    mac = world.ledger.mac(EMAIL)
    assert done.stage is Stage.ERASED
    assert sid not in rows.vault
    assert sid not in rows.audience
    assert mac not in rows.lookups
    assert rows.states[sid].macs == ()
    assert all(entry.sealed is None for entry in world.store.history(sid))
    assert [entry.leaf for entry in world.store.history(sid)][: len(before)] == before
    assert not [token for token in rows.tokens.values() if token.sid == sid]
    assert not rows.mails
    assert not rows.answers
    assert not world.outside_rows.events
    assert not world.outside_rows.hits
    assert world.health.read(sid).revision == 0
    held = ("bundles/", "exports/", "imports/")
    assert not [key for key in world.outside_rows.blobs if key.startswith(held)]
    assert world.import_desk.get(taken.id).key is None


def test_the_entry_reveals_the_chain_key_and_when_no_backup_holds_the_key(world):
    sid = world.subscribe(EMAIL)
    keys = world.ledger.open(sid).keys
    chain_key, length = keys.chain_key, world.state(sid).entries + 1
    erase(world, sid, ground=Ground.OBJECTION)
    last = parse_leaf(world.store.history(sid)[-1].leaf)
    revealed = last.fields.erasure
    assert (revealed.chain_key, revealed.chain_length) == (chain_key, length)
    assert revealed.vault_ref == sha256(decode_id(sid)).hexdigest()
    assert revealed.final_after_ms - last.fields.ts_ms == 7 * 24 * 3600 * 1000
    assert last.fields.reason == "objection"
    assert last.tag == keys.tag(length)


def test_the_state_stays_the_fold_of_the_leaves(world):
    from chalicelib.domain.consent import fold
    from chalicelib.services.entries import event_of_leaf

    sid = world.subscribe(EMAIL)
    erase(world, sid)
    folded = fold([event_of_leaf(entry.leaf) for entry in world.store.history(sid)])
    assert world.state(sid) == folded
    assert folded.erased


def test_an_erased_persons_link_answers_the_same_and_appends_nothing(world):
    sid = world.subscribe(EMAIL)
    token = unsubscribe_token(world, sid)
    erase(world, sid)
    length = len(world.rows.entries)
    answer = world.unsubscribe.withdraw(token, READER, Via.LIST_UNSUB_POST)
    assert answer.brand.id == "demo"
    assert len(world.rows.entries) == length


def test_a_person_erased_between_plan_and_send_is_not_mailed(world):
    sid = world.subscribe(EMAIL)
    world.mails.clear()
    campaign = world.campaign()
    world.settle(Queue.PLANS)
    asked = ask(world, sid)
    world.erasures.approve(asked.id, APPROVER)
    world.settle(Queue.ERASURES)
    world.settle()
    assert world.mails == []
    assert world.campaigns.get(campaign).progress.skipped == {"no-profile": 1}


def test_an_erased_address_stays_suppressed_without_leading_to_the_chain(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "complaint")
    erase(world, sid)
    (row,) = world.suppressions.find(EMAIL)
    assert (row.reason, row.brand) == ("erased", None)
    assert world.store.locate(row.event).sid is None
    world.mails.clear()
    world.campaign()
    world.settle()
    assert world.mails == []


def test_only_the_persons_own_double_opt_in_lifts_the_suppression(world):
    old = world.subscribe(EMAIL)
    erase(world, old)
    world.time.advance(24 * 3600 * 1000)
    new = world.subscribe(EMAIL)
    assert new != old
    assert world.suppressions.find(EMAIL) == ()
    assert not world.state(new).suppressions
    world.mails.clear()
    world.campaign()
    world.settle()
    assert len(world.mails) == 1


def test_an_operators_suppression_outlives_the_erasure_and_the_next_sign_up(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "manual")
    old = world.suppressions.find(EMAIL)[0].event
    erase(world, sid)
    (row,) = world.suppressions.find(EMAIL)
    assert row.reason == "manual"
    assert row.event != old
    world.mails.clear()
    world.sign_up(EMAIL)
    world.settle()
    assert world.mails == []


def test_without_suppression_nothing_is_kept_of_the_address(world):
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "bounce")
    erase(world, sid, suppress=False)
    mac = world.ledger.mac(EMAIL)
    assert world.suppressions.find(EMAIL) == ()
    assert mac not in repr((world.rows, world.outside_rows, world.suppression_index.rows))


def test_a_proof_under_way_fails_and_what_it_wrote_late_is_swept(world):
    sid = world.subscribe(EMAIL)
    job = world.proofs.request({"email": EMAIL}, Wish())
    done = erase(world, sid)
    assert world.proofs.get(job.id).status is not JobStatus.PENDING
    world.blobs.put(f"bundles/{sid}/late.prepared", b"plain", "application/zip")
    assert world.erasures.go_on() == 1
    world.blobs.put(f"bundles/{sid}/late.prepared", b"plain", "application/zip")
    world.time.advance(SWEEP_AGAIN_MS + 1_000)
    assert world.erasures.go_on() == 0
    assert f"bundles/{sid}/late.prepared" not in world.outside_rows.blobs
    assert world.erasure_records.unfinished() == ()
    assert done.stage is Stage.ERASED


def test_an_approval_whose_message_was_lost_is_done_by_the_schedule(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    world.erasures.approve(asked.id, APPROVER)
    world.messages.take(Queue.ERASURES)
    world.erasures.go_on()
    assert sid not in world.rows.vault


def test_an_entry_made_while_deciding_only_delays_the_shred(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    world.erasures.approve(asked.id, APPROVER)

    def busy(call, moment):
        if (call, moment) == ("PersonalData.forget_ahead", Moment.AFTER):
            world.faults = no_faults
            world.suppressions.add(EMAIL, "manual")

    world.faults = busy
    world.settle()
    assert world.types(sid)[-2:] == ["suppression.added", "subject.erased"]


def calls_of_one_erasure():
    """Every call the worker makes, in order."""
    world = World()
    asked = ask(world, world.subscribe(EMAIL))
    world.erasures.approve(asked.id, APPROVER)
    made = []
    world.faults = lambda call, moment: made.append(call) if moment is Moment.BEFORE else None
    world.erasures.perform(asked.id)
    return made


CALLS = [
    (call, 1 + calls[:place].count(call))
    for calls in [calls_of_one_erasure()]
    for place, call in enumerate(calls)
]


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("call", "nth"), CALLS)
def test_a_crash_at_any_call_is_healed_by_the_next_delivery(call, nth, moment):
    world = World()
    other = world.subscribe("other@example.org")
    sid = world.subscribe(EMAIL)
    kept = copy.deepcopy((world.rows.vault[other], world.rows.audience[other]))
    asked = ask(world, sid)
    world.erasures.approve(asked.id, APPROVER)
    world.faults = FailOnce(call, moment, Unavailable("the process is gone"), nth=nth)
    try:
        world.erasures.perform(asked.id)
    except KvittoError:
        erased = world.rows.states[sid].text.find('"e":true') >= 0
        assert erased == (sid not in world.rows.vault), "entry and key are one"
    world.faults = no_faults
    world.settle()
    done = world.erasures.get(asked.id)
    assert done.stage is Stage.ERASED
    assert world.types(sid).count("subject.erased") == 1
    assert done.entry == len(world.store.history(sid)) - 1
    assert all(entry.sealed is None for entry in world.store.history(sid))
    assert sid not in world.rows.audience
    assert (world.rows.vault[other], world.rows.audience[other]) == kept


def test_the_certificate_names_the_entry_and_nobody(world):
    sid = world.subscribe(EMAIL)
    done = erase(world, sid)
    shown = world.erasures.certificate(done.id)
    assert shown.vault_ref == sha256(decode_id(sid)).hexdigest()
    assert shown.event == done.event
    assert shown.chain_entries == done.entry
    assert shown.final_ms - shown.erased_ms == 7 * 24 * 3600 * 1000
    assert sid not in repr((shown.leaf, shown.checkpoint))
    assert EMAIL not in repr(shown)


def test_there_is_no_certificate_before_the_erasure_is_in_the_log(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    with pytest.raises(Conflict):
        world.erasures.certificate(asked.id)
    world.erasures.approve(asked.id, APPROVER)
    world.settle(Queue.ERASURES)
    with pytest.raises(Conflict, match="way into the log"):
        world.erasures.certificate(asked.id)
    world.settle()
    assert world.erasures.certificate(asked.id).index > 0


def test_who_is_erased_cannot_be_erased_again(world):
    sid = world.subscribe(EMAIL)
    done = erase(world, sid)
    with pytest.raises(NotFound):
        ask(world, sid)
    with pytest.raises(NotFound):
        world.erasures.request({"email": EMAIL}, key_id=ASKER)
    assert world.erasures.perform(done.id) == done


def test_everything_stored_still_agrees_with_the_log_after_an_erasure(world):
    world.subscribe("other@example.org")
    sid = world.subscribe(EMAIL)
    world.suppressions.add(EMAIL, "complaint")
    erase(world, sid)
    assert [area.difference for area in world.fsck.run() if area.difference] == []


def test_one_erasure_that_cannot_be_done_keeps_no_other_from_being_done(world):
    people = [world.subscribe(f"reader{n}@example.org") for n in range(3)]
    for sid in people:
        world.erasures.approve(ask(world, sid).id, APPROVER)
    world.messages.take(Queue.ERASURES)
    world.faults = FailOnce("PersonalData.shred", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.erasures.go_on()
    assert len([sid for sid in people if sid in world.rows.vault]) == 1


def test_an_erased_persons_confirmation_link_is_unknown(world):
    world.sign_up(EMAIL)
    world.settle()
    token = world.confirm_token(EMAIL)
    sid = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    erase(world, sid)
    with pytest.raises(NotFound):
        world.confirmation.confirm(token, READER)


def test_who_signs_up_while_they_are_being_erased_becomes_a_new_person(world):
    sid = world.subscribe(EMAIL)
    asked = ask(world, sid)
    world.erasures.approve(asked.id, APPROVER)

    def meanwhile(call, moment):
        if (call, moment) == ("LedgerStore.lookup", Moment.AFTER):
            world.faults = no_faults
            world.erasures.perform(asked.id)

    world.faults = meanwhile
    world.signup.submit("demo", {**TICKED, "email": EMAIL}, VISITOR, "en")
    new = world.ledger.lookup(world.ledger.mac(EMAIL)).sid
    assert new not in (sid, None)
    assert world.types(new) == ["consent.requested"]
