# SPDX-License-Identifier: Apache-2.0
"""`ports.deliverability` over the wire: SES as the local endpoint plays it, and a page of ours."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import aws, own_page
from chalicelib.adapters.own_page import HttpOwnPage
from chalicelib.adapters.ses_sender_facts import SesSenderFacts
from chalicelib.domain.account_checks import EVENT_TYPES
from chalicelib.domain.sender_facts import MailFromFacts, SetFacts
from chalicelib.errors import Throttled, Unavailable
from infra.local.http_server import Answer, HttpServer
from infra.local.ses_account import EventDestination
from infra.local.ses_endpoint import SesEndpoint
from infra.local.ses_identity import Identity

TOPIC = "arn:aws:sns:eu-north-1:123456789012:kvitto-ses-events"


@contextmanager
def served(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ses(monkeypatch):
    """The endpoint, with a function that uses its controls."""
    endpoint = SesEndpoint(publish=lambda _topic, _record: None, region="eu-north-1")
    endpoint.account.add_identity("example.org")
    endpoint.account.add_configuration_set("kvitto")
    with served(endpoint.serve()) as url:
        for name, value in {
            "AWS_ENDPOINT_URL_SESV2": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-north-1",
        }.items():
            monkeypatch.setenv(name, value)
        aws.forget_clients()

        def control(what, /, **body):
            request = urllib.request.Request(
                f"{url}/local/ses/{what}",
                method="PUT",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        yield endpoint, control
        aws.forget_clients()


def test_the_account_is_told_as_it_is(ses):
    endpoint, control = ses
    told = SesSenderFacts().account()
    assert (told.production, told.sending, told.enforcement) == (True, True, "HEALTHY")
    assert (told.per_day, told.sent, told.engagement) == (1_000_000, 0, False)
    assert set(told.suppressed) == {"BOUNCE", "COMPLAINT"}
    control("account", production_access=False, enforcement="PROBATION")
    control("account", vdm="ENABLED", engagement="ENABLED")
    control("quota", max_24_hour_send=-1, sent=7)
    control("sending", enabled=False)
    endpoint.account.suppressed_reasons = ()
    told = SesSenderFacts().account()
    assert (told.production, told.sending, told.enforcement) == (False, False, "PROBATION")
    assert (told.per_day, told.sent, told.engagement) == (None, 7, True)
    assert told.suppressed == ()
    control("account", vdm="DISABLED")
    assert not SesSenderFacts().account().engagement, "its dashboard is off as a whole"


def test_an_identity_is_told_as_it_is_and_one_that_is_not_there_is_none(ses):
    _, control = ses
    facts = SesSenderFacts()
    right = facts.identity("example.org")
    assert (right.name, right.verified, right.status, right.error) == (
        "example.org",
        True,
        "SUCCESS",
        "",
    )
    assert right.dkim.tokens == Identity(name="example.org").tokens
    assert (right.dkim.signing, right.dkim.status, right.dkim.bits) == (True, "SUCCESS", 2048)
    assert (right.dkim.zone, right.dkim.own_key) == ("dkim.amazonses.com", False)
    assert right.mail_from is None
    assert facts.identity("news@example.org") is None
    assert facts.identity("other.example") is None
    control(
        "identity",
        name="example.org",
        verified=False,
        status="FAILED",
        error="HOST_NOT_FOUND",
        signing=False,
        dkim_status="PENDING",
        zone="x.dkim.example",
        origin="EXTERNAL",
        key_length="RSA_1024_BIT",
        mail_from_domain="Bounce.example.org",
        mail_from_status="FAILED",
        on_mx_failure="REJECT_MESSAGE",
    )
    wrong = facts.identity("Example.org")
    assert (wrong.verified, wrong.status, wrong.error) == (False, "FAILED", "HOST_NOT_FOUND")
    assert (wrong.dkim.signing, wrong.dkim.status, wrong.dkim.bits) == (False, "PENDING", 1024)
    assert (wrong.dkim.zone, wrong.dkim.own_key) == ("x.dkim.example", True)
    assert wrong.mail_from == MailFromFacts(
        domain="bounce.example.org", status="FAILED", rejects=True
    )


def test_an_address_is_an_identity_as_well(ses):
    _, control = ses
    control("identity", name="news@example.org")
    assert SesSenderFacts().identity("news@example.org").is_address


def test_a_configuration_set_is_told_as_it_is_and_one_that_is_not_there_is_none(ses):
    endpoint, control = ses
    facts = SesSenderFacts()
    assert facts.configuration_set("kvitto") == SetFacts(name="kvitto", sending=True)
    control("configuration-set", name="kvitto", sending=False, suppressed=[], engagement="ENABLED")
    assert facts.configuration_set("kvitto") == SetFacts(
        name="kvitto", sending=False, suppressed=(), engagement=True
    )
    assert facts.configuration_set("other") is None
    assert facts.destinations("other") is None
    assert facts.destinations("kvitto") == ()
    endpoint.account.destinations("kvitto")["events"] = EventDestination(
        name="events", enabled=True, types=EVENT_TYPES, topic_arn=TOPIC
    )
    (found,) = facts.destinations("kvitto")
    assert (found.name, found.enabled, found.types, found.topic) == (
        "events",
        True,
        EVENT_TYPES,
        TOPIC,
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [("TooManyRequestsException", Throttled), ("AccessDeniedException", Unavailable)],
)
def test_what_ses_refuses_is_one_of_our_errors(code, error):
    class Refusing:
        def __getattr__(self, operation):
            def refuse(**_named):
                raise ClientError({"Error": {"Code": code}}, operation)

            return refuse

    facts = SesSenderFacts(lambda _service: Refusing())
    for ask in (
        facts.account,
        lambda: facts.identity("example.org"),
        lambda: facts.configuration_set("kvitto"),
        lambda: facts.destinations("kvitto"),
    ):
        with pytest.raises(error):
            ask()


def page(answer):
    return served(HttpServer(("127.0.0.1", 0), lambda _request: answer, max_body_bytes=1024))


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer(status=200, body=b"log example.org/l+1+A\nquorum none\n"), "log example.org/l+1+A"),
        (Answer(status=200, body=b"\xff\xfe one line"), "�� one line"),
        (Answer(status=200, body=b""), ""),
        (Answer(status=404, body=b"log example.org"), None),
        (Answer(status=301, headers=(("Location", "https://example.org/"),)), None),
        (Answer(status=200, drop=True), None),
    ],
)
def test_only_a_page_that_answers_has_a_first_line(answer, line):
    with page(answer) as url:
        assert HttpOwnPage().first_line(url + "/ledger/policy") == line


def test_a_page_without_end_is_read_no_further_than_it_may(monkeypatch):
    monkeypatch.setattr(own_page, "MAX_BYTES", 10)
    with page(Answer(status=200, body=b"x" * 100_000)) as url:
        assert HttpOwnPage().first_line(url) == "x" * 10


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "https://a..b/", "http://", "nonsense:/x"])
def test_an_address_nobody_answers_at_has_none(url):
    assert HttpOwnPage().first_line(url) is None


def test_a_control_refuses_what_is_no_member(ses):
    _, control = ses
    for name, body in (
        ("identity", {"name": "example.org", "nonsense": 1}),
        ("identity", {"name": "example.org", "verified": "yes"}),
        ("account", {"enforcement": 1}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            control(name, **body)
        with refused.value as answer:
            assert answer.code == 400
    with pytest.raises(urllib.error.HTTPError) as refused:
        control("configuration-set", name="other", sending=False)
    with refused.value as answer:
        assert answer.code == 404
