# SPDX-License-Identifier: Apache-2.0
"""The `Sender` port: the fake, and SES in both modes behind the real SDK.

What SES sent is read by fast-mail-parser, Rust's mailparse: it shares nothing with Python's email
package, which the local SES writes mails with.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from fast_mail_parser import parse_email

from chalicelib.adapters import aws
from chalicelib.adapters.campaign_templates import CampaignTemplates
from chalicelib.adapters.ses import SesSender
from chalicelib.adapters.ses_mode import SendMode
from chalicelib.adapters.split_mail import Footer, Heads, Person
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Outcome, Rendered, Sender
from infra.local.ses_endpoint import SesEndpoint
from tests.support.clock import FakeClock
from tests.support.memory_sending import MemorySender

FROM = "newsletter@example.org"
HEADS = Heads(unsubscribe="https://mail.example.org/u/", preferences="https://mail.example.org/p/")
FOOTER = Footer.of(
    '<p>Å{} <a href="https://mail.example.org/u/\ue000u\ue001">}}</a></p>',
    "-- \nhttps://mail.example.org/p/\ue000p\ue001\n",
)
SUBJECTS = (
    "News",
    "Räksmörgås på ön 🦐",
    "{{ first_name }}: 🎉👩‍👩‍👧 åäö ÅÄÖ é \\ { } {{ '{{' }}",
    "🎉" * 60 + "{{ first_name }}",
    "{{ first_name }} " + "en ganska lång rad, " * 12,
    "🎉å" * 127 + "ö",
    "å" * 255,
    "Ö, ä " * 51,
)
HTML = (
    "<!doctype html><html><head><style>@media(width){p{color:red}}.a{b:c}}</style></head><body>\n"
    "<h1>Hej {{ first_name }}!</h1>\n{% if city %}<p>I {{ city }} \\{{ '{{' }}</p>{% endif %}\n"
    '<p>= \\\\ {x} "q" 100 % . </p>\n.\n..a\nFrom here \t on\n'
    + "<i>en lång rad utan slut 🦐 </i>" * 90
    + "{% for x in items %}<b>{{ x }}</b>{% endfor %}</body></html>"
)
NAMES = ("Ada", "Björn 🐻 {{x}}", "\\{{h0}}", "}}{{{#if}}", "<Łucja> & \"'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A sender, and what its recipients have."""

    sender: Sender
    inbox: Callable[[], dict[str, Rendered]]
    headers: Callable[[str], dict[str, list[str]]]
    tags: Callable[[str], dict[str, str]]


def from_memory() -> Post:
    sender = MemorySender()

    def message(to: str):
        (found,) = (mail.message for mail in sender.mailed if mail.message.to == to)
        return found

    return Post(
        sender=sender,
        inbox=lambda: {
            mail.message.to: Rendered(
                subject=mail.message.subject, html=mail.message.html, text=mail.message.text
            )
            for mail in sender.mailed
        },
        headers=lambda to: {name.lower(): [value] for name, value in message(to).headers},
        tags=lambda to: dict(message(to).tags),
    )


def from_ses(endpoint: SesEndpoint, mode: SendMode) -> Post:
    def mail(to: str):
        (found,) = endpoint.mailbox.to_address(to)
        return found

    return Post(
        sender=SesSender(configuration_set="kvitto", clock=FakeClock(), mode=mode),
        inbox=lambda: {
            found.draft.destination.to[0]: as_read(found.raw)
            for found in endpoint.mailbox.to_address(None)
        },
        headers=lambda to: {
            name.lower(): values for name, values in parse_email(mail(to).raw).headers.items()
        },
        tags=lambda to: dict(mail(to).tags),
    )


def as_read(raw: bytes) -> Rendered:
    parsed = parse_email(raw)
    assert not parsed.warnings
    (html,), (text,) = parsed.text_html, parsed.text_plain
    return Rendered(
        subject=parsed.subject,
        html=html.replace("\r\n", "\n"),
        text=text.replace("\r\n", "\n"),
    )


@pytest.fixture(params=["memory", SendMode.BULK, SendMode.SINGLE])
def post(request, monkeypatch) -> Iterator[Post]:
    if request.param == "memory":
        yield from_memory()
        return
    endpoint = SesEndpoint(publish=lambda _topic, _record: None, region="eu-north-1")
    endpoint.account.add_identity("example.org")
    endpoint.account.add_configuration_set("kvitto")
    server = endpoint.serve()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    aws.forget_clients()
    yield from_ses(endpoint, request.param)
    aws.client("sesv2").close()
    aws.forget_clients()
    server.shutdown()
    thread.join()
    server.server_close()


def crowd(count: int, html: str = "<p>{{h0}}</p>", **data: str) -> BulkMail:
    static = InlineTemplate(subject="News", html=html, text="{{h0}}")
    entries = tuple(
        BulkEntry(
            to=f"visitor{number}@example.org",
            data={"h0": f"n{number}"} | data,
            headers=(("X-Number", str(number)),),
            tags=(("r", f"r{number}"),),
        )
        for number in range(count)
    )
    return BulkMail(static=static, entries=entries)


def test_everybody_gets_their_own_mail_with_their_own_headers_and_tags(post):
    sent = post.sender.send_bulk(FROM, crowd(50))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    assert len({one.message_id for one in sent}) == 50
    inbox = post.inbox()
    for number in range(50):
        to = f"visitor{number}@example.org"
        assert inbox[to] == Rendered(subject="News", html=f"<p>n{number}</p>", text=f"n{number}")
        assert post.headers(to)["x-number"] == [str(number)]
        assert post.tags(to) == {"r": f"r{number}"}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_arrives_is_to_the_byte_what_was_rendered_whole(post, subject):
    mail = CampaignTemplates().split(subject, HTML, None, HEADS)
    people = [
        Person(
            values={"first_name": name, "city": name * (number % 2), "items": [name, "å", "{"]},
            footer=FOOTER,
            unsubscribe=f"u{number:065}",
            preferences=f"p{number:065}",
        )
        for number, name in enumerate(NAMES)
    ]
    call = mail.call([mail.finish(mail.prepare(x), token="m" * 87, pixel="") for x in people])
    entries = tuple(
        BulkEntry(to=f"visitor{number}@example.org", data=data)
        for number, data in enumerate(call.data)
    )
    sent = post.sender.send_bulk(FROM, BulkMail(static=call.static, entries=entries))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    inbox = post.inbox()
    for number, person in enumerate(people):
        whole = mail.full(person, token="m" * 87, pixel="")
        assert inbox[f"visitor{number}@example.org"] == whole


def test_an_entry_that_lacks_a_value_is_rejected_and_the_others_are_sent(post):
    mail = crowd(3)
    lacking = replace(mail.entries[1], data={})
    entries = (mail.entries[0], lacking, mail.entries[2])
    sent = post.sender.send_bulk(FROM, replace(mail, entries=entries))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert sorted(post.inbox()) == ["visitor0@example.org", "visitor2@example.org"]


@pytest.mark.parametrize("html", ["{{#if h0}}x{{/if}}", "{{{h0}}}", "{{ h0 }}", "\\{{h0}}", "}}"])
def test_a_template_of_more_than_places_is_nobodys_mail(post, html):
    with pytest.raises(FatalError):
        post.sender.send_bulk(FROM, crowd(2, html))
    assert post.inbox() == {}


def test_a_call_has_one_to_fifty_entries(post):
    for count in (0, 51):
        with pytest.raises(InputError):
            post.sender.send_bulk(FROM, crowd(count))
