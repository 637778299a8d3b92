# SPDX-License-Identifier: Apache-2.0
"""Whether mail arrives at the domain of an address, asked at the doors and of imports.

Guarantees that "no" comes from DNS alone and that everything else lets an address pass; that what
a door asks depends on the domain and nothing else; and that a remembered answer costs the same
calls and takes as long as asking did, so that nobody learns from it who was here (promise 9). Keeps
no domain, only keyed pseudonyms that expire.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Final

from chalicelib.domain.addresses import Address
from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsKind, Records
from chalicelib.domain.durations import DAY_MS, MINUTE_MS
from chalicelib.domain.mail_domains import MailDomain, look_at
from chalicelib.domain.signup import Problem
from chalicelib.domain.typos import WELL_KNOWN, suggest
from chalicelib.errors import InputError
from chalicelib.ports.dns import Dns
from chalicelib.ports.mail_domains import MailDomainRow, MailDomainRows
from chalicelib.ports.system import Clock
from chalicelib.services.link_tokens import LinkTokens

MAX_LOOK_MS: Final = 1_500
"""All questions about one domain together take at most so long."""
LEAST_ASK_MS: Final = 500
"""With less time left no further question is asked."""
KEEP_MS: Final = MappingProxyType(
    {
        MailDomain.TAKES: DAY_MS,
        MailDomain.NO_SUCH_DOMAIN: 60 * MINUTE_MS,
        MailDomain.TAKES_NONE: 60 * MINUTE_MS,
        MailDomain.UNKNOWN: MINUTE_MS,
    }
)
NO_MAIL: Final = frozenset({MailDomain.NO_SUCH_DOMAIN, MailDomain.TAKES_NONE})
"""At these domains no mail arrives."""
THREADS: Final = 16
MAX_BATCH_MS: Final = 15_000
"""All questions about a batch of domains together take at most so long; the rest stays unknown."""
MAX_REMEMBERED: Final = 20_000
"""Domains a process remembers of imports."""


class Undeliverable(InputError):  # noqa: N818  # named like its siblings in errors.py
    """No mail arrives at the domain of an address; nothing was stored."""

    def __init__(self, address: Address) -> None:
        """Keep the address that was probably meant."""
        super().__init__(
            Problem.UNDELIVERABLE_ADDRESS,
            "No mail arrives at the domain of this address. Please check what stands after the @."
            " Nothing was stored.",
        )
        self.suggestion = suggest(address)


class MailDomains:
    """Looks domains up."""

    def __init__(self, *, rows: MailDomainRows, dns: Dns, tokens: LinkTokens, clock: Clock) -> None:
        self._rows = rows
        self._dns = dns
        self._tokens = tokens
        self._clock = clock

    def takes_none(self, domain: str) -> bool:
        """Say whether no mail arrives at a domain, in the same time whoever asked before.

        Args:
            domain: in lower-case A-labels.

        Raises:
            DependencyError: our own table or keys did not answer; DNS never raises.
        """
        if domain in WELL_KNOWN:
            return False
        name = self._tokens.blind("mail-domain", domain)
        now_ms = self._clock.now_ms()
        kept = self._rows.read(name)
        if kept is None or kept.until_ms <= now_ms:
            kept = self._asked(domain, now_ms)
        else:
            self._clock.sleep_ms(min(kept.took_ms, MAX_LOOK_MS))
        # A remembered answer is written back as it was: the calls tell nobody that it was one.
        self._rows.put(name, kept)
        return kept.verdict in NO_MAIL

    def require(self, address: Address) -> None:
        """Refuse an address at whose domain no mail arrives.

        Raises:
            Undeliverable: DNS says so.
            DependencyError: as `takes_none`.
        """
        if self.takes_none(address.domain):
            raise Undeliverable(address)

    def _asked(self, domain: str, now_ms: int) -> MailDomainRow:
        verdict = _look(self._dns, self._clock, domain, now_ms + MAX_LOOK_MS)
        took_ms = min(max(0, self._clock.now_ms() - now_ms), MAX_LOOK_MS)
        return MailDomainRow(verdict=verdict, took_ms=took_ms, until_ms=now_ms + KEEP_MS[verdict])


class ManyMailDomains:
    """Looks the domains of imports up, many at a time; whoever imports sees them all anyway.

    Keeps what it found in this process alone: an import has no right to the keys of pseudonyms.
    """

    def __init__(self, *, dns: Dns, clock: Clock) -> None:
        self._dns = dns
        self._clock = clock
        self._found: dict[str, tuple[MailDomain, int]] = {}

    def take_none(self, domains: Iterable[str]) -> frozenset[str]:
        """Return those domains, in lower-case A-labels, at which no mail arrives."""
        wanted = frozenset(domains) - frozenset(WELL_KNOWN)
        now_ms = self._clock.now_ms()
        found = {domain: self._found.get(domain, (MailDomain.UNKNOWN, 0)) for domain in wanted}
        asked = sorted(domain for domain, (_, until_ms) in found.items() if until_ms <= now_ms)
        verdicts = self._ask(asked, now_ms + MAX_BATCH_MS)
        if len(self._found) + len(verdicts) > MAX_REMEMBERED:
            self._found = {}
        self._found |= {
            domain: (verdict, now_ms + KEEP_MS[verdict]) for domain, verdict in verdicts.items()
        }
        known = {domain: verdict for domain, (verdict, _) in found.items()} | verdicts
        return frozenset(domain for domain, verdict in known.items() if verdict in NO_MAIL)

    def _ask(self, domains: list[str], until_ms: int) -> dict[str, MailDomain]:
        if not domains:
            return {}
        with ThreadPoolExecutor(min(THREADS, len(domains))) as pool:
            verdicts = pool.map(lambda each: _look(self._dns, self._clock, each, until_ms), domains)
            return dict(zip(domains, verdicts, strict=True))


def _look(dns: Dns, clock: Clock, domain: str, until_ms: int) -> MailDomain:
    """Return what DNS says; a question that could not end in time is not asked."""
    until_ms = min(until_ms, clock.now_ms() + MAX_LOOK_MS)

    def ask(name: str, kind: DnsKind) -> Records:
        left_ms = min(until_ms - clock.now_ms(), MAX_LOOK_MS)
        return dns.ask(name, kind, left_ms) if left_ms >= LEAST_ASK_MS else NOTHING_KNOWN

    return look_at(domain, ask)
