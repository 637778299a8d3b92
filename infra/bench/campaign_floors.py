# SPDX-License-Identifier: Apache-2.0
"""The least that could send a campaign's mails, by the bare SDK: what its figures stand beside.

It guarantees the very mails that were sent, in the same number, and no rule, claim or check: no
system that keeps the promises of this one can do less. Each floor is CPU seconds per 1,000.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from jinja2 import Environment

from chalicelib.adapters import aws
from chalicelib.adapters.static_text import assemble
from chalicelib.ports.sending import BulkEntry, BulkMail
from infra.bench.line import cpu_of, page_html
from infra.bench.people import AUDIENCE, LEDGER, VAULT, dynamo_rows, people
from infra.bench.sink import ORIGIN
from infra.bench.worlds import subscriber_state

T = TypeVar("T")

FLOOR_PEOPLE = 500
CHUNK = 50
FLOOR_CALL = 20
"""Mails rendered whole in a call that takes at most 1 MB."""
ROWS_A_CALL = 25
SPLIT_IS = "the same bulk calls, and the store requests of a safe chunk, by the bare SDK"
SINGLE_IS = "the same mails one by one, and the store requests of a safe chunk, by the bare SDK"
MEMORY_IS = "the same bulk calls by the bare SDK"
SENDER = "news@example.org"
_SET = "kvitto"

Rows = Sequence[Mapping[str, Mapping[str, object]]]


def split(mail: BulkMail, *, with_stores: bool) -> float:
    """Return what calls like ``mail`` take: shared text once a call, each one's data beside it."""
    return _each_chunk(lambda size: _bulk(mail, size), with_stores=with_stores)


def whole(mail: BulkMail, *, with_stores: bool) -> float:
    """Return what bulk calls take whose every mail is rendered whole, as the simplest sender's."""
    template = Environment(autoescape=True).from_string(page_html())

    def send(size: int) -> None:
        pages = [template.render(first_name="Reader", list="News") for _ in range(size)]
        _bulk_whole(mail, pages)

    return _each_chunk(send, with_stores=with_stores)


def single(mail: BulkMail) -> float:
    """Return what one request a mail takes, put together from ``mail``."""

    def send(size: int) -> None:
        for entry in _entries(mail, size):
            _one(mail, entry)

    return _each_chunk(send, with_stores=True)


def _client(service: str) -> Any:
    """Return the SDK's client, which takes its own way to the network."""
    return aws.kept(f"bare {service}", lambda: aws.new_client(service))


def _each_chunk(send: Callable[[int], None], *, with_stores: bool) -> float:
    rows = [dict(dynamo_rows(one)) for one in people(FLOOR_PEOPLE, ORIGIN, subscriber_state())]

    def work() -> None:
        for chunk in _by(CHUNK, rows):
            if with_stores:
                _bare_stores(chunk)
            send(len(chunk))

    return cpu_of(work) / FLOOR_PEOPLE * 1000


def _entries(mail: BulkMail, size: int) -> Iterator[BulkEntry]:
    held = mail.entries
    return (held[number % len(held)] for number in range(size))


def _bulk(mail: BulkMail, size: int) -> None:
    static = mail.static
    content = {"Subject": static.subject, "Html": static.html, "Text": static.text}
    empty = json.dumps(dict.fromkeys(mail.entries[0].data, ""))
    _client("sesv2").send_bulk_email(
        FromEmailAddress=SENDER,
        ConfigurationSetName=_SET,
        DefaultContent={"Template": {"TemplateContent": content, "TemplateData": empty}},
        BulkEmailEntries=[_entry(one, one.data) for one in _entries(mail, size)],
    )


def _bulk_whole(mail: BulkMail, pages: Sequence[str]) -> None:
    names = {"Subject": "{{s}}", "Html": "{{h}}", "Text": "{{t}}"}
    text = mail.static.text
    for some in _by(FLOOR_CALL, pages):
        entries = [
            _entry(one, {"s": "News", "h": page, "t": text})
            for one, page in zip(_entries(mail, len(some)), some, strict=True)
        ]
        _client("sesv2").send_bulk_email(
            FromEmailAddress=SENDER,
            ConfigurationSetName=_SET,
            DefaultContent={"Template": {"TemplateContent": names, "TemplateData": "{}"}},
            BulkEmailEntries=entries,
        )


def _entry(one: BulkEntry, data: Mapping[str, str]) -> dict[str, Any]:
    filled = {"ReplacementTemplateData": json.dumps(dict(data))}
    return {
        "Destination": {"ToAddresses": [one.to]},
        "ReplacementTags": _pairs(one.tags),
        "ReplacementHeaders": _pairs(one.headers),
        "ReplacementEmailContent": {"ReplacementTemplate": filled},
    }


def _one(mail: BulkMail, entry: BulkEntry) -> None:
    made = assemble(mail.static, entry.data)
    simple = {
        "Subject": {"Data": made.subject},
        "Body": {"Html": {"Data": made.html}, "Text": {"Data": made.text}},
        "Headers": _pairs(entry.headers),
    }
    _client("sesv2").send_email(
        FromEmailAddress=SENDER,
        ConfigurationSetName=_SET,
        Destination={"ToAddresses": [entry.to]},
        EmailTags=_pairs(entry.tags),
        Content={"Simple": simple},
    )


def _pairs(named: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named]


def _bare_stores(chunk: Rows) -> None:
    """Make the store requests no safe chunk can do without: two reads, its rows, three updates."""
    dynamodb = _client("dynamodb")

    def keys(table: str) -> dict[str, object]:
        return {"Keys": [{"pk": row[table]["pk"], "sk": row[table]["sk"]} for row in chunk]}

    dynamodb.batch_get_item(RequestItems={AUDIENCE: keys(AUDIENCE), VAULT: keys(VAULT)})
    dynamodb.batch_get_item(RequestItems={LEDGER: keys(LEDGER)})
    for some in _by(ROWS_A_CALL, chunk):
        puts = [
            {"PutRequest": {"Item": {**row[VAULT], "campaign": {"S": "x" * 22}}}} for row in some
        ]
        dynamodb.batch_write_item(RequestItems={"floor": puts})
    for step in ("slot", "mark", "outcome"):
        dynamodb.update_item(
            TableName="floor",
            Key={"pk": {"S": "chunk"}, "sk": {"S": "0"}},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": step}},
        )


def _by(size: int, items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    remaining = iter(items)
    while some := tuple(islice(remaining, size)):
        yield some
