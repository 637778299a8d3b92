# SPDX-License-Identifier: Apache-2.0
"""What `SegmentStore` and `LifecycleStore` guarantee, on the fakes and on DynamoDB.

And yesterday's rows are read: tests/data/v1/segment_rows.json stays. A change that breaks it needs
a new schema version.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.catalog import DynamoCampaigns
from chalicelib.adapters.dynamo.segments import DynamoLifecycles, DynamoSegments
from chalicelib.domain.campaigns import CampaignStatus, Content
from chalicelib.domain.forms import FieldType
from chalicelib.domain.ids import BrandId, CampaignId
from chalicelib.domain.lifecycle import DEFAULT_RULES, Rules, dump_rules, parse_rules
from chalicelib.domain.segments import Segment, SegmentId, dump, parse
from chalicelib.errors import Conflict, FatalError, InputError
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.catalog_examples import CAMPAIGN
from tests.support.clock import START_MS
from tests.support.memory_catalog import CatalogRows, MemoryCampaigns
from tests.support.memory_segments import MemoryLifecycles, MemorySegments

STORED = Path(__file__).parents[2] / "data" / "v1" / "segment_rows.json"
FIELDS = {"beds": FieldType.NUMBER, "plan": FieldType.CHOICE, "terms": FieldType.TICK}
WHERE = {
    "all": [
        {"fact": "field.beds", "op": "between", "value": [3, 9]},
        {"fact": "field.plan", "op": "in", "value": ["large", "small"]},
        {"fact": "field.elsewhere", "op": "eq", "value": "Göteborg"},
        {"any": [
            {"fact": "orders.sum", "op": "gte", "value": 100_000, "currency": "SEK"},
            {"fact": "orders.last", "op": "gte", "value": {"ago": {"months": 3}}},
            {"fact": "event.last", "op": "on", "value": "2026-11-22", "name": "quiz.done"},
        ]},
        {"not": {"fact": "field.terms", "op": "missing"}},
        {"fact": "consent", "op": "eq", "value": "given", "list": "news", "purpose": "letters"},
    ]
}  # fmt: skip
OWN_RULES = {
    "version": 0,
    "facts": {"birth_date": "born"},
    "stage": [{"is": "loyalty", "where": {"fact": "field.beds", "op": "gte", "value": 3}}],
    "activity": [{"is": "active"}],
}


def segment(segment_id="families", **changes):
    read = parse(WHERE, FIELDS)
    made = Segment(
        id=SegmentId(segment_id),
        brand=BrandId("demo"),
        name="Familjer på landet",
        where=read,
        source=dump(read),
        version=1,
        created_ms=START_MS,
        changed_ms=START_MS,
    )
    return replace(made, **changes)


CHANGED = segment(name="Families", version=2, changed_ms=START_MS + 5)
RULES = replace(parse_rules(OWN_RULES, FIELDS), version=1)


class Ports:
    """The ports over one table, or over the same rows in memory."""

    def __init__(self, segments, lifecycles, campaigns):
        self.segments = segments
        self.lifecycles = lifecycles
        self.campaigns = campaigns

    def campaign(self, letter, segment_id, status):
        made = replace(
            CAMPAIGN,
            id=CampaignId(letter * 21 + "A"),
            segment=segment_id,
            status=CampaignStatus.DRAFT,
        )
        self.campaigns.create(made, Content(subject="Hello", html="<p>Hello</p>"))
        if status is not CampaignStatus.DRAFT:
            self.campaigns.replace(replace(made, status=status))
        return made.id


@pytest.fixture(params=["memory", "dynamo"])
def ports(request):
    if request.param == "memory":
        rows = CatalogRows()
        return Ports(MemorySegments(rows), MemoryLifecycles(rows), MemoryCampaigns(rows))
    request.getfixturevalue("tables")
    return Ports(DynamoSegments(CAMPAIGNS), DynamoLifecycles(CAMPAIGNS), DynamoCampaigns(CAMPAIGNS))


@pytest.fixture
def segments(ports):
    return ports.segments


def test_a_segment_comes_back_as_it_was_stored(segments):
    assert segments.get("families") is None
    segments.create(segment())
    assert segments.get("families") == segment()


def test_it_is_read_with_the_types_its_fields_had_when_it_was_stored(segments):
    segments.create(segment())
    read = segments.get("families").where
    assert [clause.fact.type for clause in read.parts[:3]] == ["number", "word", "text"]


def test_an_id_is_taken_once(segments):
    segments.create(segment())
    with pytest.raises(Conflict):
        segments.create(segment(name="Another"))
    assert segments.get("families") == segment()


def test_a_change_is_stored_over_the_version_before_it_and_over_no_other(segments):
    with pytest.raises(Conflict):
        segments.replace(CHANGED)
    segments.create(segment())
    segments.replace(CHANGED)
    assert segments.get("families") == CHANGED
    with pytest.raises(Conflict):
        segments.replace(replace(CHANGED, name="Somebody else's"))
    assert segments.get("families") == CHANGED


def test_it_is_deleted_as_it_was_read_and_in_no_other_version(segments):
    segments.create(segment())
    segments.replace(CHANGED)
    with pytest.raises(Conflict):
        segments.delete(segment())
    segments.delete(CHANGED)
    assert segments.get("families") is None
    with pytest.raises(Conflict):
        segments.delete(CHANGED)


def test_pages_together_hold_every_segment_once_by_id(segments):
    for name in "gfedcba":
        segments.create(segment(name))
    found, cursor = [], None
    while True:
        page = segments.page(cursor, 3)
        found += [each.id for each in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == list("abcdefg")
    assert segments.page(None, 100).items[0] == segment("a")


def test_a_cursor_of_another_partition_is_refused(segments):
    with pytest.raises(InputError):
        segments.page("TElTVApuZXdzbGV0dGVy", 3)


def test_a_segment_is_awaited_by_the_campaigns_that_name_it_until_they_are_over(ports):
    ports.segments.create(segment())
    over = (CampaignStatus.SENT, CampaignStatus.CANCELLED)
    waiting = [status for status in CampaignStatus if status not in over]
    expected = [
        ports.campaign(letter, "families", status)
        for letter, status in zip("ABCDEFGHIJ", waiting, strict=False)
    ]
    for letter, status in zip("XY", over, strict=True):
        ports.campaign(letter, "families", status)
    ports.campaign("V", "others", CampaignStatus.DRAFT)
    ports.campaign("W", None, CampaignStatus.DRAFT)
    assert list(ports.segments.awaited_by("families")) == expected
    assert ports.segments.awaited_by("nobody") == ()


def test_rules_come_back_as_they_were_stored_each_brands_apart(ports):
    assert ports.lifecycles.get("demo") is None
    ports.lifecycles.put("demo", RULES)
    assert ports.lifecycles.get("demo") == RULES
    assert ports.lifecycles.get("other") is None


def test_rules_are_stored_over_the_version_before_them_and_over_no_other(ports):
    second = replace(DEFAULT_RULES, version=2)
    with pytest.raises(Conflict):
        ports.lifecycles.put("demo", second)
    ports.lifecycles.put("demo", RULES)
    with pytest.raises(Conflict):
        ports.lifecycles.put("demo", RULES)
    ports.lifecycles.put("demo", second)
    assert ports.lifecycles.get("demo") == second


def stored_rows():
    items = clients.client("dynamodb").scan(TableName=CAMPAIGNS)["Items"]
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def restore(**changed):
    for item in json.loads(STORED.read_text(encoding="utf-8")):
        clients.client("dynamodb").put_item(TableName=CAMPAIGNS, Item={**item, **changed})


def tell_the_story():
    segments, lifecycles = DynamoSegments(CAMPAIGNS), DynamoLifecycles(CAMPAIGNS)
    segments.create(segment())
    segments.create(segment("changed"))
    segments.replace(replace(CHANGED, id=SegmentId("changed")))
    lifecycles.put("demo", RULES)
    lifecycles.put("other", replace(DEFAULT_RULES, version=1))


def test_the_same_segments_and_rules_are_still_stored_as_the_same_rows(tables):
    tell_the_story()
    assert stored_rows() == json.loads(STORED.read_text(encoding="utf-8"))


def test_yesterdays_segments_and_rules_are_read_as_they_were(tables):
    restore()
    found = DynamoSegments(CAMPAIGNS).page(None, 10).items
    assert found == (replace(CHANGED, id=SegmentId("changed")), segment())
    lifecycles = DynamoLifecycles(CAMPAIGNS)
    assert lifecycles.get("demo") == RULES
    assert dump_rules(lifecycles.get("other")) == dump_rules(Rules(
        stages=DEFAULT_RULES.stages, activities=DEFAULT_RULES.activities, version=1
    ))  # fmt: skip


READS = [
    lambda: DynamoSegments(CAMPAIGNS).get("families"),
    lambda: DynamoSegments(CAMPAIGNS).page(None, 10),
    lambda: DynamoLifecycles(CAMPAIGNS).get("demo"),
]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "changed",
    [
        {"v": {"N": "2"}},
        {"fields": {"S": '{"beds":"colour"}'}},
        {"document": {"S": '{"fact":"no.such","op":"exists"}'}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_this_code_did_not_write_is_never_guessed_at(tables, read, changed):
    restore(**changed)
    before = stored_rows()
    with pytest.raises(FatalError):
        read()
    assert stored_rows() == before


def test_a_row_of_a_later_schema_version_is_neither_replaced_nor_deleted(tables):
    restore(v={"N": "2"})
    before = stored_rows()
    segments = DynamoSegments(CAMPAIGNS)
    for write in (
        lambda: segments.replace(CHANGED),
        lambda: segments.delete(segment()),
        lambda: DynamoLifecycles(CAMPAIGNS).put("demo", replace(RULES, version=2)),
    ):
        with pytest.raises(Conflict):
            write()
    assert stored_rows() == before
