# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up and what runs from it: brands, lists, forms, campaigns, keys, jobs.

Every read by id is strong. ``create`` raises `Conflict` when the id exists; ``replace`` raises
`Conflict` when the row changed since it was read. Pages are ordered by id; a cursor is opaque
and `InputError` when it was not made by the same call.
"""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from chalicelib.domain.api_keys import ApiKey
from chalicelib.domain.campaigns import Campaign
from chalicelib.domain.catalog import Brand, Form, MailingList
from chalicelib.domain.jobs import Job

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page; ``cursor`` None at the end."""

    items: tuple[T, ...]
    cursor: str | None


class Brands(Protocol):
    """Brands, by id and by the code in link tokens."""

    def get(self, brand_id: str) -> Brand | None: ...  # noqa: D102
    def by_code(self, code: str) -> Brand | None: ...  # noqa: D102
    def create(self, brand: Brand) -> None: ...  # noqa: D102
    def page(self, cursor: str | None, limit: int) -> Page[Brand]: ...  # noqa: D102


class Lists(Protocol):
    """Lists."""

    def get(self, list_id: str) -> MailingList | None: ...  # noqa: D102
    def create(self, mailing_list: MailingList) -> None: ...  # noqa: D102
    def page(self, cursor: str | None, limit: int) -> Page[MailingList]: ...  # noqa: D102


class Forms(Protocol):
    """Forms; every version stays readable."""

    def get(self, form_id: str, version: int | None = None) -> Form | None: ...  # noqa: D102
    def create(self, form: Form) -> None: ...  # noqa: D102
    def publish(self, form: Form) -> None:
        """Store ``form`` as the current version; `Conflict` when that version exists."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Form]: ...  # noqa: D102


class Campaigns(Protocol):
    """Campaigns; ``revision`` guards every replacement."""

    def get(self, campaign_id: str) -> Campaign | None: ...  # noqa: D102
    def create(self, campaign: Campaign) -> None: ...  # noqa: D102
    def replace(self, campaign: Campaign) -> Campaign:
        """Store ``campaign`` over the row of its ``revision``; return it with the next one."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]: ...  # noqa: D102
    def unfinished(self) -> tuple[Campaign, ...]:
        """Return every campaign that is ``sending`` (an eventually consistent list)."""
        ...


class ApiKeys(Protocol):
    """API keys by digest; the key itself is never stored."""

    def by_digest(self, digest: str) -> ApiKey | None: ...  # noqa: D102
    def get(self, key_id: str) -> ApiKey | None: ...  # noqa: D102
    def create(self, key: ApiKey) -> None: ...  # noqa: D102
    def replace(self, key: ApiKey) -> None: ...  # noqa: D102
    def page(self, cursor: str | None, limit: int) -> Page[ApiKey]: ...  # noqa: D102


class Jobs(Protocol):
    """Jobs (proofs now, imports and exports later); rows expire 7 days after they were made."""

    def get(self, kind: str, job_id: str) -> Job | None: ...  # noqa: D102
    def create(self, job: Job) -> None: ...  # noqa: D102
    def replace(self, job: Job) -> Job:
        """Store ``job`` over the row of its ``revision``; return it with the next one."""
        ...

    def page(self, kind: str, cursor: str | None, limit: int) -> Page[Job]: ...  # noqa: D102
