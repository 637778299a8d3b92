# SPDX-License-Identifier: Apache-2.0
"""How many of SES's events led to no subscriber, by day: a sign of mail nobody here knows of."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.event_tallies import SHOWN_DAYS, day_of
from chalicelib.entrypoints.api.frame import Call, operation

_FIRST_DAY: Final = date(1970, 1, 1)


@operation(
    "GET",
    "/suppressions/events-of-nobody",
    KeyScope.READ,
    KeyScope.COMPLIANCE,
    gives="EventsOfNobody",
)
def list_events_of_nobody(call: Call) -> Mapping[str, Any]:
    """Count Amazon SES's events of the last 14 days that led to no subscriber."""
    today = day_of(call.container.clock.now_ms())
    found = call.container.activity.of_nobody(today - SHOWN_DAYS + 1, SHOWN_DAYS)
    return {
        "items": [
            {
                "day": (_FIRST_DAY + timedelta(days=each.day)).isoformat(),
                "why": str(each.why),
                "type": each.type,
                "events": each.count,
            }
            for each in found
        ]
    }


OPERATIONS = (list_events_of_nobody,)
