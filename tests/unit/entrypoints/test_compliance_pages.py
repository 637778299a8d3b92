# SPDX-License-Identifier: Apache-2.0
"""The console's compliance pages over HTTP: who may, what is written first, and the second key."""

import json
import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.erasure import Stage
from chalicelib.domain.ids import encode_id
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.errors import Unavailable
from infra.local.ses_events import timestamp
from tests.support import ses_documents as docs

HOME = "/console/compliance"
EMAIL = "visitor@example.org"
LATER_MS = 2_000


class Officer:
    """Somebody at the console, who sends forms as a page of theirs holds them."""

    def __init__(self, web, world, name, *scopes):
        self.web = web
        self.key, _ = world.key_ring.create(name, scopes)
        reply = web.post("/console/login", form={"key": self.key})
        self.cookie = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}

    def get(self, path):
        return self.web.get(path, headers=self.cookie)

    @property
    def token(self):
        return re.search(r'name="form_token" value="([^"]+)"', self.get(HOME).text)[1]

    def send(self, path, **fields):
        form = {"form_token": self.token, **fields}
        return self.web.post(path, form=form, headers=self.cookie)

    def find(self, clue, **fields):
        return self.send(f"{HOME}/search", clue=clue, **fields)


@pytest.fixture
def officer(web, world):
    return Officer(web, world, "officer", KeyScope.COMPLIANCE)


@pytest.fixture
def colleague(web, world):
    return Officer(web, world, "colleague", KeyScope.COMPLIANCE)


@pytest.fixture
def sid(world):
    made = world.subscribe(EMAIL)
    world.campaign("November news")
    world.settle()
    return made


@pytest.fixture
def asked(officer, sid):
    """The path of an erasure that the officer asked for."""
    reply = officer.send(f"{HOME}/erasures", subscriber=sid, ground="withdrawn", suppress="yes")
    assert reply.status == 303
    return reply.headers["location"].partition("?")[0]


def plain(reply):
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", reply.text[reply.text.index("<main>") :]).split())


@pytest.mark.parametrize("path", ["", "/erasures", "/erasures/x", "/proofs/x", "/proofs/x/bundle"])
def test_without_a_session_every_page_leads_to_the_log_in(web, path):
    assert web.get(HOME + path).headers["location"] == "/console/login"


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.MARKETING])
def test_a_key_without_the_scope_is_told_kindly_and_sees_no_way_in(web, world, scope):
    other = Officer(web, world, "other", scope)
    reply = other.get(HOME)
    assert (reply.status, reply.heading) == (403, "This page is for compliance officers")
    assert HOME not in other.get("/console/overview").text
    form = {"clue": EMAIL, "form_token": "x"}
    assert web.post(f"{HOME}/search", form=form, headers=other.cookie).status == 403


def test_an_admin_key_sees_the_way_in(web, world):
    assert HOME in Officer(web, world, "admin", KeyScope.ADMIN).get("/console/overview").text


@pytest.mark.parametrize("token", [None, "", "wrong", "ö"])
def test_a_form_without_its_session_s_token_does_nothing(web, world, officer, sid, token):
    before = len(world.rows.entries)
    form = {"subscriber": sid, "ground": "withdrawn", "clue": EMAIL}
    if token is not None:
        form["form_token"] = token
    for path in ("/search", "/proofs", "/erasures", "/erasures/preview"):
        reply = web.post(HOME + path, form=form, headers=officer.cookie)
        assert (reply.status, reply.heading) == (403, "This form is out of date")
    assert len(world.rows.entries) == before


def test_one_session_s_token_is_no_good_in_another(web, officer, colleague, sid):
    form = {"form_token": colleague.token, "clue": EMAIL}
    assert web.post(f"{HOME}/search", form=form, headers=officer.cookie).status == 403


def test_an_address_leads_to_a_person_in_words_and_the_ledger_knew_first(world, officer, sid):
    reply = officer.find(f"Visitor <{EMAIL}>")
    assert (reply.status, reply.heading) == (200, EMAIL)
    said = plain(reply)
    for words in ("Kvitto Demo Newsletter newsletter given", "Consent confirmed, on a page of"):
        assert words in said
    assert world.types(sid)[-1] == "data.unsealed"
    assert "Sealed data opened by the controller (search)." in said


def test_what_led_to_nobody_is_counted_where_there_is_any(world, officer):
    assert "Mail of nobody here" not in officer.get(HOME).text
    for day in (1, 3):
        lost = docs.bounce("stranger@example.net", tags={})
        lost["bounce"]["timestamp"] = timestamp(world.time.now_ms() - day * 24 * 3_600_000)
        world.feedback.record(json.dumps(lost))
    said = plain(officer.get(HOME))
    assert "Mail of nobody here" in said
    assert "Bounce an address nobody here has 2" in said


def test_a_person_is_shown_with_how_well_mail_reaches_them_and_why(world, officer, sid):
    full = docs.bounce(kind="Transient", subtype="MailboxFull", status="4.2.2")
    full["bounce"]["timestamp"] = timestamp(world.time.now_ms())
    world.feedback.record(json.dumps(docs.only_aws_tags(full)))
    said = plain(officer.find(EMAIL))
    assert "How well mail reaches them" in said
    assert "On one day the mailbox was full: 20" in said
    assert "The address was confirmed, last on 20" in said


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_a_link_leads_to_its_delivery_and_what_allowed_it(world, officer, sid, language):
    link = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
    reply = officer.find(link, language=language)
    said = plain(reply)
    assert f'<html lang="{language}">' in reply.text
    assert "November news" in said
    assert re.search(r"\(\w+ 2, \w[\w ]* \d+( \w+ \w+)?\)", said), said


def test_nobody_found_says_what_was_understood_and_writes_nothing(world, officer, sid):
    before = len(world.rows.entries)
    known = {
        "nobody@example.org": "Nobody is found by this address.",
        "https://mail.example.org/unsubscribe/" + "A" * 66: "This holds no whole link of ours.",
        "<0102018c-abc@eu-north-1.amazonses.com>": "No mail with this Message-ID is known.",
        "Subject: hello\n\nSome text.\n": "This mail holds no link of ours",
        "not an address": "This could not be read as an address",
    }
    for clue, words in known.items():
        reply = officer.find(clue)
        assert reply.status in (404, 422)
        assert words in plain(reply)
        assert "Nothing was changed" in reply.text
    assert len(world.rows.entries) == before


def test_an_empty_search_is_asked_for_again(officer):
    reply = officer.find("  ")
    assert (reply.status, "Nothing was entered." in reply.text) == (422, True)


def test_what_was_pasted_stands_escaped_in_the_answer(officer):
    reply = officer.find("<script>alert(1)</script>")
    assert "<script>" not in reply.text


def test_no_address_of_a_page_holds_a_clue(officer, sid):
    reply = officer.find(EMAIL)
    addresses = " ".join(re.findall(r'(?:href|action)="([^"]+)"', reply.text))
    assert EMAIL not in addresses
    assert quote(EMAIL) not in addresses


def test_when_the_entry_cannot_be_written_nothing_is_shown(world, officer, sid):
    token = officer.token

    def broken(call, moment):
        if "commit" in call:
            raise Unavailable("the table is away")

    world.faults = broken
    form = {"form_token": token, "clue": EMAIL}
    reply = officer.web.post(f"{HOME}/search", form=form, headers=officer.cookie)
    assert reply.status == 503
    assert EMAIL not in reply.text


def test_a_proof_is_asked_for_made_and_fetched(world, officer, sid):
    reply = officer.send(
        f"{HOME}/proofs",
        subscriber=sid,
        recipient="Example Authority",
        reason="authority",
        report="sv",
        **{"list-newsletter": "yes"},
    )
    page = reply.headers["location"]
    waiting = officer.get(page)
    assert (waiting.heading, waiting.headers["refresh"]) == ("The proof is being made", "3")
    for _ in range(3):
        world.settle()
        world.time.advance(LATER_MS)
    done = officer.get(page)
    assert done.heading == "The proof is ready"
    assert "refresh" not in done.headers
    bundle = officer.get(page.partition("?")[0] + "/bundle")
    assert (bundle.headers["content-type"], bundle.body[:2]) == ("application/zip", b"PK")
    assert b"Example Authority" in bundle.body
    assert page.partition("?")[0] in officer.get(HOME).text


def test_a_proof_with_a_recipient_of_two_lines_is_refused(officer, sid):
    reply = officer.send(f"{HOME}/proofs", subscriber=sid, recipient="a\nb")
    assert reply.status == 422


def test_a_box_that_no_page_holds_is_refused(officer, sid):
    assert officer.send(f"{HOME}/proofs", subscriber=sid, **{"list-a b": "yes"}).status == 422


def test_what_an_erasure_means_is_said_before_anything_is_asked_for(world, officer, sid):
    before = world.types(sid)
    reply = officer.send(
        f"{HOME}/erasures/preview", subscriber=sid, ground="withdrawn", suppress="yes", country="SE"
    )
    assert reply.heading == "Before you erase"
    assert "Sweden:" in reply.text
    assert "Germany:" not in reply.text
    assert world.types(sid) == before


@pytest.mark.parametrize("fields", [{"ground": "whim"}, {"ground": "withdrawn", "country": "XX"}])
def test_an_erasure_without_a_known_ground_or_country_is_refused(officer, sid, fields):
    for path in ("/erasures", "/erasures/preview"):
        assert officer.send(HOME + path, subscriber=sid, **fields).status == 422


def test_the_key_that_asked_is_offered_no_approval_and_gets_none(world, officer, asked, sid):
    page = officer.get(asked)
    assert page.heading == "An erasure waits for a second key"
    assert "another key must approve it" in page.text
    assert "Approve and erase" not in page.text
    reply = officer.send(asked, act="approve")
    assert reply.status == 409
    assert "Nothing was changed" in reply.text
    world.settle()
    assert "subject.erased" not in world.types(sid)


def test_what_waits_for_a_second_key_is_shown_however_many_were_before(world, colleague, asked):
    waiting = world.erasures.get(asked.rpartition("/")[2])
    for number in range(250):
        sid = encode_id(number.to_bytes(16, "big"))
        done = replace(
            waiting, id=sid, sid=sid, requested_ms=number, stage=Stage.CANCELLED, revision=0
        )
        world.erasure_records.create(done, after=None)

    assert waiting.id in colleague.get(HOME).text
    listed = re.findall(r"/erasures/([\w-]{22})", colleague.get(f"{HOME}/erasures").text)
    assert listed[0] == waiting.id
    assert len(listed) == 100


def test_the_newest_proofs_are_shown(world, officer):
    ids = [encode_id(bytes([number]) * 16) for number in range(30)]
    for age, name in enumerate(ids):
        made = Job(id=name, kind="proofs", status=JobStatus.READY, created_ms=10**12 - age)
        world.jobs.create(made)

    shown = re.findall(r"/proofs/([\w-]{22})", officer.get(HOME).text)
    assert shown == ids[:20]


def test_a_second_key_erases_and_the_certificate_names_nobody(world, officer, colleague, asked):
    assert asked in colleague.get(HOME).text
    assert "Approve and erase" in colleague.get(asked).text
    assert colleague.send(asked, act="approve").status == 303
    assert colleague.get(asked).headers["refresh"] == "3"
    world.settle()
    done = officer.get(asked)
    assert done.heading == "The person was erased"
    assert "key colleague" in plain(done)
    certificate = officer.get(f"{asked}/certificate?language=sv")
    assert certificate.heading == "Intyg om radering"
    assert EMAIL not in certificate.text
    reply = officer.send(f"{HOME}/proofs", erasure=asked.rpartition("/")[2])
    assert reply.status == 303


def test_a_certificate_asked_for_too_early_is_the_erasure_s_page(officer, asked):
    assert officer.get(f"{asked}/certificate").heading == "An erasure waits for a second key"


def test_an_erasure_is_cancelled_by_either_key(officer, colleague, asked):
    assert officer.send(asked, act="cancel").status == 303
    assert colleague.get(asked).heading == "The erasure was cancelled"
    assert colleague.send(asked, act="approve").status == 409
    assert colleague.send(asked, act="muddle").status == 422
    assert asked in colleague.get(f"{HOME}/erasures").text


def test_an_erased_person_is_found_by_a_link_and_nothing_personal_is_shown(
    world, officer, colleague, asked
):
    link = dict(world.mails[-1].message.headers)["List-Unsubscribe"]
    colleague.send(asked, act="approve")
    world.settle()
    reply = officer.find(link)
    assert reply.heading == "An erased person"
    assert EMAIL not in reply.text
    assert f"{asked}?language" in reply.text


@pytest.mark.parametrize("path", ["/erasures/none", "/proofs/none", "/proofs/none/bundle"])
def test_what_is_not_there_is_a_404_page(officer, path):
    assert officer.get(HOME + path).status == 404
