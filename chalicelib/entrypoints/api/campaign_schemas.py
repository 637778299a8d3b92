# SPDX-License-Identifier: Apache-2.0
"""The shapes of campaigns in the API.

Guarantees that request schemas are closed and that answer schemas are open, as all of `schemas`.

Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
"""

from typing import Final

from chalicelib.domain.campaigns import CampaignStatus
from chalicelib.domain.content import ContentKind
from chalicelib.domain.deliverability import CheckId
from chalicelib.domain.eligibility import SENTENCES, SkipReason
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.state import Grade
from chalicelib.domain.stops import StopWhy
from chalicelib.domain.tempo import Held
from chalicelib.entrypoints.api.campaign_retry_schemas import RETRIED_BY, RETRY_OF
from chalicelib.entrypoints.api.shapes import (
    ADDRESS,
    BOOLEAN,
    COUNT,
    ID,
    MAX_HTML_CHARS,
    MAX_SUBJECT_CHARS,
    MAYBE_TIME,
    SLUG,
    TIME,
    Schema,
    closed,
    line,
    one_of,
    page_of,
    ref,
    shown,
)

SKIPPED: Final = " ".join(f"`{reason}`: {SENTENCES[reason]}" for reason in SkipReason)
_STATUS: Final[Schema] = one_of(CampaignStatus)
_GRADE: Final[Schema] = one_of(
    Grade, "The weakest evidence of consent that is enough: A is the strongest, E any."
)
_WRITTEN: Final[Schema] = {
    "name": line(),
    "list": SLUG,
    "purpose": SLUG,
    "subject": line(MAX_SUBJECT_CHARS),
    "html": {"type": "string", "minLength": 1, "maxLength": MAX_HTML_CHARS},
    "text": {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_HTML_CHARS},
    "kind": {
        "type": "string",
        "enum": list(ContentKind),
        "description": "What `html` is written in; MJML is turned into HTML.",
    },
    "minimum_grade": _GRADE,
    "segment": {
        **SLUG,
        "type": ["string", "null"],
        "description": "A segment of the list's brand; null: the whole list.",
    },
}
_SAID: Final = ("subject", "html", "text", "kind")
_COPIED: Final[Schema] = {
    **{name: shape for name, shape in _WRITTEN.items() if name not in _SAID},
    "template": {**SLUG, "description": "Of the list's brand; what it says now is copied."},
}
_REVISION: Final[Schema] = {**COUNT, "description": "Counts changes; a change names what it saw."}
_SUMMARY: Final[Schema] = {
    "id": ID,
    "name": {"type": "string"},
    "brand": SLUG,
    "list": SLUG,
    "purpose": SLUG,
    "segment": {**SLUG, "type": ["string", "null"]},
    "status": _STATUS,
    "created_at": TIME,
    "scheduled_at": {**MAYBE_TIME, "description": "When it starts by itself; null: it does not."},
    "retry_of": RETRY_OF,
}

CAMPAIGN_SCHEMAS: Final[dict[str, Schema]] = {
    "WrittenCampaign": closed(_WRITTEN, "text", "kind", "minimum_grade", "segment"),
    "CopiedCampaign": closed(_COPIED, "minimum_grade", "segment"),
    "NewCampaign": {"oneOf": [ref("WrittenCampaign"), ref("CopiedCampaign")]},
    "CampaignChange": {
        **closed({"revision": _REVISION, **_WRITTEN}, *_WRITTEN),
        "minProperties": 2,
    },
    "CampaignTest": closed({"to": ADDRESS}),
    "CampaignSchedule": closed(
        {"at": {**TIME, "description": "RFC 3339 with its offset, at most a year from now."}}
    ),
    "CampaignStatus": shown({"id": ID, "status": _STATUS, "revision": _REVISION}),
    "CampaignWritten": shown(
        {
            "id": ID,
            "status": _STATUS,
            "revision": _REVISION,
            "warnings": {"type": "array", "items": ref("CampaignWarning")},
        }
    ),
    "DryRun": shown(
        {
            "id": ID,
            "status": {"type": "string", "enum": list(JobStatus)},
            "as_of": {**TIME, "description": "When it was asked for."},
            "result": {"oneOf": [ref("DryRunResult"), {"type": "null"}]},
        }
    ),
    "DryRunResult": shown(
        {
            "considered": COUNT,
            "planned": COUNT,
            "unreadable": {**COUNT, "description": "Whom the segment could not be asked about."},
            "would_be_mailed": COUNT,
            "why_not": {
                "type": "object",
                "additionalProperties": COUNT,
                "description": "Of those planned, who would be left out, by reason. " + SKIPPED,
            },
            "failing": {
                "type": "array",
                "items": shown(
                    {
                        "id": ID,
                        "code": {"type": "string"},
                        "part": {"type": ["string", "null"]},
                        "line": {"type": ["integer", "null"], "minimum": 1},
                    }
                ),
                "description": "Some of those whose mail cannot be made, and where it fails.",
            },
            "cost_cents": {**COUNT, "type": ["integer", "null"]},
            "seconds": {
                **COUNT,
                "type": ["integer", "null"],
                "description": "How long it would take at the account's rate; null: for ever.",
            },
            "days": {
                **COUNT,
                "type": ["integer", "null"],
                "description": "Over how many days the day's quota spreads it; null: no end.",
            },
            "bulk": shown(
                {
                    "large": {
                        **BOOLEAN,
                        "description": "Mailbox providers ask more of a mailing of this size.",
                    },
                    "blocking": {
                        "type": "array",
                        "items": {"type": "string", "enum": list(CheckId)},
                        "description": "What a large mailing would be stopped for; what to do about"
                        " it is in `GET /deliverability`.",
                    },
                }
            ),
        }
    ),
    "CampaignStop": shown(
        {
            "why": {"type": "string", "enum": list(StopWhy)},
            "delivered": COUNT,
            "bounced": {**COUNT, "description": "Mails that came back for good."},
            "complained": {**COUNT, "description": "Mails that were reported as unwanted."},
            "checks": {
                "type": "array",
                "items": {"type": "string", "enum": list(CheckId)},
                "description": "What to mend, where it is not ready: `GET /deliverability`.",
            },
            "at": TIME,
        }
    ),
    "CampaignSummary": shown(_SUMMARY),
    "CampaignPage": page_of("CampaignSummary"),
    "Campaign": shown(
        {
            **_SUMMARY,
            "revision": _REVISION,
            "subject": {"type": "string"},
            "minimum_grade": _GRADE,
            "tested": {
                **BOOLEAN,
                "description": "A test mail of it, as it is now or as it started, was accepted.",
            },
            "problem": {
                "type": ["string", "null"],
                "description": "What keeps it from going on by itself. `not_tested`: its time "
                "came, or will come, without a test of it as it is now. `rendering`: somebody's "
                "mail cannot be made; nobody was mailed. `planning`: its plan does not get on. "
                "`complaints`, `bounces`: so many mails were reported as unwanted, or came back, "
                "that it paused itself. `not_ready`: it is large, and what keeps large mailings "
                "from arriving is to be mended first. Of these three `stopped` says more. "
                "Else the code of what is wrong with its content.",
            },
            "stopped": {
                "oneOf": [ref("CampaignStop"), {"type": "null"}],
                "description": "Why the product stopped it, or would have if it were not over; "
                "null: it did not.",
            },
            "warning": {
                "oneOf": [ref("CampaignStop"), {"type": "null"}],
                "description": "What brings it near such a stop, told for a week; null: nothing.",
            },
            "planned": {
                **COUNT,
                "description": "Everybody it is for, and each is in one of the others: "
                "`planned` = `sent` + all of `skipped` + `rejected` + `unknown` + `open`.",
            },
            "sent": COUNT,
            "skipped": {
                "type": "object",
                "additionalProperties": COUNT,
                "description": "How many were left out, by reason. "
                + SKIPPED
                + " `failed`: the product could not send it. `unsent`: SES surely does not have "
                "it, and nobody will send it any more.",
            },
            "rejected": COUNT,
            "unknown": {
                **COUNT,
                "description": "SES's answer is lost. They are not mailed again; SES's events "
                "settle them.",
            },
            "open": {**COUNT, "description": "Whose outcome is still to come; 0 at the end."},
            "failed": {**COUNT, "description": "The same as `skipped.failed`, 0 without it."},
            "resolved": {
                **COUNT,
                "description": "Of `sent`, who were `unknown` until SES's events told of them.",
            },
            "rate": {
                "type": "number",
                "minimum": 0,
                "description": "Accepted mails a second, from the first to the last.",
            },
            "rate_now": {
                "type": "number",
                "minimum": 0,
                "description": "Accepted mails a second in the last 60 s; 0 when not `sending`.",
            },
            "seconds_left": {
                **COUNT,
                "type": ["integer", "null"],
                "description": "Until nobody is `open`, as it goes now; null: nobody can tell.",
            },
            "held": {
                "type": ["string", "null"],
                "enum": [*Held, None],
                "description": "`daily_quota`: the account may send no more for now. Nothing is to "
                "be done: it goes on by itself.",
            },
            "started_at": MAYBE_TIME,
            "finished_at": MAYBE_TIME,
            "retried_by": RETRIED_BY,
        }
    ),
}
