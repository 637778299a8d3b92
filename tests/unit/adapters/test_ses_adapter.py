# SPDX-License-Identifier: Apache-2.0
"""The SES adapter against a small server on the loopback, through the real SDK client."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters.ses import SesSender
from chalicelib.adapters.ses_outcomes import after_entry
from chalicelib.errors import InputError, Unavailable
from chalicelib.ports.sending import Message, Outcome
from tests.support.clock import FakeClock

FROM = "Kvitto Demo <newsletter@example.org>"
BULK = "/v2/email/outbound-bulk-emails"
ONE = "/v2/email/outbound-emails"
ACCOUNT = "/v2/email/account"

type_of = Callable[[str, dict[str, Any]], tuple[int, str, Any]]


@dataclass
class Stub:
    """What the server saw, and what it is to answer."""

    answer: type_of
    requests: list[tuple[str, dict[str, Any], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]


def accepting(path: str, body: dict[str, Any]) -> tuple[int, str, Any]:
    if path == BULK:
        results = [
            {"Status": "SUCCESS", "MessageId": f"id-{place}"}
            for place, _ in enumerate(body["BulkEmailEntries"])
        ]
        return 200, "", {"BulkEmailEntryResults": results}
    if path == ACCOUNT:
        return 200, "", {"SendQuota": {"MaxSendRate": 14.0}}
    return 200, "", {"MessageId": "id-one"}


def refusing(status: int, code: str, *, path: str | None = None) -> type_of:
    def answer(asked: str, body: dict[str, Any]) -> tuple[int, str, Any]:
        if path in (None, asked):
            return status, code, {"message": "visitor0@example.org is not wanted"}
        return accepting(asked, body)

    return answer


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    state = Stub(answer=accepting)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw or b"{}")
            state.requests.append((self.path, body, raw))
            status, code, payload = state.answer(self.path, body)
            if status == 0:
                self.close_connection = True
                self.connection.shutdown(2)
                return
            if status == -1:
                state.released.wait(20)
                self.close_connection = True
                return
            out = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST  # noqa: N815 - the name http.server looks for

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    aws.forget_clients()
    yield state
    state.released.set()
    aws.client("sesv2").close()
    aws.forget_clients()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sender(stub: Stub, clock: FakeClock) -> SesSender:
    return SesSender(configuration_set="kvitto", clock=clock)


def message(number: int = 0, *, html: str = "<p>Hello</p>", **changes: Any) -> Message:
    values: dict[str, Any] = {
        "to": f"visitor{number}@example.org",
        "subject": f"News {number}",
        "html": html,
        "text": "Hello",
        "headers": (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),),
        "tags": (("c", "campaign"), ("r", f"r{number}")),
    }
    return Message(**(values | changes))


def test_one_mail_is_one_request_with_headers_tags_and_configuration_set(stub, sender):
    sent = sender.send_one(FROM, message())
    assert (sent.outcome, sent.message_id) == (Outcome.ACCEPTED, "id-one")
    ((path, body, _),) = stub.requests
    assert path == ONE
    assert body == {
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": ["visitor0@example.org"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "News 0", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Hello", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>Hello</p>", "Charset": "UTF-8"},
                },
                "Headers": [
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}
                ],
            }
        },
        "EmailTags": [{"Name": "c", "Value": "campaign"}, {"Name": "r", "Value": "r0"}],
        "ConfigurationSetName": "kvitto",
    }


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("answers_set", ["kvitto-answers", None])
def test_what_answers_the_person_leaves_by_the_set_that_suppresses_nobody(
    stub, clock, answers, answers_set
):
    sender = SesSender(configuration_set="kvitto", answers_set=answers_set, clock=clock)
    sender.send_one(FROM, replace(message(), answers_person=answers))
    ((_, body, _),) = stub.requests
    expected = "kvitto-answers" if answers and answers_set else "kvitto"
    assert body["ConfigurationSetName"] == expected


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (0, "", Outcome.UNKNOWN),
        (-1, "", Outcome.UNKNOWN),
        (500, "InternalFailure", Outcome.UNKNOWN),
        (503, "ServiceUnavailable", Outcome.UNKNOWN),
        (429, "TooManyRequestsException", Outcome.RETRY),
        (400, "SendingPausedException", Outcome.RETRY),
        (403, "ExpiredTokenException", Outcome.RETRY),
    ],
)
def test_a_failed_call_is_one_request_and_never_called_sent(
    stub, sender, monkeypatch, status, code, outcome
):
    monkeypatch.setattr(aws, "SES_READ_TIMEOUT_S", 0.3)
    aws.forget_clients()
    stub.answer = refusing(status, code)
    assert sender.send_one(FROM, message()).outcome is outcome
    assert len(stub.requests) == 1


def test_a_mail_that_never_left_this_machine_may_be_tried_again(stub, sender, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:9")
    aws.forget_clients()
    assert sender.send_one(FROM, message()).outcome is Outcome.RETRY
    assert stub.requests == []


def test_no_reason_repeats_what_ses_said(stub, sender):
    stub.answer = refusing(400, "MessageRejected")
    sent = sender.send_one(FROM, message())
    assert (sent.outcome, sent.reason) == (Outcome.REJECTED, "MessageRejected")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("SUCCESS", Outcome.ACCEPTED),
        ("MESSAGE_REJECTED", Outcome.REJECTED),
        ("INVALID_PARAMETER", Outcome.REJECTED),
        ("FAILED", Outcome.REJECTED),
        ("ACCOUNT_THROTTLED", Outcome.RETRY),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Outcome.RETRY),
        ("TRANSIENT_FAILURE", Outcome.RETRY),
        ("ACCOUNT_SUSPENDED", Outcome.RETRY),
        ("ACCOUNT_SENDING_PAUSED", Outcome.RETRY),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", Outcome.RETRY),
        ("SOMETHING_NEW", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_each_status_of_an_entry_has_its_outcome(status, outcome):
    assert after_entry({"Status": status, "MessageId": "m"}).outcome is outcome


def test_every_status_of_the_service_model_is_known():
    import botocore.session

    model = botocore.session.get_session().get_service_model("sesv2")
    for status in model.shape_for("BulkEmailStatus").enum:
        assert after_entry({"Status": status}).outcome is not Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subject": "Hello\r\nBcc: other@example.org"}, "malformed_subject"),
        ({"subject": " "}, "malformed_subject"),
        ({"to": "a@example.org\nb@example.org"}, "malformed_address"),
        ({"to": "visitör@example.org"}, "malformed_address"),
        ({"headers": (("X-A", "one\r\nX-B: two"),)}, "malformed_header"),
        ({"headers": (("X A", "one"),)}, "malformed_header"),
        ({"headers": (("X-A", "é"),)}, "malformed_header"),
        ({"headers": (("X-A", "x" * 996),)}, "malformed_header"),
        ({"headers": tuple((f"X-{n}", "a") for n in range(16))}, "malformed_header"),
        ({"tags": (("r", "visitor@example.org"),)}, "malformed_tag"),
        ({"html": "\ud83d"}, "malformed_text"),
    ],
)
def test_what_could_break_out_of_its_field_never_reaches_ses(stub, sender, changes, reason):
    sent = sender.send_one(FROM, message(**changes))
    assert (sent.outcome, sent.reason) == (Outcome.REJECTED, reason)
    assert stub.requests == []


def test_a_name_outside_ascii_is_encoded_and_a_broken_sender_refused(stub, sender):
    sender.send_one("Café Kvitto <newsletter@example.org>", message())
    value = stub.requests[0][1]["FromEmailAddress"]
    assert value.isascii()
    assert value.endswith("<newsletter@example.org>")
    for broken in ("nobody", "a@example.org\r\nBcc: b@example.org"):
        with pytest.raises(InputError):
            sender.send_one(broken, message())


def test_the_quota_is_read_once_a_minute_and_kept_while_ses_is_silent(stub, sender, clock):
    assert sender.quota_per_second() == 14.0
    clock.advance(59_999)
    assert sender.quota_per_second() == 14.0
    assert len(stub.requests) == 1
    clock.advance(1)
    stub.answer = refusing(500, "InternalFailure")
    assert sender.quota_per_second() == 14.0
    assert len(stub.requests) == 2


def test_without_any_known_quota_silence_is_an_error(stub, sender):
    stub.answer = refusing(500, "InternalFailure")
    with pytest.raises(Unavailable):
        sender.quota_per_second()


def test_the_client_is_made_before_the_first_call_and_asks_nothing(stub, clock):
    made = []
    sender = SesSender(
        configuration_set="kvitto",
        clock=clock,
        client=lambda service: made.append(service) or aws.client(service),
    )
    sender.ready()
    assert (made, stub.requests) == (["sesv2"], [])
