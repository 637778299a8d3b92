# SPDX-License-Identifier: Apache-2.0
"""What `TemplateStore` and `MessageStore` guarantee, on the fakes and on DynamoDB.

And yesterday's rows are read: tests/data/v1/template_rows.json stays. A change that breaks it needs
a new schema version.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.messages import DynamoMessages
from chalicelib.adapters.dynamo.templates import DynamoTemplates
from chalicelib.domain.campaigns import Content
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import BrandId
from chalicelib.domain.messages import (
    KEPT_MS,
    MessageReason,
    MessageStatus,
    ServiceMessage,
    begun,
    over,
)
from chalicelib.domain.templates import Template, TemplateKind, Words
from chalicelib.errors import Conflict, FatalError, InputError
from tests.contract.ports.conftest import ACTIVITY, AUDIENCE, CAMPAIGNS, LEDGER, VAULT
from tests.support.appends import subject
from tests.support.clock import START_MS, FakeClock, SeededRandom
from tests.support.memory_catalog import CatalogRows
from tests.support.memory_erasure import MemoryPersonalData
from tests.support.memory_ledger import MemoryRows
from tests.support.memory_messages import MemoryMessages
from tests.support.memory_outside import OutsideRows
from tests.support.memory_templates import MemoryTemplates

STORED = Path(__file__).parents[2] / "data" / "v1" / "template_rows.json"
ADA, BO = subject("ada"), subject("bo")
SERVICE = Template(
    id="order",
    brand=BrandId("demo"),
    name="Beställning",
    kind=TemplateKind.SERVICE,
    version=1,
    created_ms=START_MS,
    changed_ms=START_MS,
    words={
        "sv": Words(subject="Tack 💌", html="<p>Tack</p>", reason="Du har handlat hos oss."),
        "en": Words(subject="Thanks", html="<p>Thanks</p>", text="Thanks", reason="You ordered."),
    },
)
NEWS = replace(
    SERVICE,
    id="news",
    kind=TemplateKind.MJML,
    words={},
    content=Content(subject="News", html="<mjml></mjml>", kind=ContentKind.MJML),
)
CHANGED = replace(SERVICE, name="Order", version=2, changed_ms=START_MS + 5)
MESSAGE = ServiceMessage(
    id="A" * 22,
    sid=ADA,
    brand=BrandId("demo"),
    template="order",
    language="sv",
    asked="digest",
    created_ms=START_MS,
    changed_ms=START_MS,
    sealed=b"sealed",
)
KEEP_MS = START_MS + KEPT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Templates and messages, with what an erasure reaches of the same rows."""

    templates: Any
    messages: Any
    data: Any


@pytest.fixture(params=["memory", "dynamo"])
def ports(request):
    if request.param == "memory":
        outside = OutsideRows()
        return Ports(
            templates=MemoryTemplates(CatalogRows()),
            messages=MemoryMessages(outside),
            data=MemoryPersonalData(MemoryRows(), outside),
        )
    return request.getfixturevalue("dynamo")


@pytest.fixture
def dynamo(tables):
    from chalicelib.adapters.dynamo.erasure import DynamoPersonalData

    return Ports(
        templates=DynamoTemplates(CAMPAIGNS),
        messages=DynamoMessages(ACTIVITY),
        data=DynamoPersonalData(
            ledger_table=LEDGER,
            vault_table=VAULT,
            audience_table=AUDIENCE,
            activity_table=ACTIVITY,
            clock=FakeClock(),
            random=SeededRandom(),
        ),
    )


@pytest.fixture
def templates(ports):
    return ports.templates


@pytest.fixture
def messages(ports):
    return ports.messages


@pytest.mark.parametrize("template", [SERVICE, NEWS])
def test_a_template_comes_back_as_it_was_stored(templates, template):
    assert templates.get(template.id) is None
    templates.create(template)
    assert templates.get(template.id) == template


def test_a_templates_id_is_taken_once(templates):
    templates.create(SERVICE)
    with pytest.raises(Conflict):
        templates.create(replace(SERVICE, name="Another"))
    assert templates.get("order") == SERVICE


def test_a_template_is_changed_and_deleted_in_the_version_it_has_alone(templates):
    with pytest.raises(Conflict):
        templates.replace(CHANGED)
    templates.create(SERVICE)
    templates.replace(CHANGED)
    for write in (templates.replace, templates.delete):
        with pytest.raises(Conflict):
            write(CHANGED if write == templates.replace else SERVICE)
    assert templates.get("order") == CHANGED
    templates.delete(CHANGED)
    assert templates.get("order") is None


def test_pages_together_hold_every_template_once_by_id(templates):
    for name in "gfedcba":
        templates.create(replace(SERVICE, id=name))
    found, cursor = [], None
    while True:
        page = templates.page(cursor, 3)
        found += [each.id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == list("abcdefg")
    with pytest.raises(InputError):
        templates.page("TElTVApuZXdzbGV0dGVy", 3)


def test_a_message_comes_back_as_it_was_stored_and_its_id_is_taken_once(messages):
    assert messages.get(MESSAGE.id) is None
    messages.create(MESSAGE, KEEP_MS)
    with pytest.raises(Conflict):
        messages.create(replace(MESSAGE, asked="another"), KEEP_MS)
    assert messages.get(MESSAGE.id) == MESSAGE


def test_a_message_is_changed_by_who_read_it_last(messages):
    messages.create(MESSAGE, KEEP_MS)
    sending = messages.replace(begun(MESSAGE, START_MS + 1))
    assert sending.revision == 1
    assert messages.get(MESSAGE.id) == sending
    with pytest.raises(Conflict):
        messages.replace(begun(MESSAGE, START_MS + 2))
    refused = over(sending, MessageStatus.REFUSED, START_MS + 3, MessageReason.BOUNCED)
    assert messages.replace(refused) == messages.get(MESSAGE.id)
    assert messages.get(MESSAGE.id).sealed is None
    assert messages.get(MESSAGE.id).reason is MessageReason.BOUNCED


def test_a_message_that_is_gone_is_not_made_anew_by_a_change(messages):
    with pytest.raises(Conflict):
        messages.replace(begun(MESSAGE, START_MS))
    assert messages.get(MESSAGE.id) is None


def test_a_persons_messages_are_found_and_go_with_their_erasure(ports):
    second = replace(MESSAGE, id="B" * 21 + "A", created_ms=START_MS + 1)
    others = replace(MESSAGE, id="C" * 21 + "A", sid=BO)
    for message in (second, MESSAGE, others):
        ports.messages.create(message, KEEP_MS)
    assert ports.messages.of(ADA) == (MESSAGE, second)
    assert ports.data.sweep(ADA) == 2
    assert ports.messages.of(ADA) == ()
    assert ports.messages.get(MESSAGE.id) is ports.messages.get(second.id) is None
    assert ports.messages.of(BO) == (others,)
    assert ports.data.sweep(ADA) == 0


def rows(table):
    items = clients.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_an_erasure_leaves_no_row_of_a_message_and_each_says_when_it_may_go(dynamo):
    dynamo.messages.create(MESSAGE, KEEP_MS)
    assert [row["pk"]["S"] for row in rows(ACTIVITY)] == [f"MSG#{MESSAGE.id}", f"P#{ADA}"]
    assert {row["expires_at"]["N"] for row in rows(ACTIVITY)} == {str(KEEP_MS // 1_000 + 1)}
    dynamo.data.sweep(ADA)
    assert rows(ACTIVITY) == []


def as_json(items):
    """Rows as the frozen file holds them: bytes as hex."""
    return [
        {
            name: {kind: each.hex() if isinstance(each, bytes) else each}
            for name, value in item.items()
            for kind, each in value.items()
        }
        for item in items
    ]


def tell_the_story():
    templates, messages = DynamoTemplates(CAMPAIGNS), DynamoMessages(ACTIVITY)
    templates.create(SERVICE)
    templates.create(NEWS)
    messages.create(MESSAGE, KEEP_MS)
    done = replace(MESSAGE, id="B" * 21 + "A")
    messages.create(done, KEEP_MS)
    messages.replace(over(done, MessageStatus.FAILED, START_MS + 9, MessageReason.NO_ANSWER))


def restore(**changed):
    for item in json.loads(STORED.read_text(encoding="utf-8")):
        row = {
            name: {kind: bytes.fromhex(each) if kind == "B" else each}
            for name, value in item.items()
            for kind, each in value.items()
        }
        table = CAMPAIGNS if item["pk"]["S"] == "TEMPLATE" else ACTIVITY
        clients.client("dynamodb").put_item(TableName=table, Item={**row, **changed})


def test_the_same_templates_and_messages_are_still_stored_as_the_same_rows(tables):
    tell_the_story()
    assert as_json([*rows(CAMPAIGNS), *rows(ACTIVITY)]) == json.loads(
        STORED.read_text(encoding="utf-8")
    )


def test_yesterdays_templates_and_messages_are_read_as_they_were(tables):
    restore()
    assert DynamoTemplates(CAMPAIGNS).page(None, 10).items == (NEWS, SERVICE)
    first, second = DynamoMessages(ACTIVITY).of(ADA)
    assert first == MESSAGE
    assert (second.status, second.reason) == (MessageStatus.FAILED, MessageReason.NO_ANSWER)


@pytest.mark.parametrize(
    "changed",
    [{"v": {"N": "2"}}, {"kind": {"S": "poster"}}, {"document": {"S": '{"xx":{}}'}}],
    ids=lambda changed: next(iter(changed)),
)
def test_what_this_code_did_not_write_is_never_guessed_at(tables, changed):
    restore(**changed)
    for read in (
        lambda: DynamoTemplates(CAMPAIGNS).get("order"),
        lambda: DynamoTemplates(CAMPAIGNS).page(None, 10),
    ):
        with pytest.raises(FatalError):
            read()


def test_a_message_of_a_later_schema_version_is_neither_read_nor_changed(tables):
    restore(v={"N": "2"})
    before = rows(ACTIVITY)
    with pytest.raises(FatalError):
        DynamoMessages(ACTIVITY).get(MESSAGE.id)
    with pytest.raises(FatalError):
        DynamoMessages(ACTIVITY).replace(begun(MESSAGE, START_MS))
    assert rows(ACTIVITY) == before
