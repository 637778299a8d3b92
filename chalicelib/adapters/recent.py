# SPDX-License-Identifier: Apache-2.0
"""Brands, lists, forms and links as this process read them a moment ago: pages need them each time.

Guarantees that a process sees its own changes at once and those of others after at most
`KEPT_MS`; that "there is none" is never remembered; and that no more than `MAX_KEPT` rows of a
noun are held. A published version of a form and the targets of a campaign never change, so they
stay. Refuses to serve what a
sign-up is decided on: `RecentForms.latest` always asks the store. Consent, suppressions and
everything else a send is decided on never pass here.
"""

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from chalicelib.domain.catalog import Brand, MailingList
from chalicelib.domain.forms import Form
from chalicelib.domain.ids import CampaignId
from chalicelib.domain.measurement import Targets
from chalicelib.ports.catalog import Brands, Forms, Lists, Page
from chalicelib.ports.links import CampaignLinks
from chalicelib.ports.system import Clock

T = TypeVar("T")

KEPT_MS: Final = 5_000
"""How old a brand, a list or the current version of a form may be, milliseconds."""
MAX_KEPT: Final = 256


class Recent(Generic[T]):
    """Values by key, each for ``kept_ms`` (None: for the life of the process)."""

    def __init__(self, clock: Clock, kept_ms: int | None = KEPT_MS) -> None:
        self._clock = clock
        self._kept_ms = kept_ms
        self._held: dict[Hashable, tuple[int, T]] = {}
        self._forgotten = 0

    def get(self, key: Hashable, read: Callable[[], T | None]) -> T | None:
        """Return what was read for ``key`` not long ago, else what ``read`` returns now."""
        now_ms = self._clock.now_ms()
        found = self._held.get(key)
        # A clock that was set back makes a row older, never younger.
        if found and (self._kept_ms is None or 0 <= now_ms - found[0] < self._kept_ms):
            return found[1]
        before = self._forgotten
        value = read()
        self._held.pop(key, None)
        # What another thread changed during the read may not be in it.
        if value is not None and self._forgotten == before:
            for oldest in list(self._held)[: max(0, len(self._held) + 1 - MAX_KEPT)]:
                self._held.pop(oldest, None)
            self._held[key] = (now_ms, value)
        return value

    def forget(self, key: Hashable) -> None:
        """Read ``key`` anew next time."""
        self._forgotten += 1
        self._held.pop(key, None)


class RecentBrands:
    """`Brands` over another one. A brand never changes its code."""

    def __init__(self, brands: Brands, clock: Clock) -> None:
        self._brands = brands
        self._by_id = Recent[Brand](clock)
        self._by_code = Recent[Brand](clock)
        self._everyone = Recent[tuple[Brand, ...]](clock)

    def get(self, brand_id: str) -> Brand | None:
        """Return the brand, or None."""
        return self._by_id.get(brand_id, lambda: self._brands.get(brand_id))

    def by_code(self, code: str) -> Brand | None:
        """Return the brand that a link token's code stands for, or None."""
        return self._by_code.get(code, lambda: self._brands.by_code(code))

    def latest(self, brand_id: str) -> Brand | None:
        """Return the brand as the store has it now, or None."""
        self._by_id.forget(brand_id)
        return self.get(brand_id)

    def create(self, brand: Brand) -> None:
        """Store a new brand; `Conflict` when its id or its code exists."""
        self._brands.create(brand)
        self._everyone.forget("")

    def replace(self, brand: Brand) -> Brand:
        """Store ``brand`` over the row of its ``revision``; return it with the next one."""
        following = self._brands.replace(brand)
        self._by_id.forget(brand.id)
        self._by_code.forget(brand.code)
        self._everyone.forget("")
        return following

    def page(self, cursor: str | None, limit: int) -> Page[Brand]:
        """Return brands by id, read now."""
        return self._brands.page(cursor, limit)

    def all(self) -> tuple[Brand, ...]:
        """Return every brand by id."""
        return self._everyone.get("", self._brands.all) or ()


class RecentLists:
    """`Lists` over another one."""

    def __init__(self, lists: Lists, clock: Clock) -> None:
        self._lists = lists
        self._by_id = Recent[MailingList](clock)
        self._by_brand = Recent[tuple[MailingList, ...]](clock)

    def get(self, list_id: str) -> MailingList | None:
        """Return the list, or None."""
        return self._by_id.get(list_id, lambda: self._lists.get(list_id))

    def create(self, mailing_list: MailingList) -> None:
        """Store a new list; `Conflict` when its id exists."""
        self._lists.create(mailing_list)
        self._by_brand.forget(mailing_list.brand)

    def page(self, cursor: str | None, limit: int) -> Page[MailingList]:
        """Return lists by id, read now."""
        return self._lists.page(cursor, limit)

    def of_brand(self, brand_id: str) -> tuple[MailingList, ...]:
        """Return every list of a brand by id."""
        return self._by_brand.get(brand_id, lambda: self._lists.of_brand(brand_id)) or ()


class RecentForms:
    """`Forms` over another one."""

    def __init__(self, forms: Forms, clock: Clock) -> None:
        self._forms = forms
        self._current = Recent[Form](clock)
        self._versions = Recent[Form](clock, kept_ms=None)
        self._by_brand = Recent[tuple[Form, ...]](clock)

    def get(self, form_id: str, version: int | None = None) -> Form | None:
        """Return the form's current version, or the one asked for, or None."""
        if version is None:
            return self._current.get(form_id, lambda: self._forms.get(form_id))
        key = (form_id, version)
        return self._versions.get(key, lambda: self._forms.get(form_id, version))

    def latest(self, form_id: str) -> Form | None:
        """Return the form's current version as the store has it now, or None."""
        self._current.forget(form_id)
        return self.get(form_id)

    def create(self, form: Form) -> None:
        """Store a new form as its current version; `Conflict` when its id exists."""
        self._forms.create(form)
        self._by_brand.forget(form.brand)

    def publish(self, form: Form) -> None:
        """Store ``form`` as the current version; `Conflict` when that version exists."""
        self._forms.publish(form)
        self._current.forget(form.id)
        self._by_brand.forget(form.brand)

    def page(self, cursor: str | None, limit: int) -> Page[Form]:
        """Return forms by id, each in its current version, read now."""
        return self._forms.page(cursor, limit)

    def of_brand(self, brand_id: str) -> tuple[Form, ...]:
        """Return every form of a brand by id, in its current version."""
        return self._by_brand.get(brand_id, lambda: self._forms.of_brand(brand_id)) or ()


class RecentLinks:
    """`CampaignLinks` over another one."""

    def __init__(self, links: CampaignLinks, clock: Clock) -> None:
        self._links = links
        self._by_campaign = Recent[Targets](clock, kept_ms=None)

    def put(self, campaign: CampaignId, targets: Targets) -> None:
        """Store the targets before the first mail goes; the same again is harmless."""
        self._links.put(campaign, targets)

    def get(self, campaign: CampaignId) -> Targets | None:
        """Return a campaign's targets, or None."""
        return self._by_campaign.get(campaign, lambda: self._links.get(campaign))
