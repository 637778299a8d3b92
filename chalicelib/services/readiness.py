# SPDX-License-Identifier: Apache-2.0
"""Whether a mailing is large, and what would keep a large one from arriving.

Guarantees that small mailings ask nobody, and that only what is known to be wrong stands in the way
of a large one: what could not be looked up never does.
"""

from typing import Final

from chalicelib.domain.ids import BrandId
from chalicelib.domain.plan_gate import Ready
from chalicelib.errors import NotFound
from chalicelib.ports.catalog import Brands
from chalicelib.ports.sending import Sender
from chalicelib.services.doctor import Doctor

SMALL: Final = 10
"""A mailing below one in so many of a large one is small, whatever else was sent that day."""


class Readiness:
    """Tells whether a mailing may go."""

    def __init__(self, *, doctor: Doctor, brands: Brands, sender: Sender, bulk_from: int) -> None:
        """Take what is asked.

        Args:
            bulk_from: mails of a day from which providers call somebody a bulk sender, from 1.
        """
        self._doctor = doctor
        self._brands = brands
        self._sender = sender
        self._bulk_from = bulk_from

    def of(self, brand_id: BrandId, people: int) -> Ready:
        """Return whether a mailing to so many people is large, and what is wrong if it is.

        Raises:
            NotFound: there is no such brand.
            DependencyError: SES did not say how much of the day's quota is used.
        """
        if not self._is_large(people):
            return Ready(large=False)
        brand = self._brands.get(brand_id)
        if brand is None:
            raise NotFound("There is no such brand.")
        report = self._doctor.examine(brand)
        blocking = tuple(str(check.id) for check in report.checks if check.blocks)
        return Ready(large=True, blocking=blocking)

    def _is_large(self, people: int) -> bool:
        if people >= self._bulk_from:
            return True
        if people * SMALL < self._bulk_from:
            return False
        quota = self._sender.quota()
        if quota.daily is None or quota.daily_left is None:
            return True  # Whoever has no daily quota is no small sender.
        return people + quota.daily - quota.daily_left >= self._bulk_from
