# SPDX-License-Identifier: Apache-2.0
"""Files of suppressions: read row by row, kept as digests, met by their people, given out again."""

import re
from contextlib import suppress

import pytest

from chalicelib.domain.campaigns import Content
from chalicelib.domain.enrolment import Person, Shown
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.ids import BrandId, PurposeId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.reach import EVERYWHERE, Reach
from chalicelib.domain.suppression_files import FileWish
from chalicelib.errors import InputError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.services.suppression_imports import LASTS_MS
from infra.local.demo_data import DEMO_FORM
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_files import zipped
from tests.support.suppression_lists import (
    BOUNCE,
    DEMO,
    KNOWN,
    NEWSLETTER,
    OTHER,
    STRANGER,
    TO_NEWSLETTER,
    brought,
    by_digest,
    digest,
    held,
    reaches,
    whole,
)
from tests.support.world import READER, VISITOR


def attest(world, address):
    """Have a shop claim that a box was ticked; return who it is."""
    shown = Shown(form=DEMO_FORM.id, notice="", boxes={"newsletter": True})
    person = Person(email=address, entered_by="shop")
    world.enrolment.attest(person, shown, world.time.now_ms() - 1, VISITOR)
    return world.ledger.lookup(world.ledger.mac(address)).sid


def written(world):
    """A campaign that nobody was mailed yet."""
    content = Content(subject="Hello", html="<p>Hello</p>")
    purpose = PurposeId("newsletter")
    made = world.campaigns.create(name="News", list_id=NEWSLETTER, purpose=purpose, content=content)
    return made.campaign.id


def mailed(world, address):
    before = len([mail for mail in world.mails if mail.message.to == address])
    world.campaign()
    world.settle()
    return len([mail for mail in world.mails if mail.message.to == address]) > before


def test_a_plain_list_suppresses_everybody_in_it(world):
    sid = world.subscribe(KNOWN)
    found = brought(world, f"{KNOWN}\n{STRANGER.upper()}\n", BOUNCE)
    assert (found.status, found.rows, found.added, found.known) == (JobStatus.READY, 2, 2, 0)
    assert reaches(world, KNOWN) == reaches(world, STRANGER) == [(EVERYWHERE, "bounce")]
    assert held(world, sid) == [(EVERYWHERE, "bounce")]
    assert whole(world)


def test_the_same_file_again_adds_nothing(world):
    world.subscribe(KNOWN)
    data = f"email,reason\n{KNOWN},complaint\n{STRANGER},manual\n{digest(OTHER)},\n"
    first, entries = brought(world, data), len(world.rows.outbox)
    again = brought(world, data)
    assert (first.added, first.known) == (3, 0)
    assert (again.added, again.known, again.rows) == (0, 3, 3)
    assert len(world.rows.outbox) == entries


def test_rows_say_their_own_reason_and_reach_and_the_file_the_rest(world):
    wish = FileWish(reason=SuppressionReason.UNSUBSCRIBED, reach=Reach(DEMO))
    brought(
        world,
        f"Email;Reason;List\n{KNOWN};spam;\n{STRANGER};;newsletter\n",
        wish,
    )
    assert reaches(world, KNOWN) == [(Reach(DEMO), "complaint")]
    assert reaches(world, STRANGER) == [(TO_NEWSLETTER, "unsubscribed")]


@pytest.mark.parametrize(
    "data",
    [
        f"\ufeffemail\n{KNOWN}\n".encode(),
        f"email\r\n{KNOWN}\r\n".encode("utf-16"),
        f"name;email\nÅsa;{KNOWN}\n".encode("cp1252"),
        f"email\n\u00a0{KNOWN}\u00a0\n".encode(),
        f"{KNOWN}".encode(),
        f"{KNOWN}\n{KNOWN}\n".encode(),
    ],
)
def test_files_of_any_tool_are_read(world, data):
    brought(world, data)
    assert reaches(world, KNOWN) == [(EVERYWHERE, "manual")]


def test_every_list_in_a_zip_is_read_by_its_own_columns_and_a_readme_is_passed_over(world):
    files = {
        "README.md": b"What we exported",
        "bounces.csv": f"email;reason\n{KNOWN};bounce\nnobody;\n".encode(),
        "sub/complaints.csv": f"reason,name,address\nspam,Ann,{STRANGER}\n,,nobody\n".encode(),
        "plain.txt": f"{OTHER}\nnobody".encode(),
    }
    found = brought(world, zipped(files))
    assert (found.status, found.rows, found.added) == (JobStatus.READY, 6, 3)
    assert [(row.line, row.why) for row in found.refused] == [
        (3, "malformed_address"),
        (3, "malformed_address"),
        (2, "malformed_address"),
    ]
    assert reaches(world, KNOWN) == [(EVERYWHERE, "bounce")]
    assert reaches(world, STRANGER) == [(EVERYWHERE, "complaint")]
    assert reaches(world, OTHER) == [(EVERYWHERE, "manual")]


def test_work_on_a_zip_goes_on_in_the_file_where_it_stopped(world):
    lists = [[f"person{n}@example.org" for n in range(at, at + 70)] for at in (0, 70)]
    files = {f"{n}.csv": "\n".join(["email", *some]).encode() for n, some in enumerate(lists)}
    made = world.suppression_imports.ask(zipped(files), FileWish())
    for call in range(1, 200, 23):
        world.faults = FailOnce("LedgerStore.lookup", Moment.BEFORE, nth=call)
        with suppress(Unavailable):
            world.suppression_imports.run(made.id)
    world.faults = no_faults
    world.settle()
    found = world.suppression_imports.get(made.id)
    assert (found.status, found.rows, found.added + found.known) == (JobStatus.READY, 140, 140)
    assert all(reaches(world, who) == [(EVERYWHERE, "manual")] for some in lists for who in some)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("complaints.xlsx", b"PK a workbook", "spreadsheet"),
        ("complaints.csv", b"reason,brand\nspam,demo\n", "no_address_column"),
        ("complaints.csv", b"email\n\0\n", "nul"),
    ],
)
def test_a_zip_with_a_list_nobody_can_read_is_refused_whole(world, name, data, code):
    file = zipped({"bounces.csv": f"email\n{KNOWN}\n".encode(), name: data})
    with pytest.raises(InputError) as refused:
        world.suppression_imports.ask(file, FileWish())
    assert refused.value.code == code
    assert not world.messages.take(Queue.SUPPRESSIONS)


@pytest.mark.parametrize("name", [b"- too many mails(daily)", b"A\x81sa"])
def test_a_cell_nobody_can_read_beside_an_address_keeps_nobody_from_being_suppressed(world, name):
    found = brought(world, b"name,email\n" + name + f",{KNOWN}\n".encode())
    assert (reaches(world, KNOWN), found.refused) == ([(EVERYWHERE, "manual")], ())


def test_what_cannot_be_read_is_told_by_line_and_word_and_never_by_what_it_held(world):
    found = brought(
        world,
        "email,reason,brand\n"
        "nobody at all,,\n"
        "d41d8cd98f00b204e9800998ecf8427e,,\n"
        "=cmd|x!A1,,\n"
        f"{KNOWN},,nowhere\n"
        f"{STRANGER},,\n",
    )
    assert [(row.line, row.why) for row in found.refused] == [
        (2, "malformed_address"),
        (3, "unsupported_digest"),
        (4, "formula"),
        (5, "unknown_brand"),
    ]
    assert (found.rows, found.added, found.refused_total) == (5, 1, 4)
    assert "nobody" not in repr(world.catalog_rows)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"email\n\0\n", "nul"),
        (b"PK\x03\x04 broken", "damaged_zip"),
        (b"\xd0\xcf\x11\xe0 workbook", "spreadsheet"),
        (b"reason,brand\nbounce,demo\n", "no_address_column"),
        (b"email\n" + b"x" * 70_000, "cell_too_large"),
        (("," * 600 + "\n").encode().replace(b",", b"a,"), "too_many_columns"),
        (b"email\n" + b"a@example.org\n" * 100_001, "too_many_rows"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(world, data, code):
    with pytest.raises(InputError) as refused:
        world.suppression_imports.ask(data, FileWish())
    assert refused.value.code == code
    assert not world.messages.take(Queue.SUPPRESSIONS)


def test_a_file_for_a_brand_there_is_not_is_refused(world):
    with pytest.raises(InputError):
        world.suppression_imports.ask(KNOWN.encode(), FileWish(reach=Reach(BrandId("nobody"))))


def test_while_it_waits_a_file_is_sealed_and_afterwards_it_is_gone(world):
    made = world.suppression_imports.ask(f"{KNOWN}\n".encode(), FileWish())
    (key,) = [name for name in world.outside_rows.blobs if name.startswith("imports/")]
    assert KNOWN.encode() not in world.outside_rows.blobs[key].data
    (job,) = world.jobs.page("suppression-imports", None, 10).items
    assert "key" in job.progress
    world.settle()
    (job,) = world.jobs.page("suppression-imports", None, 10).items
    assert job.id == made.id
    assert "key" not in job.progress
    assert not [name for name in world.outside_rows.blobs if name.startswith("imports/")]
    assert KNOWN not in repr((job, world.outside_rows))


def test_a_file_that_was_destroyed_or_is_too_old_says_so(world):
    made = world.suppression_imports.ask(f"{KNOWN}\n".encode(), FileWish())
    world.blobs.delete_all("imports/")
    world.settle()
    assert world.suppression_imports.get(made.id).status is JobStatus.FAILED
    late = world.suppression_imports.ask(f"{KNOWN}\n".encode(), FileWish())
    world.time.advance(LASTS_MS)
    world.settle()
    found = world.suppression_imports.get(late.id)
    assert (found.status, found.added) == (JobStatus.FAILED, 0)
    assert "bring the file in again" in found.problem
    assert not [name for name in world.outside_rows.blobs if name.startswith("imports/")]
    with pytest.raises(NotFound):
        world.suppression_imports.get("A" * 22)


def test_work_goes_on_where_it_stopped(world):
    people = [f"person{n}@example.org" for n in range(120)]
    made = world.suppression_imports.ask("\n".join(people).encode(), FileWish())
    for _ in range(3):
        world.suppression_imports.run(made.id, budget_ms=0)
    assert world.suppression_imports.get(made.id).rows == 0
    for call in range(1, 200, 23):
        world.faults = FailOnce("LedgerStore.lookup", Moment.BEFORE, nth=call)
        try:
            world.suppression_imports.run(made.id)
        except Unavailable:
            continue
        finally:
            world.faults = no_faults
    world.settle()
    found = world.suppression_imports.get(made.id)
    assert (found.status, found.rows, found.added + found.known) == (JobStatus.READY, 120, 120)
    assert all(reaches(world, person) == [(EVERYWHERE, "manual")] for person in people)
    assert whole(world)


def test_a_digest_waits_under_its_keyed_mac_and_meets_its_person_at_sign_up(world):
    found = brought(world, f"{digest(KNOWN)},BOUNCE\n{digest(STRANGER)},\n")
    assert (found.added, found.matched) == (2, 0)
    assert by_digest(world, KNOWN) == [(EVERYWHERE, "bounce")]
    assert reaches(world, KNOWN) == []
    assert digest(KNOWN) not in repr((world.rows, world.suppression_index.rows, world.catalog_rows))

    world.sign_up(STRANGER)
    world.settle()
    assert not [mail for mail in world.mails if mail.message.to == STRANGER]
    assert reaches(world, STRANGER) == [(EVERYWHERE, "manual")]
    assert by_digest(world, STRANGER) == []

    sid = world.subscribe(KNOWN)  # A bounce of long ago ends with their own confirmation.
    assert by_digest(world, KNOWN) == reaches(world, KNOWN) == held(world, sid) == []
    assert mailed(world, KNOWN)
    assert whole(world)


def test_what_was_lifted_once_comes_back_with_no_later_sign_up(world):
    brought(world, f"{digest(KNOWN)},COMPLAINT\n")
    sid = world.subscribe(KNOWN)
    world.time.advance(24 * 3600 * 1000)
    world.sign_up(KNOWN)
    world.settle()
    assert held(world, sid) == reaches(world, KNOWN) == []


def test_people_who_are_subscribed_already_are_found_and_suppressed(world):
    sids = {address: world.subscribe(address) for address in (KNOWN, STRANGER, OTHER)}
    data = f"sha256,reason,brand,list\n{digest(KNOWN)},manual,demo,newsletter\n"
    data += f"{digest(STRANGER)},bounce,,\n{digest('nobody@example.org')},bounce,,\n"
    found = brought(world, data)
    assert (found.status, found.rows, found.added, found.matched) == (JobStatus.READY, 3, 3, 2)
    assert held(world, sids[KNOWN]) == reaches(world, KNOWN) == [(TO_NEWSLETTER, "manual")]
    assert held(world, sids[STRANGER]) == [(EVERYWHERE, "bounce")]
    assert held(world, sids[OTHER]) == []
    assert not mailed(world, KNOWN)
    assert whole(world)
    entries = len(world.rows.entries)
    again = brought(world, data)
    assert (again.added, again.known, again.matched) == (0, 3, 0)
    assert len(world.rows.entries) == entries


def test_everybody_is_looked_at_however_often_time_ends(world):
    for n in range(5):
        world.subscribe(f"person{n}@example.org")
    data = "\n".join(digest(f"person{n}@example.org") for n in range(5))
    made = world.suppression_imports.ask(data.encode(), FileWish())
    for _ in range(20):
        world.suppression_imports.run(made.id, budget_ms=1)
        world.time.advance(10)
    world.settle()
    assert world.suppression_imports.get(made.id).matched == 5


def test_an_enrolment_meets_the_digest(world):
    brought(world, f"{digest(KNOWN)}\n")
    sid = attest(world, KNOWN)
    assert held(world, sid) == reaches(world, KNOWN) == [(EVERYWHERE, "manual")]
    assert not mailed(world, KNOWN)
    assert whole(world)


def test_a_change_of_address_meets_the_digest_of_the_new_one(world):
    sid = world.subscribe(KNOWN)
    brought(world, f"{digest(OTHER)},BOUNCE\n")
    access = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    world.address_change.ask(access, OTHER, "en")
    world.settle()
    text = next(m.message.text for m in reversed(world.mails) if m.message.to == OTHER)
    world.address_change.confirm(re.search(r"/address/([\w-]{43})", text)[1], READER)
    assert held(world, sid) == reaches(world, OTHER) == [(EVERYWHERE, "bounce")]
    assert by_digest(world, OTHER) == reaches(world, KNOWN) == []
    assert whole(world)


def test_neither_a_test_mail_nor_the_link_of_a_change_goes_where_a_digest_forbids_it(world):
    sid = world.subscribe(KNOWN)
    brought(world, f"{digest(OTHER)}\n")
    campaign = written(world)
    with pytest.raises(InputError) as caught:
        world.campaign_tests.send(campaign, OTHER)
    assert caught.value.code == "suppressed"
    access = world.access_links.open(world.access_links.make(sid, DEMO, "en"))
    world.address_change.ask(access, OTHER, "en")
    world.settle()
    assert {mail.message.to for mail in world.mails} == {KNOWN}
    world.campaign_tests.send(campaign, STRANGER)
    assert world.mails[-1].message.to == STRANGER


def test_who_asks_is_told_of_a_digest_until_it_was_taken_over(world):
    brought(world, f"{digest(KNOWN)},bounce\n")
    (waiting,) = world.suppressions.find(KNOWN)
    assert (waiting.reason, waiting.reach) == ("bounce", EVERYWHERE)
    assert world.suppressions.page(None, 10).items == (waiting,)
    world.subscribe(KNOWN)  # Which lifts it.
    assert world.suppressions.find(KNOWN) == ()
    assert world.suppressions.page(None, 10).items == ()


def test_a_digest_outlives_the_erasure_of_whoever_it_stands_for(world):
    sid = world.subscribe(KNOWN)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    brought(world, f"{digest(KNOWN)}\n")
    world.sign_up(KNOWN)
    world.settle()
    new = world.ledger.lookup(world.ledger.mac(KNOWN)).sid
    assert held(world, new) == [(EVERYWHERE, "manual")]
    world.shredder.shred(new, "withdrawn", suppress=True)
    assert reaches(world, KNOWN) == [(EVERYWHERE, "manual")]
    assert whole(world)


def test_no_key_is_asked_for_digests_before_there_are_any(world):
    calls = []
    world.faults = lambda name, moment: calls.append(name)
    world.sign_up(KNOWN)
    world.settle()
    before = calls.count("AddressMac.mac") + calls.count("AddressMac.macs")
    world.faults = no_faults
    brought(world, f"{digest(OTHER)}\n")
    calls.clear()
    world.faults = lambda name, moment: calls.append(name)
    world.sign_up(STRANGER)
    world.settle()
    assert calls.count("AddressMac.mac") + calls.count("AddressMac.macs") > before


def test_bounces_and_complaints_of_everybody_are_pushed_to_ses_where_it_is_wished(world):
    data = f"email,reason,brand\n{KNOWN},bounce,\n{STRANGER},manual,\n{OTHER},bounce,demo\n"
    assert brought(world, data).pushed == 0
    found = brought(world, data, push=True)
    assert (found.status, found.pushed, found.not_pushed) == (JobStatus.READY, 1, 0)
    assert world.account_list.get(KNOWN).reason == "bounce"
    assert world.account_list.get(OTHER) is None
