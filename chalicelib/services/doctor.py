# SPDX-License-Identifier: Apache-2.0
"""The doctor: looks at everything a brand's mails need to arrive, and says what to mend.

Guarantees a report in a bounded time, whatever does not answer: each source stands alone, and one
that says nothing makes its own checks `UNKNOWN`. Nothing is stored and nothing remembered; who asks
draws on a budget of their own.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Final, TypeVar

from chalicelib.domain import account_checks, dns_checks
from chalicelib.domain.account_checks import Heard, Page
from chalicelib.domain.catalog import Brand
from chalicelib.domain.deliverability import Check, CheckId, Report
from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsKind, Records, with_parents
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.sender_facts import (
    ABSENT,
    Absent,
    AccountFacts,
    IdentityFacts,
    MaybeDestinations,
    MaybeSet,
    Sender,
)
from chalicelib.errors import DependencyError, NotFound, OverBudget, Throttled
from chalicelib.ports.catalog import Brands, Campaigns, Lists
from chalicelib.ports.deliverability import OwnPage, SenderFacts
from chalicelib.ports.dns import Dns
from chalicelib.ports.folds import Watermark
from chalicelib.ports.outside import Activity
from chalicelib.ports.runs import ChunkAccounts
from chalicelib.ports.system import Clock
from chalicelib.services.stopped_domains import StoppedDomains

T = TypeVar("T")

PER_HOUR: Final = 60
"""Examinations that one key may ask for in an hour."""
HOUR_S: Final = 3_600
DEADLINE_MS: Final = 9_000
"""The whole examination; the function that answers has 29 s."""
QUESTION_MS: Final = 3_000
LEAST_MS: Final = 500
"""Less time than this is no time to ask DNS anything."""
THREADS: Final = 12
AGAIN_MS: Final = 1_100
"""SES takes one question a second about identities, sets and the account."""
TRIES: Final = 3
LATELY_MS: Final = 30 * DAY_MS
MAX_LISTS: Final = 20
MIN_LABELS: Final = 2
POLICY_PAGE: Final = "/ledger/policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which installation is looked at, and where.

    Attributes:
        origin: name of its log, which its own page begins with.
        region: Region of the account.
    """

    base_url: str
    origin: str
    configuration_set: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What tells how much was sent of late, and what was heard of it."""

    lists: Lists
    campaigns: Campaigns
    accounts: ChunkAccounts
    watermark: Watermark

    def heard(self, brand: Brand, now_ms: int) -> Heard:
        """Return what a brand sent of late.

        Raises:
            Throttled, Unavailable: it cannot be read now.
        """
        lists = self.lists.of_brand(brand.id)[:MAX_LISTS]
        since_ms = now_ms - LATELY_MS
        planned = [each for one in lists for each in self.campaigns.planned(one.id, since_ms)]
        planned.sort(key=lambda campaign: campaign.go_ms or 0)
        sent_ms = None
        for campaign in reversed(planned):
            progress = self.accounts.progress(campaign.id)[0].progress
            if progress.sent:
                sent_ms = progress.last_ms
                break
        return Heard(
            people=max((each.planned or 0 for each in planned), default=0),
            sent_ms=sent_ms,
            event_ms=self.watermark.latest_ms(),
        )


class Lookups:
    """Questions to DNS, each asked once, and none after the time is over."""

    def __init__(self, dns: Dns, left_ms: Callable[[], int]) -> None:
        self._dns = dns
        self._left_ms = left_ms
        self._known: dict[tuple[str, DnsKind], Records] = {}
        self._lock = Lock()

    def __call__(self, name: str, kind: DnsKind) -> Records:
        """Return what DNS says."""
        with self._lock:
            known = self._known.get((name, kind))
        if known is not None:
            return known
        left_ms = self._left_ms()
        found = NOTHING_KNOWN
        if left_ms >= LEAST_MS:
            found = self._dns.ask(name, kind, min(QUESTION_MS, left_ms))
        with self._lock:
            return self._known.setdefault((name, kind), found)

    def ahead(self, pool: ThreadPoolExecutor, asked: Iterable[tuple[str, DnsKind]]) -> None:
        """Ask many at once."""
        for _ in pool.map(lambda each: self(*each), dict.fromkeys(asked)):
            pass


class Doctor:
    """Examines brands."""

    def __init__(
        self,
        *,
        facts: SenderFacts,
        page: OwnPage,
        dns: Dns,
        domains: StoppedDomains,
        brands: Brands,
        history: History,
        activity: Activity,
        clock: Clock,
        place: Place,
    ) -> None:
        self._facts = facts
        self._page = page
        self._dns = dns
        self._domains = domains
        self._brands = brands
        self._history = history
        self._activity = activity
        self._clock = clock
        self._place = place

    def asked(self, brand_id: str, key_id: str) -> Report:
        """Return the report on a brand, for whoever a key belongs to.

        Raises:
            NotFound: there is no such brand.
            OverBudget: the key asked too often within the hour.
        """
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        now_ms = self._clock.now_ms()
        if self._activity.count(f"doctor#{key_id}", HOUR_S, now_ms) > PER_HOUR:
            raise OverBudget(
                f"This key asked for more than {PER_HOUR} examinations within an hour. Look again"
                " later: what is examined changes slowly."
            )
        return self.examine(brand)

    def examine(self, brand: Brand) -> Report:
        """Return the report on a brand."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="doctor")
        try:
            return self._examined(brand, pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _examined(self, brand: Brand, pool: ThreadPoolExecutor) -> Report:
        began_ms = self._clock.now_ms()

        def left_ms() -> int:
            return began_ms + DEADLINE_MS - self._clock.now_ms()

        def begun(call: Callable[[], T]) -> Callable[[], T | None]:
            under_way = pool.submit(call)
            return lambda: _result(under_way, left_ms())

        def told(call: Callable[[], T]) -> Callable[[], T | None]:
            return begun(lambda: self._patiently(call))

        sender = Sender(
            address=brand.from_address,
            domain=brand.from_address.rpartition("@")[2].lower(),
            contact=brand.contact_address,
            region=self._place.region,
        )
        found = begun(lambda: self._identities(sender))
        facts, name = self._facts, self._place.configuration_set
        account = told(facts.account)
        the_set = told(lambda: _or_absent(facts.configuration_set(name)))
        events = told(lambda: _or_absent(facts.destinations(name)))
        page = begun(self._own_page)
        heard = begun(lambda: self._history.heard(brand, began_ms))
        held = begun(self._domains.standing)
        ask = Lookups(self._dns, left_ms)
        ask.ahead(pool, dns_checks.questions(sender))
        sender = replace(sender, identities=found())
        ask.ahead(pool, dns_checks.questions(sender))
        checks = (
            *self._of_account(account(), the_set(), events(), heard(), began_ms),
            account_checks.identity(sender),
            account_checks.one_click(page() or Page(url=self._url), self._place.origin),
            *dns_checks.checks(sender, ask),
            account_checks.rates(held()),
        )
        order = {check: number for number, check in enumerate(CheckId)}
        return Report(
            brand=brand.id,
            address=brand.from_address,
            checked_ms=began_ms,
            checks=tuple(sorted(checks, key=lambda check: order[check.id])),
        )

    def _of_account(
        self,
        account: AccountFacts | None,
        found: MaybeSet,
        told: MaybeDestinations,
        heard: Heard | None,
        now_ms: int,
    ) -> tuple[Check, ...]:
        name = self._place.configuration_set
        return (
            account_checks.sending(name, account, found),
            account_checks.production_access(account),
            account_checks.quota(account, heard),
            account_checks.events(name, told, heard, now_ms),
            account_checks.tracking(account, found, told),
            account_checks.suppression(account, found),
        )

    def _identities(self, sender: Sender) -> tuple[IdentityFacts, ...]:
        """Return what SES knows of the address, and of the nearest domain at or above it."""
        own = self._patiently(partial(self._facts.identity, sender.address))
        for name in with_parents(sender.domain, MIN_LABELS):
            found = self._patiently(partial(self._facts.identity, name))
            if found is not None:
                return (own, found) if own else (found,)
        return (own,) if own else ()

    def _own_page(self) -> Page:
        is_public = self._url.startswith("https:")
        return Page(
            url=self._url, first_line=self._page.first_line(self._url) if is_public else None
        )

    @property
    def _url(self) -> str:
        return self._place.base_url + POLICY_PAGE

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call, and again after a while if that was too soon."""
        for _ in range(TRIES - 1):
            try:
                return call()
            except Throttled:
                self._clock.sleep_ms(AGAIN_MS)
        return call()


def _result(under_way: "Future[T]", left_ms: int) -> T | None:
    """Return what came of a call; None: nothing, or nothing in time."""
    try:
        return under_way.result(max(0, left_ms) / 1000)
    except (DependencyError, TimeoutError):
        return None


def _or_absent(found: T | None) -> T | Absent:
    return ABSENT if found is None else found
