# SPDX-License-Identifier: Apache-2.0
"""`ports.dns.Dns` in memory: every domain takes mail, unless a test says otherwise."""

from collections.abc import Iterable

from chalicelib.domain.dns_records import NOTHING_KNOWN, DnsAnswer, DnsKind, Records
from infra.local.dns_zone import Found, ServerFailureError, SilenceError, Zone


class MemoryDns:
    """A resolver over the local stack's zone, without its server.

    Attributes:
        zone: what it answers from; `set` changes it.
        asked: names and types it was asked for, in order.
    """

    def __init__(self) -> None:
        self.zone = Zone()
        self.asked: list[tuple[str, DnsKind]] = []

    def set(self, name: str, kind: DnsKind, *values: str) -> None:
        """Give a name these records of a type; without any: none."""
        self.zone.plant(name, kind, values)

    def ask(self, name: str, kind: DnsKind, within_ms: int) -> Records:
        """Return what the zone says."""
        assert within_ms > 0
        self.asked.append((name, kind))
        try:
            found = self.zone.look(name, kind)
            while found.alias and kind != "CNAME":
                found = self.zone.look(found.alias, kind)
        except (ServerFailureError, SilenceError):
            return NOTHING_KNOWN
        return _records(found, kind)


def _records(found: Found, kind: DnsKind) -> Records:
    if not found.exists:
        return Records(answer=DnsAnswer.NO_SUCH_NAME)
    if not found.values:
        return Records(answer=DnsAnswer.NO_RECORDS)
    return Records(answer=DnsAnswer.FOUND, values=tuple(_in_form(found.values, kind)))


def _in_form(values: Iterable[str], kind: DnsKind) -> Iterable[str]:
    if kind == "TXT":
        return values
    plain = [value if value.endswith(" .") else value.rstrip(".").lower() for value in values]
    if kind == "MX":
        plain.sort(key=lambda value: (int(value.split()[0]), value))
    return plain
