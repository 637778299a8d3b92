# SPDX-License-Identifier: Apache-2.0
"""`ports.dns.Dns` over DNS itself: the machine's resolver, or one that a setting names.

Guarantees that a name is asked for as it is (no search list), over TCP where an answer was cut off,
and that no question raises or takes longer than it may: a lost packet is sent again in that time.
Refuses to remember answers, and to take silence or a fault for an answer.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, DnsKind, Records

if TYPE_CHECKING:
    from dns.resolver import Resolver

_ROUNDS: Final = 2
_SPARE_S: Final = 0.4
"""The resolver waits between rounds, up to so long past its own limit."""
_LEAST_S: Final = 0.1


class SystemDns:
    """A resolver.

    Args:
        server: address and port of it; None: those of the machine.
    """

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self._server = server

    def ask(self, name: str, kind: DnsKind, within_ms: int) -> Records:
        """Return what DNS says; silence, refusals and faults are `DnsAnswer.UNKNOWN`.

        Args:
            name: whole, in A-labels; no search list is tried.
            within_ms: most that may pass, all tries together; at least 500.
        """
        from dns.exception import DNSException
        from dns.resolver import NXDOMAIN

        if not name.isascii():
            return NOTHING_KNOWN
        try:
            resolver = self._resolver(max(_LEAST_S, within_ms / 1000 - _SPARE_S))
            answer = resolver.resolve(name.rstrip(".") + ".", kind, raise_on_no_answer=False)
        except NXDOMAIN:
            return Records(answer=DnsAnswer.NO_SUCH_NAME)
        except (DNSException, OSError, ValueError):
            return NOTHING_KNOWN
        if answer.rrset is None:
            return Records(answer=DnsAnswer.NO_RECORDS)
        return Records(answer=DnsAnswer.FOUND, values=tuple(_values(kind, answer.rrset)))

    def _resolver(self, within_s: float) -> "Resolver":
        from dns.resolver import Resolver

        made = Resolver(configure=False)
        servers, made.port = self._servers
        made.nameservers = list(servers)
        made.lifetime = within_s
        made.timeout = within_s / _ROUNDS / max(1, len(servers))
        return made

    @cached_property
    def _servers(self) -> tuple[tuple[Any, ...], int]:
        """Whom to ask, and at which port.

        Raises:
            DNSException: the machine has no resolver.
        """
        from dns.resolver import Resolver

        if self._server is not None:
            return (self._server[0],), self._server[1]
        system = Resolver()
        return tuple(system.nameservers), system.port


def _values(kind: DnsKind, found: Iterable[Any]) -> Iterable[str]:
    """Return values in the port's own form."""
    if kind == "MX":
        ordered = sorted((each.preference, _plain(each.exchange)) for each in found)
        return (f"{preference} {name}" for preference, name in ordered)
    if kind == "TXT":
        return (b"".join(each.strings).decode("utf-8", "replace") for each in found)
    if kind == "CNAME":
        return (_plain(each.target) for each in found)
    return (str(each.address) for each in found)


def _plain(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()
