# SPDX-License-Identifier: Apache-2.0
"""The shapes of how well mail reaches an address, and of events that led to nobody."""

from typing import Final

from chalicelib.domain.event_tallies import WhyNobody
from chalicelib.domain.health import HealthStatus
from chalicelib.domain.health_story import Code
from chalicelib.entrypoints.api.shapes import COUNT, MAYBE_TIME, Schema, one_of, ref, shown

HEALTH_SCHEMAS: Final[dict[str, Schema]] = {
    "SubscriberWithHealth": {
        "allOf": [
            ref("Subscriber"),
            shown({"health": {"oneOf": [ref("AddressHealth"), {"type": "null"}]}}),
        ],
    },
    "AddressHealth": shown(
        {
            "status": one_of(HealthStatus),
            "resting_until": {
                **MAYBE_TIME,
                "description": "Campaigns skip the address until then; null: not now.",
            },
            "story": {
                "type": "array",
                "description": "Why, what decides first.",
                "items": shown(
                    {
                        "code": one_of(Code),
                        "at": {**MAYBE_TIME, "description": "When it happened last."},
                        "days": {
                            "type": ["integer", "null"],
                            "description": "On how many days mail failed since it last arrived.",
                        },
                        "until": MAYBE_TIME,
                    }
                ),
            },
        }
    ),
    "EventsOfNobody": shown(
        {
            "items": {
                "type": "array",
                "items": shown(
                    {
                        "day": {"type": "string", "format": "date"},
                        "why": one_of(WhyNobody),
                        "type": {"type": "string"},
                        "events": COUNT,
                    }
                ),
            }
        }
    ),
}
