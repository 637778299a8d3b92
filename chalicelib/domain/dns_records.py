# SPDX-License-Identifier: Apache-2.0
"""What is asked of DNS and what comes back, and the two ways a name stands in another's tree.

Guarantees that "there is none" and "nobody knows" are never the same answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

DnsKind = Literal["MX", "A", "AAAA", "TXT", "CNAME"]


class DnsAnswer(StrEnum):
    """What became of a question."""

    FOUND = "found"
    NO_SUCH_NAME = "no_such_name"
    """The name does not exist, whatever is asked of it (NXDOMAIN)."""
    NO_RECORDS = "no_records"
    """The name exists and has nothing of this kind."""
    UNKNOWN = "unknown"
    """No answer, a refusal or a fault: nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """An answer.

    Attributes:
        values: MX as ``10 mx.example.org``, of a domain that takes no mail ``0 .``; TXT with its
            strings joined without a space and its case kept; CNAME the name it leads to. Names are
            lower-case and have no dot at their end.
    """

    answer: DnsAnswer
    values: tuple[str, ...] = ()


Ask = Callable[[str, DnsKind], Records]
"""Looks a name in A-labels up."""
NOTHING_KNOWN = Records(answer=DnsAnswer.UNKNOWN)


def is_within(name: str, tree: str) -> bool:
    """Say whether a name is another, or below it.

    Example:
        >>> is_within("news.example.org", "example.org"), is_within("anexample.org", "example.org")
        (True, False)
    """
    return name == tree or name.endswith("." + tree)


def with_parents(name: str, least_labels: int) -> tuple[str, ...]:
    """Return a name and those above it, down to a number of labels.

    Example:
        >>> with_parents("a.news.example.org", 2)
        ('a.news.example.org', 'news.example.org', 'example.org')
    """
    labels = name.split(".")
    return tuple(".".join(labels[at:]) for at in range(max(1, len(labels) - least_labels + 1)))
