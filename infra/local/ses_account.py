# SPDX-License-Identifier: Apache-2.0
"""One SES account in one Region: quota, identities, configuration sets, suppression, faults.

It guarantees that an identity is verified from the moment it is created, so that a local brand can
send at once.
It refuses to send from an identity nobody created and through a configuration set nobody created.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parseaddr
from threading import Lock
from typing import Any

from infra.local.ses_bucket import TokenBucket
from infra.local.ses_errors import already_exists, not_found, rejected, throttled
from infra.local.ses_events import API_NAMES
from infra.local.ses_identity import Identity, SetOptions, Standing

DEFAULT_RATE = 500.0
DEFAULT_DAILY = 1_000_000.0
SUPPRESSION_REASONS = ("BOUNCE", "COMPLAINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDestination:
    """Where a configuration set's events go. Types are the API's names."""

    name: str
    enabled: bool
    types: tuple[str, ...]
    topic_arn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One address on the account's suppression list."""

    address: str
    reason: str
    updated_ms: int


@dataclass(slots=True, kw_only=True)
class Fault:
    """A planted fault: what happens to the next calls that send.

    Args:
        kind: one of `ses_faults.KINDS`.
        times: calls still to be hit.
        milliseconds: how long a stall lasts.
        status: entry status, for `entries`.
    """

    kind: str
    times: int
    milliseconds: int = 0
    status: str = "TRANSIENT_FAILURE"


@dataclass(slots=True, kw_only=True)
class Account:
    """The account's state. Methods are safe to call from several threads.

    Args:
        now_ms: clock in Unix milliseconds.
    """

    now_ms: Callable[[], int]
    bucket: TokenBucket = field(init=False)
    max_24_hour_send: float = DEFAULT_DAILY
    sent: int = 0
    sending_enabled: bool = True
    suppressed_reasons: tuple[str, ...] = SUPPRESSION_REASONS
    latency_ms: int = 0
    event_delay_ms: int = 0
    event_copies: int = 1
    faults: list[Fault] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    _identities: dict[str, Identity] = field(default_factory=dict)
    _options: dict[str, SetOptions] = field(default_factory=dict)
    _sets: dict[str, dict[str, EventDestination]] = field(default_factory=dict)
    _suppressed: dict[str, Suppressed] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.bucket = TokenBucket(DEFAULT_RATE, self.now_ms)

    def count(self, operation: str) -> None:
        """Count one call of an operation."""
        with self._lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1

    def take_fault(self) -> Fault | None:
        """Return the fault that hits this call, and count it down."""
        with self._lock:
            for fault in self.faults:
                if fault.times > 0:
                    fault.times -= 1
                    return fault
            return None

    def spend(self, recipients: int) -> None:
        """Count recipients against rate and daily quota.

        Raises:
            SesError: one of them is used up.
        """
        with self._lock:
            if self.sent + recipients > self.max_24_hour_send:
                raise throttled("Daily message quota exceeded.")
        if not self.bucket.take(recipients):
            raise throttled()
        with self._lock:
            self.sent += recipients

    def check_sender(self, written: str, region: str) -> None:
        """Refuse a sender whose address and domain are not verified.

        Raises:
            SesError: no such identity exists and is verified.
        """
        address = parseaddr(written)[1].lower()
        domain = address.rpartition("@")[2]
        parents = [domain.split(".", n)[-1] for n in range(domain.count(".") + 1)]
        verified = {name for name, each in self._identities.items() if each.verified}
        if address not in verified and not verified.intersection(parents):
            raise rejected(
                "Email address is not verified. The following identities failed the check in "
                f"region {region.upper()}: {address}"
            )

    def identities(self) -> tuple[str, ...]:
        """Return the identities, sorted."""
        with self._lock:
            return tuple(sorted(self._identities))

    def add_identity(self, name: str) -> Identity:
        """Create an identity, verified at once."""
        with self._lock:
            if name.lower() in self._identities:
                raise already_exists(f"Email identity {name} already exist.")
            made = self._identities[name.lower()] = Identity(name=name.lower())
            return made

    def identity(self, name: str) -> Identity:
        """Return what is known of an identity.

        Raises:
            SesError: nobody created it.
        """
        found = self._identities.get(name.lower())
        if found is None:
            raise not_found(f"Email identity {name} does not exist.")
        return found

    def remove_identity(self, name: str) -> None:
        """Delete an identity."""
        self.identity(name)
        with self._lock:
            self._identities.pop(name.lower(), None)

    def configuration_sets(self) -> tuple[str, ...]:
        """Return the names of the configuration sets, sorted."""
        with self._lock:
            return tuple(sorted(self._sets))

    def add_configuration_set(self, name: str) -> None:
        """Create a configuration set."""
        with self._lock:
            if name in self._sets:
                raise already_exists(f"Configuration set <{name}> already exists.")
            self._sets[name] = {}
            self._options[name] = SetOptions()

    def options(self, name: str) -> SetOptions:
        """Return the options of a configuration set.

        Raises:
            SesError: the set does not exist.
        """
        self.destinations(name)
        return self._options[name]

    def destinations(self, name: str) -> dict[str, EventDestination]:
        """Return the event destinations of a configuration set.

        Raises:
            SesError: the set does not exist.
        """
        found = self._sets.get(name)
        if found is None:
            raise not_found(f"Configuration set <{name}> does not exist.")
        return found

    def remove_configuration_set(self, name: str) -> None:
        """Delete a configuration set and its destinations."""
        self.destinations(name)
        with self._lock:
            del self._sets[name]

    def topics(self, configuration_set: str | None, event_type: str) -> tuple[str, ...]:
        """Return the topics that get an event type; it is the event record's name."""
        wanted = API_NAMES[event_type]
        return tuple(
            destination.topic_arn
            for destination in self._sets.get(configuration_set or "", {}).values()
            if destination.enabled and destination.topic_arn and wanted in destination.types
        )

    def suppress(self, address: str, reason: str, last_update_ms: int | None = None) -> None:
        """Put an address on the suppression list, or change its reason; by itself as of now."""
        updated_ms = self.now_ms() if last_update_ms is None else last_update_ms
        with self._lock:
            self._suppressed[address.lower()] = Suppressed(
                address=address.lower(), reason=reason, updated_ms=updated_ms
            )

    def suppressed(self, address: str) -> Suppressed | None:
        """Return the suppression of an address."""
        return self._suppressed.get(address.lower())

    def suppressed_all(self) -> tuple[Suppressed, ...]:
        """Return the suppression list, oldest first."""
        with self._lock:
            return tuple(self._suppressed.values())

    def unsuppress(self, address: str) -> None:
        """Take an address off the suppression list.

        Raises:
            SesError: it is not on it.
        """
        with self._lock:
            if self._suppressed.pop(address.lower(), None) is None:
                raise not_found(f"Email address {address} does not exist on your suppression list.")

    def reasons_of(self, configuration_set: str | None) -> tuple[str, ...]:
        """Return what a set's mails suppress and are suppressed for: its own choice comes first."""
        own = self._options.get(configuration_set or "", SetOptions()).suppressed
        return self.suppressed_reasons if own is None else tuple(own)

    def effective_suppression(self, address: str, configuration_set: str | None) -> str | None:
        """Return the reason for which SES would not deliver a set's mail, or None."""
        found = self._suppressed.get(address.lower())
        reasons = self.reasons_of(configuration_set)
        return found.reason if found and found.reason in reasons else None
