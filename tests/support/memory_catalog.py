# SPDX-License-Identifier: Apache-2.0
"""The catalogue's ports in memory, with the conditions and conflicts of the real store.

`CatalogRows` is what persists; make several stores over one to play several processes.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.domain.api_keys import ApiKey
from chalicelib.domain.campaigns import Campaign, Content
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import ListId
from chalicelib.domain.jobs import Job
from chalicelib.domain.lifecycle import Rules
from chalicelib.domain.segments import Segment
from chalicelib.domain.templates import Template
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page
from chalicelib.ports.segment_counts import Part
from tests.support.faults import Faults, Struck, no_faults

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class CatalogRows:
    """Every catalogue row; outlives any store made over it."""

    brands: dict[str, Brand] = field(default_factory=dict)
    lists: dict[str, MailingList] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    versions: dict[tuple[str, int], Form] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    planned: set[tuple[str, int, str]] = field(default_factory=set)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    jobs: dict[str, dict[str, Job]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    lifecycles: dict[str, Rules] = field(default_factory=dict)
    count_parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class _Store:
    def __init__(self, rows: CatalogRows | None = None, faults: Faults = no_faults) -> None:
        self.rows = rows if rows is not None else CatalogRows()
        self.faults = faults

    def _call(self, name: str) -> Struck[CatalogRows]:
        return Struck(self.faults, name, self.rows)


def _require(condition: bool) -> None:
    if not condition:
        raise Conflict("somebody else changed it first")


def _page(partition: str, rows: Mapping[str, T], cursor: str | None, limit: int) -> Page[T]:
    after = "" if cursor is None else read_cursor(partition, cursor)
    later = sorted(each for each in rows if each > after)
    shown = later[:limit]
    more = len(later) > limit
    return Page(
        items=tuple(rows[each] for each in shown),
        cursor=make_cursor(partition, shown[-1]) if more else None,
    )


class MemoryBrands(_Store):
    """`ports.catalog.Brands` in memory."""

    def get(self, brand_id: str) -> Brand | None:
        with self._call("Brands.get") as rows:
            return rows.brands.get(brand_id)

    def by_code(self, code: str) -> Brand | None:
        with self._call("Brands.by_code") as rows:
            return next((brand for brand in rows.brands.values() if brand.code == code), None)

    def create(self, brand: Brand) -> None:
        with self._call("Brands.create") as rows:
            _require(brand.id not in rows.brands)
            _require(all(other.code != brand.code for other in rows.brands.values()))
            rows.brands[brand.id] = brand

    def latest(self, brand_id: str) -> Brand | None:
        return self.get(brand_id)

    def replace(self, brand: Brand) -> Brand:
        with self._call("Brands.replace") as rows:
            stored = rows.brands.get(brand.id)
            _require(stored is not None and stored.revision == brand.revision)
            following = replace(brand, revision=brand.revision + 1)
            rows.brands[brand.id] = following
            return following

    def page(self, cursor: str | None, limit: int) -> Page[Brand]:
        with self._call("Brands.page") as rows:
            return _page("BRAND", rows.brands, cursor, limit)

    def all(self) -> tuple[Brand, ...]:
        with self._call("Brands.all") as rows:
            return tuple(rows.brands[each] for each in sorted(rows.brands))


class MemoryLists(_Store):
    """`ports.catalog.Lists` in memory."""

    def get(self, list_id: str) -> MailingList | None:
        with self._call("Lists.get") as rows:
            return rows.lists.get(list_id)

    def create(self, mailing_list: MailingList) -> None:
        with self._call("Lists.create") as rows:
            _require(mailing_list.id not in rows.lists)
            rows.lists[mailing_list.id] = mailing_list

    def page(self, cursor: str | None, limit: int) -> Page[MailingList]:
        with self._call("Lists.page") as rows:
            return _page("LIST", rows.lists, cursor, limit)

    def of_brand(self, brand_id: str) -> tuple[MailingList, ...]:
        with self._call("Lists.of_brand") as rows:
            every = (rows.lists[each] for each in sorted(rows.lists))
            return tuple(each for each in every if each.brand == brand_id)


class MemoryReasons(_Store):
    """`ports.catalog.Reasons` in memory."""

    def count(self, brand_id: str, campaign_id: str | None, reason: str) -> None:
        with self._call("Reasons.count") as rows:
            for place in (("brand", brand_id), ("campaign", campaign_id)):
                if place[1] is not None:
                    counted = rows.reasons.setdefault((place[0], place[1]), {})
                    counted[reason] = counted.get(reason, 0) + 1

    def of_brand(self, brand_id: str) -> Mapping[str, int]:
        with self._call("Reasons.of_brand") as rows:
            return dict(rows.reasons.get(("brand", brand_id), {}))

    def of_campaign(self, campaign_id: str) -> Mapping[str, int]:
        with self._call("Reasons.of_campaign") as rows:
            return dict(rows.reasons.get(("campaign", campaign_id), {}))


class MemoryForms(_Store):
    """`ports.catalog.Forms` in memory."""

    def get(self, form_id: str, version: int | None = None) -> Form | None:
        with self._call("Forms.get") as rows:
            if version is None:
                return rows.forms.get(form_id)
            return rows.versions.get((form_id, version))

    def latest(self, form_id: str) -> Form | None:
        return self.get(form_id)

    def create(self, form: Form) -> None:
        with self._call("Forms.create") as rows:
            _require(form.id not in rows.forms)
            rows.forms[form.id] = rows.versions[form.id, form.version] = form

    def publish(self, form: Form) -> None:
        with self._call("Forms.publish") as rows:
            _require(form.id in rows.forms and rows.forms[form.id].version < form.version)
            _require((form.id, form.version) not in rows.versions)
            rows.forms[form.id] = rows.versions[form.id, form.version] = form

    def page(self, cursor: str | None, limit: int) -> Page[Form]:
        with self._call("Forms.page") as rows:
            return _page("FORM", rows.forms, cursor, limit)

    def of_brand(self, brand_id: str) -> tuple[Form, ...]:
        with self._call("Forms.of_brand") as rows:
            return tuple(
                rows.forms[key] for key in sorted(rows.forms) if rows.forms[key].brand == brand_id
            )


class MemoryCampaigns(_Store):
    """`ports.catalog.Campaigns` in memory."""

    def get(self, campaign_id: str) -> Campaign | None:
        with self._call("Campaigns.get") as rows:
            return rows.campaigns.get(campaign_id)

    def content(self, campaign_id: str) -> Content | None:
        with self._call("Campaigns.content") as rows:
            return rows.contents.get(campaign_id)

    def create(self, campaign: Campaign, content: Content) -> None:
        with self._call("Campaigns.create") as rows:
            _require(campaign.id not in rows.campaigns)
            rows.campaigns[campaign.id] = campaign
            rows.contents[campaign.id] = content

    def replace(self, campaign: Campaign, content: Content | None = None) -> Campaign:
        with self._call("Campaigns.replace") as rows:
            stored = rows.campaigns.get(campaign.id)
            _require(stored is not None and stored.revision == campaign.revision)
            following = replace(campaign, revision=campaign.revision + 1)
            rows.campaigns[campaign.id] = following
            if content is not None:
                rows.contents[campaign.id] = content
            return following

    def due(self, now_ms: int) -> tuple[Campaign, ...]:
        with self._call("Campaigns.due") as rows:
            waiting = [
                (each.scheduled_ms, each.id)
                for each in rows.campaigns.values()
                if each.scheduled_ms is not None and each.scheduled_ms <= now_ms
            ]
            return tuple(rows.campaigns[campaign_id] for _, campaign_id in sorted(waiting))

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]:
        with self._call("Campaigns.page") as rows:
            return _page("CAMPAIGN", rows.campaigns, cursor, limit)

    def note_planned(self, campaign: Campaign, at_ms: int) -> None:
        with self._call("Campaigns.note_planned") as rows:
            rows.planned.add((campaign.list, at_ms, campaign.id))

    def planned(self, list_id: ListId, since_ms: int) -> Iterator[Campaign]:
        with self._call("Campaigns.planned") as rows:
            found = [
                campaign_id
                for of_list, at_ms, campaign_id in sorted(rows.planned)
                if of_list == list_id and at_ms >= since_ms
            ]
        for campaign_id in dict.fromkeys(found):
            yield rows.campaigns[campaign_id]

    def unfinished(self) -> tuple[Campaign, ...]:
        with self._call("Campaigns.unfinished") as rows:
            found = (rows.campaigns[each] for each in sorted(rows.campaigns))
            return tuple(each for each in found if each.unfinished)


class MemoryApiKeys(_Store):
    """`ports.catalog.ApiKeys` in memory."""

    def by_digest(self, digest: str) -> ApiKey | None:
        with self._call("ApiKeys.by_digest") as rows:
            return next((key for key in rows.keys.values() if key.digest == digest), None)

    def get(self, key_id: str) -> ApiKey | None:
        with self._call("ApiKeys.get") as rows:
            return rows.keys.get(key_id)

    def create(self, key: ApiKey) -> None:
        with self._call("ApiKeys.create") as rows:
            _require(key.id not in rows.keys)
            _require(all(other.digest != key.digest for other in rows.keys.values()))
            rows.keys[key.id] = key

    def replace(self, key: ApiKey) -> None:
        with self._call("ApiKeys.replace") as rows:
            stored = rows.keys.get(key.id)
            _require(stored is not None)
            assert stored is not None
            _require(stored.digest == key.digest and stored.revoked_ms is None)
            rows.keys[key.id] = key

    def page(self, cursor: str | None, limit: int) -> Page[ApiKey]:
        with self._call("ApiKeys.page") as rows:
            return _page("KEY", rows.keys, cursor, limit)


class MemoryJobs(_Store):
    """`ports.catalog.Jobs` in memory; nothing expires, as a late DynamoDB would have it."""

    def get(self, kind: str, job_id: str) -> Job | None:
        with self._call("Jobs.get") as rows:
            return rows.jobs.get(kind, {}).get(job_id)

    def create(self, job: Job) -> None:
        with self._call("Jobs.create") as rows:
            of_kind = rows.jobs.setdefault(job.kind, {})
            _require(job.id not in of_kind)
            of_kind[job.id] = job

    def replace(self, job: Job) -> Job:
        with self._call("Jobs.replace") as rows:
            stored = rows.jobs.get(job.kind, {}).get(job.id)
            _require(stored is not None and stored.revision == job.revision)
            following = replace(job, revision=job.revision + 1)
            rows.jobs[job.kind][job.id] = following
            return following

    def page(self, kind: str, cursor: str | None, limit: int) -> Page[Job]:
        with self._call("Jobs.page") as rows:
            return _page(f"JOB#{kind}", rows.jobs.get(kind, {}), cursor, limit)
