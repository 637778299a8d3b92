# SPDX-License-Identifier: Apache-2.0
"""`ports.catalog` as promised, by the fake and by DynamoDB's adapter alike."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.domain.campaign_fingerprint import saying
from chalicelib.domain.campaigns import CampaignStatus, Content
from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.ids import CampaignId, ListId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import Stop, StopWhy
from chalicelib.errors import Conflict, FatalError, InputError, Throttled, Unavailable
from chalicelib.ports.catalog import ApiKeys, Brands, Campaigns, Forms, Jobs, Lists, Reasons
from tests.support import memory_catalog as memory
from tests.support.catalog_examples import BRAND, CAMPAIGN, CONTENT, FORM, JOB, KEY, LIST
from tests.support.form_examples import FULL_FORM

TABLE = "kvitto-campaigns"
LATER_MS = CAMPAIGN.created_ms + 1_000
FULL_CAMPAIGN = replace(
    CAMPAIGN,
    id=CampaignId("full"),
    status=CampaignStatus.SCHEDULED,
    segment="buyers",
    minimum_grade=Grade.B,
    tested_fingerprint="ab" * 32,
    scheduled_ms=LATER_MS,
    problem="rendering",
    stop=Stop(why=StopWhy.NOT_READY, at_ms=LATER_MS, checks=("dmarc", "spf")),
    risk_accepted=True,
    retry_of=CAMPAIGN.id,
    retry_unsent=True,
    go_ms=LATER_MS + 1,
)
"""Every member that a campaign may leave out."""


@dataclass(slots=True, kw_only=True)
class Catalogue:
    brands: Brands
    lists: Lists
    forms: Forms
    campaigns: Campaigns
    keys: ApiKeys
    jobs: Jobs
    reasons: Reasons


def dynamo_catalogue() -> Catalogue:
    from chalicelib.adapters.dynamo import catalog
    from chalicelib.adapters.dynamo.reasons import DynamoReasons

    return Catalogue(
        brands=catalog.DynamoBrands(TABLE),
        lists=catalog.DynamoLists(TABLE),
        forms=catalog.DynamoForms(TABLE),
        campaigns=catalog.DynamoCampaigns(TABLE),
        keys=catalog.DynamoApiKeys(TABLE),
        jobs=catalog.DynamoJobs(TABLE),
        reasons=DynamoReasons(TABLE),
    )


@pytest.fixture(params=["memory", "dynamo"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return dynamo_catalogue()
    rows = memory.CatalogRows()
    return Catalogue(
        brands=memory.MemoryBrands(rows),
        lists=memory.MemoryLists(rows),
        forms=memory.MemoryForms(rows),
        campaigns=memory.MemoryCampaigns(rows),
        keys=memory.MemoryApiKeys(rows),
        jobs=memory.MemoryJobs(rows),
        reasons=memory.MemoryReasons(rows),
    )


def test_nothing_is_found_before_it_is_made(catalogue):
    assert catalogue.brands.get("demo") is None
    assert catalogue.brands.by_code("00112233") is None
    assert catalogue.lists.get("newsletter") is None
    assert catalogue.forms.get("demo") is None
    assert catalogue.forms.get("demo", 1) is None
    assert catalogue.campaigns.get("none") is None
    assert catalogue.campaigns.content("none") is None
    assert catalogue.campaigns.due(LATER_MS) == ()
    assert catalogue.keys.get("none") is None
    assert catalogue.keys.by_digest("00" * 32) is None
    assert catalogue.jobs.get("proofs", "none") is None
    assert catalogue.campaigns.unfinished() == ()


def test_what_was_created_is_read_back_whole(catalogue):
    catalogue.brands.create(BRAND)
    catalogue.lists.create(LIST)
    catalogue.forms.create(FORM)
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    catalogue.keys.create(KEY)
    catalogue.jobs.create(JOB)
    assert catalogue.brands.get(BRAND.id) == BRAND
    assert catalogue.brands.by_code(BRAND.code) == BRAND
    assert catalogue.lists.get(LIST.id) == LIST
    assert catalogue.forms.get(FORM.id) == FORM
    catalogue.forms.create(FULL_FORM)
    assert catalogue.forms.get(FULL_FORM.id) == catalogue.forms.get(FULL_FORM.id, 1) == FULL_FORM
    assert catalogue.campaigns.get(CAMPAIGN.id) == CAMPAIGN
    assert catalogue.campaigns.content(CAMPAIGN.id) == CONTENT
    catalogue.campaigns.create(FULL_CAMPAIGN, replace(CONTENT, text="Hello"))
    assert catalogue.campaigns.get(FULL_CAMPAIGN.id) == FULL_CAMPAIGN
    assert catalogue.campaigns.content(FULL_CAMPAIGN.id) == replace(CONTENT, text="Hello")
    assert catalogue.keys.get(KEY.id) == KEY
    assert catalogue.keys.by_digest(KEY.digest) == KEY
    assert catalogue.jobs.get(JOB.kind, JOB.id) == JOB
    assert catalogue.jobs.get("imports", JOB.id) is None


@pytest.mark.parametrize(
    ("noun", "value"),
    [
        ("brands", (BRAND,)),
        ("lists", (LIST,)),
        ("forms", (FORM,)),
        ("campaigns", (CAMPAIGN, CONTENT)),
        ("keys", (KEY,)),
        ("jobs", (JOB,)),
    ],
)
def test_creating_twice_is_a_conflict_and_changes_nothing(catalogue, noun, value):
    store = getattr(catalogue, noun)
    store.create(*value)
    with pytest.raises(Conflict):
        store.create(*value)


def test_a_brand_code_belongs_to_one_brand(catalogue):
    catalogue.brands.create(BRAND)
    with pytest.raises(Conflict):
        catalogue.brands.create(replace(BRAND, id="other"))
    assert catalogue.brands.get("other") is None
    assert catalogue.brands.by_code(BRAND.code) == BRAND


def test_every_published_version_of_a_form_stays_readable(catalogue):
    catalogue.forms.create(FORM)
    second = replace(FORM, version=2, title={"en": "News, again"})
    catalogue.forms.publish(second)
    assert catalogue.forms.get(FORM.id) == second
    assert catalogue.forms.get(FORM.id, 1) == FORM
    assert catalogue.forms.get(FORM.id, 2) == second
    assert catalogue.forms.get(FORM.id, 3) is None
    assert catalogue.forms.page(None, 10).items == (second,)


def test_the_forms_of_a_brand_are_all_of_its_own_in_their_current_version(catalogue):
    for name in ("b", "a"):
        catalogue.forms.create(replace(FORM, id=name))
    catalogue.forms.create(replace(FORM, id="c", brand="other"))
    second = replace(FORM, id="a", version=2)
    catalogue.forms.publish(second)
    assert catalogue.forms.of_brand(FORM.brand) == (second, replace(FORM, id="b"))
    assert catalogue.forms.of_brand("nobody") == ()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_form_version_that_exists_or_is_older_is_never_published(catalogue, version):
    catalogue.forms.create(FORM)
    current = replace(FORM, version=3)
    catalogue.forms.publish(current)
    with pytest.raises(Conflict):
        catalogue.forms.publish(replace(FORM, version=version, title={"en": "Other"}))
    assert catalogue.forms.get(FORM.id) == current


def test_a_form_that_was_never_created_is_not_published(catalogue):
    with pytest.raises(Conflict):
        catalogue.forms.publish(FORM)
    assert catalogue.forms.get(FORM.id) is None
    assert catalogue.forms.get(FORM.id, FORM.version) is None


def test_a_replacement_carries_the_next_revision(catalogue):
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    renamed = catalogue.campaigns.replace(replace(CAMPAIGN, name="Renamed"))
    assert renamed == replace(CAMPAIGN, name="Renamed", revision=1)
    assert catalogue.campaigns.get(CAMPAIGN.id) == renamed
    catalogue.jobs.create(JOB)
    ready = catalogue.jobs.replace(replace(JOB, status=JobStatus.READY, blob="bundles/x.zip"))
    assert ready.revision == 1
    assert catalogue.jobs.get(JOB.kind, JOB.id) == ready


def test_of_two_replacements_of_one_revision_the_second_is_a_conflict(catalogue):
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    first = catalogue.campaigns.replace(replace(CAMPAIGN, name="First"))
    for status in CampaignStatus:
        with pytest.raises(Conflict):
            catalogue.campaigns.replace(replace(CAMPAIGN, name="Second", status=status))
    assert catalogue.campaigns.get(CAMPAIGN.id) == first
    assert catalogue.campaigns.unfinished() == ()
    catalogue.jobs.create(JOB)
    catalogue.jobs.replace(JOB)
    with pytest.raises(Conflict):
        catalogue.jobs.replace(JOB)


def test_what_does_not_exist_is_not_replaced(catalogue):
    for status in CampaignStatus:
        with pytest.raises(Conflict):
            catalogue.campaigns.replace(replace(CAMPAIGN, status=status))
    with pytest.raises(Conflict):
        catalogue.jobs.replace(JOB)
    with pytest.raises(Conflict):
        catalogue.keys.replace(KEY)
    assert catalogue.campaigns.unfinished() == ()


def test_what_a_campaign_says_changes_with_its_row_or_not_at_all(catalogue):
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    renamed = catalogue.campaigns.replace(replace(CAMPAIGN, name="Renamed"))
    assert catalogue.campaigns.content(CAMPAIGN.id) == CONTENT
    other = Content(subject="Other", html="<p>Other</p>", text="Other")
    with pytest.raises(Conflict):
        catalogue.campaigns.replace(CAMPAIGN, other)
    assert catalogue.campaigns.content(CAMPAIGN.id) == CONTENT
    assert catalogue.campaigns.replace(saying(renamed, other), other).subject == "Other"
    assert catalogue.campaigns.content(CAMPAIGN.id) == other


def test_a_campaign_is_due_from_its_time_until_it_is_taken_off_the_clock(catalogue):
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    catalogue.campaigns.create(replace(CAMPAIGN, id="first"), CONTENT)
    waiting = []
    for campaign_id, at_ms in ((CAMPAIGN.id, LATER_MS), ("first", LATER_MS - 1)):
        asked = replace(
            CAMPAIGN, id=campaign_id, status=CampaignStatus.SCHEDULED, scheduled_ms=at_ms
        )
        waiting.insert(0, catalogue.campaigns.replace(asked))
    assert catalogue.campaigns.due(LATER_MS - 2) == ()
    assert catalogue.campaigns.due(LATER_MS - 1) == (waiting[0],)
    assert catalogue.campaigns.due(LATER_MS) == tuple(waiting)
    off = replace(waiting[0], status=CampaignStatus.TESTED, scheduled_ms=None)
    catalogue.campaigns.replace(off)
    assert catalogue.campaigns.due(LATER_MS) == (waiting[1],)
    started = replace(
        waiting[1], status=CampaignStatus.SENDING, scheduled_ms=None, started_ms=LATER_MS
    )
    started = catalogue.campaigns.replace(started)
    assert catalogue.campaigns.due(LATER_MS) == ()
    assert catalogue.campaigns.unfinished() == (started,)


@pytest.mark.parametrize("end", [CampaignStatus.SENT, CampaignStatus.CANCELLED])
def test_a_campaign_is_unfinished_from_its_start_until_it_is_accounted_for(catalogue, end):
    catalogue.campaigns.create(CAMPAIGN, CONTENT)
    catalogue.campaigns.create(replace(CAMPAIGN, id="draft"), CONTENT)
    never = replace(CAMPAIGN, id="never", status=CampaignStatus.CANCELLED)
    catalogue.campaigns.create(never, CONTENT)
    stored = replace(CAMPAIGN, started_ms=CAMPAIGN.created_ms + 1)
    for status in (CampaignStatus.SENDING, CampaignStatus.PAUSED, CampaignStatus.CANCELLED):
        stored = catalogue.campaigns.replace(replace(stored, status=status))
        assert catalogue.campaigns.unfinished() == (stored,)
    woken = replace(stored, woken_ms=CAMPAIGN.created_ms + 2, wakes=3)
    stored = catalogue.campaigns.replace(woken)
    assert catalogue.campaigns.unfinished() == (stored,)
    ended = replace(stored, status=end, finished_ms=CAMPAIGN.created_ms + 4)
    assert catalogue.campaigns.replace(ended).wakes == 3
    assert catalogue.campaigns.unfinished() == ()


def test_whole_plans_are_found_by_list_from_a_time_on_each_once(catalogue):
    others = replace(CAMPAIGN, id=CampaignId("others"), list=ListId("others"))
    later = replace(CAMPAIGN, id=CampaignId("later"))
    for campaign in (CAMPAIGN, others, later):
        catalogue.campaigns.create(campaign, CONTENT)
    for campaign, at_ms in ((CAMPAIGN, 5), (others, 6), (later, 70), (CAMPAIGN, 80)):
        catalogue.campaigns.note_planned(campaign, at_ms)
        catalogue.campaigns.note_planned(campaign, at_ms)
    found = catalogue.campaigns.planned
    assert list(found(CAMPAIGN.list, 0)) == [CAMPAIGN, later]
    assert list(found(CAMPAIGN.list, 6)) == [later, CAMPAIGN]
    assert list(found(CAMPAIGN.list, 81)) == []
    assert list(found(ListId("others"), 0)) == [others]


def test_a_brands_privacy_pages_and_time_zone_are_read_back(catalogue):
    brand = replace(BRAND, time_zone="Europe/Helsinki", privacy={"en": "a" * 64, "sv": "b" * 64})
    catalogue.brands.create(brand)
    assert catalogue.brands.get(brand.id) == brand


def test_a_brand_is_changed_once_for_a_revision(catalogue):
    catalogue.brands.create(BRAND)
    narrowed = replace(BRAND, unsubscribe_scope=UnsubscribeScope.LIST)
    changed = catalogue.brands.replace(narrowed)
    assert changed == replace(narrowed, revision=1)
    assert catalogue.brands.latest(BRAND.id) == catalogue.brands.by_code(BRAND.code) == changed
    for stale in (BRAND, replace(changed, revision=2), replace(changed, id="other")):
        with pytest.raises(Conflict):
            catalogue.brands.replace(stale)
    assert catalogue.brands.all() == (changed,)


def test_a_brand_that_keeps_no_orders_is_read_back_and_may_keep_them_again(catalogue):
    assert BRAND.keep_orders
    catalogue.brands.create(replace(BRAND, keep_orders=False))
    without = catalogue.brands.latest(BRAND.id)
    assert not without.keep_orders
    assert catalogue.brands.replace(replace(without, keep_orders=True)).keep_orders
    assert catalogue.brands.latest(BRAND.id).keep_orders


def test_a_brand_stored_before_brands_could_change_is_read_and_changed(tables):
    brands = dynamo_catalogue().brands
    brands.create(BRAND)
    row = stored("BRAND", BRAND.id)
    added = ("unsubscribe_scope", "keep_orders", "revision")
    old = {n: v for n, v in row.items() if n not in added}
    clients.client("dynamodb").put_item(TableName=TABLE, Item=old)
    assert brands.get(BRAND.id) == BRAND
    assert brands.replace(replace(BRAND, name="Renamed")).revision == 1


def test_a_brands_lists_are_listed_by_id(catalogue):
    others = replace(LIST, id="aside", brand="other")
    later = replace(LIST, id="zeta")
    for made in (later, others, LIST):
        catalogue.lists.create(made)
    assert catalogue.lists.of_brand(LIST.brand) == (LIST, later)
    assert catalogue.lists.of_brand("none") == ()


def test_reasons_are_summed_for_brand_and_campaign_apart(catalogue):
    assert catalogue.reasons.of_brand("demo") == {}
    for campaign in ("first", "first", None):
        catalogue.reasons.count("demo", campaign, "too-many")
    catalogue.reasons.count("demo", "second", "other")
    assert catalogue.reasons.of_brand("demo") == {"too-many": 3, "other": 1}
    assert catalogue.reasons.of_campaign("first") == {"too-many": 2}
    assert catalogue.reasons.of_campaign("second") == {"other": 1}
    assert catalogue.reasons.of_brand("other") == {}


def test_a_revoked_key_stays_revoked(catalogue):
    catalogue.keys.create(KEY)
    revoked = replace(KEY, revoked_ms=KEY.created_ms + 1)
    catalogue.keys.replace(revoked)
    assert catalogue.keys.by_digest(KEY.digest) == revoked
    with pytest.raises(Conflict):
        catalogue.keys.replace(KEY)
    assert catalogue.keys.get(KEY.id) == revoked


def test_a_key_never_takes_another_digest(catalogue):
    catalogue.keys.create(KEY)
    with pytest.raises(Conflict):
        catalogue.keys.replace(replace(KEY, digest="ff" * 32))
    with pytest.raises(Conflict):
        catalogue.keys.create(replace(KEY, id="second"))
    assert catalogue.keys.get("second") is None


def test_pages_show_everything_once_in_order_of_id(catalogue):
    ids = [f"list-{number}" for number in range(7)]
    for list_id in reversed(ids):
        catalogue.lists.create(replace(LIST, id=list_id))
    catalogue.brands.create(BRAND)
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = catalogue.lists.page(cursor, 3)
        assert len(page.items) <= 3
        seen += [each.id for each in page.items]
        cursor, pages = page.cursor, pages + 1
        if cursor is None:
            break
    assert (seen, pages) == (ids, 3)


def test_a_full_last_page_has_no_cursor(catalogue):
    catalogue.lists.create(LIST)
    assert catalogue.lists.page(None, 1).cursor is None
    assert catalogue.brands.page(None, 1).items == ()


def test_jobs_are_listed_by_kind(catalogue):
    catalogue.jobs.create(JOB)
    other = replace(JOB, kind="imports")
    catalogue.jobs.create(other)
    assert catalogue.jobs.page("proofs", None, 10).items == (JOB,)
    assert catalogue.jobs.page("imports", None, 10).items == (other,)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "not a cursor", "%00", "TElTVA", "TElTVApuZXdzbGV0dGVy=", "é", "A" * 500, "TElTVAoK"],
)
def test_a_cursor_nobody_made_is_refused(catalogue, cursor):
    for page in (catalogue.lists.page, catalogue.brands.page, catalogue.keys.page):
        with pytest.raises(InputError) as refused:
            page(cursor, 10)
        assert refused.value.code == "bad_cursor"


def test_a_cursor_of_one_noun_is_refused_by_another(catalogue):
    for list_id in ("a", "b"):
        catalogue.lists.create(replace(LIST, id=list_id))
    cursor = catalogue.lists.page(None, 1).cursor
    assert cursor is not None
    assert [each.id for each in catalogue.lists.page(cursor, 1).items] == ["b"]
    with pytest.raises(InputError):
        catalogue.brands.page(cursor, 1)


def test_a_key_without_scopes_is_stored_as_such(catalogue):
    bare = ApiKey(id="bare", name="n", digest="ab" * 32, scopes=frozenset(), created_ms=1)
    catalogue.keys.create(bare)
    assert catalogue.keys.get("bare") == bare
    assert not bare.allows(KeyScope.READ)


def stored(pk: str, sk: str) -> dict[str, Any]:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    item = clients.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    assert isinstance(item, dict)
    return item


def test_a_job_row_expires_seven_days_after_it_was_made(tables):
    dynamo_catalogue().jobs.create(JOB)
    expires = int(stored("JOB#proofs", JOB.id)["expires_at"]["N"])
    assert expires == JOB.created_ms // 1_000 + 7 * 86_400


@pytest.mark.parametrize("change", [{"v": {"N": "2"}}, {"v": None}, {"name": None}])
def test_a_row_this_code_does_not_know_is_fatal(tables, change):
    catalogue = dynamo_catalogue()
    catalogue.lists.create(LIST)
    row = {**stored("LIST", LIST.id), **change}
    item = {name: value for name, value in row.items() if value is not None}
    clients.client("dynamodb").put_item(TableName=TABLE, Item=item)
    with pytest.raises(FatalError):
        catalogue.lists.get(LIST.id)
    with pytest.raises(FatalError):
        catalogue.lists.page(None, 10)


def test_catalogues_of_two_tables_do_not_mix(tables):
    from chalicelib.adapters.dynamo.catalog import DynamoLists

    DynamoLists(TABLE).create(LIST)
    elsewhere = DynamoLists("kvitto-activity")
    assert elsewhere.get(LIST.id) is None
    assert DynamoLists(TABLE).get(LIST.id) == LIST


def test_the_models_speak_through_this_processs_one_client(tables):
    from chalicelib.adapters.dynamo.campaign_models import CampaignRow

    dynamo_catalogue().lists.get("none")
    assert CampaignRow._get_connection().connection.client is clients.client("dynamodb")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ProvisionedThroughputExceededException", Throttled),
        ("InternalServerError", Unavailable),
        ("ValidationException", FatalError),
        (None, Unavailable),
    ],
)
def test_no_error_of_the_sdk_or_of_pynamodb_rises(tables, monkeypatch, code, expected):
    from botocore.exceptions import ClientError, EndpointConnectionError

    def fail(operation: str, _request: object) -> None:
        if code is None:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        raise ClientError({"Error": {"Code": code, "Message": "visitor@example.org"}}, operation)

    catalogue = dynamo_catalogue()
    monkeypatch.setattr(clients.client("dynamodb"), "_make_api_call", fail)
    for step in (
        lambda: catalogue.lists.get("a"),
        lambda: catalogue.lists.create(LIST),
        lambda: catalogue.brands.create(BRAND),
        lambda: catalogue.forms.page(None, 10),
        catalogue.campaigns.unfinished,
    ):
        with pytest.raises(expected) as raised:
            step()
        assert "example.org" not in str(raised.value)
