# SPDX-License-Identifier: Apache-2.0
"""The shapes of retries in the API, and what campaigns tell of them.

Guarantees that request schemas are closed and that answer schemas are open, as all of `schemas`.
"""

from typing import Final

from chalicelib.entrypoints.api.shapes import BOOLEAN, ID, Schema, closed

RETRY_OF: Final[Schema] = {
    **ID,
    "type": ["string", "null"],
    "description": "The campaign it sends again to those whom that did not reach; null: it is new.",
}
RETRIED_BY: Final[Schema] = {
    **ID,
    "type": ["string", "null"],
    "description": "The campaign that sends it again to those whom it did not reach.",
}
CAMPAIGN_RETRY_SCHEMAS: Final[dict[str, Schema]] = {
    "CampaignRetry": closed(
        {
            "unsent": {
                **BOOLEAN,
                "description": "Whether `unsent` people are sent to as well. SES surely does not "
                "have their mail as far as its events told; one that comes later yet may tell that "
                "somebody got it twice.",
            }
        },
        "unsent",
    )
}
