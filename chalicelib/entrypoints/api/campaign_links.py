# SPDX-License-Identifier: Apache-2.0
"""What was counted of a campaign's links, over the API: numbers, and nobody's name."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.measurement import Counted
from chalicelib.entrypoints.api.frame import Call, operation


@operation("GET", "/campaigns/{campaign}/links", KeyScope.READ, gives="CampaignLinks")
def list_campaign_links(call: Call) -> Mapping[str, Any]:
    """List where a campaign's links lead and how often they were followed."""
    results = call.container.link_results.of(call.word("campaign"))
    return {
        "links": [
            {"number": link.number, "url": link.url, **_counted(link.counted)}
            for link in results.links
        ],
        "opened": _counted(results.opened),
    }


OPERATIONS = (list_campaign_links,)


def _counted(counted: Counted) -> dict[str, int]:
    return {"personal": counted.personal, "unmeasured": counted.unmeasured}
