# SPDX-License-Identifier: Apache-2.0
"""Whole imports, from the first byte over the preview to the campaign to who may have it."""

import pytest

from chalicelib.domain.import_statement import Basis, DocumentKind, Source, Statement
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import Mode, Problem, Stage
from chalicelib.errors import Conflict, DependencyError, FatalError
from chalicelib.ports.outside import Queue
from chalicelib.services.entries import open_claims
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_files import mailchimp_account, vendor
from tests.support.suppression_lists import brought, digest
from tests.support.world import World

STATEMENT = Statement(
    source=Source.EARLIER_TOOL,
    basis=Basis.CONSENT,
    name="Officer",
    position="Data protection",
    confirmed=True,
)
RETURNED = "returned@example.org"
PIECE = 700
"""Bytes of a part: small, so that the file comes in several."""


@pytest.fixture
def world():
    return World()


def begun(world, data, **said):
    """Send a file in parts; its reading is asked for."""
    record = world.import_desk.new(NewImport(brand="demo", list="newsletter", **said), "key")
    parts = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    for number, part in enumerate(parts, start=1):
        world.import_desk.put_part(record.id, number, part)
    world.import_desk.uploaded(record.id, len(parts))
    return record.id


def taken(world, data, **said):
    """Import a file to its end; return its id."""
    import_id = begun(world, data, **said)
    world.settle()
    statement = None if said.get("mode") is Mode.CUT_OVER else STATEMENT
    world.import_desk.run(import_id, statement, "key")
    world.settle()
    assert world.import_desk.get(import_id).stage is Stage.DONE
    return import_id


def counted(world, import_id):
    return world.import_report.preview(import_id).by_country()


def mailed(world):
    """Send a campaign to everybody who may have it; return whom it went to."""
    before = len(world.mailbox.mailed)
    world.campaign()
    world.settle()
    return sorted(mail.message.to for mail in world.mailbox.mailed[before:])


def types(world, email):
    sid = world.rows.lookups.get(world.ledger.mac(email))
    return None if sid is None else world.types(sid)


ACCOUNT = {
    "SE": {"bounced": 1, "complained": 1, "consent": 1, "opted-out": 1, "unconfirmed": 1},
    "DE": {"weak-evidence": 1},
    "FR": {"silent": 1},
}


def test_a_whole_account_of_mailchimp_is_mailed_by_what_it_shows_and_by_nothing_else(world):
    import_id = begun(world, mailchimp_account())
    world.settle()
    assert world.import_desk.get(import_id).stage is Stage.PREVIEW
    assert counted(world, import_id) == ACCOUNT
    assert world.rows.states == {}
    assert mailed(world) == []
    world.import_desk.add_document(import_id, DocumentKind.WORDING, b"Yes, send me the news.")
    world.settle()
    world.import_desk.run(import_id, STATEMENT, "key")
    world.settle()
    assert world.import_desk.get(import_id).stage is Stage.DONE
    assert counted(world, import_id) == ACCOUNT
    assert mailed(world) == ["visitor@example.org"]
    assert types(world, "left@example.org") == ["consent.withdrawn"]
    assert types(world, "gone@example.org") == ["suppression.added"]
    assert types(world, "buyer@example.org") == ["consent.imported"]
    sid = world.rows.lookups[world.ledger.mac("visitor@example.org")]
    chain = world.ledger.open(sid)
    choice = open_claims(chain.keys, world.store.history(sid)[0]).choice
    assert (choice["grade"], choice["claimed_grade"]) == ("D", "B")
    assert choice["history"]["opens"] == 2
    assert choice["tags"] == ["Customer", "Spring, early"]


def test_the_same_file_again_is_known_and_a_cut_over_ends_who_left_meanwhile(world):
    first = taken(world, vendor("listmonk.csv"))
    again = begun(world, vendor("listmonk.csv"))
    world.settle()
    same = world.import_desk.get(again)
    assert (same.stage, same.same_as) == (Stage.DONE, first)
    entries = len(world.rows.entries)
    taken(world, vendor("listmonk.csv"), mode=Mode.CUT_OVER)
    assert len(world.rows.entries) == entries


def every_call(work, moment):
    """Each call of a whole import: its name, and which of that name it is."""
    world, calls = World(), []

    def listen(call, at):
        if at is moment:
            calls.append(call)

    world.faults = listen
    work(world)
    return sorted({(call, calls[:place].count(call) + 1) for place, call in enumerate(calls)})


FILE = (
    b"email,status,country,optin_time,optin_ip\n"
    b"mailed@example.org,subscribed,SE,2024-01-02T03:04:05Z,192.0.2.1\n"
    b"waits@example.org,subscribed,DE,2024-01-02T03:04:05Z,192.0.2.1\n"
    b"left@example.org,unsubscribed,SE,2024-01-02T03:04:05Z,192.0.2.1\n"
    b"gone@example.org,bounced,SE,2024-01-02T03:04:05Z,192.0.2.1\n"
)
BECOME = {
    "mailed@example.org": ["consent.imported"],
    "waits@example.org": ["consent.imported"],
    "left@example.org": ["consent.withdrawn"],
    "gone@example.org": ["suppression.added"],
}


def settle_whatever_happens(world):
    """As SQS does it: what a worker did not do is handed over again."""
    while taken_now := world.messages.take(Queue.IMPORTS):
        for body in taken_now:
            for _ in range(9):
                try:
                    world.handle(Queue.IMPORTS, body)
                except (Conflict, DependencyError):
                    continue
                break
            else:
                raise FatalError("a message never came to its end")


@pytest.mark.parametrize("moment", Moment)
def test_workers_killed_at_any_call_come_to_the_same_end(moment):
    def work(world):
        import_id = begun(world, FILE)
        settle_whatever_happens(world)
        world.import_desk.run(import_id, STATEMENT, "key")
        settle_whatever_happens(world)

    calls = every_call(work, moment)
    assert ("GroupStore.commit_group", 1) in calls
    for call, nth in calls:
        world = World()
        import_id = begun(world, FILE)
        world.faults = FailOnce(call, moment, nth=nth)
        settle_whatever_happens(world)
        world.faults = no_faults
        assert world.import_desk.get(import_id).stage is Stage.PREVIEW, (call, nth)
        world.import_desk.run(import_id, STATEMENT, "key")
        world.faults = FailOnce(call, moment, nth=nth)
        settle_whatever_happens(world)
        world.faults = no_faults
        assert world.import_desk.get(import_id).stage is Stage.DONE, (call, nth)
        assert {email: types(world, email) for email in BECOME} == BECOME, (call, nth)


def test_an_erasure_ends_a_running_import_and_who_was_erased_stays_away(world):
    sid = world.subscribe("left@example.org")
    world.settle()
    import_id = begun(world, FILE)
    world.settle()
    world.import_desk.run(import_id, STATEMENT, "key")
    world.shredder.shred(sid, "withdrawn", suppress=True)
    world.settle()
    ended = world.import_desk.get(import_id)
    assert (ended.stage, ended.failure.problem) == (Stage.FAILED, Problem.ERASURE)
    assert types(world, "left@example.org") is None
    assert not [key for key in world.outside_rows.blobs if key.startswith("imports/")]
    taken(world, FILE)
    assert types(world, "left@example.org") is None
    assert mailed(world) == ["mailed@example.org"]


def test_a_digest_that_somebody_took_over_and_left_behind_keeps_no_import_waiting(world):
    brought(world, f"{digest(RETURNED)},bounce\n")
    sid = world.subscribe(RETURNED)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    times = "2025-01-01T00:00:00Z,192.0.2.1"
    taken(
        world,
        "email,status,optin_time,optin_ip,confirm_time,confirm_ip,country\n"
        f"{RETURNED},subscribed,{times},{times},SE\n".encode(),
    )
    assert types(world, RETURNED) == ["consent.imported"]
