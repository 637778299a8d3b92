# SPDX-License-Identifier: Apache-2.0
"""Single mails leave as the SDK would send them, several under way, each in one request."""

import threading

import boto3
import orjson
import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters import aws, ses_bulk, ses_wire
from chalicelib.adapters.ses import IN_FLIGHT, SesSender
from chalicelib.adapters.ses_mode import SendMode
from chalicelib.adapters.static_text import Slot, assemble, merged, seal_static
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Message, Outcome
from tests.support.clock import FakeClock
from tests.support.ses_wire import accepting, refusing
from tests.support.ses_wire import ses_wire as served

FROM = "newsletter@example.org"
STATIC = InlineTemplate(subject="News", html="<p>{{h0}}</p>", text="{{h0}}")
OF_TRIES = {"amz-sdk-invocation-id", "amz-sdk-request"}
"""What the SDK adds after signing, to tell tries of one call apart."""
OF_NOW = {"authorization", "x-amz-date"}


@pytest.fixture
def wire(monkeypatch):
    with served(monkeypatch) as found:
        yield found


def mail(count):
    return BulkMail(
        static=STATIC,
        entries=tuple(
            BulkEntry(to=f"visitor{number}@example.org", data={"h0": "Hello"})
            for number in range(count)
        ),
    )


def sender(**changes):
    return SesSender(configuration_set="kvitto", clock=FakeClock(), mode=SendMode.SINGLE, **changes)


def test_how_the_sdk_sends_is_learnt_without_a_request(wire):
    assert ses_wire.learnt() is not None
    sender().ready()
    assert wire.requests == []


def test_a_mail_has_the_headers_that_the_sdk_gives_it(wire):
    sender().send_bulk(FROM, mail(1))
    aws.new_client("sesv2").send_email(**{aws.JSON: wire.bodies[0]})
    ours, theirs = wire.heads
    assert wire.paths()[0] == wire.paths()[1]
    assert ours.keys() == theirs.keys() - OF_TRIES
    assert all(ours[name] == theirs[name] for name in ours.keys() - OF_NOW)


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "https://email.eu-north-1.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "https://email.cn-north-1.amazonaws.com.cn"),
        (
            {"AWS_DEFAULT_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            "https://email-fips.us-gov-west-1.amazonaws.com",
        ),
    ],
)
def test_the_address_is_the_sdks(wire, monkeypatch, more, url):
    monkeypatch.delenv("AWS_ENDPOINT_URL_SESV2")
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    way = ses_wire.learnt()
    assert way is not None
    assert way.url == f"{url}/v2/email/outbound-emails"
    assert (way.service, way.region) == ("ses", more.get("AWS_DEFAULT_REGION", "eu-north-1"))


def test_behind_a_proxy_the_sdk_sends_by_itself(wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert ses_wire.learnt() is None


@pytest.mark.parametrize("code", [None, "Throttling"])
def test_without_a_wire_mails_go_one_after_the_other_and_none_after_a_failure(wire, code):
    wire.answer = refusing(429, code) if code else accepting
    sent = sender(wire=lambda: None).send_bulk(FROM, mail(20))
    assert wire.at_once == 1
    assert len(wire.requests) == (1 if code else 20)
    assert {one.outcome for one in sent} == {Outcome.RETRY if code else Outcome.ACCEPTED}


def test_without_credentials_nothing_is_sent_and_every_mail_may_be_tried_again(wire):
    def lacking(service):
        del service
        raise NoCredentialsError

    sent = sender(wire=lambda: lacking("sesv2"), client=lambda _: _Lacking()).send_bulk(
        FROM, mail(3)
    )
    assert {one.outcome for one in sent} == {Outcome.RETRY}
    assert wire.requests == []


class _Lacking:
    def send_email(self, **_):
        raise NoCredentialsError


def test_a_slow_answer_holds_up_its_own_mail_alone(wire):
    others = threading.Semaphore(0)

    def answer(path, body):
        if body["Destination"]["ToAddresses"] == ["visitor0@example.org"]:
            for _ in range(39):
                assert others.acquire(timeout=10)
        else:
            others.release()
        return accepting(path, body)

    wire.answer = answer
    sent = sender().send_bulk(FROM, mail(40))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    assert wire.at_once <= IN_FLIGHT


def test_connections_are_used_again_by_the_next_call(wire):
    ses = sender()
    for _ in range(5):
        ses.send_bulk(FROM, mail(10))
    assert len(wire.requests) == 50
    assert wire.connections <= IN_FLIGHT


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PIECES = st.lists(
    st.one_of(TEXTS, st.sampled_from([Slot("h0"), Slot("h1"), Slot("t")])), max_size=6
)


@given(parts=st.tuples(PIECES, PIECES, PIECES), values=st.tuples(TEXTS, TEXTS, TEXTS))
def test_a_mail_written_from_its_parts_is_the_mail_put_together_first(parts, values):
    static = seal_static(*(merged(part, {}) for part in parts))
    data = dict(zip(("h0", "h1", "t"), values, strict=True)) | static.constants
    entry = BulkEntry(
        to="visitor@example.org", data=data, headers=(("X-A", 'b"'),), tags=(("c", "d"),)
    )
    whole = assemble(static, data)
    message = Message(
        to=entry.to,
        subject=whole.subject,
        html=whole.html,
        text=whole.text,
        headers=entry.headers,
        tags=entry.tags,
    )
    assert orjson.loads(ses_bulk.filled_single(FROM, "kvitto", static, entry)) == orjson.loads(
        ses_bulk.single(FROM, "kvitto", message)
    )
