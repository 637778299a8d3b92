# SPDX-License-Identifier: Apache-2.0
"""SES's account suppression list over SES v2, one address or one page a call.

Guarantees that what SES refuses about an address is never told in SES's own words, which quote it.
Refuses the list of a tenant and bulk imports: the latter want a file of addresses in clear.
Source: Amazon SES API reference v2, ListSuppressedDestinations, GetSuppressedDestination,
PutSuppressedDestination, DeleteSuppressedDestination.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.adapters import aws
from chalicelib.adapters.ses_outcomes import sdk_errors
from chalicelib.domain.account_list import LISTED_REASONS
from chalicelib.domain.events import SuppressionReason
from chalicelib.errors import InputError
from chalicelib.ports.account_list import Listed
from chalicelib.ports.catalog import Page

PAGE_SIZE: Final = 100
MARGIN_MS: Final = 1_000
"""The SDK writes whole seconds, and SES does not say whether a bound belongs to its range."""
_MS_PER_S: Final = 1_000
_NOT_LISTED: Final = "NotFoundException"
_BAD_ADDRESS: Final = "BadRequestException"


class SesAccountList:
    """`AccountList` on SES v2.

    Args:
        client: returns the SDK's client for a service.
    """

    def __init__(self, client: Callable[[str], Any] = aws.client) -> None:
        self._client = client

    def page(self, since_ms: int, until_ms: int, cursor: str | None) -> Page[Listed]:
        """Return who was listed from ``since_ms`` to ``until_ms``, a page at a time."""
        asked: dict[str, Any] = {
            "StartDate": _moment(since_ms - MARGIN_MS),
            "EndDate": _moment(until_ms + MARGIN_MS),
            "PageSize": PAGE_SIZE,
        }
        if cursor is not None:
            asked["NextToken"] = cursor
        with aws.translated("read the account's suppression list"):
            answer = self._client("sesv2").list_suppressed_destinations(**asked)
        found = (_listed(item) for item in answer.get("SuppressedDestinationSummaries", ()))
        items = tuple(item for item in found if item is not None)
        return Page(items=items, cursor=answer.get("NextToken") or None)

    def get(self, address: str) -> Listed | None:
        """Return an address's place on the list, or None."""
        answer = _unless(
            "look at the account's suppression list",
            (_NOT_LISTED, _BAD_ADDRESS),
            lambda: self._client("sesv2").get_suppressed_destination(EmailAddress=address),
        )
        return None if answer is None else _listed(answer["SuppressedDestination"])

    def put(self, address: str, reason: SuppressionReason) -> None:
        """List an address from now on; one that is listed gets this reason and a new date.

        Raises:
            InputError: SES keeps no such address, or keeps none for such a reason.
        """
        answer = None
        if reason in LISTED_REASONS:
            answer = _unless(
                "add to the account's suppression list",
                (_BAD_ADDRESS,),
                lambda: self._client("sesv2").put_suppressed_destination(
                    EmailAddress=address, Reason=reason.upper()
                ),
            )
        if answer is None:
            raise InputError(code="not_listable", detail="SES does not keep this on its list.")

    def remove(self, address: str) -> None:
        """Take an address off the list; one that is not on it is fine."""
        _unless(
            "take off the account's suppression list",
            (_NOT_LISTED, _BAD_ADDRESS),
            lambda: self._client("sesv2").delete_suppressed_destination(EmailAddress=address),
        )


def _unless(
    what: str, codes: tuple[str, ...], call: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the answer of a call, or None when SES refuses it with one of ``codes``."""
    with aws.translated(what):
        try:
            return call()
        except sdk_errors() as error:
            if aws.error_code(error) not in codes:
                raise
            return None


def _listed(item: dict[str, Any]) -> Listed | None:
    """Return an item of the list; None for a reason that SES did not have when this was written."""
    reason = str(item["Reason"]).lower()
    if reason not in LISTED_REASONS:
        return None
    since: datetime = item["LastUpdateTime"]
    return Listed(
        address=str(item["EmailAddress"]),
        reason=SuppressionReason(reason),
        since_ms=round(since.timestamp() * _MS_PER_S),
    )


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / _MS_PER_S, UTC)
