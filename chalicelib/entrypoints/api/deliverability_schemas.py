# SPDX-License-Identifier: Apache-2.0
"""The shapes of what the doctor says; answer schemas are open, as all of `schemas`."""

from typing import Final

from chalicelib.domain.breakers import Level
from chalicelib.domain.deliverability import CheckId, Provider, Verdict
from chalicelib.domain.deliverability_words import SENTENCES
from chalicelib.domain.stops import BREAKERS
from chalicelib.entrypoints.api.shapes import (
    BOOLEAN,
    COUNT,
    SLUG,
    TIME,
    Schema,
    one_of,
    page_of,
    shown,
)

_VERDICT: Final[Schema] = one_of(
    Verdict, "`fail` wants mending; `warn` deserves a look; `unknown` could not be read now."
)
_PROVIDER: Final[Schema] = one_of(Provider)
_CHECK: Final[Schema] = {"type": "string", "examples": [str(check) for check in CheckId]}
_CHECK_IDS: Final[Schema] = {"type": "array", "items": _CHECK}

DELIVERABILITY_SCHEMAS: Final[dict[str, Schema]] = {
    "RecipientDomainPage": page_of("RecipientDomain"),
    "RecipientDomain": shown(
        {
            "id": {
                "type": "string",
                "description": "A provider's name, or a keyed pseudonym of a domain.",
            },
            "domain": {"type": "string", "description": "The provider, or the domain itself."},
            "level": one_of(Level, "`stop`: campaigns leave its people out, as `domain-stopped`."),
            "why": {"type": "string", "enum": sorted(BREAKERS)},
            "delivered": {**COUNT, "description": "Mails of three days, as counted at that time."},
            "bounced": COUNT,
            "complained": COUNT,
            "rate": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "The share that counts: of `why`, in what was counted.",
            },
            "at": TIME,
        }
    ),
    "Deliverability": shown(
        {
            "brand": SLUG,
            "from": {"type": "string"},
            "checked_at": TIME,
            "verdict": {**_VERDICT, "description": "The worst of all checks."},
            "ready": {
                **BOOLEAN,
                "description": "Whether no check fails that a large provider asks of bulk senders.",
            },
            "bulk_from": {
                **COUNT,
                "description": "Mails a day from which a mailing is held until this is ready.",
            },
            "providers": {
                "type": "array",
                "items": shown({"id": _PROVIDER, "ready": BOOLEAN, "blocking": _CHECK_IDS}),
            },
            "checks": {
                "type": "array",
                "items": shown(
                    {
                        "id": _CHECK,
                        "code": {"type": "string", "examples": sorted(SENTENCES)},
                        "verdict": _VERDICT,
                        "sentence": {"type": "string"},
                        "records": {
                            "type": "array",
                            "items": shown(
                                {
                                    "type": {"type": "string"},
                                    "name": {"type": "string"},
                                    "value": {"type": "string"},
                                }
                            ),
                            "description": "What to publish, to be pasted as it is.",
                        },
                        "required_by": {"type": "array", "items": _PROVIDER},
                    }
                ),
            },
        }
    ),
}
