# SPDX-License-Identifier: Apache-2.0
"""A file's claim that gives nothing ends after its time, with whom nothing else keeps."""

import pytest

from chalicelib.domain.audience_exports import AudienceWish, ExportFormat
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.erasure import Search
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId
from chalicelib.domain.rights import Right
from chalicelib.errors import Conflict
from chalicelib.ports.outside import Queue
from chalicelib.services import unconfirmed
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_BRAND
from tests.support.unconfirmed_runs import NEWSLETTER, run
from tests.support.world import READER, World

EMAIL = "waiting@example.org"
CLAIM = Draft(type=EventType.CONSENT_IMPORTED, via=Via.OPERATOR, **NEWSLETTER)
GIVEN = Draft(type=EventType.CONSENT_IMPORTED, **NEWSLETTER)


def waiting(world, email=EMAIL, *drafts):
    """Somebody of whom a file claimed something that gives nothing."""
    chain = world.ledger.start(world.ledger.mac(email))
    profile = {"attributes": {}, "email": email, "language": "en"}
    world.ledger.append(chain, [*drafts, CLAIM], profile=profile)
    world.settle()
    return chain.sid


def test_who_only_waits_is_erased_a_year_after_the_claim_and_not_before(world):
    sid = waiting(world)
    world.time.advance(365 * DAY_MS - 60_000)
    assert run(world) == 0
    assert sid in world.rows.vault
    world.time.advance(60_001)
    assert run(world) == 1
    assert sid not in world.rows.vault
    assert world.types(sid) == ["consent.imported", "subject.erased"]
    assert b'"rsn":"not-needed"' in world.ledger.history(sid)[-1].leaf
    assert world.suppressions.find(EMAIL) == ()


def test_how_long_is_a_setting():
    world = World(keep_waiting_days=10)
    sid = waiting(world)
    world.time.advance(11 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault


@pytest.mark.parametrize(
    "draft",
    [
        GIVEN,
        Draft(type=EventType.CONSENT_IMPORTED, via=Via.API, notice="11" * 32, **NEWSLETTER),
        Draft(type=EventType.BASIS_RECORDED, **NEWSLETTER),
        Draft(type=EventType.CONSENT_WITHDRAWN, via=Via.API, brand=BrandId("demo")),
        Draft(type=EventType.OBJECTION_RECORDED, via=Via.PAGE, brand=BrandId("demo")),
        Draft(type=EventType.HOLD_PLACED, channel=None, reason="legal-claim"),
        Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="legal-claim"),
    ],
    ids=lambda draft: f"{draft.type}-{draft.via}",
)
@pytest.mark.parametrize("comes_first", [True, False])
def test_a_basis_an_end_a_hold_or_a_restriction_keeps_a_person(world, draft, comes_first):
    sid = waiting(world, EMAIL, *([draft] if comes_first else []))
    if not comes_first:
        world.ledger.append(world.ledger.open(sid), [draft])
    world.time.advance(400 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_who_confirmed_since_is_kept(world):
    sid = waiting(world)
    assert world.subscribe(EMAIL) == sid
    world.time.advance(400 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_a_later_claim_keeps_until_its_own_time_is_over(world):
    sid = waiting(world)
    world.time.advance(300 * DAY_MS)
    world.ledger.append(world.ledger.open(sid), [CLAIM])
    world.settle()
    world.time.advance(100 * DAY_MS)
    run(world)
    assert sid in world.rows.vault
    world.time.advance(266 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault


def test_who_waits_and_asked_is_kept_by_the_claim_and_a_fresh_request_keeps_them_after_it(world):
    sid = waiting(world)
    world.sign_up(EMAIL)
    world.settle()
    world.time.advance(31 * DAY_MS)
    run(world)
    assert sid in world.rows.vault
    world.time.advance(330 * DAY_MS)
    world.sign_up(EMAIL)
    world.settle()
    world.time.advance(5 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_who_waits_for_an_answer_about_their_data_is_not_erased_by_the_clock(world):
    sid = waiting(world)
    world.time.advance(360 * DAY_MS)
    world.rights.by_person(sid, "demo", Right.ACCESS, READER)
    chain = world.ledger.open(sid)
    asked = Draft(type=EventType.RIGHT_REQUESTED, channel=None, reason="access")
    world.ledger.append(chain, [asked])
    world.time.advance(6 * DAY_MS)
    run(world)
    assert sid in world.rows.vault


def test_a_suppressed_address_stays_suppressed(world):
    world.suppressions.add(EMAIL, "complaint")
    sid = waiting(world)
    world.time.advance(366 * DAY_MS)
    run(world)
    assert sid not in world.rows.vault
    assert [row.reason for row in world.suppressions.find(EMAIL)] == ["erased"]


def test_no_running_import_is_ended_by_it_and_every_export_is(world):
    waiting(world)
    world.time.advance(366 * DAY_MS)
    wish = AudienceWish(format=ExportFormat.KVITTO, brand=DEMO_BRAND.id)
    export = world.exports.ask_audience(wish)
    world.settle(Queue.SEGMENTS)
    assert EMAIL.encode() in (world.exports.file(export.id, 1 << 20) or b"")
    before = world.export_fence.place_of_imports()
    run(world)
    assert world.export_fence.place_of_imports() == before
    with pytest.raises(Conflict, match="Somebody was erased"):
        world.exports.file(export.id, 1 << 20)
    assert not [key for key in world.outside_rows.blobs if key.startswith("exports/")]


def test_the_worker_decides_anew_on_what_happened_since_the_search(world):
    sid = waiting(world)
    world.time.advance(366 * DAY_MS)
    assert world.unconfirmed.search() == 1
    world.subscribe(EMAIL)
    world.settle()
    assert sid in world.rows.vault


def test_a_repeated_message_sweeps_and_appends_nothing(world):
    sid = waiting(world)
    world.time.advance(366 * DAY_MS)
    world.unconfirmed.search()
    (body,) = world.messages.take(Queue.ERASURES)
    assert set(body) == {"v", "waiting"}
    for _ in range(2):
        world.handle(Queue.ERASURES, body)
    assert world.types(sid).count("subject.erased") == 1


def test_each_search_goes_on_at_its_own_place(world, monkeypatch):
    monkeypatch.setattr(unconfirmed, "MAX_BUNDLES", 1)
    people = [waiting(world, f"waiting{n}@example.org") for n in range(300)]
    world.time.advance(31 * DAY_MS)
    while world.erasure_records.place() < 300:
        run(world)
    assert world.erasure_records.place(Search.WAITING) == 0
    world.time.advance(366 * DAY_MS)
    assert 0 < run(world) < len(people)
    while run(world):
        pass
    assert not [sid for sid in people if sid in world.rows.vault]
