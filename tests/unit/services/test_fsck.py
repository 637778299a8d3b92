# SPDX-License-Identifier: Apache-2.0
"""The comparison finds nothing in an honest installation, and names each thing done to another."""

from dataclasses import replace

import pytest

from chalicelib.domain.country_rules import SHIPPED
from chalicelib.domain.erasure import Ground
from chalicelib.domain.ids import EventId, ListId, SubjectId
from chalicelib.domain.import_statement import Basis, Source, Statement
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.reach import EVERYWHERE
from chalicelib.domain.state import Grade, dump_state, load_state
from chalicelib.errors import Unavailable
from chalicelib.ports.ledger import Located
from chalicelib.ports.outside import Blob, Queue
from chalicelib.services.ledger import Draft
from chalicelib.services.sequencing import CHECKPOINT
from chalicelib.vocabulary import EventType
from tests.support.faults import FailOnce, Moment
from tests.support.memory_ledger import AudienceRow
from tests.support.world import ORIGIN, World

HEARTBEAT = Draft(type=EventType.LOG_HEARTBEAT, channel=None)
MEMBER, SUPPRESSED, GONE = "member@example.org", "suppressed@example.org", "gone@example.org"


def living() -> World:
    """Somebody on a list, two suppressed, somebody erased; a country table, and an import."""
    world = World()
    for email in (MEMBER, SUPPRESSED, GONE):
        world.subscribe(email)
    world.suppressions.add(SUPPRESSED, "manual")
    world.suppressions.add("stranger@example.org", "bounce")
    world.shredder.shred(subject(world, GONE), Ground.WITHDRAWN, suppress=True)
    world.import_rules.change("demo", [replace(SHIPPED["SE"], consent_grade=Grade.B)], 0)
    answer_for_an_empty_list(world)
    return world


def answer_for_an_empty_list(world: World) -> None:
    desk = world.import_desk
    record = desk.new(NewImport(brand="demo", list="newsletter"), "key")
    desk.put_part(record.id, 1, b"email\n")
    desk.uploaded(record.id, 1)
    world.settle()
    said = {"source": Source.OWN_FORM, "basis": Basis.CONSENT, "confirmed": True}
    desk.run(record.id, Statement(**said, name="Officer", position="Data protection"), "key")
    world.settle()


def subject(world: World, email: str) -> SubjectId:
    sid = world.store.lookup(world.ledger.mac(email)).sid
    assert sid is not None
    return sid


@pytest.fixture
def world():
    made = living()
    made.member = subject(made, MEMBER)
    made.gone = next(
        SubjectId(sid) for sid, row in made.rows.states.items() if load_state(row.text).erased
    )
    return made


def found(world):
    """Differences by area."""
    return {area.name: area.difference for area in world.fsck.run() if area.difference}


def test_an_honest_installation_has_no_difference(world):
    areas = {area.name: area for area in world.fsck.run()}
    assert [area.line for area in areas.values() if area.difference] == []
    assert all(area.line.endswith(", OK") for area in areas.values())
    size = world.heads.read().size
    assert areas["entries"].checked == areas["places"].checked == size
    assert areas["erased chains"].checked == 1
    assert areas["states"].checked == 3


def test_nothing_is_compared_before_the_first_entry():
    empty = World()
    empty.rows.outbox.clear()
    empty.rows.located.clear()
    assert found(empty) == {}


def test_a_log_of_several_bundles_agrees(world):
    for _ in range(3):
        for _ in range(170):
            world.ledger.record(HEARTBEAT)
        world.settle()
    assert found(world) == {}


def test_it_agrees_after_withdrawal_complaint_campaign_and_a_waiting_request(world):
    world.campaign()
    world.settle()
    world.suppressions.add(MEMBER, "complaint")
    world.sign_up("late@example.org")
    world.settle(Queue.CONFIRMATIONS)
    assert found(world) == {}
    world.settle()
    assert found(world) == {}


def test_a_difference_that_is_gone_a_moment_later_is_none(world):
    kept = world.rows.states.pop(world.member)
    world.time.on_sleep = lambda _ms: world.rows.states.setdefault(world.member, kept)
    assert found(world) == {}


def test_what_cannot_be_read_is_an_error_and_no_difference(world):
    world.faults = FailOnce("LedgerStore.load", Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.fsck.run()


def change_blob(world, key, change=lambda data: data[:-1] + bytes([data[-1] ^ 1])):
    blobs = world.outside_rows.blobs
    blobs[key] = Blob(data=change(blobs[key].data), etag='"other"')


def restand(world, standing):
    world.rows.audience[world.member] = replace(
        world.rows.audience[world.member], standing=standing
    )


def key_of(world, part):
    return max((key for key in world.outside_rows.blobs if part in key), key=len)


def of_log(change):
    """A change to one object of the log."""

    def alter(world):
        size = world.heads.read().size
        change(world, size)

    return alter


LOG = {
    "a tile is gone": (
        of_log(lambda world, size: world.outside_rows.blobs.pop(f"log/tile/0/000.p/{size}")),
        {"tiles": "is missing"},
    ),
    "a tile has another hash": (
        of_log(lambda world, size: change_blob(world, f"log/tile/0/000.p/{size}")),
        {"tiles": "is not what the entries hash to"},
    ),
    "the latest entries are gone": (
        of_log(lambda world, size: world.outside_rows.blobs.pop(f"log/tile/entries/000.p/{size}")),
        {"tiles": "nothing after it can be compared"},
    ),
    "an entry of the log was changed": (
        of_log(
            lambda world, size: change_blob(
                world,
                f"log/tile/entries/000.p/{size}",
                lambda data: data.replace(b"list-unsub", b"page-unsub").replace(
                    b'"consent.confirmed"', b'"consent.requested"', 1
                ),
            )
        ),
        {
            "entries": "is not entry",
            "tiles": "is not what the entries hash to",
            "checkpoints": "is not the root of the first",
        },
    ),
    "an older partial bundle was changed": (
        lambda world: change_blob(world, first_key(world, "log/tile/entries/000.p/")),
        {"tiles": "is not what the entries hash to"},
    ),
    "a kept checkpoint is gone": (
        of_log(lambda world, size: world.outside_rows.blobs.pop(f"log/checkpoints/{size}")),
        {"checkpoints": "is missing"},
    ),
    "a kept checkpoint is another's": (
        lambda world: change_blob(
            world,
            first_key(world, "log/checkpoints/"),
            lambda _: world.outside_rows.blobs[CHECKPOINT].data,
        ),
        {"checkpoints": "is not the root of the first"},
    ),
    "a kept checkpoint has no valid signature": (
        lambda world: change_blob(
            world, first_key(world, "log/checkpoints/"), swapped_in_signature
        ),
        {"checkpoints": "log/checkpoints/"},
    ),
    "the published checkpoint is gone": (
        lambda world: world.outside_rows.blobs.pop(CHECKPOINT),
        {"head": "the published checkpoint at 0"},
    ),
    "the head is older than the checkpoint": (
        lambda world: world.rows.heads.update({ORIGIN: old_head(world)}),
        {"head": "the head is at size", "places": "has index"},
    ),
    "the head is gone": (
        lambda world: world.rows.heads.pop(ORIGIN),
        {"head": "no head", "places": "the log has 0 entries"},
    ),
    "a notice has other bytes": (
        lambda world: change_blob(world, first_key(world, "notice/", ".html")),
        {"notices": "which has other bytes"},
    ),
    "a notice is gone": (
        lambda world: world.outside_rows.blobs.pop(first_key(world, "notice/", ".html")),
        {"notices": "which is missing"},
    ),
    "a country table has other bytes": (
        lambda world: change_blob(world, first_key(world, "imported/rules/")),
        {"notices": "which has other bytes"},
    ),
    "a country table is gone": (
        lambda world: world.outside_rows.blobs.pop(first_key(world, "imported/rules/")),
        {"notices": "which is missing"},
    ),
    "a statement has other bytes": (
        lambda world: change_blob(world, first_key(world, "imported/")),
        {"notices": "which has other bytes"},
    ),
    "a statement is gone": (
        lambda world: world.outside_rows.blobs.pop(first_key(world, "imported/")),
        {"notices": "which is missing"},
    ),
    "what a form showed has other bytes": (
        lambda world: change_blob(world, first_key(world, "forms/")),
        {"notices": "which has other bytes"},
    ),
    "what a form showed is gone": (
        lambda world: world.outside_rows.blobs.pop(first_key(world, "forms/")),
        {"notices": "which is missing"},
    ),
}


def swapped_in_signature(data):
    """The note with another signature of the same form: two of its last characters change."""
    return data[:-8] + (b"BB" if data[-8:-6] != b"BB" else b"CC") + data[-6:]


def first_key(world, prefix, ending=""):
    keys = (key for key in world.outside_rows.blobs if key.startswith(prefix))
    return min((key for key in keys if key.endswith(ending)), key=lambda key: (len(key), key))


def old_head(world):
    head = world.heads.read()
    old = first_key(world, "log/checkpoints/")
    data = world.outside_rows.blobs[old].data
    from chalicelib.proof.checkpoint import verify_checkpoint

    seen = verify_checkpoint(data, world.sequencer.log_key)
    return replace(head, size=seen.size, root=seen.root, checkpoint=data)


def change_entry(world, n, **change):
    key = (world.member, n)
    world.rows.entries[key] = replace(world.rows.entries[key], **change)


def change_state(world, **change):
    row = world.rows.states[world.member]
    state = replace(load_state(row.text), **change)
    world.rows.states[world.member] = replace(row, text=dump_state(state))


def event_of(world, n):
    return world.rows.entries[world.member, n].event


def move_place(world, **change):
    event = event_of(world, 1)
    world.rows.located[event] = replace(world.rows.located[event], **change)


def wait_again(world):
    """The outbox row of an entry comes back."""
    from tests.support.memory_ledger import put_pending

    entry = world.rows.entries[world.member, 1]
    put_pending(world.rows, entry.event, entry.leaf, world.member, 1)


def mac_of(world, email=MEMBER):
    return world.ledger.mac(email)


PEOPLE = {
    "an entry of a chain is gone": (
        lambda world: world.rows.entries.pop((world.member, 1)),
        {"chains": "entry 1 of subject", "entries": "is not entry 1"},
    ),
    "an entry of a chain says something else": (
        lambda world: change_entry(world, 1, leaf=world.rows.entries[world.member, 0].leaf),
        {"chains": "another event", "entries": "is not entry 1"},
    ),
    "two sealed parts were exchanged": (
        lambda world: change_entry(world, 1, sealed=world.rows.entries[world.member, 0].sealed),
        {"sealed parts": "entry 1 of subject"},
    ),
    "a sealed part is gone": (
        lambda world: change_entry(world, 1, sealed=None),
        {"sealed parts": "has no sealed part"},
    ),
    "a state gained a restriction": (
        lambda world: change_state(world, restricted=True),
        {"states": "is not what its entries add up to"},
    ),
    "a state names another last entry": (
        lambda world: world.rows.states.update(
            {world.member: replace(world.rows.states[world.member], last_leaf_hash="0" * 64)}
        ),
        {"states": "names another last entry"},
    ),
    "a state is gone": (
        lambda world: world.rows.states.pop(world.member),
        {
            "states": "has entries, but no state",
            "lookups": "who has no such address",
            "keys": "has a row, but no state",
            "profiles": "has a row, but no state",
        },
    ),
    "a key is gone": (
        lambda world: world.rows.vault.pop(world.member),
        {"keys": "has no key, and was not erased"},
    ),
    "a key is another person's": (
        lambda world: world.rows.vault.update(
            {world.member: world.rows.vault[subject(world, SUPPRESSED)]}
        ),
        {"keys": "key of subject"},
    ),
    "a key came back from a backup": (
        lambda world: world.rows.vault.update({world.gone: b"key"}),
        {"erased chains": "has a key"},
    ),
    "a sealed part of an erased person is left": (
        lambda world: world.rows.mails.update({(world.gone, 0): b"mail"}),
        {"erased chains": "has a sealed part left"},
    ),
    "a profile of an erased person is left": (
        lambda world: world.rows.audience.update(
            {world.gone: AudienceRow(sealed=b"profile", lists=())}
        ),
        {"erased chains": "has a profile left"},
    ),
    "an entry of an erased person is another's": (
        lambda world: world.rows.entries.update(
            {(world.gone, 1): replace(world.rows.entries[world.member, 1], sealed=None)}
        ),
        {"chains": "names another place", "entries": "is not entry 1"},
    ),
    "a membership was added": (
        lambda world: world.rows.audience.update(
            {
                world.member: replace(
                    world.rows.audience[world.member], lists=((ListId("other"), "given"),)
                )
            }
        ),
        {"memberships": "is on other lists"},
    ),
    "a standing was changed": (
        lambda world: restand(world, '{"r":true,"v":1}'),
        {"memberships": "stands elsewhere"},
    ),
    "a standing is gone": (
        lambda world: restand(world, None),
        {"memberships": "stands elsewhere"},
    ),
    "a profile is gone": (
        lambda world: world.rows.audience.pop(world.member),
        {"memberships": "is on other lists"},
    ),
    "a lookup is gone": (
        lambda world: world.rows.lookups.pop(mac_of(world)),
        {"lookups": "does not lead to it"},
    ),
    "a lookup leads to nobody": (
        lambda world: world.rows.lookups.update({"m" * 43: SubjectId("A" * 22)}),
        {"lookups": "who has no such address"},
    ),
    "a suppression by address is gone": (
        lambda world: world.rows.suppressions.pop(mac_of(world, SUPPRESSED)),
        {"suppressions": "its address is not"},
    ),
    "a suppression of the chain's own is not in the state": (
        lambda world: world.rows.suppressions.update(
            {
                mac_of(world): {
                    EVERYWHERE: replace(
                        world.rows.suppressions[mac_of(world, SUPPRESSED)][EVERYWHERE],
                        event=event_of(world, 1),
                    )
                }
            }
        ),
        {"suppressions": "they not"},
    ),
    "a suppression names an entry that is not": (
        lambda world: world.rows.suppressions[mac_of(world, "stranger@example.org")].update(
            {
                EVERYWHERE: replace(
                    world.rows.suppressions[mac_of(world, "stranger@example.org")][EVERYWHERE],
                    event=EventId("A" * 22),
                )
            }
        ),
        {"suppressions": "which is not"},
    ),
    "an entry has another index": (
        lambda world: move_place(world, index=0),
        {"entries": "has a row with index 0"},
    ),
    "an entry has no index row": (
        lambda world: world.rows.located.pop(event_of(world, 1)),
        {"entries": "no row that says where", "chains": "neither in the log nor in the outbox"},
    ),
    "an entry nobody logged has an index": (
        lambda world: world.rows.located.update(
            {EventId("A" * 22): Located(event=EventId("A" * 22), sid=None, n=None, index=3)}
        ),
        {"places": "entry AAAAAAAAAAAAAAAAAAAAAA has index 3, where"},
    ),
    "a controller's entry was lost before it was logged": (
        lambda world: world.rows.located.update(
            {EventId("A" * 22): Located(event=EventId("A" * 22), sid=None, n=None, index=None)}
        ),
        {"places": "neither in the log nor in the outbox"},
    ),
    "an entry of the log waits again": (
        wait_again,
        {"outbox": "waits in the outbox, and is in the log at"},
    ),
}


@pytest.mark.parametrize("what", [*LOG, *PEOPLE])
def test_every_alteration_is_named_in_its_area_and_in_no_other(world, what):
    alter, expected = {**LOG, **PEOPLE}[what]
    alter(world)
    differences = found(world)
    assert set(differences) == set(expected)
    for area, words in expected.items():
        assert words in differences[area]
    said = " ".join(differences.values())
    assert "example.org" not in said, "no line holds personal data"
    assert mac_of(world) not in said


def test_more_differences_are_counted_and_the_first_is_named(world):
    for sid in (world.member, subject(world, SUPPRESSED)):
        del world.rows.vault[sid]
    (line,) = (area.line for area in world.fsck.run() if area.name == "keys")
    assert line.startswith("keys: 0 rows, DIFFERENCE: subject ")
    assert line.endswith(" (and 1 more)")
