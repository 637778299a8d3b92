# SPDX-License-Identifier: Apache-2.0
"""Mails of a call: what was frozen, the way out, and no token of one's own without consent."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from chalicelib.adapters.campaign_mail import SplitCampaignMails
from chalicelib.adapters.split_mail import SplitMail
from chalicelib.domain.campaigns import CampaignStatus, ChunkRef, Recipient
from chalicelib.domain.content_document import FrozenContent, dump_content
from chalicelib.domain.ids import DeliveryId, ListId, PurposeId, SubjectId, decode_id
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, InputError, Malformed, NotFound
from chalicelib.ports.outside import Queue
from chalicelib.ports.sending import Outcome
from chalicelib.proof.tokens import LinkPurpose, link_text
from chalicelib.services.composer import FRESH_FOR_MS, KEPT_VERSIONS
from tests.support.run_world import RunWorld
from tests.support.world import BASE_URL

TARGETS = ("https://www.example.org/one", "https://www.example.org/two")
HTML = (
    "<!doctype html><html><body><h1>Hello {{ first_name | default('friend', true) }}</h1>"
    f'<a href="{BASE_URL}/c/{{{{ _m }}}}{link_text(0)}">One</a>'
    f'<a href="{BASE_URL}/c/{{{{ _m }}}}{link_text(1)}">Two</a>{{{{ _o }}}}</body></html>'
)
VERSION_2 = FrozenContent(
    subject="News for {{ first_name | default('you', true) }}",
    html=HTML,
    text=f"Hello\n\nOne: {BASE_URL}/c/{{{{ _m }}}}{link_text(0)}",
    source_html="<h1>Hello</h1>",
    targets=TARGETS,
    list=ListId("newsletter"),
    purpose=PurposeId("newsletter"),
    minimum_grade=Grade.E,
    language="en",
)
EMPTY = "A" * 22
VERSION_1 = {"html": "<p>Hello {{ first_name }}</p>", "subject": "Hello", "text": None}


@pytest.fixture
def world():
    made = RunWorld()
    made.composer_of_calls = made.run_worker._composer
    return made


def froze(world, content=VERSION_2):
    """A campaign that is being sent and froze ``content``."""
    campaign = world.campaign_rows.get(world.campaign())
    data = json.dumps(content).encode() if isinstance(content, dict) else dump_content(content)
    sha256 = hashlib.sha256(data).hexdigest()
    world.blobs.put_new(f"content/{sha256}", data, "application/json")
    world.messages.take(Queue.PLANS)
    return replace(campaign, content_sha256=sha256, status=CampaignStatus.SENDING)


def person(number=1):
    return Recipient(sid=SubjectId(f"{number:021d}A"), delivery=DeliveryId(f"{number:016d}"))


def profile(number=1, **attributes):
    return {"email": f"reader{number}@example.org", "attributes": attributes}


def compose(world, campaign, people, *, version=None):
    """Compose one call; ``people`` are (number, measured, profile's more)."""
    composer = world.composer_of_calls
    mailing = composer.mailing(campaign)
    chunk = ChunkRef(campaign=campaign.id, shard="b", number=2)
    letters = [
        (
            composer.prepare(mailing, chunk, place, person(number), profile(number) | more),
            measured,
        )
        for place, (number, measured, more) in enumerate(people)
    ]
    return composer, mailing, letters


def mails(world, campaign, *people):
    """What SES makes of the call to ``people``."""
    composer, mailing, letters = compose(world, campaign, people)
    call = composer.call(mailing, letters)
    world.mails.clear()
    answers = world.mailbox.send_bulk(mailing.sender, call)
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    return [mail.message for mail in world.mails]


def tokens(message, path):
    return re.findall(rf"{BASE_URL}/{path}/([A-Za-z0-9_-]+)", message.html)


def test_who_consents_to_be_measured_gets_links_and_a_pixel_of_their_own(world):
    campaign = froze(world)
    (message,) = mails(world, campaign, (1, True, {}))
    for number, token in enumerate(tokens(message, "c")):
        payload = world.tokens.read(LinkPurpose.CLICK, token)
        assert (payload.sid, payload.link) == (decode_id(person().sid), number)
        assert payload.campaign == decode_id(campaign.id)
    (opened,) = tokens(message, "o")
    assert world.tokens.read(LinkPurpose.OPEN, opened).delivery == decode_id(person().delivery, 12)


def test_of_everybody_else_links_name_the_campaign_alone_and_there_is_no_pixel(world):
    campaign = froze(world)
    first, second = mails(world, campaign, (1, False, {}), (2, False, {}))
    assert tokens(first, "c") == tokens(second, "c")
    assert tokens(first, "o") == tokens(second, "o") == []
    payload = world.tokens.read(LinkPurpose.CLICK, tokens(first, "c")[0])
    assert not any(payload.sid + payload.delivery)


def test_both_kinds_of_people_go_in_one_call_of_one_template(world):
    measured, other = mails(world, froze(world), (1, True, {}), (2, False, {}))
    assert len(tokens(measured, "o")) == 1
    assert tokens(other, "o") == []
    assert len(set(tokens(measured, "c")) | set(tokens(other, "c"))) == 4
    assert [len(x) for x in tokens(measured, "c")] == [len(x) for x in tokens(other, "c")]


def test_content_of_version_1_goes_as_it_is_and_counts_nothing(world):
    campaign = froze(world, VERSION_1)
    (message,) = mails(world, campaign, (1, True, {"attributes": {"first_name": "Ada"}}))
    assert "<p>Hello Ada</p>" in message.html
    assert tokens(message, "c") == tokens(message, "o") == []


def test_every_mail_carries_the_one_click_headers_and_only_opaque_tags(world):
    campaign = froze(world)
    (message,) = mails(world, campaign, (1, True, {}))
    headers = dict(message.headers)
    token = headers["List-Unsubscribe"].removeprefix(f"<{BASE_URL}/unsubscribe/").strip(">")
    assert world.tokens.read(LinkPurpose.UNSUBSCRIBE, token).sid == decode_id(person().sid)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == "<newsletter.demo.mail.example.org>"
    assert dict(message.tags) == {"c": campaign.id, "r": person().delivery, "a": "b-2-0"}
    assert "reader" not in repr((message.headers, message.tags))
    assert token in message.html


def test_where_mail_is_received_a_second_way_out_is_an_address():
    world = RunWorld(inbound_domain="in.example.org")
    world.composer_of_calls = world.run_worker._composer
    (message,) = mails(world, froze(world), (1, False, {}))
    first, second = dict(message.headers)["List-Unsubscribe"].split(", ")
    local_part = second.removeprefix("<mailto:").removesuffix("@in.example.org>")
    assert first.startswith(f"<{BASE_URL}/unsubscribe/")
    assert world.tokens.read(LinkPurpose.MAILTO, local_part).sid == decode_id(person().sid)


def test_the_footer_speaks_the_readers_language_else_the_brands(world):
    swedish, other = mails(
        world, froze(world), (1, False, {"language": "sv"}), (2, False, {"language": "tlh"})
    )
    assert "Avsluta prenumerationen" in swedish.html or 'lang="sv"' in swedish.html
    assert "Unsubscribe" in other.html


def test_a_field_somebody_left_out_is_empty_and_one_of_their_own_is_shown(world):
    ada, nobody = mails(
        world, froze(world), (1, False, {"attributes": {"first_name": "Ada"}}), (2, False, {})
    )
    assert (ada.subject, nobody.subject) == ("News for Ada", "News for you")


def test_what_an_author_wrote_cannot_be_replaced_by_what_somebody_filled_in(world):
    more = {"attributes": {"brand": "Another", "list": "x", "unsubscribe_url": "https://evil"}}
    (message,) = mails(world, froze(world), (1, False, more))
    assert "evil" not in message.html
    assert "Another" not in message.html


def test_content_that_is_not_what_was_frozen_is_not_sent(world):
    campaign = froze(world)
    other = dump_content(replace(VERSION_2, subject="Another"))
    world.blobs.put(f"content/{campaign.content_sha256}", other, "application/json")
    with pytest.raises(FatalError):
        world.composer_of_calls.mailing(campaign)


def test_content_that_is_gone_or_was_never_frozen_is_said_so(world):
    campaign = froze(world)
    with pytest.raises(NotFound):
        world.composer_of_calls.mailing(replace(campaign, content_sha256="0" * 64))
    with pytest.raises(NotFound):
        world.composer_of_calls.mailing(replace(campaign, content_sha256=None))


def test_a_profile_without_an_address_is_malformed(world):
    with pytest.raises(Malformed):
        compose(world, froze(world), [(1, False, {"email": None})])


def test_a_person_the_content_cannot_be_rendered_for_is_said_so(world):
    content = replace(VERSION_2, html="<p>{% if first_name > 'A' %}x{% endif %}</p>")
    with pytest.raises(InputError):
        compose(world, froze(world, content), [(1, False, {"attributes": {"first_name": 7}})])


def test_a_campaign_costs_its_reads_once_a_minute_and_its_content_once(world):
    campaign = froze(world)
    calls = []
    world.faults = lambda call, _moment: calls.append(call)
    composer = world.composer_of_calls
    assert composer.mailing(campaign) is composer.mailing(campaign)
    assert calls.count("Blobs.get") == 2  # Before and after.
    calls.clear()
    composer.mailing(campaign)
    assert calls == []
    world.time.advance(FRESH_FOR_MS)
    composer.mailing(campaign)
    assert "Blobs.get" not in calls
    assert "Brands.get" in calls


def test_content_that_is_for_others_than_the_campaign_is_not_sent(world):
    campaign = froze(world)
    with pytest.raises(FatalError):
        world.composer_of_calls.mailing(replace(campaign, purpose=PurposeId("offers")))


def test_a_process_keeps_so_many_campaigns_ready_and_no_more(world):
    composer = world.composer_of_calls
    for number in range(KEPT_VERSIONS + 2):
        composer.mailing(froze(world, replace(VERSION_2, subject=f"News {number}")))
    assert len(composer._versions) == len(composer._mailings) == KEPT_VERSIONS


def split_wrongly(monkeypatch, times):
    """Let the splitting add a character ``times`` times."""
    real, left = SplitMail.call, [times]

    def call(self, entries):
        made = real(self, entries)
        if not left[0]:
            return made
        left[0] -= 1
        wrong = replace(made.static, html=made.static.html + "!")
        return replace(made, static=wrong)

    monkeypatch.setattr(SplitMail, "call", call)


def test_a_mail_split_wrongly_is_found_before_it_goes_and_goes_unsplit(world, monkeypatch, caplog):
    split_wrongly(monkeypatch, 1)
    composer, mailing, letters = compose(world, froze(world), [(1, True, {}), (2, False, {})])
    assert composer.call(mailing, letters) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    again = [(composer.again(mailing, letter), measured) for letter, measured in letters]
    call = composer.call(mailing, again)
    assert "Hello" not in call.static.html
    assert all("Hello" in "".join(entry.data.values()) for entry in call.entries)


@pytest.mark.parametrize("times", [1, 2])
def test_a_chunk_split_wrongly_reaches_its_people_or_nobody_never_wrongly(monkeypatch, times):
    world = RunWorld()
    world.subscribe("reader@example.org")
    world.mails.clear()
    campaign = world.planned(html="<p>Hello {{ first_name }} you</p>")
    split_wrongly(monkeypatch, times)
    if times == 1:
        assert world.work() == []
        assert ["<p>Hello  you</p>" in mail.message.html for mail in world.mails] == [True]
    else:
        with pytest.raises(FatalError):
            world.work()
        assert world.mails == []
        assert world.progress(campaign).accounted == 0


def test_versions_come_from_the_port(world):
    version = SplitCampaignMails(world.renderer, BASE_URL).version(VERSION_2)
    assert version.footer({"language": "en", "brand": world.brands.get("demo"), "list": "x"})


@pytest.mark.parametrize("froze_them", [True, False])
def test_a_field_that_a_form_loses_is_still_empty_for_whoever_left_it_out(world, froze_them):
    fields = ("first_name", "lost") if froze_them else None
    content = replace(VERSION_2, subject="News{{ lost }}", fields=fields)
    campaign = froze(world, content)
    if froze_them:
        (message,) = mails(world, campaign, (1, False, {}))
        assert message.subject == "News"
    else:
        with pytest.raises(InputError):
            compose(world, campaign, [(1, False, {})])
