# SPDX-License-Identifier: Apache-2.0
"""How far a suppression reaches: every brand, one brand, or one of a brand's lists.

Guarantees that a reach is of one channel, as the keyed MAC of an address is. Refuses a list
without its brand.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.errors import InputError


class Reach(NamedTuple):
    """What mail a suppression keeps away; by itself everything over e-mail.

    Attributes:
        brand: None: every brand's.
        list: None: every list's, and mail that belongs to none.

    """

    brand: BrandId | None = None
    channel: str = EMAIL
    list: ListId | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """Sorts reaches, wider ones first."""
        return (self.brand or "", self.channel, self.list or "")

    def covers(self, scope: tuple[BrandId, str], list_id: ListId | None = None) -> bool:
        """Say whether mail of a brand over a channel is kept away.

        Args:
            list_id: the list it goes to; None: mail that goes to no list.

        Example:
            >>> Reach().covers((BrandId("demo"), "email"))
            True
        """
        brand, channel = scope
        return (
            self.brand in (None, brand) and self.channel == channel and self.list in (None, list_id)
        )

    def covers_any(self, scope: tuple[BrandId, str], lists: Iterable[ListId]) -> bool:
        """Say whether mail of the brand to any of the lists is kept away, or all of its mail."""
        return self.covers(scope) or any(self.covers(scope, list_id) for list_id in lists)


Reached = Reach | BrandId | None
"""A brand alone is the reach of all its e-mail, and None of everybody's."""

EVERYWHERE = Reach()
"""Every brand and list, over e-mail."""


def reach_of(named: Reached) -> Reach:
    """Return the reach that is meant.

    Example:
        >>> reach_of(None) == EVERYWHERE
        True
    """
    return named if isinstance(named, Reach) else Reach(brand=named)


def wanted_reach(brand: str | None, list_id: str | None, channel: str = EMAIL) -> Reach:
    """Return the reach somebody asks for.

    Raises:
        InputError: a list without its brand, or another channel than e-mail (``bad_reach``).
    """
    if channel != EMAIL:
        raise InputError(code="bad_reach", detail="The one channel there is yet is email.")
    if list_id is not None and brand is None:
        raise InputError(code="bad_reach", detail="A list is suppressed with its brand: name both.")
    return Reach(
        brand=None if brand is None else BrandId(brand),
        channel=channel,
        list=None if list_id is None else ListId(list_id),
    )
