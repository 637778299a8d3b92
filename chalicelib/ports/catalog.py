# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up and what runs from it: brands, lists, forms, campaigns, keys, jobs.

Every read by id is strong, but that of a brand, a list or a form's current version, which another
process may have changed seconds ago (`Forms.latest` is strong). ``create`` raises `Conflict` when
the id exists; ``replace`` raises
`Conflict` when the row changed since it was read. Pages are ordered by id; a cursor is opaque
and `InputError` when it was not made by the same call.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from chalicelib.domain.api_keys import ApiKey
from chalicelib.domain.campaigns import Campaign, Content
from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import ListId
from chalicelib.domain.jobs import Job

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page; ``cursor`` None at the end."""

    items: tuple[T, ...]
    cursor: str | None


class Brands(Protocol):
    """Brands, by id and by the code in link tokens."""

    def get(self, brand_id: str) -> Brand | None:
        """Return the brand, or None."""
        ...

    def by_code(self, code: str) -> Brand | None:
        """Return the brand that a link token's code stands for, or None."""
        ...

    def latest(self, brand_id: str) -> Brand | None:
        """Return the brand, read strongly, or None."""
        ...

    def create(self, brand: Brand) -> None:
        """Store a new brand; `Conflict` when its id or its code exists."""
        ...

    def replace(self, brand: Brand) -> Brand:
        """Store ``brand`` over the row of its ``revision``; return it with the next one."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Brand]:
        """Return up to ``limit`` (1 to 100) brands."""
        ...

    def all(self) -> tuple[Brand, ...]:
        """Return every brand by id, as somebody read them a moment ago."""
        ...


class Lists(Protocol):
    """Lists."""

    def get(self, list_id: str) -> MailingList | None:
        """Return the list, or None."""
        ...

    def create(self, mailing_list: MailingList) -> None:
        """Store a new list; `Conflict` when its id exists."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[MailingList]:
        """Return up to ``limit`` (1 to 100) lists."""
        ...

    def of_brand(self, brand_id: str) -> tuple[MailingList, ...]:
        """Return every list of a brand by id, as somebody read them a moment ago."""
        ...


class Reasons(Protocol):
    """Why people unsubscribed: sums only, of nobody in particular."""

    def count(self, brand_id: str, campaign_id: str | None, reason: str) -> None:
        """Add one to a reason of the brand, and of the campaign when it is known."""
        ...

    def of_brand(self, brand_id: str) -> Mapping[str, int]:
        """Return how often each reason was given; those never given may be missing."""
        ...

    def of_campaign(self, campaign_id: str) -> Mapping[str, int]:
        """Return how often each reason was given after a campaign's mail."""
        ...


class Forms(Protocol):
    """Forms; every version stays readable."""

    def get(self, form_id: str, version: int | None = None) -> Form | None:
        """Return the form's current version, or the one asked for, or None."""
        ...

    def latest(self, form_id: str) -> Form | None:
        """Return the form's current version, read strongly, or None."""
        ...

    def create(self, form: Form) -> None:
        """Store a new form as its current version; `Conflict` when its id exists."""
        ...

    def publish(self, form: Form) -> None:
        """Store ``form`` as the current version; `Conflict` when that version exists."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Form]:
        """Return up to ``limit`` (1 to 100) forms, each in its current version."""
        ...

    def of_brand(self, brand_id: str) -> tuple[Form, ...]:
        """Return every form of a brand by id, in its current version, as read a moment ago."""
        ...


class Campaigns(Protocol):
    """Campaigns and, beside each, what it says; ``revision`` guards every replacement of either."""

    def get(self, campaign_id: str) -> Campaign | None:
        """Return the campaign, a small row, or None."""
        ...

    def content(self, campaign_id: str) -> Content | None:
        """Return what the campaign says as it was written, read strongly, or None."""
        ...

    def create(self, campaign: Campaign, content: Content) -> None:
        """Store a new campaign and what it says; `Conflict` when its id exists."""
        ...

    def replace(self, campaign: Campaign, content: Content | None = None) -> Campaign:
        """Store ``campaign`` over the row of its ``revision``; return it with the next one.

        ``content`` None leaves what it says as it is.
        """
        ...

    def due(self, now_ms: int) -> tuple[Campaign, ...]:
        """Return every scheduled campaign whose time has come, the earliest first.

        An eventually consistent list of strong reads.
        """
        ...

    def page(self, cursor: str | None, limit: int) -> Page[Campaign]:
        """Return up to ``limit`` (1 to 100) campaigns."""
        ...

    def note_planned(self, campaign: Campaign, at_ms: int) -> None:
        """Let `planned` find the campaign; repeating is harmless."""
        ...

    def planned(self, list_id: ListId, since_ms: int) -> Iterator[Campaign]:
        """Yield a list's campaigns whose plan was whole since ``since_ms``, oldest first."""
        ...

    def unfinished(self) -> tuple[Campaign, ...]:
        """Return every campaign started and not fully accounted for, whatever its status.

        An eventually consistent list of strong reads.
        """
        ...


class ApiKeys(Protocol):
    """API keys by digest; the key itself is never stored."""

    def by_digest(self, digest: str) -> ApiKey | None:
        """Return the key with this digest, revoked or not, or None."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key, revoked or not, or None."""
        ...

    def create(self, key: ApiKey) -> None:
        """Store a new key; `Conflict` when its id or its digest exists."""
        ...

    def replace(self, key: ApiKey) -> None:
        """Store ``key`` over its row; `Conflict` when it was revoked meanwhile or is another."""
        ...

    def page(self, cursor: str | None, limit: int) -> Page[ApiKey]:
        """Return up to ``limit`` (1 to 100) keys, revoked ones among them."""
        ...


class Jobs(Protocol):
    """Jobs (proofs now, imports and exports later); rows expire 7 days after they were made."""

    def get(self, kind: str, job_id: str) -> Job | None:
        """Return the job, or None."""
        ...

    def create(self, job: Job) -> None:
        """Store a new job; `Conflict` when its id exists."""
        ...

    def replace(self, job: Job) -> Job:
        """Store ``job`` over the row of its ``revision``; return it with the next one."""
        ...

    def page(self, kind: str, cursor: str | None, limit: int) -> Page[Job]:
        """Return up to ``limit`` (1 to 100) jobs of one kind."""
        ...
