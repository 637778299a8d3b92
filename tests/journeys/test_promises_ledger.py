# SPDX-License-Identifier: Apache-2.0
"""Promises 1, 2 and 10 of the design: kept, and not to be broken by those who try."""

import copy
import subprocess
import sys
from contextlib import suppress
from email.utils import parseaddr

import pytest

from chalicelib.adapters.dynamo.packed_leaves import pack, unpack
from chalicelib.domain.eligibility import Skipped, decide
from chalicelib.domain.events import EMAIL, Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import Scope, dump_state
from chalicelib.errors import KvittoError, Unavailable
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.faults import Moment, no_faults
from tests.support.local_run import ROOT, until
from tests.support.stack import link_in
from tests.support.stored import (
    assert_states_are_folds,
    chains,
    checkpoints,
    is_true_of,
    logged_leaves,
    rebuilt,
)
from tests.support.world import READER, VISITOR, World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def live_through_everything(stack):
    """People who confirm, refuse, withdraw, bounce, complain and are suppressed."""
    stack.subscribe(stack.address("stays"), measurement="yes")
    leaves = stack.address("leaves")
    stack.subscribe(leaves)
    stack.sign_up(refuses := stack.address("refuses"))
    stack.post_form(stack.confirm_link(refuses), {"answer": "refuse"})
    stack.sign_up(stack.address("bounce", "simulator.amazonses.com"))
    body = {"email": leaves, "reason": "manual"}
    assert stack.api("POST", "/suppressions", body).status == 201
    stack.sign_up(leaves)
    stack.subscribe(gone := stack.address("gone"))
    stack.finished(stack.send_campaign("To everybody", "<p>News</p>"))
    mail = stack.wait_mail(gone, "To everybody")
    stack.post_form(link_in(mail["text"], "/unsubscribe"), ONE_CLICK)
    stack.control("POST", "events", message_id=mail["id"], type="Complaint")


# Promise 1: no change of consent without its entry; the state is a fold of the entries.


def test_promise_1_every_stored_state_can_be_rebuilt_from_the_leaves_alone(stack):
    live_through_everything(stack)
    rows = stack.settled()
    assert assert_states_are_folds(rows) >= 6
    until(lambda: not _pending(stack), "an empty outbox")
    logged = set(logged_leaves(stack.objects()))
    missing = [leaf for leaves in chains(rows).values() for leaf in leaves if leaf not in logged]
    assert missing == [], "every entry enters the log"


def _pending(stack):
    return [row for row in stack.tables()["kvitto-ledger"] if row["pk"]["S"].startswith("Q#")]


def _steps(world, email):
    yield lambda: world.sign_up(email)
    yield world.settle
    yield lambda: world.confirmation.confirm(world.confirm_token(email), READER)
    yield lambda: world.suppressions.add(email, "complaint")
    yield lambda: world.unsubscribe.withdraw(_unsubscribe_token(world, email), READER, Via.PAGE)


def _unsubscribe_token(world, email):
    from chalicelib.domain.ids import decode_id
    from chalicelib.proof.tokens import LinkPayload, LinkPurpose

    sid = world.ledger.lookup(world.ledger.mac(email)).sid
    payload = LinkPayload(sid=decode_id(sid), brand=bytes.fromhex("6b766974"), delivery=bytes(12))
    return world.tokens.mint(LinkPurpose.UNSUBSCRIBE, payload)


def _assert_memory_is_a_fold(world):
    for sid, row in world.rows.states.items():
        leaves = [
            entry.leaf for (owner, _), entry in sorted(world.rows.entries.items()) if owner == sid
        ]
        assert row.text == dump_state(rebuilt(leaves))


@pytest.mark.parametrize("moment", list(Moment))
def test_promise_1_a_crash_in_any_append_leaves_both_or_neither(moment):
    """Break it: each append fails once before, and once after, it is written."""
    world = World()
    struck = 0

    def fail(call, at):
        if (call, at) == ("LedgerStore.commit", moment):
            raise Unavailable("the connection is gone")

    for step in _steps(world, "visitor@example.org"):
        before = copy.deepcopy((world.rows.entries, world.rows.states, world.rows.audience))
        world.faults = fail
        queued = copy.copy(world.outside_rows.messages)
        try:
            step()
        except KvittoError:
            struck += 1
        after = (world.rows.entries, world.rows.states, world.rows.audience)
        if moment is Moment.BEFORE:
            assert after == before
        _assert_memory_is_a_fold(world)
        world.faults = no_faults
        # Whoever was told of a failure tries again, and a queue hands its message over again.
        world.outside_rows.messages = queued
        step()
        _assert_memory_is_a_fold(world)
    assert struck >= 3


# Promise 2: anyone can verify offline; a rewritten past shows.


def test_promise_2_every_checkpoint_ever_signed_is_true_of_the_log_as_it_is_now(stack):
    for _ in range(2):
        size = stack.log_size()
        stack.subscribe(stack.address("reader"))
        until(lambda before=size: stack.log_size() > before, "a larger checkpoint")
    # A log that is being written has leaves which no checkpoint covers yet.
    stack.settled()
    policy, objects = stack.get("/ledger/policy").text, stack.objects()
    leaves, signed = logged_leaves(objects), checkpoints(objects)
    assert len(signed) >= 2
    assert max(signed) == len(leaves)
    assert all(is_true_of(note, leaves, policy) for note in signed.values())


def test_promise_2_a_leaf_rewritten_in_the_bucket_belies_every_checkpoint_after_it(stack):
    """Break it: the operator changes, drops or swaps what the log holds."""
    email = stack.address("reader")
    stack.subscribe(email)
    until(lambda: not _pending(stack), "an empty outbox")
    policy, objects = stack.get("/ledger/policy").text, stack.objects()
    leaves, signed = logged_leaves(objects), checkpoints(objects)
    newest = signed[max(signed)]
    changed = [*leaves[:2], leaves[2].replace(b'"ts":1', b'"ts":2'), *leaves[3:]]
    assert changed != leaves
    dropped = leaves[:2] + leaves[3:] + leaves[2:3]
    swapped = [leaves[1], leaves[0], *leaves[2:]]
    for forged in (changed, dropped, swapped):
        assert not is_true_of(newest, forged, policy)
    assert is_true_of(newest, leaves, policy)


def test_promise_2_no_bundle_comes_out_of_a_rewritten_entry_and_the_true_one_verifies(
    stack, tmp_path
):
    """Break it: the operator rewrites a purpose in the ledger table, then exports the proof."""
    email = stack.address("reader")
    sid = stack.subscribe(email)["id"]
    dynamo = stack.client("dynamodb")
    key = {"pk": {"S": f"S#{sid}"}, "sk": {"S": "E#0000000002"}}
    row = dynamo.get_item(TableName="kvitto-ledger", Key=key)["Item"]
    leaf = unpack(row["leaf"]["B"])
    forged = leaf.replace(b'"pur":["newsletter"]', b'"pur":["everything"]')
    assert forged != leaf
    dynamo.put_item(TableName="kvitto-ledger", Item={**row, "leaf": {"B": pack(forged)}})
    failures = stack.log("app").count('"build_proofs"')
    job = stack.api("POST", "/proofs", {"email": email}).json["id"]
    until(lambda: stack.log("app").count('"build_proofs"') > failures, "the worker's refusal")
    assert stack.api("GET", f"/proofs/{job}").json["status"] != "ready"
    dynamo.put_item(TableName="kvitto-ledger", Item=row)
    dynamo.close()
    until(lambda: stack.api("GET", f"/proofs/{job}").json["status"] == "ready", "the true proof")
    (tmp_path / "policy.txt").write_bytes(stack.get("/ledger/policy").body)
    (tmp_path / "bundle.zip").write_bytes(stack.api("GET", f"/proofs/{job}/bundle").body)
    verifier = [sys.executable, str(ROOT / "tools" / "verify_proof.py"), "bundle.zip"]
    done = subprocess.run(
        [*verifier, "--policy", "policy.txt"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0


# Promise 10: only the person's own new act brings consent back.

SCOPE = Scope(BrandId("demo"), EMAIL)
CLAIMS = {"brand": BrandId("demo"), "lists": (ListId("newsletter"),)}
NEWSLETTER = (PurposeId("newsletter"),)


def _verdict(world, sid):
    return decide(world.state(sid), SCOPE, ListId("newsletter"), NEWSLETTER[0])


def _later_claims():
    """What a shop and an import claim about somebody."""
    return [
        Draft(type=EventType.BASIS_RECORDED, purposes=NEWSLETTER, **CLAIMS),
        Draft(type=EventType.CONSENT_IMPORTED, purposes=NEWSLETTER, **CLAIMS),
        Draft(type=EventType.CONSENT_IMPORTED, purposes=NEWSLETTER, via=Via.API, **CLAIMS),
        Draft(type=EventType.CONSENT_RENEWED, purposes=NEWSLETTER, notice="0" * 64, **CLAIMS),
    ]


@pytest.mark.parametrize("act", ["withdrawal", "complaint", "refusal", "suppression"])
def test_promise_10_no_purchase_or_import_brings_back_who_left(act):
    """Break it: every operator's claim there is, after every way of leaving."""
    world, email = World(), "visitor@example.org"
    if act == "refusal":
        world.sign_up(email)
        world.settle()
        sid = world.confirmation.refuse(world.confirm_token(email), READER).token.sid
    else:
        sid = world.subscribe(email)
        if act == "withdrawal":
            token = _unsubscribe_token(world, email)
            world.unsubscribe.withdraw(token, READER, Via.LIST_UNSUB_POST)
        elif act == "complaint":
            draft = Draft(type=EventType.OBJECTION_RECORDED, brand=SCOPE.brand, via=Via.COMPLAINT)
            world.ledger.append(world.ledger.open(sid), [draft])
        else:
            world.suppressions.add(email, "manual")
    for draft in _later_claims():
        with suppress(KvittoError):
            world.ledger.append(world.ledger.open(sid), [draft])
        assert isinstance(_verdict(world, sid), Skipped), draft.type
    world.mails.clear()
    world.campaign()
    world.settle()
    assert [parseaddr(mailed.message.to)[1] for mailed in world.mails] == []


def test_promise_10_the_persons_own_new_act_brings_them_back_and_an_old_link_does_not(stack):
    email = stack.address("returns")
    stack.sign_up(email)
    old = stack.confirm_link(email)
    stack.post_form(old, {"answer": "confirm"})
    stack.finished(stack.send_campaign("Before leaving", "<p>News</p>"))
    link = link_in(stack.wait_mail(email, "Before leaving")["text"], "/unsubscribe")
    stack.post_form(link, ONE_CLICK)
    stack.post_form(old, {"answer": "confirm"})
    assert stack.subscriber(email)["lists"][0]["status"] == "withdrawn"


def test_promise_10_a_new_request_confirmed_by_the_person_counts_again():
    world, email = World(), "visitor@example.org"
    sid = world.subscribe(email)
    world.unsubscribe.withdraw(_unsubscribe_token(world, email), READER, Via.PAGE)
    assert isinstance(_verdict(world, sid), Skipped)
    world.time.advance(2 * 24 * 3600 * 1000)
    world.sign_up(email)
    world.settle()
    world.confirmation.confirm(world.confirm_token(email), VISITOR)
    assert not isinstance(_verdict(world, sid), Skipped)
