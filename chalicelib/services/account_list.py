# SPDX-License-Identifier: Apache-2.0
"""SES's own list of suppressed addresses, kept like ours both ways.

Guarantees that the later act wins (`domain.account_list.winner`): who confirmed after SES listed
them comes off its list, and everybody else on it is suppressed here, dated as SES dates it. So
what SES remembers never makes an objection that nobody made. Refuses to take anybody off SES's
list for another reason, and to put anybody there but for a bounce or a complaint of every brand:
that list stops the account's other mail, too.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from chalicelib.domain.account_list import (
    LISTED_REASONS,
    MIN_STEP_MS,
    Comparison,
    Window,
    Winner,
    confirmed_ms,
    winner,
)
from chalicelib.domain.addresses import parse_address
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.health import KEEP_HEALTH_MS, EventKind, observe
from chalicelib.domain.hygiene import has_confirmed, owed, renewed_ms
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.suppressions import outweighs
from chalicelib.errors import Conflict, DependencyError, InputError, NotFound, Throttled
from chalicelib.ports.account_list import AccountList, Comparisons, Listed
from chalicelib.ports.audience import AudienceStore
from chalicelib.ports.hygiene import HealthStore
from chalicelib.ports.outside import Queue, Queues
from chalicelib.ports.system import Clock
from chalicelib.services.entries import event_of_leaf, open_profile
from chalicelib.services.ledger import ATTEMPTS, Chain, Ledger
from chalicelib.services.suppressions import Change, Suppressor

log = logging.getLogger(__name__)

T = TypeVar("T")

RUN_MS: Final = 240_000
"""How long one run goes on, milliseconds; its handler has a minute more."""
PACE_MS: Final = 1_000
"""SES takes about one call a second of an account, other than those that send."""
TRIES: Final = 5
SYNC: Final[dict[str, object]] = {"v": 1, "sync": True}
_KINDS: Final = {
    SuppressionReason.BOUNCE: EventKind.PERMANENT,
    SuppressionReason.COMPLAINT: EventKind.COMPLAINT,
}


class Settled(StrEnum):
    """What came of comparing one address."""

    AS_IT_WAS = "as-it-was"
    ADDED = "added"
    REMOVED = "removed"


class AccountListSync:
    """Compares SES's list with ours."""

    def __init__(
        self,
        *,
        account_list: AccountList,
        comparisons: Comparisons,
        ledger: Ledger,
        suppressor: Suppressor,
        audience: AudienceStore,
        health: HealthStore,
        queues: Queues,
        clock: Clock,
    ) -> None:
        self._list = account_list
        self._comparisons = comparisons
        self._ledger = ledger
        self._suppressor = suppressor
        self._audience = audience
        self._health = health
        self._queues = queues
        self._clock = clock
        self._next_call_ms = 0

    def ask(self) -> None:
        """Have the list compared soon."""
        self._queues.send(Queue.SUPPRESSIONS, SYNC)

    def progress(self) -> Comparison:
        """Return how far the list was compared."""
        return self._comparisons.read().comparison

    def settle(self, sid: SubjectId) -> Settled:
        """Compare one person's present address. Repeating changes nothing.

        Raises:
            Conflict: the chain kept moving; try again.
            DependencyError: nothing was decided; try again.
        """
        member = self._audience.member(sid)
        try:
            chain = self._ledger.open(sid)
        except NotFound:
            return Settled.AS_IT_WAS  # Erased since: what outlives them is kept by MAC.
        if member is None or not member.sealed:
            return Settled.AS_IT_WAS
        address = str(open_profile(chain.keys, member.sealed)["email"])
        # SES does not say whether capitals make another address of one.
        for spelled in dict.fromkeys((address, parse_address(address).normal)):
            listed = self._called(partial(self._list.get, spelled))
            if listed is not None:
                return self._of_subject(chain, listed)
        return Settled.AS_IT_WAS

    def run(self, budget_ms: int = RUN_MS) -> Comparison:
        """Compare what the list has to say since the last run; ask for another where time ends.

        Idempotency key: how far it is. Two runs at a time do the same work, and one of them stops.

        Raises:
            Throttled: SES wants fewer calls; whole windows stay compared.
            DependencyError: likewise.
        """
        row, begun_ms = self._comparisons.read(), self._clock.now_ms()
        until_ms = begun_ms + budget_ms
        comparison, revision = replace(row.comparison, run_ms=begun_ms), row.revision
        had_all, is_whole = True, True
        while True:
            window = comparison.window(begun_ms)
            if window is not None:
                comparison, is_whole = self._compared(comparison, window, until_ms)
            if window is not None and not is_whole:
                comparison = _narrowed(comparison, window, had_all=had_all)
            try:
                self._comparisons.write(comparison, revision)
            except Conflict:
                return self.progress()  # Another run is ahead.
            if window is None:
                return comparison
            if not is_whole or self._clock.now_ms() >= until_ms:
                self.ask()
                return comparison
            revision, had_all = revision + 1, False

    def outbound(self, address: str, reason: SuppressionReason, *, waits: bool = True) -> bool:
        """Put an address on SES's list, for a bounce or complaint of every brand; say if it is so.

        One that is there for the same or more keeps its date. That SES cannot be asked is no
        reason to refuse: ours is what keeps mail away.

        Args:
            waits: keep to the pace that SES allows, and ask again when it is throttled; False where
                somebody waits for us.

        Raises:
            InputError: not an address we could write to.
        """
        to = parse_address(address).deliverable
        if reason not in LISTED_REASONS:
            return False
        try:
            listed = self._asked(lambda: self._list.get(to), waits=waits)
            if listed is None or outweighs(reason, [listed.reason]):
                self._asked(lambda: self._list.put(to, reason), waits=waits)
        except (DependencyError, InputError) as error:
            log.warning(
                "an address was not put on SES's list", extra={"error": type(error).__name__}
            )
            return False
        return True

    def _compared(
        self, comparison: Comparison, window: Window, until_ms: int
    ) -> tuple[Comparison, bool]:
        """Compare a window; return how far everything is, and whether the window was all done."""
        cursor: str | None = None
        while self._clock.now_ms() < until_ms:
            page = self._called(partial(self._list.page, window.since_ms, window.until_ms, cursor))
            macs = self._macs(page.items)
            for listed, mac in zip(page.items, macs, strict=True):
                if self._clock.now_ms() >= until_ms:
                    break
                settled = Settled.AS_IT_WAS if mac is None else self._of_mac(mac, listed)
                comparison = replace(
                    comparison,
                    seen=comparison.seen + 1,
                    added=comparison.added + (settled is Settled.ADDED),
                    removed=comparison.removed + (settled is Settled.REMOVED),
                )
            else:
                cursor = page.cursor
                if cursor is None:
                    return comparison.finished(window), True
        return comparison, False

    def _macs(self, items: tuple[Listed, ...]) -> tuple[str | None, ...]:
        """Return the MAC of each address; None of what is no address we could write to."""
        normals: list[str | None] = []
        for item in items:
            try:
                normals.append(parse_address(item.address).normal)
            except InputError:
                normals.append(None)
        made = iter(self._ledger.macs([normal for normal in normals if normal is not None]))
        return tuple(None if normal is None else next(made) for normal in normals)

    def _of_mac(self, mac: str, listed: Listed) -> Settled:
        known = self._ledger.lookup(mac)
        if known.sid is not None:
            try:
                return self._of_subject(self._ledger.open(known.sid), listed)
            except NotFound:
                pass  # Being erased: the row by MAC alone outlives them.
        if not outweighs(listed.reason, [x.reason for x in known.suppressions if x.brand is None]):
            return Settled.AS_IT_WAS
        self._suppressor.suppress_mac(mac, listed.reason)
        return Settled.ADDED

    def _of_subject(self, chain: Chain, listed: Listed) -> Settled:
        if winner(listed.since_ms, self._confirmed_ms(chain, listed.since_ms)) is Winner.SES:
            return self._take_over(chain, listed)
        if any(x.brand is None for x in chain.state.suppressions):
            # Something later keeps all mail away; who lifts it brings this person here again.
            return Settled.AS_IT_WAS
        self._called(lambda: self._list.remove(listed.address))
        return Settled.REMOVED

    def _confirmed_ms(self, chain: Chain, since_ms: int) -> int | None:
        """When the person last confirmed; the whole chain is read only where that may matter."""
        renewed = renewed_ms(chain.state)
        if (renewed is not None and renewed >= since_ms) or not has_confirmed(chain.state):
            return renewed
        entries = self._ledger.history(chain.sid, 0, chain.state.entries - 1)
        return confirmed_ms(event_of_leaf(entry.leaf) for entry in entries)

    def _take_over(self, chain: Chain, listed: Listed) -> Settled:
        """Record what SES knows and we do not, as of the day it says."""
        kind, before = _KINDS[listed.reason], chain.state.entries

        def decide(now: Chain) -> Change:
            if winner(listed.since_ms, self._confirmed_ms(now, listed.since_ms)) is Winner.PERSON:
                return Change()
            reason = owed(now.state, kind, listed.since_ms, ()).reason
            if reason is None:
                return Change()
            return self._suppressor.change(now, reason, since_ms=listed.since_ms)

        after = self._suppressor.apply(chain, decide)
        self._observe(after, kind, listed.since_ms)
        return Settled.AS_IT_WAS if after.state.entries == before else Settled.ADDED

    def _observe(self, chain: Chain, kind: EventKind, at_ms: int) -> None:
        for _ in range(ATTEMPTS):
            row = self._health.read(chain.sid)
            health = observe(row.health, kind, at_ms)
            if health == row.health:
                return
            try:
                expires_ms = self._clock.now_ms() + KEEP_HEALTH_MS
                self._health.write(chain.sid, health, row.revision, expires_ms)
            except Conflict:
                continue
            return
        raise Conflict("The health of an address kept changing; it is compared again.")

    def _asked(self, call: Callable[[], T], *, waits: bool) -> T:
        return self._called(call) if waits else call()

    def _called(self, call: Callable[[], T]) -> T:
        """Make a call of SES at our own pace; a throttled one again, for a while."""
        for attempt in range(TRIES):
            wait_ms = self._next_call_ms - self._clock.now_ms()
            if wait_ms > 0:
                self._clock.sleep_ms(min(wait_ms, TRIES * PACE_MS))
            self._next_call_ms = self._clock.now_ms() + PACE_MS * (attempt + 1)
            try:
                return call()
            except Throttled:
                continue
        raise Throttled("SES wants fewer calls; its list is compared later.")


def _narrowed(comparison: Comparison, window: Window, *, had_all: bool) -> Comparison:
    """Return how to go on after a window that was not finished.

    The narrowest, which even a whole run was too short for, is passed over: nothing that SES listed
    later would ever be compared. SES sends to none of those, and tells of whom it did not send to.
    """
    if not had_all or window.width_ms > MIN_STEP_MS:
        return comparison.unfinished(window)
    log.error(
        "SES listed more addresses in a minute than a run can compare; some were passed over",
        extra={"since_ms": window.since_ms, "until_ms": window.until_ms},
    )
    return comparison.finished(window)
