# SPDX-License-Identifier: Apache-2.0
"""The report reads correctly for each kind of person, in words, in every language."""

import html
import re
from dataclasses import replace

import pytest

from chalicelib.proof import bundle, report
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.evidence import LANGUAGES, Evidence, Party
from chalicelib.proof.leaf import parse_leaf
from chalicelib.proof.story import read_story
from chalicelib.proof.words import TABLES
from chalicelib.vocabulary import EventType
from tests.support.report_cases import (
    CASES,
    CHOICE,
    HOUR_MS,
    SESSION,
    SUBJECT,
    Case,
    attested,
    confirmed,
    erased,
    withdrawn_by_page,
)
from tests.support.small_log import NOTICE, START_MS

HOSTILE = "</table></style><script>alert(1)</script>{at}\u202e\"'"


def page(evidence: Evidence) -> str:
    return dict(bundle.prepare(evidence).files)["report.html"].decode()


def words(evidence: Evidence) -> str:
    """The report as a person reads it."""
    body = re.sub(r"<(style|title).*?</\1>", "", page(evidence), flags=re.DOTALL)
    spaced = re.sub(r"</(p|li|dd|dt|h1|h2|h3|td|div)>", " ", body)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", spaced)))


def conclusions(evidence: Evidence) -> str:
    found = re.findall(r'<p class="state">(.*?)</p>', page(evidence), re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", " / ".join(found)))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "confirmed",
            (
                "The ledger records that consent to e-mail from Demo Garden (lists: Garden letter "
                "(newsletter); purposes: measurement, newsletter) was given by double opt-in on "
                "2026-11-23 12:02:00.007 UTC (2026-11-23 13:02:00 Stockholm time). No withdrawal "
                "and no objection is recorded up to entry 2"
            ),
        ),
        (
            "withdrawn by RFC 8058",
            (
                "It ended on 2026-11-23 12:03:00.007 UTC (2026-11-23 13:03:00 Stockholm time): "
                "Consent withdrawn, by the one-click unsubscribe function of a mail program "
                "(RFC 8058)."
            ),
        ),
        ("withdrawn by page", "Consent withdrawn, on a page of the controller."),
        (
            "withdrawn by complaint",
            (
                "Objection to direct marketing, by a spam complaint that the mailbox provider "
                "passed on."
            ),
        ),
        ("never confirmed", "No consent to e-mail from Demo Garden"),
        ("never confirmed", "but it was never confirmed."),
        ("refused", "whoever received the confirmation mail refused on"),
        ("imported", "was given through this system."),
        ("imported", "That it stated so is proven; the consent is not."),
        ("waiting", "was given through this system."),
        ("waiting", "holds that statement back by its own rule: no mail rests on it."),
        ("objected", "The mails rested on a sale (soft opt-in)"),
        ("objected", "Objection to direct marketing, on a page of the controller."),
        ("attested", "another system of the controller stated that there is a consent."),
        ("attested", "That it stated so is proven; the consent is not."),
        ("bought", "No consent to e-mail from Demo Garden"),
        ("bought", "The mails rest on a sale (soft opt-in)"),
        (
            "objected and attested",
            (
                "before that, on 2026-11-23 12:01:00.007 UTC (2026-11-23 13:01:00 Stockholm time), "
                "this was recorded: Objection to direct marketing, on a page of the controller. "
                "The controller's statement does not lift it."
            ),
        ),
        ("told to stop, and bought", "this was recorded: Consent withdrawn,"),
        ("told to stop, and bought", "A sale does not lift it."),
        ("erased", "The personal data of this chain were erased on"),
        ("erased", "What remains proves that 4 entries stood before the erasure"),
    ],
)
def test_the_first_paragraph_says_what_it_comes_to(name, says):
    assert says in conclusions(CASES[name]().evidence())


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "confirmed",
            (
                "the address visitor@example.org was entered in a sign-up form of Demo Garden",
                "It was typed as Visitor@example.org.",
                "Network address of origin: 192.0.2.7.",
                "published before that as log entry 3",
                "consent to: measurement; “Yes, send me the newsletter.” (newsletter).",
                "No box was ticked when the form was delivered",
                "The receiving server accepted it on 2026-11-23 12:01:01.507 UTC",
                "(operator's record). The server answered: “250 2.0.0 Ok: queued as 4F1”.",
                "Network address of origin: 192.0.2.9.",
                "Mail and confirmation name the same request and the same one-time link.",
                "according to the operator's record: 1.",
                "Yes, send me the newsletter.",
                "Please confirm your subscription",
                "Somebody entered this address.",
                "Apples of the month",
                "planned: proven by log entry 11 of",
                "entry 2 of 2026-11-23 12:02:00.007 UTC",
                "It does not prove that the person behind a mailbox",
            ),
        ),
        (
            "withdrawn by RFC 8058",
            (
                "It covers e-mail from Demo Garden (lists: all; purposes: all).",
                "It came from the mail of the campaign apples-2026",
                "Network address of origin: 198.51.100.4.",
                (
                    "According to the operator's record nothing was sent after the withdrawal, "
                    "up to log entry 15."
                ),
            ),
        ),
        (
            "withdrawn by complaint",
            (
                "Sending to the address stopped, reason: complaint about spam (entry 3).",
                "nothing was sent after the objection",
            ),
        ),
        (
            "suppressed for a list",
            (
                (
                    "this concerns e-mail from Demo Garden (lists: Garden letter (newsletter); "
                    "purposes: all) (entry 3)."
                ),
            ),
        ),
        ("never confirmed", ("A request alone is no consent.", "2. Not confirmed")),
        (
            "imported",
            (
                "Grade of evidence claimed: D, an import for which the controller says it keeps",
                "states that the consent was given on 2025-10-19 12:00:00.000 UTC",
                "It does not prove that the consent was given, by whom, or to what.",
            ),
        ),
        (
            "waiting",
            (
                "imported the address visitor@example.org and stated that there is a consent",
                "no mail rests on it until the person acts.",
                "It does not prove that the consent was given, by whom, or to what.",
                "Consent claimed by an import and held back by the controller; not given here",
                "strength of what the file shows: E",
            ),
        ),
        ("objected", ("This is no consent.", "Article 13(2) of Directive 2002/58/EC")),
        (
            "attested",
            (
                "another system of the controller entered the address visitor@example.org",
                "It states that the person acted on 2026-11-23 11:00:00.000 UTC",
                "It states 192.0.2.7 as the network address of origin.",
                "was shown; that notice was published as log entry 3",
                "the boxes for these were ticked: “Yes, send me the newsletter.” (newsletter).",
                "Grade of evidence claimed: C, stated by the controller.",
                "It does not prove that the consent was given, by whom, or to what.",
                "time claimed: 2026-11-23 11:00:00.000 UTC",
                "Consent stated by another system of the controller; not given here",
            ),
        ),
        (
            "bought",
            (
                "the address visitor@example.org was obtained in a sale (entry 0).",
                "It states the sale as “order 17”, the product as “garden tools”",
                "and as its time 2026-11-23 10:00:00.000 UTC",
                "offered to object on 2026-11-23 10:00:00.000 UTC",
                "“unticked box beside the address”.",
                "This is no consent.",
            ),
        ),
        (
            "withdrawn and attested",
            (
                "this was recorded: Consent withdrawn, on a page of the controller (entry 3).",
                "What the controller states afterwards does not lift it.",
                "After the statement no withdrawal and no objection is recorded up to entry 4",
            ),
        ),
        (
            "erased",
            (
                "The address entered is erased.",
                "ground: objection",
                "After 2026-11-30 12:04:00.007 UTC",
                "no backup holds a key that opens them.",
                "What was sent is no longer on record.",
                "After the erasure nothing can be opened.",
            ),
        ),
    ],
)
def test_the_facts_are_told_with_time_place_and_entry(name, sentences):
    said = words(CASES[name]().evidence())
    for sentence in sentences:
        assert sentence in said


@pytest.mark.parametrize("name", CASES)
def test_only_the_bundle_of_a_double_opt_in_says_so(name):
    begun = ("withdrawn", "moved")
    given = {"confirmed", "erased", "suppressed for a list"} | {
        case for case in CASES if case.startswith(begun)
    }
    assert ("was given by double opt-in" in conclusions(CASES[name]().evidence())) == (
        name in given
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_a_page_is_whole_in_every_language(name, language):
    said = page(CASES[name]().evidence(language=language))
    assert f'<html lang="{language}">' in said
    assert "Content-Security-Policy" in said
    assert not re.search(r"<script|<link|<img|<iframe|(src|href)=\"?(https?:)?//|url\(", said)
    assert not re.search(r"\{[a-z_]+\}", words(CASES[name]().evidence(language=language)))


def test_every_link_leads_to_a_file_of_the_bundle():
    files = dict(bundle.prepare(withdrawn_by_page().evidence()).files)
    links = set(re.findall(r'href="([^"]*)"', files["report.html"].decode()))
    assert f"notices/{NOTICE}.html" in links
    assert links <= set(files)


def test_a_mail_sent_after_the_withdrawal_is_named():
    case = confirmed()
    case.lines[-1] = replace(case.lines[-1], at_ms=START_MS + HOUR_MS)
    evidence = case.end(EventType.CONSENT_WITHDRAWN, via="page").evidence()
    said = words(evidence)
    assert "mails were sent after the withdrawal: 1. They are marked below." in said
    assert "nothing was sent after" not in said
    assert page(evidence).count('class="mark">after the withdrawal</div>') == 1


def test_a_mail_that_rests_on_a_later_entry_is_told_apart():
    case = Case().ask().confirm().end(EventType.CONSENT_WITHDRAWN, via="page")
    case.confirm(EventType.CONSENT_RENEWED).send()
    said = words(case.evidence())
    assert "nothing was sent after the withdrawal" in said
    assert "Mails sent after the withdrawal that rest on a later entry of this chain: 1." in said


def test_a_selective_bundle_says_what_it_left_closed_and_that_it_speaks_only_of_what_was_asked():
    evidence = withdrawn_by_page().evidence(lists=("newsletter",))
    entries = (replace(evidence.entries[0], disclosures=()), *evidence.entries[1:])
    said = words(replace(evidence, entries=entries))
    assert "This speaks only of the lists and purposes asked for." in said
    assert "Left closed, because it was not needed for that:" in said
    assert "entry 0: Who, From where, What was submitted, Belongs to" in said
    assert "The address entered is left closed in this bundle." in said
    other = words(withdrawn_by_page().evidence(lists=("other",)))
    assert "This chain records no consent for what was asked for." in other


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({**CHOICE, "prechecked": True}, "boxes were already ticked when the form was delivered"),
        ({"fields": {}}, "How its boxes stood when the form was delivered is not recorded."),
        (None, "How its boxes stood when the form was delivered is not recorded."),
    ],
)
def test_how_the_boxes_stood_is_said_as_recorded(choice, says):
    claims = Claims(subject=SUBJECT, session=SESSION, choice=choice)
    assert says in words(Case().ask(claims).evidence())


def test_what_the_operator_recorded_itself_is_no_double_opt_in():
    case = Case().ask().confirm(via="operator")
    assert "but not by a double opt-in" in conclusions(case.evidence())
    assert "given by the controller's own staff" in words(case.evidence())


@pytest.mark.parametrize(
    "name", ["objected and attested", "withdrawn and attested", "told to stop, and bought"]
)
@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_after_a_no_it_is_never_said_that_there_was_none(name, language):
    """A statement of the controller after it must not read as if the way were free."""
    said = words(CASES[name]().evidence(language=language))
    none = TABLES[language]["fact.not_ended"].partition("{")[0]
    free = TABLES[language]["state.basis"].partition("{last}")[0].rpartition("{at}")[2]
    assert none not in said
    assert free not in said


def test_a_change_that_took_a_purpose_back_stands_before_a_later_claim():
    case = Case().ask().confirm()
    case.end(
        EventType.CONSENT_CHANGED,
        lists=("newsletter",),
        purposes=("measurement",),
        notice_sha256=NOTICE,
        via="page",
    )
    assert "does not lift it" in words(attested(case).evidence())


def test_a_mail_that_came_back_is_not_called_accepted():
    case = Case().ask()
    case.lines[0] = replace(case.lines[0], event="Bounce", answer="550 5.1.1 unknown")
    said = words(case.evidence())
    assert "What became of it: sent back by the receiving server" in said
    assert "accepted" not in said.partition("The two steps")[0]
    case.lines[0] = replace(case.lines[0], event=None)
    assert "Whether the receiving server accepted it is not in this bundle." in words(
        case.evidence()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_values_stay_text(language):
    claims = Claims(
        subject={"email": HOSTILE, "email_as_typed": HOSTILE},
        session={"ip": HOSTILE, "ua": HOSTILE, HOSTILE: HOSTILE},
        choice={**CHOICE, "fields": {HOSTILE: HOSTILE}, "grade": HOSTILE},
        link={"delivery": HOSTILE, "message_id": HOSTILE},
    )
    case = Case().ask(claims).confirm()
    case.lines[0] = replace(case.lines[0], answer=HOSTILE, event=HOSTILE)
    case.only(EventType.CONSENT_IMPORTED, claims, notice_sha256=None)
    case.end(EventType.CONSENT_WITHDRAWN, claims, via="reply")
    said = page(
        case.evidence(
            language=language,
            subject=HOSTILE,
            controller=HOSTILE,
            exporter=HOSTILE,
            recipient=HOSTILE,
            reason=HOSTILE,
            bundle_id=HOSTILE,
            base_url=HOSTILE,
            party=Party(
                brand_id="demo",
                brand=HOSTILE,
                list_names=(("newsletter", HOSTILE),),
                purpose_names=(("newsletter", HOSTILE),),
            ),
        )
    )
    assert said.count("&lt;script&gt;") > 20
    assert "<script" not in said
    assert said.count("<style") == said.count("</style") == 1
    assert said.count("<table") == said.count("</table")
    assert "\u202e" not in said


def test_a_sentence_that_the_notice_does_not_hold_is_not_said_to_have_been_shown():
    case = confirmed()
    party = replace(case.evidence().party, purpose_names=(("newsletter", "Ja, gärna."),))
    said = words(case.evidence(party=party))
    assert "It asked for consent to: measurement; newsletter." in said
    assert "Ja, gärna." not in said


def test_time_stamps_are_told_and_their_absence_too():
    said = words(confirmed().evidence())
    assert "the log as it stood with 4 entries was time-stamped (RFC 3161)." in said
    assert "is said by the verifier's verdict on time." in said
    bare = words(confirmed().evidence(anchors=(), tsa_certificates=b""))
    assert "the times rest on the controller's clock alone." in bare


def test_a_zone_of_utc_is_said_once():
    said = words(confirmed().evidence(zone="UTC"))
    assert "the controller has set no other time zone" in said
    assert "Stockholm" not in said


def test_the_end_of_time_has_no_local_time():
    claims = Claims(choice={"claimed_ts": 253_402_300_799_999})
    case = Case().only(EventType.CONSENT_IMPORTED, claims, notice_sha256=None)
    assert "on 9999-12-31 23:59:59.999 UTC." in words(case.evidence())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_is_in_the_bundle_s_language_with_the_same_commands(language):
    evidence = confirmed().evidence(language=language)
    readme = report.readme(evidence).decode()
    english = report.readme(confirmed().evidence()).decode()
    for sentence in report.limits(language):
        assert sentence in readme
    commands = [line for line in readme.splitlines() if line.startswith("    ")]
    assert commands == [line for line in english.splitlines() if line.startswith("    ")]
    assert ("What is inside" in readme) == (language == "en")


def test_an_erased_person_s_report_names_nobody():
    said = words(erased().evidence())
    assert "visitor@example.org" not in said
    assert "192.0.2" not in said


def test_the_same_story_gives_the_same_page():
    evidence = confirmed().evidence()
    leaves = [parse_leaf(entry.leaf) for entry in evidence.entries]
    story = read_story(evidence, leaves)
    assert report.render(evidence, story) == report.render(evidence, story)
