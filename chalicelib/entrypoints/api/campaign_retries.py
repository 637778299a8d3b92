# SPDX-License-Identifier: Apache-2.0
"""Retries of campaigns over the API: the same mail, to those whom it did not reach.

Guarantees that a campaign is retried once, however often that is asked for.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.campaigns import campaign_shape
from chalicelib.entrypoints.api.frame import Call, operation


@operation(
    "POST",
    "/campaigns/{campaign}/retry",
    KeyScope.MARKETING,
    status=201,
    takes="CampaignRetry",
    gives="Campaign",
    location="/campaigns/{id}",
)
def retry_campaign(call: Call) -> Mapping[str, Any]:
    """Send a campaign that is over again to those who surely do not have it, as a campaign."""
    child = call.container.campaign_retries.retry(
        call.word("campaign"), unsent=call.body.get("unsent", False)
    )
    return campaign_shape(call, child.id)


OPERATIONS = (retry_campaign,)
