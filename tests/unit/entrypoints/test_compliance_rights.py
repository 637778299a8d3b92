# SPDX-License-Identifier: Apache-2.0
"""Rights requests in the console: entered with effect at once, owed until a day, answered."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.rights import REFUSABLE, Right, Status
from tests.support.world import READER

HOME = "/console/compliance"
RIGHTS = f"{HOME}/rights"
EMAIL = "visitor@example.org"
NOTE = "Wrote that the name is misspelt."


class Officer:
    """Somebody at the console, who sends forms as a page of theirs holds them."""

    def __init__(self, web, world, *scopes):
        self.web, self.world = web, world
        self.key, _ = world.key_ring.create("officer", scopes)
        reply = web.post("/console/login", form={"key": self.key})
        self.cookie = {"Cookie": reply.headers["set-cookie"].partition(";")[0]}

    def get(self, path):
        return self.web.get(path, headers=self.cookie)

    def send(self, path, **fields):
        token = re.search(r'name="form_token" value="([^"]+)"', self.get(HOME).text)[1]
        form = {"form_token": token, **{k: v for k, v in fields.items() if v is not None}}
        return self.web.post(path, form=form, headers=self.cookie)

    def day(self, days_ago):
        now = datetime.fromtimestamp(self.world.clock.now_ms() / 1000, UTC)
        return (now - timedelta(days=days_ago)).date().isoformat()

    def enter(self, right="access", days_ago=1, **changes):
        fields = {
            "who": EMAIL,
            "right": right,
            "brand": "demo",
            "medium": "letter",
            "received_on": self.day(days_ago),
            "received_by": "Front desk",
            **changes,
        }
        return self.send(RIGHTS, **fields)

    def entered(self, right="access", **changes):
        """The path of a request that was entered."""
        reply = self.enter(right, **changes)
        assert reply.status == 303, reply.text
        return reply.headers["location"].partition("?")[0]


@pytest.fixture
def officer(web, world):
    return Officer(web, world, KeyScope.COMPLIANCE)


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL)


def plain(reply):
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", reply.text[reply.text.index("<main>") :]).split())


def request_of(world, path):
    return world.rights.get(path.rpartition("/")[2])


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
@pytest.mark.parametrize("right", list(Right))
def test_every_right_has_its_page_in_every_language(officer, sid, right, language):
    path = officer.entered(right)
    page = officer.get(f"{path}?language={language}")
    assert page.status == 200
    assert f'lang="{language}"' in page.text
    assert EMAIL not in page.text
    for address in (RIGHTS, f"{RIGHTS}?all=1", f"{RIGHTS}/new", HOME):
        joined = f"{address}{'&' if '?' in address else '?'}language={language}"
        assert officer.get(joined).status == 200


def test_a_withdrawal_by_letter_has_stopped_the_mail_when_the_page_comes_back(world, officer, sid):
    officer.entered("withdrawal")
    assert world.types(sid)[-1] == "consent.withdrawn"


def test_the_list_is_by_deadline_says_overdue_and_is_counted_on_the_front_page(officer, sid):
    assert "Nothing is owed to anybody." in plain(officer.get(RIGHTS))
    officer.entered("access")
    officer.entered("portability", days_ago=60)
    shown = plain(officer.get(RIGHTS))
    assert shown.index("Data portability") < shown.index("Access to the data")
    assert "overdue" in shown
    front = plain(officer.get(HOME))
    assert "1 request is overdue" in front
    assert "2 requests wait for an answer." in front


def test_what_is_closed_leaves_the_list_and_stays_among_all(officer, sid):
    path = officer.entered("access")
    assert officer.send(path, act="answer").status == 303
    assert "Answered in time." in plain(officer.get(path))
    assert "Nothing is owed to anybody." in plain(officer.get(RIGHTS))
    assert path in officer.get(f"{RIGHTS}?all=1").text


def test_an_extension_and_a_refusal_say_their_reason(world, officer, sid):
    path = officer.entered("erasure")
    officer.send(path, act="extend", why="complexity")
    assert "the request is complex" in plain(officer.get(path))
    officer.send(path, act="refuse", why="legal-claim")
    assert "GDPR Art. 17(3)(e)" in plain(officer.get(path))
    assert request_of(world, path).status is Status.REFUSED


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
def test_after_an_extension_the_page_says_until_when_the_person_is_told_and_why(
    world, officer, sid, language
):
    path = officer.entered("access")
    officer.send(path, act="extend", why="complexity")
    made = request_of(world, path)
    first, last = (
        datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
        for ms in (made.due_ms, made.deadline_ms)
    )
    shown = plain(officer.get(f"{path}?language={language}"))
    assert first in shown
    assert last in shown
    assert re.search(r"Art\. 12\(3\)|12\.3 i|Art\. 12 Abs\. 3|12, paragraphe 3", shown)
    if language == "en":
        assert f"Tell the person by the end of {first} that the answer takes longer" in shown
        world.time.advance(40 * 86_400_000)
        late = Officer(officer.web, world, KeyScope.COMPLIANCE)
        assert f"had to be told by the end of {first}" in plain(late.get(path))


CITED = {
    "en": r"GDPR Art\. \d.*",
    "sv": r"artikel \d[^)]* i GDPR",
    "de": r"Art\. \d[^)]* DSGVO",
    "fr": r"articles? \d.* du RGPD",
}


@pytest.mark.parametrize("language", ["en", "sv", "de", "fr"])
@pytest.mark.parametrize("right", [right for right in Right if REFUSABLE[right]])
def test_every_ground_to_refuse_cites_the_law_as_its_language_does(officer, sid, right, language):
    path = officer.entered(right)
    page = officer.get(f"{path}?language={language}").text
    choices = re.findall(r"<option[^>]*>([^<]*\d[^<]*)</option>", page)
    assert len(choices) == len(REFUSABLE[right])
    for choice in choices:
        assert re.search(rf"\({CITED[language]}\)$", choice), choice
    marks = {"en": "GDPR Art.", "sv": "i GDPR", "de": "DSGVO", "fr": "du RGPD"}
    assert {code for code, mark in marks.items() if mark in page} == {language}


def test_a_request_leads_to_the_person_and_the_entry_is_written_first(world, officer, sid):
    path = officer.entered("access")
    page = officer.get(path)
    form = page.text[page.text.index(f'action="{HOME}/search"') :]
    assert re.search(r'name="clue" value="([^"]+)"', form)[1] == sid
    before = len(world.types(sid))
    found = officer.send(f"{HOME}/search", clue=sid)
    assert (found.status, found.heading) == (200, EMAIL)
    assert world.types(sid)[before:] == ["data.unsealed"]


def test_a_request_of_nobody_leads_to_no_person(officer):
    path = officer.entered("access", who="nobody@example.org")
    assert f"{HOME}/search" not in officer.get(path).text


def test_an_objection_offers_no_refusal(officer, sid):
    shown = plain(officer.get(officer.entered("objection")))
    assert "cannot be refused (GDPR Art. 21(3))" in shown
    assert "Refuse, because" not in shown


def test_an_extension_that_is_late_is_refused_in_words(officer, sid):
    path = officer.entered("access", days_ago=60)
    assert 'value="extend"' not in officer.get(path).text
    refused = officer.send(path, act="extend", why="complexity")
    assert refused.status == 409
    assert "The first month is over" in plain(refused)


def test_a_restriction_is_lifted_only_with_the_word_that_the_person_was_told(world, officer, sid):
    path = officer.entered("restriction")
    refused = officer.send(path, act="lift")
    assert refused.status == 422
    assert "until you confirm that the person was told" in plain(refused)
    assert world.state(sid).restricted
    assert officer.send(path, act="lift", told="yes").status == 303
    assert not world.state(sid).restricted
    shown = plain(officer.get(path))
    assert "Restriction lifted" in shown
    assert "The restriction has ended" in shown
    assert "has stopped. Tell them so." not in shown


def test_an_erasure_leads_to_the_page_of_the_second_key(world, officer, sid):
    path = officer.entered("erasure")
    erasure = request_of(world, path).erasure
    page = officer.get(path)
    assert f"{HOME}/erasures/{erasure}" in page.text
    assert 'value="answer"' not in page.text
    assert officer.send(path, act="answer").status == 409
    assert officer.get(f"{HOME}/erasures/{erasure}").status == 200


def test_a_note_is_shown_only_when_asked_for_and_that_is_an_entry(world, officer, sid):
    path = officer.entered("access", note=NOTE)
    before = len(world.types(sid))
    assert NOTE not in officer.get(path).text
    assert len(world.types(sid)) == before
    assert NOTE in officer.send(path, act="note").text
    assert world.types(sid)[-1] == "data.unsealed"


def test_the_person_found_can_be_meant_by_their_id(world, officer, sid):
    found = officer.send(f"{HOME}/search", clue=EMAIL)
    address = f"{RIGHTS}/new?language=en&amp;subscriber={sid}"
    assert address in found.text
    assert sid in officer.get(address.replace("&amp;", "&")).text
    path = officer.entered("objection", who=None, subscriber=sid)
    assert request_of(world, path).sid == sid


def test_an_address_nobody_has_is_kept_as_a_request(world, officer):
    path = officer.entered("objection", who="nobody@example.org")
    shown = plain(officer.get(path))
    assert "Nobody was found by the address." in shown
    assert "The address is suppressed" in shown


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"who": "nonsense"}, 404, {"who": "leads to nobody here"}),
        ({"who": ""}, 422, {"who": "Give the person\u2019s address"}),
        ({"who": "a@b@c"}, 422, {"who": "could not be read as an address"}),
        ({"right": "silence"}, 422, {"right": "Choose what the person asks for."}),
        ({"right": "", "who": ""}, 422, {"who": "Give the", "right": "Choose what"}),
        ({"received_on": "soon"}, 422, {"received_on": "on which day"}),
        ({"days_ago": -3}, 422, {"received_on": "on which day"}),
        ({"received_by": ""}, 422, {"received_by": "who took the request"}),
        ({"medium": "page"}, 422, {"medium": "Choose how it came."}),
        ({"note": "x" * 2001}, 422, {"note": "at most 2,000"}),
        (
            {"who": "nobody@example.org", "note": NOTE},
            422,
            {"note": "a note is kept only under"},
        ),
        ({"brand": "other"}, 422, {"brand": "Choose one of the brands."}),
        ({"restriction": "whim"}, 422, {"restriction": "Choose one of"}),
        ({"erasure": "whim"}, 422, {"erasure": "Choose one of"}),
        (
            {"received_on": "", "received_by": "", "right": ""},
            422,
            {"right": "Choose what", "received_on": "on which day", "received_by": "who took"},
        ),
    ],
)
def test_what_cannot_be_entered_is_said_beside_its_field_and_what_was_typed_stays(
    world, officer, sid, changes, status, said
):
    before = world.types(sid)
    reply = officer.enter(**changes)
    assert reply.status == status
    assert 'role="alert"' in reply.text
    summary = reply.text.partition('role="alert"')[2].partition("</div>")[0]
    assert re.findall(r'href="#f-(\w+)"', summary) == list(said)
    beside = dict(re.findall(r'<p class="wrong" id="e-(\w+)">([^<]*)</p>', reply.text))
    assert list(beside) == list(said)
    for field, words in said.items():
        assert words in beside[field]
        assert words in plain(reply)
        control = re.search(rf'<(?:input|select|textarea)[^>]* id="f-{field}"[^>]*>', reply.text)[0]
        assert 'aria-invalid="true"' in control
        assert f'e-{field}"' in control
    assert reply.text.count('aria-invalid="true"') == len(said)
    assert changes.get("who", EMAIL) in reply.text
    assert world.types(sid) == before
    assert world.rights.page(None, 10).items == ()


def test_a_person_s_own_request_shows_that_it_was_theirs(world, officer, sid):
    made = world.rights.by_person(sid, "demo", Right.ACCESS, READER)
    assert "our page" in plain(officer.get(f"{RIGHTS}/{made.id}"))


def test_an_act_nobody_knows_and_a_request_nobody_made_are_refused(officer, sid):
    path = officer.entered("access")
    assert officer.send(path, act="forget").status == 422
    assert officer.send(path, act="refuse", why="spite").status == 422
    assert officer.get(f"{RIGHTS}/{'A' * 22}").status == 404


def test_a_key_without_compliance_sees_none_of_it(web, world):
    marketer = Officer(web, world, KeyScope.READ)
    for address in (RIGHTS, f"{RIGHTS}/new", f"{RIGHTS}/{'A' * 22}"):
        assert marketer.get(address).status == 403


def test_today_before_noon_is_not_a_time_to_come(web, world, sid):
    world.time.advance(20 * 3_600_000)  # Noon comes after eight in the morning.
    officer = Officer(web, world, KeyScope.COMPLIANCE)
    path = officer.entered("access", days_ago=0)
    assert request_of(world, path).received_ms == world.clock.now_ms()
