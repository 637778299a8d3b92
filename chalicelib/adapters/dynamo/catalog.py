# SPDX-License-Identifier: Apache-2.0
"""The catalogue in the campaigns table: brands, lists, forms, campaigns, API keys and jobs.

Guarantees that reads are strong, that nothing is created twice and nothing newer overwritten.
One partition per noun: a few thousand small rows each, read by id or page by page.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.aws import translated
from chalicelib.adapters.dynamo import models
from chalicelib.adapters.dynamo.campaign_models import (
    CAMPAIGNS,
    PLANNED,
    SCHEDULED,
    SENDING,
    CampaignRow,
    DueRow,
    SourceRow,
    source_key,
)
from chalicelib.adapters.dynamo.cursors import make_cursor, read_cursor
from chalicelib.adapters.dynamo.form_models import FORMS, FormRow
from chalicelib.adapters.dynamo.models import (
    BrandRow,
    JobRow,
    KeyRow,
    ListRow,
    PointerRow,
    Row,
)
from chalicelib.domain.api_keys import ApiKey
from chalicelib.domain.campaigns import Campaign, Content
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import ListId
from chalicelib.domain.jobs import Job
from chalicelib.errors import Conflict
from chalicelib.ports.catalog import Page

R = TypeVar("R", bound=Row)


class _Catalogue:
    """One noun's rows. The models are bound before every call: they are shared by the process."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    @contextmanager
    def _call(self, what: str) -> Iterator[None]:
        models.bind(self._table)
        with translated(what):
            try:
                yield
            except PynamoDBException as error:
                # PynamoDB wraps the SDK's error, which alone carries a transaction's reasons.
                cause = error.cause or error
                raise (cause.__cause__ or cause) from None

    def _read(self, what: str, row: type[R], pk: str, sk: str) -> R | None:
        with self._call(what):
            try:
                return row.get(pk, sk, consistent_read=True)
            except row.DoesNotExist:
                return None

    def _put(self, what: str, row: Row, condition: Condition) -> None:
        with self._call(what):
            row.save(condition)

    @contextmanager
    def _transaction(self, what: str) -> Iterator[TransactWrite]:
        with (
            self._call(what),
            TransactWrite(connection=Row._get_connection().connection) as together,  # noqa: SLF001 -- see `bind`
        ):
            yield together

    def _page(
        self, what: str, row: type[R], pk: str, cursor: str | None, limit: int
    ) -> tuple[list[R], str | None]:
        after = None if cursor is None else row.sk > read_cursor(pk, cursor)
        with self._call(what):
            # One more than asked for tells whether there is another page.
            rows = list(row.query(pk, after, consistent_read=True, limit=limit + 1))
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], make_cursor(pk, rows[limit - 1].sk)


def _absent() -> Condition:
    return Row.pk.does_not_exist()


class DynamoBrands(_Catalogue):
    """`Brands` on DynamoDB."""

    def get(self, brand_id: str) -> Brand | None:
        """Return the brand, or None."""
        row = self._read("read a brand", BrandRow, models.BRANDS, brand_id)
        return None if row is None else row.to_domain()

    def by_code(self, code: str) -> Brand | None:
        """Return the brand a link token's code stands for, or None."""
        found = self._read("read a brand code", PointerRow, models.BRAND_CODES, code)
        return None if found is None else self.get(found.target)

    def latest(self, brand_id: str) -> Brand | None:
        """Return the brand, or None."""
        return self.get(brand_id)

    def create(self, brand: Brand) -> None:
        """Store a new brand; `Conflict` when its id or its code exists."""
        with self._transaction("create a brand") as together:
            together.save(BrandRow.from_domain(brand), _absent())
            together.save(PointerRow(models.BRAND_CODES, brand.code, target=brand.id), _absent())

    def replace(self, brand: Brand) -> Brand:
        """Store ``brand`` over the row of its ``revision``; return it with the next one."""
        following = replace(brand, revision=brand.revision + 1)
        unchanged = BrandRow.revision == brand.revision
        if brand.revision == 0:
            # A brand that never changed has no revision in its row.
            unchanged = BrandRow.revision.does_not_exist() | unchanged
        row = BrandRow.from_domain(following)
        self._put("replace a brand", row, (BrandRow.code == brand.code) & unchanged)
        return following

    def page(self, cursor: str | None, limit: int) -> Page[Brand]:
        """Return brands by id."""
        rows, after = self._page("list brands", BrandRow, models.BRANDS, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)

    def all(self) -> tuple[Brand, ...]:
        """Return every brand by id."""
        with self._call("list every brand"):
            rows = list(BrandRow.query(models.BRANDS, consistent_read=True))
        return tuple(row.to_domain() for row in rows)


class DynamoLists(_Catalogue):
    """`Lists` on DynamoDB."""

    def get(self, list_id: str) -> MailingList | None:
        """Return the list, or None."""
        row = self._read("read a list", ListRow, models.LISTS, list_id)
        return None if row is None else row.to_domain()

    def create(self, mailing_list: MailingList) -> None:
        """Store a new list; `Conflict` when its id exists."""
        self._put("create a list", ListRow.from_domain(mailing_list), _absent())

    def page(self, cursor: str | None, limit: int) -> Page[MailingList]:
        """Return lists by id."""
        rows, after = self._page("list lists", ListRow, models.LISTS, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)

    def of_brand(self, brand_id: str) -> tuple[MailingList, ...]:
        """Return every list of a brand by id."""
        with self._call("list a brand's lists"):
            rows = list(ListRow.query(models.LISTS, consistent_read=True))
        return tuple(row.to_domain() for row in rows if row.brand == brand_id)


class DynamoForms(_Catalogue):
    """`Forms` on DynamoDB: the current version under its id, every version under its number."""

    def get(self, form_id: str, version: int | None = None) -> Form | None:
        """Return the form's current version, or the one asked for, or None."""
        key = (FORMS, form_id)
        if version is not None:
            key = FormRow.version_key(form_id, version)
        row = self._read("read a form", FormRow, *key)
        return None if row is None else row.to_domain()

    def latest(self, form_id: str) -> Form | None:
        """Return the form's current version, or None."""
        return self.get(form_id)

    def create(self, form: Form) -> None:
        """Store a new form; `Conflict` when its id exists."""
        self._save("create a form", form, _absent())

    def publish(self, form: Form) -> None:
        """Store ``form`` as the current version.

        Raises:
            Conflict: that version, or a later one, exists; or there is no such form.
        """
        self._save("publish a form", form, FormRow.version < form.version)

    def _save(self, what: str, form: Form, condition: Condition) -> None:
        with self._transaction(what) as together:
            together.save(FormRow.current(form), condition)
            together.save(FormRow.of_version(form), _absent())

    def page(self, cursor: str | None, limit: int) -> Page[Form]:
        """Return the current versions by id."""
        rows, after = self._page("list forms", FormRow, FORMS, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)

    def of_brand(self, brand_id: str) -> tuple[Form, ...]:
        """Return every form of a brand by id, in its current version."""
        with self._call("list a brand's forms"):
            rows = list(FormRow.query(FORMS, consistent_read=True))
        return tuple(row.to_domain() for row in rows if row.brand == brand_id)


class DynamoCampaigns(_Catalogue):
    """`Campaigns` on DynamoDB. What is being sent is found without reading every campaign."""

    def get(self, campaign_id: str) -> Campaign | None:
        """Return the campaign, or None."""
        row = self._read("read a campaign", CampaignRow, CAMPAIGNS, campaign_id)
        return None if row is None else row.to_domain()

    def content(self, campaign_id: str) -> Content | None:
        """Return what the campaign says, or None."""
        source = self._read("read a campaign's content", SourceRow, *source_key(campaign_id))
        return self._inline(campaign_id) if source is None else source.to_domain()

    def _inline(self, campaign_id: str) -> Content | None:
        row = self._read("read a campaign", CampaignRow, CAMPAIGNS, campaign_id)
        return None if row is None else row.inline

    def create(self, campaign: Campaign, content: Content) -> None:
        """Store a new campaign and what it says; `Conflict` when its id exists."""
        self._save("create a campaign", campaign, content, _absent())

    def replace(self, campaign: Campaign, content: Content | None = None) -> Campaign:
        """Store ``campaign`` over the row of its ``revision``; return it with the next one."""
        following = replace(campaign, revision=campaign.revision + 1)
        unchanged = CampaignRow.revision == campaign.revision
        what = "replace a campaign"
        if content is not None:
            self._save(what, following, content, unchanged)
            return following
        try:
            self._save(what, following, None, unchanged & CampaignRow.html.does_not_exist())
        except Conflict:
            inline = self._inline(campaign.id)
            if inline is None:
                raise
            # An earlier version stored the content in the row: it moves beside it.
            self._save(what, following, inline, unchanged)
        return following

    def _save(
        self, what: str, campaign: Campaign, content: Content | None, condition: Condition
    ) -> None:
        """Store the row with whatever must be in step with it."""
        sending = PointerRow(SENDING, campaign.id, target=campaign.id)
        due = DueRow(SCHEDULED, campaign.id, at_ms=campaign.scheduled_ms or 0)
        with self._transaction(what) as together:
            together.save(CampaignRow.from_domain(campaign), condition)
            if content is not None:
                together.save(SourceRow.from_domain(campaign.id, content))
            if campaign.unfinished:
                together.save(sending)
            elif campaign.started_ms is not None:
                together.delete(sending)
            if campaign.scheduled_ms is not None:
                together.save(due)
            elif campaign.revision:
                together.delete(due)

    def due(self, now_ms: int) -> tuple[Campaign, ...]:
        """Return every scheduled campaign whose time has come, the earliest first."""
        with self._call("list what is scheduled"):
            rows = [row for row in DueRow.query(SCHEDULED) if row.at_ms <= now_ms]
        found = (self.get(row.sk) for row in sorted(rows, key=lambda row: (row.at_ms, row.sk)))
        return tuple(c for c in found if c and c.scheduled_ms and c.scheduled_ms <= now_ms)

    def note_planned(self, campaign: Campaign, at_ms: int) -> None:
        """Let `planned` find the campaign; repeating is harmless."""
        partition, place = f"{PLANNED}{campaign.list}", f"{at_ms:013d}#{campaign.id}"
        with self._call("note a plan"):
            PointerRow(partition, place, target=campaign.id).save()

    def planned(self, list_id: ListId, since_ms: int) -> Iterator[Campaign]:
        """Yield a list's campaigns whose plan was whole since ``since_ms``, oldest first."""
        partition = f"{PLANNED}{list_id}"
        with self._call("list what was sent to a list"):
            after = PointerRow.sk >= f"{since_ms:013d}"
            ids = [row.target for row in PointerRow.query(partition, after, consistent_read=True)]
        for campaign_id in dict.fromkeys(ids):
            found = self.get(campaign_id)
            if found is not None:
                yield found

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]:
        """Return campaigns by id."""
        rows, after = self._page("list campaigns", CampaignRow, CAMPAIGNS, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)

    def unfinished(self) -> tuple[Campaign, ...]:
        """Return every campaign started and not fully accounted for, whatever its status."""
        with self._call("list what is being sent"):
            ids = [row.target for row in PointerRow.query(SENDING)]
        found = (self.get(campaign_id) for campaign_id in ids)
        return tuple(c for c in found if c is not None and c.unfinished)


class DynamoApiKeys(_Catalogue):
    """`ApiKeys` on DynamoDB. A key changes once in its life: it is revoked, for good."""

    def by_digest(self, digest: str) -> ApiKey | None:
        """Return the key of a digest, revoked or not, or None."""
        found = self._read("read a key's digest", PointerRow, models.KEY_DIGESTS, digest)
        return None if found is None else self.get(found.target)

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, revoked or not, or None."""
        row = self._read("read a key", KeyRow, models.KEYS, key_id)
        return None if row is None else row.to_domain()

    def create(self, key: ApiKey) -> None:
        """Store a new key; `Conflict` when its id or its digest exists."""
        with self._transaction("create a key") as together:
            together.save(KeyRow.from_domain(key), _absent())
            together.save(PointerRow(models.KEY_DIGESTS, key.digest, target=key.id), _absent())

    def replace(self, key: ApiKey) -> None:
        """Store ``key`` over its row.

        Raises:
            Conflict: it does not exist, has another digest, or was revoked meanwhile.
        """
        live = (KeyRow.digest == key.digest) & KeyRow.revoked_ms.does_not_exist()
        self._put("replace a key", KeyRow.from_domain(key), live)

    def page(self, cursor: str | None, limit: int) -> Page[ApiKey]:
        """Return keys by id."""
        rows, after = self._page("list keys", KeyRow, models.KEYS, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)


class DynamoJobs(_Catalogue):
    """`Jobs` on DynamoDB; a row disappears some time after its 7 days."""

    def get(self, kind: str, job_id: str) -> Job | None:
        """Return the job, or None."""
        row = self._read("read a job", JobRow, JobRow.partition(kind), job_id)
        return None if row is None else row.to_domain()

    def create(self, job: Job) -> None:
        """Store a new job; `Conflict` when its id exists."""
        self._put("create a job", JobRow.from_domain(job), _absent())

    def replace(self, job: Job) -> Job:
        """Store ``job`` over the row of its ``revision``; return it with the next one."""
        following = replace(job, revision=job.revision + 1)
        unchanged = JobRow.revision == job.revision
        self._put("replace a job", JobRow.from_domain(following), unchanged)
        return following

    def page(self, kind: str, cursor: str | None, limit: int) -> Page[Job]:
        """Return a kind's jobs by id."""
        partition = JobRow.partition(kind)
        rows, after = self._page("list jobs", JobRow, partition, cursor, limit)
        return Page(items=tuple(row.to_domain() for row in rows), cursor=after)
