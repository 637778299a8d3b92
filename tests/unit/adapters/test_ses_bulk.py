# SPDX-License-Identifier: Apache-2.0
"""What a call to fifty people is, as one request or as fifty, and when one turns to the other."""

import json
import threading
from dataclasses import replace
from typing import Any

import boto3
import orjson
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chalicelib.adapters import aws
from chalicelib.adapters.ses import IN_FLIGHT, SesSender
from chalicelib.adapters.ses_bulk import MAX_CALL_BYTES, MAX_DATA_CHARS
from chalicelib.adapters.ses_mode import SINGLE_FOR_MS, SendMode
from chalicelib.domain.signals import Signal
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Limit, Outcome
from tests.support.clock import FakeClock
from tests.support.ses_wire import (
    BULK,
    ONE,
    Fault,
    Reply,
    Wire,
    accepting,
    failing,
    refusing,
    ses_wire,
)

FROM = "newsletter@example.org"
STATIC = InlineTemplate(
    subject="News for {{s}}",
    html="<style>@media(x){p{a:b {{z0}}</style><p>Hej {{h0}}</p>{{o}}",
    text="Hej {{t0}}",
)
ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def entry(number: int = 0, **changes: Any) -> BulkEntry:
    data = {"s": f"n{number}", "h0": "<b>å</b>", "t0": 'quo"te\\', "z0": "}}", "o": ""}
    made = BulkEntry(
        to=f"visitor{number}@example.org",
        data=data,
        headers=(ONE_CLICK,),
        tags=(("c", "campaign"), ("r", f"r{number}")),
    )
    return replace(made, **changes)


def mail(*entries: BulkEntry, static: InlineTemplate = STATIC) -> BulkMail:
    return BulkMail(static=static, entries=entries)


def crowd(count: int, **changes: Any) -> BulkMail:
    return mail(*(entry(number, **changes) for number in range(count)))


@pytest.fixture
def wire(monkeypatch):
    with ses_wire(monkeypatch) as served:
        yield served


@pytest.fixture
def clock():
    return FakeClock()


def sender(clock: FakeClock, mode: SendMode = SendMode.AUTO) -> SesSender:
    return SesSender(configuration_set="kvitto", clock=clock, mode=mode)


def replacement(body: dict[str, Any], place: int) -> dict[str, str]:
    template = body["BulkEmailEntries"][place]["ReplacementEmailContent"]["ReplacementTemplate"]
    found: dict[str, str] = json.loads(template["ReplacementTemplateData"])
    return found


def test_fifty_people_are_one_request_that_holds_the_shared_text_once(wire, clock):
    sent = sender(clock).send_bulk(FROM, crowd(50))
    assert [one.message_id for one in sent] == [f"id-{place}" for place in range(50)]
    ((path, body),) = wire.requests
    assert path == BULK
    assert body["FromEmailAddress"] == FROM
    assert body["ConfigurationSetName"] == "kvitto"
    template = body["DefaultContent"]["Template"]
    assert template["TemplateContent"] == {
        "Subject": STATIC.subject,
        "Html": STATIC.html,
        "Text": STATIC.text,
    }
    assert body["BulkEmailEntries"][7]["Destination"] == {"ToAddresses": ["visitor7@example.org"]}
    assert body["BulkEmailEntries"][7]["ReplacementTags"] == [
        {"Name": "c", "Value": "campaign"},
        {"Name": "r", "Value": "r7"},
    ]
    assert body["BulkEmailEntries"][7]["ReplacementHeaders"] == [
        {"Name": ONE_CLICK[0], "Value": ONE_CLICK[1]}
    ]


@pytest.mark.parametrize("mode", [SendMode.AUTO, SendMode.SINGLE])
@pytest.mark.parametrize("token", [None, "session/token=="])
def test_the_signature_is_over_the_very_body_that_is_sent(wire, clock, monkeypatch, mode, token):
    """Whatever was signed is signed again here, from what came, by the SDK's own signer."""
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # It keeps the credentials it began with.
    sender(clock, mode).send_bulk(FROM, crowd(2))
    assert len(wire.heads) == (1 if mode is SendMode.AUTO else 2)
    for place, head in enumerate(wire.heads):
        told = dict(
            part.split("=", 1) for part in head["authorization"].split(" ", 1)[1].split(", ")
        )
        names = told["SignedHeaders"].split(";")
        wanted = {"content-type", "host", "x-amz-date"} | (
            {"x-amz-security-token"} if token else set()
        )
        assert wanted <= set(names)
        _, date, region, service, _ = told["Credential"].split("/")
        assert (region, service) == ("eu-north-1", "ses")
        request = AWSRequest(
            method="POST",
            url=f"http://{head['host']}{wire.paths()[place]}",
            headers={name: head[name] for name in names if name != "host"},
            data=wire.bodies[place],
        )
        request.context["timestamp"] = head["x-amz-date"]
        assert head["x-amz-date"].startswith(date)
        assert head.get("x-amz-security-token") == token
        auth = SigV4Auth(Credentials("test", "test", token), service, region)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        assert told["Signature"] == auth.signature(text, request)


def test_the_client_still_takes_the_sdks_own_parameters(wire):
    answer = aws.client("sesv2").send_email(
        Destination={"ToAddresses": ["visitor@example.org"]}, Content={"Simple": {}}
    )
    assert answer["MessageId"] == "id-one"
    assert wire.addresses() == ["visitor@example.org"]


def test_every_key_has_a_default_and_stands_in_every_entry(wire, clock):
    sender(clock).send_bulk(FROM, crowd(3))
    ((_, body),) = wire.requests
    defaults = json.loads(body["DefaultContent"]["Template"]["TemplateData"])
    assert defaults == dict.fromkeys(("s", "h0", "t0", "z0", "o"), "")
    for place in range(3):
        assert replacement(body, place) == entry(place).data


def test_an_entry_that_lacks_a_key_is_rejected_for_itself_alone(wire, clock):
    sent = sender(clock).send_bulk(FROM, mail(entry(0), entry(1, data={"s": "x"}), entry(2)))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert sent[1].reason == "malformed_data"
    assert wire.addresses() == ["visitor0@example.org", "visitor2@example.org"]


@pytest.mark.parametrize(
    "html",
    ["{{#if a}}x{{/if}}", "{{{a}}}", "{{ a }}", "{{a.b}}", "\\{{a}}", "{{a}}}", "}}", "{{"],
)
@pytest.mark.parametrize("mode", [SendMode.AUTO, SendMode.SINGLE])
def test_a_template_that_is_more_than_places_goes_to_nobody(wire, clock, mode, html):
    with pytest.raises(FatalError):
        sender(clock, mode).send_bulk(FROM, mail(entry(), static=replace(STATIC, html=html)))
    assert wire.requests == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "a@example.org\nb@example.org"}, "malformed_address"),
        ({"to": "visitör@example.org"}, "malformed_address"),
        ({"headers": (("X-A", "one\r\nX-B: two"),)}, "malformed_header"),
        ({"headers": (("X A", "one"),)}, "malformed_header"),
        ({"headers": (("X-A", "é"),)}, "malformed_header"),
        ({"headers": (("X-A", ""),)}, "malformed_header"),
        ({"headers": (("X-A", "x" * 996),)}, "malformed_header"),
        ({"headers": (("X" * 127, "x"),)}, "malformed_header"),
        ({"headers": tuple((f"X-{n}", "a") for n in range(16))}, "malformed_header"),
        ({"tags": (("r", "visitor@example.org"),)}, "malformed_tag"),
        ({"tags": (("r", "x" * 257),)}, "malformed_tag"),
        ({"tags": (("", "x"),)}, "malformed_tag"),
        ({"data": entry().data | {"s": "a\r\nBcc: b@example.org"}}, "malformed_subject"),
        ({"data": entry().data | {"s": "\x00"}}, "malformed_subject"),
        ({"data": entry().data | {"h0": "\ud83d"}}, "malformed_text"),
    ],
)
@pytest.mark.parametrize("mode", [SendMode.AUTO, SendMode.SINGLE])
def test_what_could_break_out_of_its_field_never_reaches_ses(wire, clock, mode, changes, reason):
    sent = sender(clock, mode).send_bulk(FROM, mail(entry(0), entry(1, **changes)))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert sent[1].reason == reason
    assert wire.addresses() == ["visitor0@example.org"]


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": tuple((f"X-{n}", "x" * 995) for n in range(15))},
        {"headers": (("X" * 126, "~"),)},
        {"tags": (("r" * 256, "x" * 256),)},
    ],
)
@pytest.mark.parametrize("mode", [SendMode.AUTO, SendMode.SINGLE])
def test_what_ses_just_takes_is_sent(wire, clock, mode, changes):
    assert sender(clock, mode).send_bulk(FROM, mail(entry(**changes)))[0].message_id


def test_an_empty_or_broken_shared_subject_goes_to_nobody(wire, clock):
    for subject in ("", "a\nb"):
        sent = sender(clock).send_bulk(FROM, mail(entry(), static=replace(STATIC, subject=subject)))
        assert sent[0].reason == "malformed_subject"
    blank = entry(data=entry().data | {"s": " "})
    sent = sender(clock).send_bulk(FROM, mail(blank, static=replace(STATIC, subject="{{s}}")))
    assert sent[0].reason == "malformed_subject"
    assert wire.requests == []


def test_a_call_takes_one_to_fifty_entries_and_a_sender(wire, clock):
    for count in (0, 51):
        with pytest.raises(InputError):
            sender(clock).send_bulk(FROM, crowd(count))
    with pytest.raises(InputError):
        sender(clock).send_bulk("nobody", crowd(1))
    assert wire.requests == []


LONGEST = MAX_DATA_CHARS - len(orjson.dumps(entry(1).data).decode())
"""So many characters more make an entry's data as long as SES takes."""


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ("x" * LONGEST, [BULK, BULK]),
        ("x" * (LONGEST + 1), [BULK, ONE]),
        ("ö" * LONGEST, [BULK, BULK]),
        ("😀" * (LONGEST // 2 + 1), [BULK, ONE]),
    ],
    ids=["as long as may be", "longer", "long in bytes", "long in UTF-16"],
)
def test_data_too_long_for_an_entry_go_alone_and_no_other_with_them(wire, clock, value, paths):
    long = entry(1, data=entry(1).data | {"o": value})
    first = sender(clock).send_bulk(FROM, mail(entry(0)))
    sent = sender(clock).send_bulk(FROM, mail(long))
    assert {one.outcome for one in (*first, *sent)} == {Outcome.ACCEPTED}
    assert wire.paths() == paths
    if paths[-1] == ONE:
        assert wire.requests[1][1]["Content"]["Simple"]["Body"]["Html"]["Data"].endswith(value)


@pytest.mark.parametrize("value", ["ö" * 60_000, '"\\' * 30_000, "😀" * 30_000, "x" * 120_000])
def test_no_request_is_larger_than_ses_takes_and_nobody_is_left_out(wire, clock, value):
    people = [entry(number, data=entry(number).data | {"h0": value}) for number in range(12)]
    sent = sender(clock).send_bulk(FROM, mail(*people))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    assert set(wire.paths()) == {BULK}
    assert len(wire.requests) > 1
    assert max(wire.sizes) <= MAX_CALL_BYTES
    assert wire.addresses() == [one.to for one in people]


def test_after_an_unanswered_request_no_other_is_made(wire, clock):
    wire.answer = failing(Fault.AFTER_BODY)
    people = [entry(number, data=entry().data | {"h0": "ö" * 60_000}) for number in range(10)]
    sent = sender(clock).send_bulk(FROM, mail(*people))
    assert wire.paths() == [BULK]
    asked = len(wire.addresses())
    assert [one.outcome for one in sent] == [
        *[Outcome.UNKNOWN] * asked,
        *[Outcome.RETRY] * (10 - asked),
    ]
    assert 1 <= asked < 10
    assert {one.reason for one in sent[asked:]} == {"not_tried"}


def test_a_shared_text_too_large_for_any_bulk_request_goes_to_each_alone(wire, clock):
    static = replace(STATIC, html="x" * MAX_CALL_BYTES)
    sent = sender(clock).send_bulk(FROM, mail(entry(0), entry(1), static=static))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    assert wire.paths() == [ONE, ONE]


def test_one_bad_mail_does_not_take_its_call_along(wire, clock):
    def answer(path: str, body: dict[str, Any]) -> Reply:
        if path == BULK or body["Destination"]["ToAddresses"] == ["visitor1@example.org"]:
            return Reply(status=400, code="BadRequestException")
        return accepting(path, body)

    wire.answer = answer
    ses = sender(clock)
    sent = ses.send_bulk(FROM, crowd(3))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert ses.mode is SendMode.BULK


def test_entries_throttled_inside_a_call_keep_their_places(wire, clock):
    def answer(path: str, body: dict[str, Any]) -> Reply:
        reply = accepting(path, body)
        reply.body["BulkEmailEntryResults"][1] = {"Status": "ACCOUNT_THROTTLED", "Error": "slow"}
        return reply

    wire.answer = answer
    sent = sender(clock).send_bulk(FROM, crowd(3))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, Outcome.RETRY, Outcome.ACCEPTED]
    assert sent[1].limit is Limit.RATE


def test_a_short_answer_leaves_the_rest_unknown(wire, clock):
    def answer(path: str, body: dict[str, Any]) -> Reply:
        reply = accepting(path, body)
        del reply.body["BulkEmailEntryResults"][1:]
        return reply

    wire.answer = answer
    sent = sender(clock).send_bulk(FROM, crowd(3))
    assert [one.outcome for one in sent] == [Outcome.ACCEPTED, *[Outcome.UNKNOWN] * 2]


def test_single_mode_puts_each_mail_together_and_sends_it_once(wire, clock):
    sent = sender(clock, SendMode.SINGLE).send_bulk(FROM, crowd(3))
    assert {one.message_id for one in sent} == {"id-one"}
    assert sorted(wire.addresses()) == [f"visitor{number}@example.org" for number in range(3)]
    (body,) = (body for path, body in wire.requests if "visitor2" in str(body["Destination"]))
    assert body["Content"]["Simple"] == {
        "Subject": {"Data": "News for n2", "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": 'Hej quo"te\\', "Charset": "UTF-8"},
            "Html": {
                "Data": "<style>@media(x){p{a:b }}</style><p>Hej <b>å</b></p>",
                "Charset": "UTF-8",
            },
        },
        "Headers": [{"Name": ONE_CLICK[0], "Value": ONE_CLICK[1]}],
    }
    assert body["EmailTags"] == [{"Name": "c", "Value": "campaign"}, {"Name": "r", "Value": "r2"}]


def test_single_mode_has_eight_requests_under_way_and_no_more(wire, clock):
    together = threading.Barrier(IN_FLIGHT)

    def answer(path: str, body: dict[str, Any]) -> Reply:
        together.wait(10)  # Fewer than eight at once would wait in vain.
        return accepting(path, body)

    wire.answer = answer
    sent = sender(clock, SendMode.SINGLE).send_bulk(FROM, crowd(5 * IN_FLIGHT))
    assert {one.outcome for one in sent} == {Outcome.ACCEPTED}
    assert wire.at_once == IN_FLIGHT


def test_single_mode_keeps_outcomes_in_their_places(wire, clock):
    def answer(path: str, body: dict[str, Any]) -> Reply:
        number = int("".join(x for x in body["Destination"]["ToAddresses"][0] if x.isdigit()))
        if number % 7 == 3:
            return Reply(status=400, code="MessageRejected")
        return Reply(body={"MessageId": f"id-{number}"})

    wire.answer = answer
    sent = sender(clock, SendMode.SINGLE).send_bulk(FROM, crowd(50))
    assert [one.message_id for one in sent] == [
        None if number % 7 == 3 else f"id-{number}" for number in range(50)
    ]


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_bulk_turns_to_single_for_good_where_it_is_not_allowed(wire, clock, code, caplog):
    wire.answer = refusing(403, code, path=BULK)
    ses = sender(clock)
    assert {one.outcome for one in ses.send_bulk(FROM, crowd(3))} == {Outcome.ACCEPTED}
    assert wire.paths() == [BULK, ONE, ONE, ONE]
    clock.advance(2 * SINGLE_FOR_MS)
    ses.send_bulk(FROM, crowd(1))
    assert wire.paths()[4:] == [ONE]
    assert ses.mode is SendMode.SINGLE
    said = [one.signal for one in caplog.records if one.name.startswith("chalicelib")]
    assert said == [Signal.SINGLE_MODE]


def test_a_mode_that_was_chosen_stays(wire, clock):
    wire.answer = refusing(403, "AccessDeniedException", path=BULK)
    ses = sender(clock, SendMode.BULK)
    for _ in range(2):
        assert {one.outcome for one in ses.send_bulk(FROM, crowd(3))} == {Outcome.RETRY}
    assert wire.paths() == [BULK, BULK]


def throttle_calls(wire: Wire, clock: FakeClock, ses: SesSender, pattern: str) -> None:
    """Make one call for each letter: ``t`` is throttled as a whole, ``d`` says the day is over."""
    for letter in pattern:
        wire.answer = accepting
        if letter == "t":
            wire.answer = refusing(429, "TooManyRequestsException", path=BULK)
        elif letter == "d":
            wire.answer = daily
        ses.send_bulk(FROM, crowd(2))
        clock.advance(1_000)
    wire.answer = accepting
    wire.requests.clear()


def daily(_path: str, _body: dict[str, Any]) -> Reply:
    said = {"message": "Daily message quota exceeded."}
    return Reply(status=429, code="TooManyRequestsException", body=said)


@pytest.mark.parametrize("pattern", ["ttt", "tatat", "aaaattt", "tttt"])
def test_calls_throttled_again_and_again_go_singly_for_ten_minutes(wire, clock, pattern, caplog):
    ses = sender(clock)
    throttle_calls(wire, clock, ses, pattern)
    assert ses.mode is SendMode.SINGLE
    ses.send_bulk(FROM, crowd(2))
    assert wire.paths() == [ONE, ONE]
    ours = [one for one in caplog.records if one.name.startswith("chalicelib")]
    assert [(one.levelname, one.signal) for one in ours] == [("WARNING", Signal.SINGLE_MODE)]
    clock.advance(SINGLE_FOR_MS)
    ses.send_bulk(FROM, crowd(2))
    assert wire.paths() == [ONE, ONE, BULK]


@pytest.mark.parametrize("pattern", ["tt", "taataat", "ddddd", "tatdd"])
def test_throttles_that_are_few_or_of_the_day_change_nothing(wire, clock, pattern):
    ses = sender(clock)
    throttle_calls(wire, clock, ses, pattern)
    assert ses.mode is SendMode.BULK


def test_a_throttled_call_itself_is_left_to_be_tried_again(wire, clock):
    wire.answer = refusing(429, "TooManyRequestsException", path=BULK)
    ses = sender(clock)
    for _ in range(3):
        assert {one.limit for one in ses.send_bulk(FROM, crowd(2))} == {Limit.RATE}
    assert wire.paths() == [BULK] * 3


def test_a_clock_set_back_keeps_no_mail_single(wire, clock):
    ses = sender(clock)
    throttle_calls(wire, clock, ses, "ttt")
    clock.advance(-SINGLE_FOR_MS)
    assert ses.mode is SendMode.BULK
