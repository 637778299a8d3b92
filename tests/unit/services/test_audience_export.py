# SPDX-License-Identifier: Apache-2.0
"""An export of a brand says how everybody stands and what shows it, and names nobody beyond."""

import json
import logging
import re
import tracemalloc
from dataclasses import replace

import pytest

from chalicelib.domain import stored_zip
from chalicelib.domain.audience_exports import place_of, read_wish
from chalicelib.domain.enrolment import Person, Sale
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.import_rows import History
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.domain.state import Scope
from chalicelib.entrypoints import logs
from chalicelib.errors import InputError, KvittoError, NotFound, Unavailable
from chalicelib.ports.outside import Queue
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services import export_files, export_jobs, exports
from chalicelib.services.audience_export import AudienceWriter
from chalicelib.services.export_jobs import KIND
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND
from tests.support.exported import (
    DEMO,
    NEWS,
    PLENTY,
    addresses,
    claimed,
    exported,
    import_file,
    kvitto,
    table,
    tables,
    take_in,
)
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.import_files import cut, read
from tests.support.world import World

CANARY = "canary@example.org"
ANNA, BO, CECILIA = "anna@example.org", "bo@example.org", "cecilia@example.org"
APRIL, MAY, JUNE = 1_711_929_600_000, 1_714_521_600_250, 1_717_200_000_000
ASKER, APPROVER = "asker", "approver"


@pytest.fixture
def world():
    return World()


def parts_of(world, part_bytes, max_looked=PLENTY):
    world.__dict__["audience_writer"] = AudienceWriter(
        audience=world.audience,
        store=world.store,
        ledger=world.ledger,
        part_bytes=part_bytes,
        max_looked=max_looked,
    )
    world.__dict__.pop("exports", None)


def erase(world, sid):
    asked = world.erasures.request({"subscriber": sid}, key_id=ASKER)
    world.erasures.approve(asked.id, APPROVER)
    world.settle(Queue.ERASURES)


def test_a_native_double_opt_in_has_both_times_both_networks_and_its_grade(world):
    world.subscribe(ANNA, first_name="Anna")
    row = kvitto(world)[ANNA]
    assert (row["status"], row["basis"], row["grade"]) == ("subscribed", "consent", "B")
    assert (row["purposes"], row["source"], row["zone"]) == ("newsletter", "form demo", "utc")
    assert (row["optin_ip"], row["confirm_ip"]) == ("192.0.2.7", "198.51.100.4")
    assert row["optin_time"].startswith("2026-11-23T12:00:01.")
    assert row["optin_time"] <= row["confirm_time"] < "2026-11-23T12:00:02"
    assert json.loads(row["attributes"]) == {"first_name": "Anna"}
    assert (row["brand"], row["list"], row["language"]) == ("demo", "newsletter", "en")
    assert not row["claimed_grade"]


def test_an_imported_claim_is_told_as_it_was_taken_in_and_never_as_more(world):
    told = claimed(
        BO,
        country="SE",
        tags=("A", 'B, "c"'),
        attributes={"first_name": "-Bo"},
        optin_ms=APRIL,
        optin_ip="192.0.2.9",
        confirm_ms=MAY,
        confirm_ip="192.0.2.10",
        source="till",
        zone="assumed Europe/Stockholm",
        history=History(opens=3, rating=4, last_open_ms=JUNE),
    )
    take_in(world, told)
    row = kvitto(world)[BO]
    assert (row["status"], row["grade"], row["claimed_grade"]) == ("subscribed", "E", "B")
    assert (row["optin_time"], row["confirm_time"]) == (
        "2024-04-01T00:00:00.000Z",
        "2024-05-01T00:00:00.250Z",
    )
    assert (row["optin_ip"], row["confirm_ip"]) == ("192.0.2.9", "192.0.2.10")
    assert (row["zone"], row["source"], row["country"]) == (
        "assumed Europe/Stockholm",
        "till",
        "SE",
    )
    assert row["tags"] == '"A","B, ""c"""'
    assert (row["opens"], row["clicks"], row["rating"]) == ("3", "", "4")
    assert row["last_open"] == "2024-06-01T00:00:00.000Z"
    assert json.loads(row["attributes"]) == {"first_name": "-Bo"}


def test_somebody_who_bought_is_told_with_the_sale_and_without_any_consent(world):
    sale = Sale(
        reference="-1001",
        product="pots",
        at_ms=MAY,
        objection_how="a box at the till",
        objection_at_ms=APRIL,
    )
    person = Person(email=BO, language="sv", attributes={}, entered_by="key")
    world.enrolment.buyer(person, DEMO, NEWS, "newsletter", sale)
    row = kvitto(world)[BO]
    assert (row["status"], row["basis"], row["grade"]) == ("subscribed", "soft-opt-in", "")
    assert (row["sale"], row["product"], row["objection_how"]) == (
        "'-1001",
        "pots",
        "a box at the till",
    )
    assert row["sale_time"] == "2024-05-01T00:00:00.250Z"
    assert row["objection_time"] == "2024-04-01T00:00:00.000Z"


def everybody(world):
    """One of each: subscribed, asked, held back, unsubscribed, bounced, complained."""
    world.subscribe(ANNA)
    world.sign_up("asked@example.org")
    world.settle()
    take_in(world, claimed("held@example.org", optin_ms=APRIL, source="till"), via=Via.OPERATOR)
    left = world.subscribe("left@example.org")
    world.suppressions.add("bounced@example.org", "bounce")
    world.subscribe("hit@example.org")
    world.suppressions.add("hit@example.org", "bounce")
    world.subscribe("angry@example.org")
    world.suppressions.add("angry@example.org", "complaint")
    draft_out(world, left)


def draft_out(world, sid):
    draft = Draft(type=EventType.CONSENT_WITHDRAWN, brand=DEMO, via=Via.PAGE, lists=(), purposes=())
    world.ledger.append(world.ledger.open(sid), [draft])


STANDING = {
    ANNA: "subscribed",
    "asked@example.org": "waiting",
    "held@example.org": "waiting",
    "left@example.org": "opted-out",
    "hit@example.org": "bounced",
    "angry@example.org": "complained",
}


def test_everybody_stands_in_it_once_with_how_they_stand(world):
    everybody(world)
    found = kvitto(world)
    assert {email: row["status"] for email, row in found.items()} == STANDING
    assert found["held@example.org"]["claimed_status"] == "subscribed"
    assert found["held@example.org"]["claimed_grade"] == "C"
    assert found["asked@example.org"]["optin_ip"] == "192.0.2.7"
    left = found["left@example.org"]
    assert (left["ended_reason"], left["grade"], left["basis"]) == ("page", "", "")
    assert left["confirm_time"]
    assert left["ended_time"] >= left["confirm_time"]
    assert found["hit@example.org"]["ended_reason"] == "bounce"


def test_only_those_who_stand_as_asked_for_are_in_it(world):
    everybody(world)
    assert kvitto(world, "subscribed").keys() == {ANNA}
    ended = kvitto(world, "opted-out", "bounced", "complained")
    assert ended.keys() == {"left@example.org", "hit@example.org", "angry@example.org"}
    only = tables(exported(world, "mailchimp", "waiting")[1])
    assert {name: len(rows) for name, rows in only.items()} == {
        "subscribed": 0,
        "unsubscribed": 0,
        "cleaned": 0,
        "nonsubscribed": 2,
    }


def test_mailchimp_gets_a_zip_of_its_lists_that_python_and_our_own_reader_take(world):
    everybody(world)
    _, data = exported(world, "mailchimp")
    found = tables(data)
    by_file = {name: addresses(rows, "Email Address") for name, rows in found.items()}
    assert by_file == {
        "subscribed": {ANNA},
        "unsubscribed": {"left@example.org", "angry@example.org"},
        "cleaned": {"hit@example.org"},
        "nonsubscribed": {"asked@example.org", "held@example.org"},
    }
    (anna,) = found["subscribed"]
    assert anna["OPTIN_TIME"] == "2026-11-23 12:00:01"
    assert (anna["OPTIN_IP"], anna["CONFIRM_IP"]) == ("192.0.2.7", "198.51.100.4")
    reasons = {row["Email Address"]: row["UNSUB_REASON"] for row in found["unsubscribed"]}
    assert "abuse" in reasons["angry@example.org"]
    assert len(read(cut(data))) == 4


def test_whom_a_tool_has_no_word_for_is_left_out_rather_than_told_as_mailable(world):
    everybody(world)
    found = {row["email"]: row for row in table(exported(world, "listmonk")[1])}
    assert {email: row["status"] for email, row in found.items()} == {
        ANNA: "enabled",
        "left@example.org": "blocklisted",
        "hit@example.org": "blocklisted",
        "angry@example.org": "blocklisted",
    }
    header = ["uuid", "email", "name", "attributes", "status", "created_at", "updated_at"]
    assert list(found[ANNA]) == header
    rows = {row["EMAIL"]: row for row in table(exported(world, "brevo")[1], ";")}
    blocked = {email for email, row in rows.items() if row["EMAIL_BLACKLISTED"]}
    assert blocked == {"left@example.org", "hit@example.org", "angry@example.org"}
    double = {email: row["DOUBLE_OPT-IN"] for email, row in rows.items() if email not in blocked}
    assert double == {ANNA: "1", "asked@example.org": "2", "held@example.org": "2"}


def test_who_is_restricted_or_erased_has_no_row(world):
    gone, still = world.subscribe(CANARY), world.subscribe(BO)
    world.subscribe(ANNA)
    erase(world, gone)
    world.erasures.request({"subscriber": still}, key_id=ASKER)
    for format_ in ("kvitto", "mailchimp", "listmonk", "brevo"):
        _, data = exported(world, format_)
        told = data if format_ != "mailchimp" else json.dumps(tables(data)).encode()
        assert ANNA.encode() in told
        assert CANARY.encode() not in told
        assert BO.encode() not in told


def test_another_brands_people_are_not_in_it(world):
    world.subscribe(ANNA)
    sid = world.subscribe(BO)
    world.suppressions.add(BO, "bounce")
    assert kvitto(world)[BO]["status"] == "bounced"
    state = world.state(sid)
    other = replace(
        state,
        consents={key._replace(brand="other"): consent for key, consent in state.consents.items()},
    )
    assert not place_of(other, Scope(DEMO, "email"), NEWS).is_ours


def test_whom_a_file_of_another_brand_knew_only_to_bounce_is_in_that_brands_file(world):
    other, list_id = BrandId("other"), ListId("others-news")
    world.setup.add_brand(replace(DEMO_BRAND, id=other, code="6f746865"))
    world.setup.add_list(list_id, other, "Others")
    file = b"email,status\nhard@example.org,bounced\nout@example.org,unsubscribed\n"
    import_file(world, file, brand=other, list_id=list_id)
    assert kvitto(world) == {}
    assert kvitto(world, list_id=None) == {}
    export = world.exports.ask_audience(read_wish("kvitto", other, list_id))
    world.settle(Queue.SEGMENTS)
    found = table(world.exports.file(export.id, PLENTY))
    assert {row["email"]: row["status"] for row in found} == {
        "hard@example.org": "bounced",
        "out@example.org": "opted-out",
    }


def test_every_list_of_a_brand_is_in_one_file_of_our_own_format_alone(world):
    everybody(world)
    found = kvitto(world, list_id=None)
    assert {email: row["status"] for email, row in found.items()} == STANDING
    for format_ in ("mailchimp", "listmonk", "brevo"):
        with pytest.raises(InputError) as refused:
            read_wish(format_, DEMO)
        assert refused.value.code == "list_needed"
    for bad in (("excel", DEMO, NEWS), ("kvitto", DEMO, NEWS, ["happy"])):
        with pytest.raises(InputError):
            read_wish(*bad)


def test_what_does_not_open_is_counted_and_left_out(world):
    world.subscribe(ANNA)
    sid = world.subscribe(BO)
    row = world.rows.audience[sid]
    altered = row.sealed[:-1] + bytes((row.sealed[-1] ^ 1,))
    world.rows.audience[sid] = replace(row, sealed=altered)
    export, data = exported(world, "kvitto")
    shown = world.exports.get(export)
    assert (shown.status, shown.people, shown.unopened) == (JobStatus.READY, 1, 1)
    assert addresses(table(data)) == {ANNA}


def entries(world, type_):
    leaves = [parse_leaf(row.leaf).fields for row in world.outbox.pending(100) if row.sid is None]
    return [fields for fields in leaves if fields.type is type_]


def test_the_ledger_says_so_once_and_before_anybody_is_opened(world):
    world.subscribe(CANARY)
    wish = read_wish("kvitto", DEMO, NEWS)
    call = "LedgerStore.append_controller_entry"
    world.faults = FailOnce(call, Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.exports.ask_audience(wish)
    assert not world.messages.take(Queue.SEGMENTS)
    assert not world.catalog_rows.jobs.get(KIND)
    calls = []
    world.faults = lambda made, moment: calls.append(made) if moment is Moment.BEFORE else None
    world.exports.ask_audience(wish)
    world.settle(Queue.SEGMENTS)
    assert calls.index(call) < calls.index("AudienceStore.page")
    (told,) = entries(world, EventType.LIST_EXPORTED)
    assert (told.brand, told.lists, told.reason) == ("demo", ("newsletter",), "migration")
    assert not entries(world, EventType.DATA_UNSEALED)


def test_a_brand_or_a_list_that_is_not_there_is_refused(world):
    before = set(world.rows.located)
    for brand, list_id in (("nobody", None), ("demo", "nothing")):
        with pytest.raises(NotFound):
            world.exports.ask_audience(read_wish("kvitto", brand, list_id))
    assert set(world.rows.located) == before


def crowd(world, count=70):
    for number in range(count):
        take_in(world, claimed(f"reader{number}@example.org", optin_ms=APRIL + number))
    world.subscribe(CANARY)


@pytest.mark.parametrize("format_", ["kvitto", "mailchimp"])
@pytest.mark.parametrize(("part_bytes", "max_looked"), [(3_000, PLENTY), (PLENTY, 10), (1, 1)])
def test_a_file_of_many_parts_is_the_same_file(world, format_, part_bytes, max_looked):
    crowd(world)
    whole = world.audience_writer.part(read_wish(format_, DEMO, NEWS), None, 0).data
    parts_of(world, part_bytes, max_looked)
    joined, after, parts = b"", None, 0
    while parts == 0 or after is not None:
        part = world.audience_writer.part(read_wish(format_, DEMO, NEWS), after, 0)
        joined, after, parts = joined + part.data, part.after, parts + 1
    assert joined == whole
    assert parts > 1


def work(world):
    while taken := world.messages.take(Queue.SEGMENTS):
        for body in taken:
            try:
                world.exports.make(body["export"])
            except KvittoError:
                world.messages.send(Queue.SEGMENTS, body)


@pytest.mark.parametrize(("part_bytes", "max_looked"), [(3_000, PLENTY), (6 << 20, 50)])
def test_a_failure_at_any_call_leads_to_the_same_file(world, part_bytes, max_looked):
    crowd(world, 60)
    parts_of(world, part_bytes, max_looked)
    wish = read_wish("kvitto", DEMO, NEWS)
    whole = world.audience_writer.part(wish, None, 0).data if max_looked == PLENTY else None
    names = ["Jobs.get", "Jobs.replace", "ExportFence.place", "AudienceStore.page", "Blobs.put"]
    names += ["LedgerStore.states", "LedgerStore.history", "Uploads.part", "Uploads.complete"]
    names += ["Blobs.get", "Queues.send"]
    first = None
    for name in names:
        for moment in Moment:
            asked = world.exports.ask_audience(wish)
            world.faults = FailOnce(name, moment, nth=2)
            work(world)
            world.faults = no_faults
            shown = world.exports.get(asked.id)
            assert (shown.status, shown.people) == (JobStatus.READY, 61), (name, moment)
            data = world.exports.file(asked.id, PLENTY)
            first = first or data
            assert data == first
    assert whole is None or len(whole) <= len(first or b"")


CALLS = ["AudienceStore.page", "LedgerStore.history", "ExportFence.place", "Jobs.replace"]


@pytest.mark.parametrize(
    ("part_bytes", "max_looked"), [(PLENTY, PLENTY), (3_000, PLENTY), (PLENTY, 10)]
)
@pytest.mark.parametrize("call", CALLS)
def test_whoever_is_erased_while_it_is_made_is_not_in_what_is_given_out(
    world, call, part_bytes, max_looked
):
    crowd(world, 60)
    sid = world.subscribe("goes@example.org")
    parts_of(world, part_bytes, max_looked)
    asked = world.exports.ask_audience(read_wish("kvitto", DEMO, NEWS))
    done = []

    def erasing(at, when):
        if (at, when) == (call, Moment.AFTER) and not done:
            done.append(at)
            erase(world, sid)

    world.faults = erasing
    world.settle()
    world.faults = no_faults
    assert done
    shown = world.exports.get(asked.id)
    if shown.status is JobStatus.READY:
        assert b"goes@example.org" not in world.exports.file(asked.id, PLENTY)
    else:
        assert shown.problem == export_files.GONE
    world.shredder.sweep(sid)
    left = b"".join(blob.data for blob in world.outside_rows.blobs.values())
    assert b"goes@example.org" not in left


def test_no_address_is_in_a_message_a_log_a_key_or_a_job(world, caplog):
    crowd(world, 80)
    parts_of(world, PLENTY, 50)
    world.outside_rows.messages.clear()
    told = ""
    with caplog.at_level(logging.DEBUG):
        asked = world.exports.ask_audience(read_wish("mailchimp", DEMO, NEWS))
        while taken := world.messages.take(Queue.SEGMENTS):
            told += json.dumps(taken) + repr(world.catalog_rows.jobs[KIND])
            for body in taken:
                world.exports.make(body["export"])
    lines = [logs.LineFormatter().format(record) for record in caplog.records]
    keys = [key for key in world.outside_rows.blobs if key.startswith("exports/")]
    assert any(re.fullmatch(rf"exports/{asked.id}-[A-Za-z0-9_-]{{22}}\.zip", key) for key in keys)
    assert len(keys) > 1
    for text in (told, *lines, *keys, repr(world.catalog_rows.jobs[KIND])):
        assert "example.org" not in text
        assert "canary" not in text


def test_one_message_looks_at_so_many_people_and_holds_so_many_bytes(world):
    crowd(world, 120)
    calls = []

    def peak(max_looked, after=None):
        parts_of(world, PLENTY, max_looked)
        tracemalloc.start()
        part = world.audience_writer.part(read_wish("kvitto", DEMO, NEWS), after, 0)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return part, most

    world.faults = lambda call, moment: calls.append(call) if moment is Moment.BEFORE else None
    part, _ = peak(50)
    assert part.is_short
    assert calls.count("LedgerStore.history") <= 50
    assert part.after is not None
    assert part.counts["people"] <= 50


def test_an_archive_that_would_be_too_large_says_what_to_ask_for_instead(world, monkeypatch):
    crowd(world, 3)
    monkeypatch.setattr(stored_zip, "MAX_BYTES", 400)
    asked = world.exports.ask_audience(read_wish("mailchimp", DEMO, NEWS))
    world.settle(Queue.SEGMENTS)
    shown = world.exports.get(asked.id)
    assert (shown.status, shown.problem) == (JobStatus.FAILED, exports.TOO_LARGE)


def test_of_an_archive_that_grows_too_large_on_the_way_no_part_is_kept(world, monkeypatch):
    crowd(world)
    parts_of(world, 3_000)
    asked = world.exports.ask_audience(read_wish("mailchimp", DEMO, NEWS))
    (body,) = world.messages.take(Queue.SEGMENTS)
    world.exports.make(body["export"])
    assert len(world.outside_rows.uploads) == 1
    monkeypatch.setattr(stored_zip, "MAX_BYTES", 400)
    world.settle(Queue.SEGMENTS)
    assert world.exports.get(asked.id).problem == exports.TOO_LARGE
    assert world.outside_rows.uploads == {}


def test_a_job_of_before_is_still_shown(world):
    request = {"campaign": "C" * 22, "outcomes": "sent", "reasons": ""}
    job = Job(id="J" * 22, kind=KIND, status=JobStatus.PENDING, created_ms=0, request=request)
    shown = export_jobs.export_of(job)
    assert (shown.campaign, shown.wish) == ("C" * 22, None)
