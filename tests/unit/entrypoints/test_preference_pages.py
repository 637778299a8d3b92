# SPDX-License-Identifier: Apache-2.0
"""The preference centre over HTTP: a door that tells nothing, and a page that does what it says."""

import json
import re
from dataclasses import replace

import pytest

from chalicelib.domain.forms import Field, FieldType
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId, FormId, ListId
from chalicelib.domain.state import ConsentStatus
from chalicelib.errors import Conflict
from chalicelib.ports.outside import Queue
from chalicelib.services.access_links import LIFE_MS
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from infra.local.demo_data import DEMO_FORM
from tests.support.faults import Moment, no_faults
from tests.support.world import READER

EMAIL = "visitor@example.org"
DEMO = BrandId("demo")
NEWS, MEASURED = "newsletter.newsletter", "newsletter.measurement"


@pytest.fixture
def sid(world):
    return world.subscribe(EMAIL, first_name="Ada", measurement="yes")


@pytest.fixture
def fresh(world, sid):
    """The path of a fresh link."""
    return f"/preferences/{world.access_links.make(sid, DEMO, 'en')}"


@pytest.fixture
def footer(world, sid):
    """The path in a campaign mail's footer."""
    world.campaign()
    world.settle()
    found = re.search(r"https://[^/]+(/preferences/[\w-]+)", world.mails[-1].message.text)
    assert found
    return found[1]


def hidden(reply, name):
    found = re.search(rf'name="{name}" value="([^"]*)"', reply.text)
    assert found
    return found[1]


def page_form(web, path, *ticked, **typed):
    """What a browser sends from the page as it is."""
    shown = web.get(path)
    return {
        "act": "save",
        "language": "en",
        "mark": hidden(shown, "mark"),
        "mail_language": "en",
        "per_week": "",
        "pause": "",
        "a-first_name": "Ada",
        **dict.fromkeys(ticked, "1"),
        **typed,
    }


def statuses(world, sid):
    return {f"{k.list}.{k.purpose}": c.status for k, c in world.state(sid).consents.items()}


def test_the_address_in_a_mail_s_footer_shows_nothing_of_anybody(web, world, footer, sid):
    reply = web.get(footer)
    assert reply.status == 200
    for personal in (EMAIL, "Ada", "Newsletter", sid):
        assert personal not in reply.text
    assert 'value="mail"' in reply.text
    assert 'href="/unsubscribe/' in reply.text
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


def test_the_door_s_unsubscribe_link_is_that_of_the_mail(web, world, footer):
    headers = dict(world.mails[-1].message.headers)
    (path,) = re.findall(r'href="(/unsubscribe/[\w-]+)', web.get(footer).text)
    assert f"https://mail.example.org{path}" in headers["List-Unsubscribe"]


def test_the_door_s_button_mails_a_link_and_says_the_same_after_an_erasure(web, world, footer, sid):
    first = web.post(footer, form={"act": "mail", "language": "sv"})
    world.settle()
    assert world.mails[-1].message.to == EMAIL
    world.shredder.shred(sid, "withdrawn", suppress=False)
    again = web.post(footer, form={"act": "mail", "language": "sv"})
    assert (again.status, again.body) == (first.status, first.body) == (200, first.body)
    assert EMAIL not in first.text


def test_a_bare_post_at_the_door_asks_for_a_link(web, world, footer):
    assert web.post(footer).heading == "Check your mail"
    assert len(world.messages.take(Queue.CONFIRMATIONS)) == 1


def test_an_unknown_link_is_a_404(web, world):
    for token in ("x" * 66, "A" * 43, "A" * 42 + "B", "short"):
        assert web.get(f"/preferences/{token}").status == 404
        assert web.post(f"/preferences/{token}", form={"act": "save"}).status == 404


def test_looking_changes_nothing(web, world, fresh, footer):
    entries, messages = dict(world.rows.entries), list(world.outside_rows.messages)
    for path in (fresh, footer, f"{fresh}?part=data.json", f"{fresh}?part=data.html"):
        for method in ("GET", "HEAD"):
            assert web.ask(method, path).status == 200
    assert world.rows.entries == entries
    assert world.outside_rows.messages == messages


def test_the_centre_shows_choices_reasons_and_what_is_known(web, world, fresh):
    reply = web.get(fresh)
    assert reply.heading == "Your choices and your data"
    for shown in (EMAIL, "Ada", "Newsletter", "Yes, Example Controller may send me", "192.0.2.7"):
        assert shown in reply.text
    assert reply.text.count(" checked") == 2
    assert len(re.findall(r'href="/receipt/[\w-]+', reply.text)) == 1


def test_taking_one_and_giving_another_are_two_entries_of_one_append(web, world, fresh, sid):
    web.post(fresh, form=page_form(web, fresh, NEWS))
    web.post(fresh, form=page_form(web, fresh, MEASURED))
    assert world.types(sid)[-2:] == ["consent.withdrawn", "consent.changed"]
    assert statuses(world, sid) == {NEWS: "withdrawn", MEASURED: "given"}


def test_taking_one_away_writes_one_entry_and_says_so(web, world, fresh, sid):
    reply = web.post(fresh, form=page_form(web, fresh, NEWS))
    assert reply.heading == "Saved"
    assert "You took back" in reply.text
    assert statuses(world, sid) == {NEWS: "given", MEASURED: "withdrawn"}
    assert world.types(sid)[-1] == "consent.changed"
    assert "/receipt/" in reply.text


def test_taking_all_of_a_list_away_is_a_withdrawal(web, world, fresh, sid):
    web.post(fresh, form=page_form(web, fresh))
    assert world.types(sid)[-1] == "consent.withdrawn"
    assert set(statuses(world, sid).values()) == {ConsentStatus.WITHDRAWN}


def test_giving_again_names_the_notice_of_the_page(web, world, fresh, sid):
    web.post(fresh, form=page_form(web, fresh))
    reply = web.post(fresh, form=page_form(web, fresh, NEWS))
    assert "You agreed to" in reply.text
    given = {k.purpose: c for k, c in world.state(sid).consents.items()}["newsletter"]
    assert given.notice == world.forms.latest("demo").notice("en").sha256
    assert given.grade == "B"
    world.campaign()
    world.settle()
    assert world.mails[-1].message.subject == "Hello"


def test_saving_the_page_as_it_is_changes_nothing(web, world, fresh, sid):
    before = world.types(sid)
    assert (
        web.post(fresh, form=page_form(web, fresh, NEWS, MEASURED)).heading == "Nothing was changed"
    )
    assert world.types(sid) == before


def test_a_stale_page_changes_nothing_and_says_look_again(web, world, fresh, sid):
    form = page_form(web, fresh, NEWS)
    web.post(fresh, form=page_form(web, fresh))
    before = world.types(sid)
    reply = web.post(fresh, form=form)
    assert (reply.status, reply.heading) == (409, "Something changed meanwhile")
    assert world.types(sid) == before


def test_a_page_sent_twice_says_nothing_was_changed(web, world, fresh, sid):
    form = page_form(web, fresh, NEWS)
    assert web.post(fresh, form=form).heading == "Saved"
    assert web.post(fresh, form=form).heading == "Nothing was changed"


def test_a_form_changed_since_makes_the_page_stale(web, world, fresh, sid):
    web.post(fresh, form=page_form(web, fresh, NEWS))
    form = page_form(web, fresh, NEWS, MEASURED)
    now = world.forms.latest("demo")
    notices = tuple(replace(ref, sha256="f" * 64) for ref in now.notices)
    world.forms.publish(replace(now, version=now.version + 1, notices=notices))
    assert web.post(fresh, form=form).status == 409


def test_name_language_and_rhythm_are_kept(web, world, fresh, sid):
    form = page_form(web, fresh, NEWS, MEASURED, per_week="2", mail_language="de")
    reply = web.post(fresh, form=form | {"a-first_name": "Grace"})
    assert reply.heading == "Saved"
    for said in ("At most 2 mails a week.", "Grace", "Deutsch"):
        assert said in reply.text
    assert world.frequency.get(sid) == Frequency(max_per_week=2)
    shown = web.get(fresh)
    assert 'value="Grace"' in shown.text
    assert '<option value="de" lang="de" selected>' in shown.text
    assert world.types(sid)[-2:] == ["right.requested", "right.answered"]


def test_a_name_can_be_deleted(web, world, fresh, sid):
    form = page_form(web, fresh, NEWS, MEASURED) | {"a-first_name": ""}
    assert "deleted" in web.post(fresh, form=form).text
    assert "Ada" not in web.get(fresh).text


def test_a_bad_value_keeps_what_was_typed_and_saves_nothing(web, world, fresh, sid):
    before = world.types(sid)
    form = page_form(web, fresh, NEWS, pause="2020-01-01") | {"a-first_name": "x" * 300}
    reply = web.post(fresh, form=form)
    assert reply.status == 422
    assert 'role="alert"' in reply.text
    assert 'aria-describedby="e-pause"' in reply.text
    assert "x" * 300 in reply.text
    assert reply.text.count(" checked") == 1
    assert world.types(sid) == before


def test_a_pause_holds_and_is_shown(web, world, fresh, sid):
    day = hidden_max(web.get(fresh))
    reply = web.post(fresh, form=page_form(web, fresh, NEWS, MEASURED, pause=day))
    assert f"No mail until {day}." in reply.text
    assert world.frequency.get(sid).paused(world.time.now_ms())
    assert f'value="{day}"' in web.get(fresh).text


def hidden_max(reply):
    found = re.search(r'type="date"[^>]* max="([\d-]+)"', reply.text)
    assert found
    return found[1]


def test_one_click_stops_everything_and_a_second_says_the_same(web, world, fresh, sid):
    form = {"act": "unsubscribe", "language": "en"}
    replies = [web.post(fresh, form=form) for _ in range(2)]
    assert {reply.heading for reply in replies} == {"All marketing mail has stopped"}
    assert world.types(sid).count("consent.withdrawn") == 1
    assert "You have agreed to nothing" in web.get(fresh).text


@pytest.mark.parametrize("state", ["restricted", "suppressed"])
def test_who_is_restricted_or_blocked_can_take_and_not_give(web, world, fresh, sid, state):
    web.post(fresh, form=page_form(web, fresh, NEWS))
    draft = Draft(type=EventType.SUPPRESSION_ADDED, reason="manual")
    if state == "restricted":
        draft = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    world.ledger.append(world.ledger.open(sid), [draft])
    reply = web.post(fresh, form=page_form(web, fresh, MEASURED))
    assert "Not possible now" in reply.text
    assert statuses(world, sid) == {NEWS: "withdrawn", MEASURED: "withdrawn"}


def test_an_objection_ends_with_a_new_yes_of_their_own(web, world, fresh, sid):
    draft = Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via="page")
    world.ledger.append(world.ledger.open(sid), [draft])
    assert "You objected" in web.get(fresh).text
    web.post(fresh, form=page_form(web, fresh, NEWS))
    assert statuses(world, sid) == {NEWS: "given", MEASURED: "withdrawn"}
    assert not world.state(sid).objections


def test_a_soft_opt_in_is_a_reason_too(web, world, fresh, sid):
    draft = Draft(
        type=EventType.BASIS_RECORDED, brand=DEMO, purposes=("newsletter",), lists=(ListId("x"),)
    )
    world.ledger.append(world.ledger.open(sid), [draft])
    assert "You bought something" in web.get(fresh).text


def test_all_data_is_shown_and_the_request_and_answer_are_on_record(web, world, fresh, sid):
    reply = web.post(fresh, form={"act": "access", "language": "en"})
    assert reply.heading == "Your data"
    assert world.types(sid)[-2:] == ["right.requested", "right.answered"]
    for shown in (EMAIL, "Ada", "192.0.2.7", "198.51.100.4"):
        assert shown in reply.text
    parts = re.findall(r'href="(/preferences/[^"]+part=[^"]+)"', reply.text)
    files = [web.get(part.replace("&amp;", "&")) for part in parts]
    assert [file.headers["content-disposition"] for file in files] == [
        'attachment; filename="data.html"',
        'attachment; filename="data.json"',
    ]
    assert json.loads(files[1].body)["profile"]["email"] == EMAIL
    assert "/preferences/" not in files[0].text
    assert web.get(f"{fresh}?part=else").status == 404


def test_who_has_not_confirmed_sees_all_their_data_too(web, world):
    """Where somebody signed up enters the profile with the confirmation alone."""
    unconfirmed = "unconfirmed@example.org"
    assert web.post("/forms/demo", form={"email": unconfirmed, "newsletter": "1"}).status == 200
    sid = world.ledger.lookup(world.ledger.mac(unconfirmed)).sid
    link = f"/preferences/{world.access_links.make(sid, DEMO, 'en')}"
    reply = web.post(link, form={"act": "access", "language": "en"})
    assert (reply.status, reply.heading) == (200, "Your data")
    assert unconfirmed in reply.text
    assert web.get(f"{link}?part=data.html").status == 200


def test_an_expired_link_shows_nothing_and_mails_a_new_one(web, world, fresh, sid):
    world.time.advance(LIFE_MS)
    for reply in (web.get(fresh), web.post(fresh, form={"act": "save", NEWS: "1"})):
        assert (reply.status, reply.heading) == (410, "This link has had its hour")
        assert EMAIL not in reply.text
    assert web.get(f"{fresh}?part=data.json").status == 410
    assert web.post(fresh, form={"act": "mail", "language": "en"}).heading == "Check your mail"
    world.settle()
    assert world.mails[-1].message.to == EMAIL


def test_an_erasure_ends_the_page(web, world, fresh, sid):
    world.shredder.shred(sid, "withdrawn", suppress=False)
    for path in (fresh, f"{fresh}?part=data.json"):
        assert web.get(path).status == 404
    assert web.post(fresh, form={"act": "unsubscribe"}).status == 404


def test_an_unknown_act_is_refused(web, world, fresh):
    assert web.post(fresh, form={"act": "dance"}).status == 422


def test_consents_and_profile_are_saved_together_or_not_at_all(web, world, fresh, sid):
    """The page of an error says that nothing was changed."""
    before = world.types(sid)
    form = page_form(web, fresh, **{"a-first_name": "Eve", "mail_language": "de"})
    tries = []

    def busy(call, moment):
        if (call, moment) == ("LedgerStore.commit", Moment.BEFORE):
            tries.append(call)
            if len(tries) > 1:
                raise Conflict("the chain moved on")

    world.faults = busy
    reply = web.post(fresh, form=form)
    world.faults = no_faults
    assert (reply.status, len(tries)) == (200, 1)
    assert world.types(sid)[len(before) :] == [
        "consent.withdrawn",
        "right.requested",
        "right.answered",
    ]


def test_what_a_form_takes_can_be_corrected_whatever_its_length(web, world, fresh, sid):
    label = dict.fromkeys(("en", "sv", "de", "fr"), "Story")
    story = Field(name="story", type=FieldType.TEXT, label=label, max_chars=1000)
    fields = (*DEMO_FORM.fields, story)
    world.setup.add_form(replace(DEMO_FORM, id=FormId("long"), fields=fields))
    form = page_form(web, fresh, NEWS, MEASURED, **{"a-story": "y" * 1000})
    assert web.post(fresh, form=form).heading == "Saved"
    assert "y" * 1000 in web.get(fresh).text


def test_corrections_that_are_too_long_together_are_shown_again_with_what_was_typed(
    web, world, fresh, sid
):
    label = dict.fromkeys(("en", "sv", "de", "fr"), "Story")
    for n in range(3):
        story = Field(name=f"story_{n}", type=FieldType.TEXT, label=label, max_chars=1000)
        fields = (*DEMO_FORM.fields, story)
        world.setup.add_form(replace(DEMO_FORM, id=FormId(f"long-{n}"), fields=fields))
    typed = {f"a-story_{n}": "y" * (900 + n) for n in range(3)}
    before = world.types(sid)
    reply = web.post(fresh, form=page_form(web, fresh, NEWS, MEASURED, **typed))
    assert (reply.status, world.types(sid)) == (422, before)
    assert 'href="#f-a-story_2"' in reply.text
    assert "This is too long." in reply.text
    assert all(text in reply.text for text in typed.values())


def test_the_forms_of_other_brands_hide_none_of_ours(web, world, fresh):
    for number in range(120):
        other = replace(DEMO_FORM, id=FormId(f"a{number:03d}"), brand=BrandId("other"))
        world.forms.create(other)
    world.time.advance(120_000)
    assert NEWS in web.get(fresh).text


def test_a_pause_that_is_over_is_no_change(web, world, fresh, sid):
    soon_ms = world.clock.now_ms() + 1
    world.frequency.put(sid, Frequency(paused_until_ms=soon_ms))
    world.time.advance(1)
    form = page_form(web, fresh, NEWS, MEASURED)
    assert web.post(fresh, form=form).heading == "Nothing was changed"


def test_what_happens_meanwhile_is_read_again(web, world, fresh, sid, monkeypatch):
    """The chain moves between reading and writing: the decision is taken anew, on what it is."""
    form = page_form(web, fresh, NEWS)
    commit = world.store.commit

    def once(append):
        monkeypatch.setattr(world.store, "commit", commit)
        world.ledger.append(
            world.ledger.open(sid),
            [Draft(type=EventType.DATA_UNSEALED, reason="search", channel=None)],
        )
        raise Conflict("the chain moved on")

    monkeypatch.setattr(world.store, "commit", once)
    assert web.post(fresh, form=form).heading == "Saved"
    assert world.types(sid)[-2:] == ["data.unsealed", "consent.changed"]


def test_no_token_and_no_address_is_logged(web, world, fresh, footer, caplog):
    for path in (fresh, footer):
        web.get(path)
        web.post(path, form={"act": "dance", "email": EMAIL})
    logged = " ".join(repr(record.__dict__) for record in caplog.records)
    assert EMAIL not in logged
    assert fresh.rpartition("/")[2] not in logged
    assert READER.network not in logged
