# SPDX-License-Identifier: Apache-2.0
"""The SES adapter against a small server on the loopback, through the real SDK client."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.adapters import aws
from chalicelib.adapters.ses import SesSender
from chalicelib.adapters.ses_bulk import MAX_CALL_BYTES, MAX_DATA_CHARS
from chalicelib.adapters.ses_mode import SendMode
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


def test_fifty_mails_are_one_bulk_request_in_order(stub, sender):
    sent = sender.send_many(FROM, [message(n) for n in range(50)])
    assert [x.message_id for x in sent] == [f"id-{n}" for n in range(50)]
    ((path, body, _),) = stub.requests
    assert path == BULK
    assert body["ConfigurationSetName"] == "kvitto"
    assert body["DefaultContent"]["Template"]["TemplateContent"] == {
        "Subject": "{{s}}",
        "Html": "{{h}}",
        "Text": "{{t}}",
    }
    entry = body["BulkEmailEntries"][7]
    assert entry["Destination"] == {"ToAddresses": ["visitor7@example.org"]}
    assert entry["ReplacementTags"][1] == {"Name": "r", "Value": "r7"}
    assert entry["ReplacementHeaders"][0]["Name"] == "List-Unsubscribe-Post"
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    assert json.loads(data) == {"s": "News 7", "h": "<p>Hello</p>", "t": "Hello"}


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
@pytest.mark.parametrize("many", [False, True], ids=["one", "bulk"])
def test_a_failed_call_is_one_request_and_never_called_sent(
    stub, sender, monkeypatch, status, code, outcome, many
):
    monkeypatch.setattr(aws, "SES_READ_TIMEOUT_S", 0.3)
    aws.forget_clients()
    stub.answer = refusing(status, code)
    if many:
        outcomes = {x.outcome for x in sender.send_many(FROM, [message(n) for n in range(50)])}
    else:
        outcomes = {sender.send_one(FROM, message()).outcome}
    assert outcomes == {outcome}
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


def test_entries_throttled_inside_a_bulk_call_keep_their_places(stub, sender):
    def mixed(path: str, body: dict[str, Any]) -> tuple[int, str, Any]:
        _, _, payload = accepting(path, body)
        payload["BulkEmailEntryResults"][1] = {"Status": "ACCOUNT_THROTTLED", "Error": "slow"}
        return 200, "", payload

    stub.answer = mixed
    sent = sender.send_many(FROM, [message(n) for n in range(3)])
    assert [x.outcome for x in sent] == [Outcome.ACCEPTED, Outcome.RETRY, Outcome.ACCEPTED]


def test_a_short_answer_leaves_the_rest_unknown(stub, sender):
    stub.answer = lambda *_: (200, "", {"BulkEmailEntryResults": []})
    assert {x.outcome for x in sender.send_many(FROM, [message(), message(1)])} == {Outcome.UNKNOWN}


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_bulk_turns_to_single_where_it_is_not_allowed_and_stays_so(stub, sender, code):
    stub.answer = refusing(403, code, path=BULK)
    sent = sender.send_many(FROM, [message(n) for n in range(3)])
    assert {x.outcome for x in sent} == {Outcome.ACCEPTED}
    assert stub.paths() == [BULK, ONE, ONE, ONE]
    assert sender.mode is SendMode.SINGLE
    sender.send_many(FROM, [message()])
    assert stub.paths()[4:] == [ONE]


def test_one_bad_mail_does_not_take_its_batch_along(stub, sender):
    def answer(path: str, body: dict[str, Any]) -> tuple[int, str, Any]:
        if path == BULK or body["Destination"]["ToAddresses"] == ["visitor1@example.org"]:
            return 400, "BadRequestException", {"message": "no"}
        return accepting(path, body)

    stub.answer = answer
    sent = sender.send_many(FROM, [message(n) for n in range(3)])
    assert [x.outcome for x in sent] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert sender.mode is SendMode.BULK


def test_single_mode_stops_at_the_first_throttle(stub, clock):
    sender = SesSender(configuration_set="kvitto", clock=clock, mode=SendMode.SINGLE)
    seen: list[str] = []

    def second_throttled(path: str, body: dict[str, Any]) -> tuple[int, str, Any]:
        seen.append(path)
        if len(seen) == 2:
            return 429, "TooManyRequestsException", {}
        return accepting(path, body)

    stub.answer = second_throttled
    sent = sender.send_many(FROM, [message(n) for n in range(4)])
    assert [x.outcome for x in sent] == [Outcome.ACCEPTED, *[Outcome.RETRY] * 3]
    assert len(stub.requests) == 2


def test_no_bulk_request_is_larger_than_ses_takes(stub, sender):
    html = "<p>" + "ö" * 60_000 + "</p>"
    sent = sender.send_many(FROM, [message(n, html=html) for n in range(10)])
    assert {x.outcome for x in sent} == {Outcome.ACCEPTED}
    assert len(stub.requests) > 1
    assert max(len(raw) for _, _, raw in stub.requests) <= MAX_CALL_BYTES
    people = [
        entry["Destination"]["ToAddresses"][0]
        for _, body, _ in stub.requests
        for entry in body["BulkEmailEntries"]
    ]
    assert people == [f"visitor{n}@example.org" for n in range(10)]


def test_after_an_unanswered_request_no_other_is_made(stub, sender):
    stub.answer = refusing(0, "")
    html = "<p>" + "ö" * 60_000 + "</p>"
    sent = sender.send_many(FROM, [message(n, html=html) for n in range(10)])
    assert len(stub.requests) == 1
    assert {x.outcome for x in sent} == {Outcome.UNKNOWN, Outcome.RETRY}
    assert [x.reason for x in sent].count("not_tried") == sum(
        x.outcome is Outcome.RETRY for x in sent
    )


def test_a_mail_too_long_for_a_bulk_entry_goes_alone(stub, sender):
    sent = sender.send_many(FROM, [message(), message(1, html="x" * MAX_DATA_CHARS)])
    assert {x.outcome for x in sent} == {Outcome.ACCEPTED}
    assert stub.paths() == [BULK, ONE]


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
    mixed = sender.send_many(FROM, [message(), message(**changes)])
    assert [x.outcome for x in mixed] == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert len(stub.requests) == 1


def test_a_name_outside_ascii_is_encoded_and_a_broken_sender_refused(stub, sender):
    sender.send_one("Café Kvitto <newsletter@example.org>", message())
    value = stub.requests[0][1]["FromEmailAddress"]
    assert value.isascii()
    assert value.endswith("<newsletter@example.org>")
    for broken in ("nobody", "a@example.org\r\nBcc: b@example.org"):
        with pytest.raises(InputError):
            sender.send_one(broken, message())


def test_a_call_takes_one_to_fifty_messages(sender):
    for count in (0, 51):
        with pytest.raises(InputError):
            sender.send_many(FROM, [message(n) for n in range(count)])


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
