# SPDX-License-Identifier: Apache-2.0
"""Own rights behind a fresh link, over HTTP: what a press does is recorded and said, once."""

import re

import pytest

from chalicelib.domain.ids import BrandId
from chalicelib.domain.rights import Status
from chalicelib.domain.state import Scope
from chalicelib.services.access_links import LIFE_MS
from tests.support.world import READER

OLD, NEW = "visitor@example.org", "new@example.net"
DEMO = BrandId("demo")
RIGHTS = ("Correct", "Object", "Restrict", "Erase", "Complain")


@pytest.fixture
def sid(world):
    return world.subscribe(OLD)


@pytest.fixture
def fresh(world, sid):
    return f"/preferences/{world.access_links.make(sid, DEMO, 'en')}"


def press(web, path, act, **fields):
    return web.post(path, form={"act": act, "language": "en", **fields})


def requests(world):
    return world.rights.page(None, 100).items


def mailed(world, to):
    """The path in the newest mail to a new address."""
    texts = [mail.message.text for mail in world.mails if mail.message.to == to]
    (found,) = set(re.findall(r"https://[^/]+(/address/[\w-]{43})\b", texts[-1]))
    return found


def test_the_centre_names_every_right_with_what_happens(web, fresh):
    text = web.get(fresh).text
    for right in RIGHTS:
        assert f">{right}</h3>" in text
    for article in (15, 16, 17, 18, 20, 21, 77):
        assert re.search(rf"Art\. {article}\b|and {article}\)", text), article


def test_an_objection_is_recorded_answered_and_said(web, world, sid, fresh):
    reply = press(web, fresh, "object")
    assert (reply.status, reply.heading) == (200, "Your objection holds")
    assert world.types(sid)[-3:] == ["right.requested", "objection.recorded", "right.answered"]
    assert Scope(DEMO, "email") in world.state(sid).objections
    (made,) = requests(world)
    assert (made.right, made.status) == ("objection", Status.ANSWERED)


def test_pressing_again_says_the_same_and_records_nothing(web, world, sid, fresh):
    for act, more in (("object", {}), ("restrict", {"ground": "unlawful"})):
        first = press(web, fresh, act, **more)
        entries = world.types(sid)
        again = press(web, fresh, act, **more)
        assert again.text == first.text
        assert world.types(sid) == entries
    assert len(requests(world)) == 2


def test_a_restriction_names_its_ground(web, world, sid, fresh):
    reply = press(web, fresh, "restrict", ground="legal-claim")
    assert reply.heading == "Your data is restricted"
    assert world.state(sid).restricted
    (made,) = requests(world)
    assert (made.right, made.restriction) == ("restriction", "legal-claim")
    shown = web.get(fresh).text
    assert 'value="restrict"' not in shown
    assert "kept, but not used" in shown


@pytest.mark.parametrize("ground", ["", "because"])
def test_a_restriction_without_a_ground_of_the_law_comes_back_with_its_question(
    web, world, sid, fresh, ground
):
    entries = world.types(sid)
    reply = press(web, fresh, "restrict", ground=ground)
    assert (reply.status, reply.heading) == (422, "Restrict")
    summary, _, question = reply.text.partition("<h1>")
    assert "autofocus" in summary
    assert 'href="#f-ground">Why</a>: Please choose one of what is offered.' in summary
    assert "Nothing was changed." in summary
    assert re.search(r'<select id="f-ground"[^>]+aria-invalid="true"', question)
    assert 'aria-describedby="e-ground"' in question
    assert 'id="e-ground">Please choose one of what is offered.' in question
    assert world.types(sid) == entries
    assert press(web, fresh, "restrict", ground="unlawful").heading == "Your data is restricted"


def test_who_has_objected_reads_it_instead_of_a_button(web, fresh):
    press(web, fresh, "object")
    shown = web.get(fresh).text
    assert 'value="object"' not in shown
    assert "You objected to marketing mail" in shown


def test_the_erasure_page_says_what_goes_and_stays_and_changes_nothing(web, world, sid, fresh):
    entries = world.types(sid)
    for method in ("GET", "HEAD"):
        reply = web.ask(method, f"{fresh}?part=erasure")
        assert reply.status == 200
    shown = web.get(f"{fresh}?part=erasure")
    assert shown.heading == "Erase your data"
    for part in ("What is erased", "What stays, and why", "What you lose", "Example Controller"):
        assert part in shown.text
    assert "part=erasure&amp;language=sv" in shown.text
    assert world.types(sid) == entries
    assert OLD not in shown.text


@pytest.mark.parametrize("forget", ["", "1"])
def test_the_erasure_leads_to_a_certificate_that_fills_itself(web, world, sid, fresh, forget):
    reply = press(web, fresh, "erase", forget=forget)
    assert reply.status == 303
    place = reply.headers["location"]
    assert re.fullmatch(r"/certificates/[\w-]{22}\?language=en", place)
    waiting = web.get(place)
    assert waiting.heading == "Your data is being erased"
    assert "Look again" in waiting.text
    assert place.replace("&", "&amp;") in waiting.text
    world.settle()
    assert web.get(place).heading == "Certificate of erasure"
    suppressed = world.store.lookup(world.ledger.mac(OLD)).suppressions
    assert bool(suppressed) is not bool(forget)


def test_a_second_press_leads_to_the_same_certificate(web, world, sid, fresh):
    first = press(web, fresh, "erase")
    entries = world.types(sid)
    assert press(web, fresh, "erase").headers["location"] == first.headers["location"]
    assert world.types(sid) == entries
    assert len(requests(world)) == 1
    world.settle()
    assert press(web, fresh, "erase").status == 404, "the link went with the person"


def test_an_erasure_that_an_officer_began_is_approved_by_the_press(web, world, sid, fresh):
    asked = world.erasures.request({"subscriber": sid}, key_id="key-one")
    assert press(web, fresh, "erase").headers["location"].startswith(f"/certificates/{asked.id}")


def test_a_new_address_is_asked_for_confirmed_and_told(web, world, sid, fresh):
    reply = press(web, fresh, "address", email=f" {NEW} ")
    assert (reply.status, reply.heading) == (200, "Check your new mailbox")
    assert NEW in reply.text
    world.settle()
    link = mailed(world, NEW)
    shown = web.get(link)
    assert (shown.status, shown.heading) == (200, "Is this your new address?")
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    entries = world.types(sid)
    web.ask("HEAD", link)
    assert world.types(sid) == entries
    done = web.post(link)
    assert (done.status, done.heading) == (200, "Your new address holds")
    assert world.types(sid)[-1] == "identifier.changed"
    assert web.post(link).text == done.text
    assert web.get(link).heading == done.heading
    assert OLD not in shown.text + done.text
    assert NEW in web.get(fresh).text


def test_asking_says_the_same_of_every_address(web, world, fresh):
    world.subscribe(NEW)
    known = press(web, fresh, "address", email=NEW)
    unknown = press(web, fresh, "address", email="nobody@example.net")
    assert known.text.replace(NEW, "") == unknown.text.replace("nobody@example.net", "")


def test_an_address_that_is_known_is_refused_kindly_by_its_own_mailbox(web, world, fresh):
    world.subscribe(NEW)
    press(web, fresh, "address", email=NEW)
    world.settle()
    refused = web.post(mailed(world, NEW))
    assert (refused.status, refused.heading) == (409, "This address is known already")
    assert "/rights/demo" in refused.text


def test_a_newer_link_and_a_day_end_the_old_one(web, world, fresh):
    press(web, fresh, "address", email=NEW)
    world.settle()
    older = mailed(world, NEW)
    press(web, fresh, "address", email="other@example.net")
    world.settle()
    assert (web.post(older).status, web.post(older).heading) == (410, "There is a newer link")
    world.time.advance(24 * LIFE_MS)
    late = web.get(mailed(world, "other@example.net"))
    assert (late.status, late.heading) == (410, "This link has expired")


def test_an_address_that_no_mail_reaches_comes_back_with_the_one_that_was_meant(web, world, fresh):
    world.dns.set("gmial.con", "MX", "0 .")
    reply = press(web, fresh, "address", email="new@gmial.con")
    assert reply.status == 422
    assert reply.text.count("No mail arrives at gmial.con.") == 2
    assert "Did you mean new@gmail.com?" in reply.text
    assert 'value="new@gmial.con"' in reply.text
    world.settle()
    assert not [mail for mail in world.mails if mail.message.to == "new@gmial.con"]


def test_a_mistyped_address_comes_back_to_be_mended(web, world, fresh):
    reply = press(web, fresh, "address", email="new@example")
    assert reply.status == 422
    assert 'value="new@example"' in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert not world.outside_rows.address_wishes


def test_the_address_one_has_and_one_too_many_are_said(web, world, fresh):
    assert press(web, fresh, "address", email=OLD).heading == "That is your address already"
    for number in range(5):
        press(web, fresh, "address", email=f"n{number}@example.net")
    many = press(web, fresh, "address", email=NEW)
    assert (many.status, many.heading) == (429, "That was enough for today")
    assert many.headers["retry-after"] == "86400"


def test_an_unknown_address_link_is_a_404_and_an_erased_person_s_too(web, world, sid, fresh):
    press(web, fresh, "address", email=NEW)
    world.settle()
    link = mailed(world, NEW)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    for path in (link, f"/address/{'A' * 43}", "/address/short"):
        assert web.get(path).status == 404
        assert web.post(path).status == 404


def test_a_link_whose_hour_is_over_does_nothing(web, world, sid, fresh):
    world.time.advance(LIFE_MS)
    entries = world.types(sid)
    for act in ("object", "restrict", "erase", "address"):
        assert press(web, fresh, act, ground="unlawful", email=NEW).status == 410
    assert web.get(f"{fresh}?part=erasure").status == 410
    assert world.types(sid) == entries


@pytest.mark.parametrize("language", ["sv", "de", "fr"])
def test_the_pages_speak_the_language_of_the_link(web, world, sid, language):
    path = f"/preferences/{world.access_links.make(sid, DEMO, language)}"
    form = {"act": "address", "email": NEW, "language": language}
    asked = web.post(path, form=form)
    world.settle()
    link = mailed(world, NEW)
    pages = (web.get(path), web.get(f"{path}?part=erasure"), asked, web.get(link), web.post(link))
    for reply in pages:
        assert f'<html lang="{language}">' in reply.text
    assert world.address_change.confirm(link.rpartition("/")[2], READER).language == language
