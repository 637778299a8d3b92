# SPDX-License-Identifier: Apache-2.0
"""Whether mail can arrive at a domain, as DNS says.

Guarantees that "no" is said only when DNS says so: silence and faults are `UNKNOWN`.

Source: RFC 5321 section 5.1 (addresses stand in where there is no MX); RFC 7505 (the null MX).
"""

from enum import StrEnum

from chalicelib.domain.dns_records import Ask, DnsAnswer
from chalicelib.domain.typos import WELL_KNOWN


class MailDomain(StrEnum):
    """What is known of a domain."""

    TAKES = "takes"
    NO_SUCH_DOMAIN = "no_such_domain"
    TAKES_NONE = "takes_none"
    UNKNOWN = "unknown"


def look_at(domain: str, ask: Ask) -> MailDomain:
    """Return what DNS says of a domain; nothing is asked about the well-known ones.

    Args:
        domain: in lower-case A-labels.
    """
    if domain in WELL_KNOWN:
        return MailDomain.TAKES
    mx = ask(domain, "MX")
    if mx.answer is DnsAnswer.FOUND:
        targets = {value.rpartition(" ")[2] for value in mx.values}
        return MailDomain.TAKES if targets - {"."} else MailDomain.TAKES_NONE
    if mx.answer is DnsAnswer.NO_SUCH_NAME:
        return MailDomain.NO_SUCH_DOMAIN
    if mx.answer is DnsAnswer.UNKNOWN:
        return MailDomain.UNKNOWN
    answers = []
    for kind in ("A", "AAAA"):
        answers.append(ask(domain, kind).answer)
        if answers[-1] is DnsAnswer.FOUND:
            return MailDomain.TAKES
    known = all(answer is DnsAnswer.NO_RECORDS for answer in answers)
    return MailDomain.TAKES_NONE if known else MailDomain.UNKNOWN
