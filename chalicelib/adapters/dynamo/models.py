# SPDX-License-Identifier: Apache-2.0
"""PynamoDB models of the catalogue: how brands, lists, keys and jobs are stored.

Guarantees that a row is complete and of a schema version this code knows before anything is read
from it. The table and the client are bound by the catalogue adapters; nothing here reads the
environment. Models never leave `adapters/dynamo`: each says itself how it becomes a domain value.
"""

from typing import Any, Final, Self

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from chalicelib.adapters import aws
from chalicelib.adapters.dynamo.items import ROW_VERSION
from chalicelib.domain.api_keys import ApiKey, KeyScope
from chalicelib.domain.catalog import Brand, MailingList, UnsubscribeScope
from chalicelib.domain.ids import BrandId, JobId, ListId
from chalicelib.domain.jobs import Job, JobStatus
from chalicelib.errors import FatalError

JOB_DAYS: Final = 7
_DAY_S: Final = 86_400

BRANDS: Final = "BRAND"
BRAND_CODES: Final = "BRANDCODE"
LISTS: Final = "LIST"
KEYS: Final = "KEY"
KEY_DIGESTS: Final = "KEYDIGEST"


class Row(Model):
    """What every catalogue row has: its key and the version of its schema."""

    class Meta:
        """Bound by `bind`."""

        table_name = ""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    v = NumberAttribute(default=ROW_VERSION)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the row.

        Raises:
            FatalError: its schema version is unknown, or an attribute it must have is missing.
        """
        kind = cls.__name__
        if data.get("v") != {"N": str(ROW_VERSION)}:
            raise FatalError(f"a stored {kind} has a schema version this code does not know")
        for name, attribute in cls.get_attributes().items():
            if not attribute.null and name not in data:
                raise FatalError(f"a stored {kind} lacks {name}")
        return super().from_raw_data(data)


def bind(table: str) -> None:
    """Point every model at ``table`` through this process's one DynamoDB client.

    PynamoDB would otherwise make a client of its own for each model, with other time-outs.
    """
    client = aws.client("dynamodb")
    if Row.Meta.table_name != table:
        Row.Meta.table_name = table
        Row._connection = None  # noqa: SLF001 -- dropped, so that the next line makes it anew
    Row._get_connection().connection._client = client  # noqa: SLF001 -- it takes no client


class PointerRow(Row):
    """A second way to a row: it holds the id and nothing else."""

    target = UnicodeAttribute()


class BrandRow(Row):
    """`BRAND`/<id>; `BRANDCODE`/<code> points to it."""

    code = UnicodeAttribute()
    name = UnicodeAttribute()
    controller_name = UnicodeAttribute()
    postal_address = UnicodeAttribute()
    contact_address = UnicodeAttribute()
    from_address = UnicodeAttribute()
    privacy_url = UnicodeAttribute(null=True)
    default_language = UnicodeAttribute()
    time_zone = UnicodeAttribute(null=True)
    privacy = JSONAttribute(null=True)
    unsubscribe_scope = UnicodeAttribute(null=True)
    keep_orders = BooleanAttribute(null=True)
    revision = NumberAttribute(null=True)

    @classmethod
    def from_domain(cls, brand: Brand) -> Self:
        """Return the row of ``brand``; what it leaves at its default is not stored."""
        scope = brand.unsubscribe_scope
        return cls(
            BRANDS,
            brand.id,
            code=brand.code,
            name=brand.name,
            controller_name=brand.controller_name,
            postal_address=brand.postal_address,
            contact_address=brand.contact_address,
            from_address=brand.from_address,
            privacy_url=brand.privacy_url,
            default_language=brand.default_language,
            time_zone=brand.time_zone or None,
            privacy=dict(brand.privacy) or None,
            unsubscribe_scope=None if scope is UnsubscribeScope.BRAND else str(scope),
            keep_orders=None if brand.keep_orders else False,
            revision=brand.revision or None,
        )

    def to_domain(self) -> Brand:
        """Return the brand."""
        return Brand(
            id=BrandId(self.sk),
            code=self.code,
            name=self.name,
            controller_name=self.controller_name,
            postal_address=self.postal_address,
            contact_address=self.contact_address,
            from_address=self.from_address,
            privacy_url=self.privacy_url,
            default_language=self.default_language,
            time_zone=self.time_zone or "",
            privacy=self.privacy or {},
            unsubscribe_scope=UnsubscribeScope(self.unsubscribe_scope or UnsubscribeScope.BRAND),
            keep_orders=self.keep_orders is not False,
            revision=int(self.revision or 0),
        )


class ListRow(Row):
    """`LIST`/<id>."""

    brand = UnicodeAttribute()
    name = UnicodeAttribute()
    created_ms = NumberAttribute()

    @classmethod
    def from_domain(cls, mailing_list: MailingList) -> Self:
        """Return the row of ``mailing_list``."""
        return cls(
            LISTS,
            mailing_list.id,
            brand=mailing_list.brand,
            name=mailing_list.name,
            created_ms=mailing_list.created_ms,
        )

    def to_domain(self) -> MailingList:
        """Return the list."""
        return MailingList(
            id=ListId(self.sk),
            brand=BrandId(self.brand),
            name=self.name,
            created_ms=int(self.created_ms),
        )


class KeyRow(Row):
    """`KEY`/<id>; `KEYDIGEST`/<digest> points to it."""

    name = UnicodeAttribute()
    digest = UnicodeAttribute()
    scopes = ListAttribute(of=UnicodeAttribute)
    created_ms = NumberAttribute()
    revoked_ms = NumberAttribute(null=True)

    @classmethod
    def from_domain(cls, api_key: ApiKey) -> Self:
        """Return the row of ``api_key``."""
        return cls(
            KEYS,
            api_key.id,
            name=api_key.name,
            digest=api_key.digest,
            scopes=sorted(scope.value for scope in api_key.scopes),
            created_ms=api_key.created_ms,
            revoked_ms=api_key.revoked_ms,
        )

    def to_domain(self) -> ApiKey:
        """Return the key's record."""
        return ApiKey(
            id=self.sk,
            name=self.name,
            digest=self.digest,
            scopes=frozenset(KeyScope(str(scope)) for scope in self.scopes),
            created_ms=int(self.created_ms),
            revoked_ms=whole(self.revoked_ms),
        )


class JobRow(Row):
    """`JOB#<kind>`/<id>; gone some time after its 7 days."""

    status = UnicodeAttribute()
    created_ms = NumberAttribute()
    request = JSONAttribute()
    progress = JSONAttribute()
    blob = UnicodeAttribute(null=True)
    problem = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    expires_at = NumberAttribute()

    @staticmethod
    def partition(kind: str) -> str:
        """Return the partition of a kind of jobs."""
        return f"JOB#{kind}"

    @classmethod
    def from_domain(cls, job: Job) -> Self:
        """Return the row of ``job``."""
        return cls(
            cls.partition(job.kind),
            job.id,
            status=job.status.value,
            created_ms=job.created_ms,
            request=dict(job.request),
            progress=dict(job.progress),
            blob=job.blob,
            problem=job.problem,
            revision=job.revision,
            expires_at=job.created_ms // 1_000 + JOB_DAYS * _DAY_S,
        )

    def to_domain(self) -> Job:
        """Return the job."""
        return Job(
            id=JobId(self.sk),
            kind=self.pk.removeprefix("JOB#"),
            status=JobStatus(self.status),
            created_ms=int(self.created_ms),
            request=self.request,
            progress=self.progress,
            blob=self.blob,
            problem=self.problem,
            revision=int(self.revision),
        )


def whole(value: float | None) -> int | None:
    """Return a stored number as the whole number it is, or None."""
    return None if value is None else int(value)
