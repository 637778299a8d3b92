# SPDX-License-Identifier: Apache-2.0
"""A campaign as one subscriber would get it: the entry first, then the mail of a send, dead."""

import re
from dataclasses import replace

import pytest

from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.campaigns import Act, Content
from chalicelib.domain.content import Part
from chalicelib.domain.eligibility import SkipReason
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.previews import OtherReason
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import StopWhy
from chalicelib.errors import Conflict, FatalError, InputError, NotFound, Unavailable
from chalicelib.ports.breakers import About
from chalicelib.proof.leaf import parse_leaf
from chalicelib.services.entries import open_claims
from tests.support.clock import START_MS
from tests.support.faults import FailAlways, Moment
from tests.support.planning import FAILS_FOR_BO, PlanWorld
from tests.support.shop import consent, event, objection, placed, restriction
from tests.support.world import BASE_URL

ANNA, BO = "anna@example.org", "bo@example.org"
HTML = (
    "<html lang='en'><body><h1>Hello {{ first_name }}</h1>"
    '<p><a href="https://shop.example/sale?a=1">Sale</a> <a href="mailto:a@example.org">Ask</a> '
    '<a href="{{ preferences_url }}">Choose</a></p>'
    "</body></html>"
)
TOKEN = re.compile(r"/(?:c|o|unsubscribe|preferences)/")


@pytest.fixture
def world():
    made = PlanWorld()
    made.anna = made.subscribe(ANNA, first_name="Anna")
    made.bo = made.subscribe(BO, first_name="Bo", language="sv", measurement="yes")
    made.mails.clear()
    return made


def show(world, campaign_id, sid=None):
    return world.previews.show(campaign_id, sid or world.anna, "key-1")


def sent_to(world, campaign_id, address):
    """What the campaign mailed to somebody."""
    world.settle()
    (mail,) = (each.message for each in world.mails if each.message.to == address)
    return mail


def dead(html):
    """A mail as sent, with all its links dead and without its pixel."""
    return re.sub(r'href="[^"]*"', 'href="#"', re.sub(r"<img src=\"[^\"]*/o/[^>]*>", "", html))


def test_the_entry_with_its_sealed_clue_stands_before_any_answer(world):
    before = len(world.types(world.anna))
    show(world, world.draft(HTML))
    assert world.types(world.anna)[before:] == ["data.unsealed"]
    *_, entry = world.store.history(world.anna)
    claims = open_claims(world.ledger.open(world.anna).keys, entry)
    assert {name: claims.link[name] for name in ("clue", "key")} == {
        "clue": "preview",
        "key": "key-1",
    }
    assert parse_leaf(entry.leaf).fields.reason == "search"
    assert b"preview" not in entry.leaf


@pytest.mark.parametrize("error", [Unavailable("no"), Conflict("moved")])
def test_nothing_is_read_or_shown_when_the_entry_cannot_be_written(world, error):
    campaign_id, read = world.draft(HTML), []

    def noting(name, moment):
        if moment is Moment.BEFORE:
            read.append(name)
        FailAlways("LedgerStore.commit", Moment.BEFORE, error)(name, moment)

    world.faults = noting
    with pytest.raises(type(error)):
        show(world, campaign_id)
    assert not {"AudienceStore.member", "FactStore.read"} & set(read)


@pytest.mark.parametrize("whose", ["anna", "bo"])
def test_what_is_shown_is_what_is_sent_but_for_links_and_pixel(world, whose):
    sid, address = getattr(world, whose), {"anna": ANNA, "bo": BO}[whose]
    draft = world.draft(HTML)
    before = show(world, draft, sid)
    world.test(draft)
    world.campaigns.act(draft, Act.SEND)
    # A new entry is a new line of the log in the footer; what is shown is of one moment.
    world.mails.clear()
    frozen = show(world, draft, sid)
    mail = sent_to(world, draft, address)

    def without_receipt(text):
        return re.sub(r"ledger \S+ \d+ \S+", "ledger", text)

    for shown in (before, frozen):
        assert shown.mail.subject == mail.subject
        assert without_receipt(shown.mail.html) == without_receipt(dead(mail.html))
        assert "Hello " + whose.capitalize() in shown.mail.html
        assert shown.why_not is None
        assert shown.measured is (whose == "bo")
        assert shown.language == {"anna": "en", "bo": "sv"}[whose]
    assert ("/o/" in mail.html) is (whose == "bo")


def test_links_are_dead_and_no_token_is_there(world):
    mail = show(world, world.draft(HTML), world.bo).mail
    assert set(re.findall(r'href="([^"]*)"', mail.html)) == {"#"}
    assert not TOKEN.search(mail.html + mail.text)
    assert BASE_URL not in mail.html + mail.text
    assert "https://" not in mail.text


def test_nothing_is_sent_counted_slotted_or_stored(world):
    draft = world.draft(HTML)
    world.frequency.put(world.anna, Frequency(max_per_week=1))
    blobs, campaign = dict(world.outside_rows.blobs), world.campaign_rows.get(draft)
    for _ in range(2):
        assert show(world, draft).why_not is None
    assert world.audience.member(world.anna).sent_ms == ()
    assert world.mails == []
    assert world.outside_rows.blobs == blobs
    assert world.campaign_rows.get(draft) == campaign


def test_a_campaign_that_started_shows_what_it_froze(world):
    campaign = world.started(HTML)
    changed = Content(subject="Changed", html="<p>Changed</p>")
    world.campaign_rows.replace(campaign, changed)
    shown = show(world, campaign.id)
    assert "Hello Anna" in shown.mail.html
    assert shown.findings == ()


def test_what_the_campaign_froze_must_be_what_it_started_with(world):
    campaign = world.started(HTML)
    world.campaign_rows.replace(replace(campaign, purpose="other"))
    with pytest.raises(FatalError):
        show(world, campaign.id)


def stop_paused(world):
    world.frequency.put(world.anna, Frequency(paused_until_ms=START_MS + 10**10))


def stop_frequency(world):
    world.frequency.put(world.anna, Frequency(max_per_week=1))
    assert world.frequency.take(world.anna, world.clock.now_ms())


def stop_resting(world):
    world.rests.set(world.anna, START_MS + 10**10, 1)


def stop_at_the_provider(world):
    note = Note(
        key=world.domain_keys.of(ANNA).key,
        level=Level.STOP,
        why=StopWhy.BOUNCES,
        counts=Counts(delivered=90, hard=10),
        at_ms=START_MS,
    )
    world.breaker_rows.stop(About.DOMAIN, note)


def stop_suppressed(world):
    world.suppressions.add(ANNA, "manual")


def stop_unreadable(world):
    row = world.rows.audience[world.anna]
    world.rows.audience[world.anna] = replace(row, sealed=row.sealed[:-1] + b"\x00")


def stop_no_profile(world):
    row = world.rows.audience[world.anna]
    world.rows.audience[world.anna] = replace(row, sealed=b"")


@pytest.mark.parametrize(
    ("stop", "reason", "has_mail"),
    [
        (lambda world: None, None, True),
        (stop_paused, SkipReason.PAUSED, True),
        (stop_frequency, SkipReason.FREQUENCY, True),
        (stop_resting, SkipReason.RESTING, True),
        (stop_at_the_provider, SkipReason.DOMAIN_STOPPED, True),
        (stop_suppressed, SkipReason.SUPPRESSED, True),
        (lambda world: objection(world, world.anna), SkipReason.OBJECTED, False),
        (lambda world: restriction(world, world.anna), SkipReason.RESTRICTED, False),
        (stop_unreadable, SkipReason.UNREADABLE, False),
        (stop_no_profile, SkipReason.NO_PROFILE, False),
    ],
)
def test_whether_it_would_go_is_judged_as_at_the_send(world, stop, reason, has_mail):
    draft = world.draft(HTML)
    stop(world)
    shown = show(world, draft)
    assert shown.why_not is reason
    assert (shown.mail is not None) is has_mail
    world.test(draft)
    world.mails.clear()
    world.campaigns.act(draft, Act.SEND)
    world.settle()
    assert (ANNA in {mail.message.to for mail in world.mails}) is (reason is None)


@pytest.mark.parametrize("stop", [objection, restriction])
def test_of_who_objected_or_asked_for_a_restriction_nothing_is_opened(world, stop):
    draft = world.draft(HTML)
    stop(world, world.anna)
    world.faults = FailAlways("AudienceStore.member", Moment.BEFORE, Unavailable("no"))
    assert show(world, draft).mail is None


def test_of_who_objected_nothing_is_opened_whatever_else_keeps_their_mail_back(world):
    draft = world.draft(HTML)
    objection(world, world.anna)
    world.suppressions.add(ANNA, "manual")
    world.faults = FailAlways("AudienceStore.member", Moment.BEFORE, Unavailable("no"))
    assert show(world, draft).mail is None


def test_weak_evidence_and_a_withdrawal_are_told_with_the_mail(world):
    draft = world.draft(HTML)
    campaign = world.campaign_rows.get(draft)
    world.campaign_rows.replace(replace(campaign, minimum_grade=Grade.A))
    shown = show(world, draft)
    assert (shown.why_not, shown.measured) == (SkipReason.WEAK_EVIDENCE, False)
    assert "Hello Anna" in shown.mail.html


def test_a_withdrawn_consent_to_measurement_shows_at_once(world):
    draft = world.draft(HTML)
    assert show(world, draft, world.bo).measured
    consent(world, world.bo)
    shown = show(world, draft, world.bo)
    assert (shown.measured, shown.why_not) == (False, None)


def test_who_is_not_in_the_segment_is_told_so_of_a_draft_and_of_a_start(world):
    ordered = {"fact": "orders.count", "op": "gte", "value": 1}
    draft = world.draft(HTML, world.segment(ordered))
    assert show(world, draft).why_not is OtherReason.NOT_IN_SEGMENT
    world.fact_folder.keep(world.anna, event(placed("e1", "1", subscriber=world.anna)))
    assert show(world, draft).why_not is None
    assert show(world, draft, world.bo).why_not is OtherReason.NOT_IN_SEGMENT
    world.test(draft)
    world.campaigns.act(draft, Act.SEND)
    changed = {"fact": "orders.count", "op": "gte", "value": 9}
    version = world.segments.get("some").segment.version
    world.segments.replace("some", version=version, name="Some", where=changed)
    assert show(world, draft).why_not is None
    assert show(world, draft, world.bo).why_not is OtherReason.NOT_IN_SEGMENT


def test_of_a_retry_the_segment_is_not_asked_again(world):
    ordered = {"fact": "orders.count", "op": "gte", "value": 1}
    campaign = world.started(HTML, world.segment(ordered))
    assert show(world, campaign.id).why_not is OtherReason.NOT_IN_SEGMENT
    world.campaign_rows.replace(replace(campaign, retry_of="A" * 22))
    assert show(world, campaign.id).why_not is None


def test_a_segment_that_is_gone_is_an_error_and_no_entry(world):
    draft = world.draft(HTML, world.segment({"fact": "language", "op": "exists"}))
    world.segment_rows.rows.segments.clear()
    before = world.types(world.anna)
    with pytest.raises(InputError, match="segment"):
        show(world, draft)
    assert world.types(world.anna) == before


def test_an_error_in_rendering_is_a_finding_with_its_place(world):
    draft = world.draft("<h1>News</h1>\n\n" + FAILS_FOR_BO)
    shown = show(world, draft, world.bo)
    assert (shown.mail, shown.why_not) == (None, SkipReason.RENDERING)
    flaw = shown.findings[0]
    assert (flaw.severity, flaw.part) == ("error", Part.HTML)
    assert flaw.line is not None
    assert "nowhere" in flaw.sentence
    assert show(world, draft).mail is not None
    started = world.started("<h1>News</h1>" + FAILS_FOR_BO)
    assert show(world, started.id, world.bo).why_not is SkipReason.RENDERING


def test_content_that_is_broken_by_now_is_a_finding_and_goes_to_nobody(world):
    draft = world.draft(HTML)
    broken = Content(subject="News", html="<p>\n{{ nothing( }}</p>")
    world.campaign_rows.replace(world.campaign_rows.get(draft), broken)
    shown = show(world, draft)
    assert (shown.mail, shown.why_not) == (None, OtherReason.CONTENT)
    (flaw,) = shown.findings
    assert (flaw.part, flaw.line) == (Part.HTML, 2)


def test_content_with_an_error_of_the_lint_is_shown_and_goes_to_nobody(world):
    draft = world.draft(HTML)
    pictured = Content(subject="News", html='<h1>News</h1><img src="https://a.example/a.png">')
    world.campaign_rows.replace(world.campaign_rows.get(draft), pictured)
    shown = show(world, draft)
    assert "<h1>News</h1>" in shown.mail.html
    assert shown.why_not is OtherReason.CONTENT
    assert [each.code for each in shown.findings if each.severity == "error"] == ["img_without_alt"]


def test_a_campaign_that_was_called_off_mails_nobody(world):
    draft = world.draft(HTML)
    world.campaigns.act(draft, Act.CANCEL)
    shown = show(world, draft)
    assert shown.mail is not None
    assert shown.why_not is SkipReason.CANCELLED


def test_a_person_there_is_not_is_not_found_and_the_campaign_must_be_there(world):
    draft = world.draft(HTML)
    with pytest.raises(NotFound, match="campaign"):
        show(world, "A" * 22)
    with pytest.raises(NotFound, match="subscriber"):
        show(world, draft, SubjectId("A" * 22))
    with pytest.raises(InputError):
        show(world, draft, SubjectId("nobody"))
    with pytest.raises(NotFound, match="subscriber"):
        world.previews.by_address("nobody@example.org")
    with pytest.raises(InputError):
        world.previews.by_address("no address")
    assert world.previews.by_address(ANNA) == world.anna
    assert "data.unsealed" not in world.types(world.anna)


def test_of_who_was_erased_nothing_is_told(world):
    draft = world.draft(HTML)
    world.shredder.shred(world.anna, "withdrawn", suppress=False)
    with pytest.raises(NotFound, match="subscriber"):
        show(world, draft)
    with pytest.raises(NotFound, match="subscriber"):
        world.previews.by_address(ANNA)
