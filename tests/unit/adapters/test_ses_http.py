# SPDX-License-Identifier: Apache-2.0
"""A message is in one HTTP request, whatever happens to it, and gets the outcome that is true."""

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters.ses import IN_FLIGHT, SesSender
from chalicelib.adapters.ses_mode import SendMode
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Limit, Outcome
from tests.support.clock import FakeClock
from tests.support.ses_wire import (
    BULK,
    ONE,
    RETRYING,
    Answerer,
    Fault,
    Wire,
    accepting,
    failing,
    refusing,
    ses_wire,
)

FROM = "newsletter@example.org"
MODES = [SendMode.AUTO, SendMode.BULK, SendMode.SINGLE]
STATIC = InlineTemplate(subject="News", html="<p>{{h0}}</p>", text="{{h0}}")


def mail(count: int = 1, value: str = "Hello") -> BulkMail:
    entries = (
        BulkEntry(to=f"visitor{number}@example.org", data={"h0": value}) for number in range(count)
    )
    return BulkMail(static=STATIC, entries=tuple(entries))


def sender(mode: SendMode = SendMode.AUTO) -> SesSender:
    return SesSender(configuration_set="kvitto", clock=FakeClock(), mode=mode)


@pytest.fixture(params=[{}, RETRYING], ids=["plain", "environment asks for retries"])
def wire(request, monkeypatch):
    monkeypatch.setattr(aws, "SES_READ_TIMEOUT_S", 0.3)
    with ses_wire(monkeypatch, **request.param) as served:
        yield served


FAILURES: dict[str, tuple[Answerer, Outcome]] = {
    "taken": (accepting, Outcome.ACCEPTED),
    "dropped": (failing(Fault.AFTER_BODY), Outcome.UNKNOWN),
    "stalled": (failing(Fault.STALL), Outcome.UNKNOWN),
    "halved": (failing(Fault.HALF), Outcome.UNKNOWN),
    "nonsense": (failing(Fault.NONSENSE), Outcome.UNKNOWN),
    "500": (refusing(500, "InternalServiceErrorException"), Outcome.UNKNOWN),
    "502": (refusing(502, ""), Outcome.UNKNOWN),
    "503": (refusing(503, "ServiceUnavailable"), Outcome.UNKNOWN),
    "307": (refusing(307, ""), Outcome.RETRY),
    "429": (refusing(429, "TooManyRequestsException"), Outcome.RETRY),
    "429 without a name": (refusing(429, ""), Outcome.RETRY),
    "paused": (refusing(400, "SendingPausedException"), Outcome.RETRY),
    "expired": (refusing(403, "ExpiredTokenException"), Outcome.RETRY),
}


@pytest.mark.parametrize(("answer", "outcome"), FAILURES.values(), ids=FAILURES)
def test_each_failure_is_one_request_and_has_its_outcome(wire, answer, outcome):
    wire.answer = answer
    for done, mode in enumerate(MODES, 1):
        (sent,) = sender(mode).send_bulk(FROM, mail())
        assert sent.outcome is outcome
        assert (sent.message_id is not None) == (outcome is Outcome.ACCEPTED)
        assert "example.org" not in (sent.reason or "")
        assert len(wire.requests) == done
    assert wire.paths() == [BULK, BULK, ONE]


@pytest.mark.parametrize("value", ["Hello", "x" * 250_000], ids=["short", "long"])
def test_a_connection_dropped_while_the_body_comes_leaves_the_outcome_unknown(wire, value):
    wire.drops_early = True
    for done, mode in enumerate(MODES, 1):
        (sent,) = sender(mode).send_bulk(FROM, mail(value=value))
        assert sent.outcome is Outcome.UNKNOWN
        assert len(wire.requests) == done


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("failure", ["dropped", "halved", "500", "429"])
def test_a_connection_used_before_makes_no_second_request(wire, mode, failure):
    ses = sender(mode)
    assert ses.send_bulk(FROM, mail())[0].outcome is Outcome.ACCEPTED
    wire.answer, outcome = FAILURES[failure]
    assert ses.send_bulk(FROM, mail())[0].outcome is outcome
    assert len(wire.requests) == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_connection_that_ended_between_two_mails_is_made_anew(wire, mode):
    ses = sender(mode)
    wire.answer = failing(Fault.CLOSED)
    assert ses.send_bulk(FROM, mail())[0].outcome is Outcome.ACCEPTED
    assert wire.ended.wait(10)
    wire.answer = accepting
    assert ses.send_bulk(FROM, mail())[0].outcome is Outcome.ACCEPTED
    assert len(wire.requests) == 2


def test_a_mail_that_ses_itself_refuses_is_rejected(wire):
    wire.answer = refusing(400, "MessageRejected")
    for mode, asked in ((SendMode.SINGLE, [ONE]), (SendMode.BULK, [BULK, ONE])):
        wire.requests.clear()
        (sent,) = sender(mode).send_bulk(FROM, mail())
        assert (sent.outcome, sent.reason) == (Outcome.REJECTED, "MessageRejected")
        assert wire.paths() == asked


def test_no_connection_means_that_ses_took_nothing(wire, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:9")
    aws.forget_clients()
    for mode in MODES:
        assert sender(mode).send_bulk(FROM, mail())[0].outcome is Outcome.RETRY
    assert wire.requests == []


def test_a_throttle_tells_which_limit_was_reached(wire):
    wire.answer = refusing(429, "TooManyRequestsException")
    for mode in MODES:
        assert sender(mode).send_bulk(FROM, mail())[0].limit is Limit.RATE


@pytest.fixture
def calm(monkeypatch):
    with ses_wire(monkeypatch) as served:
        yield served


@pytest.mark.parametrize(
    "answer",
    [accepting, failing(Fault.AFTER_BODY), failing(Fault.HALF), refusing(429, "Throttling")],
    ids=["taken", "dropped", "halved", "429"],
)
def test_of_fifty_single_mails_none_is_in_two_requests(calm: Wire, answer):
    calm.answer = answer
    sent = sender(SendMode.SINGLE).send_bulk(FROM, mail(50))
    addresses = calm.addresses()
    assert len(addresses) == len(set(addresses))
    not_tried = sum(one.reason == "not_tried" for one in sent)
    assert len(addresses) == 50 - not_tried
    # Those under way when the first failed are finished; nobody is begun after it.
    assert not_tried == 0 if answer is accepting else len(addresses) <= IN_FLIGHT


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_no_retry_mode_of_the_environment_wins(monkeypatch, mode):
    with ses_wire(monkeypatch, AWS_MAX_ATTEMPTS="5", AWS_RETRY_MODE=mode):
        config = aws.client("sesv2").meta.config
        assert config.retries["total_max_attempts"] == 1
        assert config.retries["mode"] == "standard"
