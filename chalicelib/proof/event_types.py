# SPDX-License-Identifier: Apache-2.0
"""The closed, versioned list of ledger events and the members each must or may have.

Guarantees that every word a leaf can hold is on a list here, is an operator-chosen slug, or is a
fixed-width hash or random id. Refuses free text altogether: that is how personal data stays out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chalicelib.vocabulary import EventType


class Belongs(StrEnum):
    """Whose chain an event stands in."""

    SUBJECT = "subject"
    CONTROLLER = "controller"
    EITHER = "either"


CHANNELS: Final = frozenset({"email", "sms", "push"})
VIAS: Final = frozenset({"list-unsub-post", "page", "complaint", "reply", "operator", "api"})

_RIGHTS = frozenset(
    {"access", "rectification", "erasure", "restriction", "portability", "objection"}
)
_ERASURE_GROUNDS = frozenset(
    {
        "not-needed",
        "withdrawn",
        "objection",
        "unlawful",
        "legal-duty",
        "child",
        "unconfirmed",
    }
)
_RESTRICTION_GROUNDS = frozenset(
    {"accuracy-contested", "unlawful", "legal-claim", "objection", "erasure-requested"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """What a leaf of one type must and may hold, by leaf member name.

    Attributes:
        belongs: whether the event has a chain tag.
        must: optional members that must be present.
        may: optional members that may be present; an absent `lst`, `pur` or `brd` covers all.
        reasons: the only values `rsn` may have.
    """

    belongs: Belongs
    must: frozenset[str]
    may: frozenset[str]
    reasons: frozenset[str]


def _rule(
    belongs: Belongs, must: str = "", may: str = "", reasons: frozenset[str] = frozenset()
) -> EventRule:
    return EventRule(
        belongs=belongs,
        must=frozenset(must.split()),
        may=frozenset(may.split()),
        reasons=reasons,
    )


_SUBJECT, _CONTROLLER, _EITHER = Belongs.SUBJECT, Belongs.CONTROLLER, Belongs.EITHER
_CONSENT = _rule(_SUBJECT, "brd chn lst pur ntc", "via")
_ENDING = _rule(_SUBJECT, "brd chn", "lst pur ntc via")
_RIGHT = _rule(_EITHER, "rsn", "brd chn via", _RIGHTS)
_HOLD = _rule(_SUBJECT, "rsn", "", frozenset({"legal-claim", "legal-duty", "ended"}))

RULES: Final[Mapping[EventType, EventRule]] = {
    EventType.NOTICE_PUBLISHED: _rule(_CONTROLLER, "brd cnt ntc", "chn lst pur"),
    EventType.CONSENT_REQUESTED: _CONSENT,
    EventType.CONSENT_MAIL_SENT: _rule(_SUBJECT, "brd chn lst pur", "cnt ntc"),
    EventType.CONSENT_CONFIRMED: _CONSENT,
    EventType.CONSENT_RENEWED: _CONSENT,
    # Absent purposes would mean "all": a change that leaves none is a withdrawal.
    EventType.CONSENT_CHANGED: _rule(_SUBJECT, "brd chn lst pur", "ntc via"),
    EventType.CONSENT_REFUSED: _ENDING,
    EventType.CONSENT_WITHDRAWN: _rule(_SUBJECT, "brd chn via", "cmp lst ntc pur"),
    EventType.CONSENT_EXPIRED: _rule(_SUBJECT, "brd chn", "lst ntc pur"),
    EventType.CONSENT_INVALIDATED: _rule(
        _SUBJECT,
        "brd chn",
        "lst ntc pur rsn via",
        frozenset({"not-the-person", "notice-defect", "evidence-lost", "policy"}),
    ),
    EventType.CONSENT_IMPORTED: _rule(_SUBJECT, "brd chn lst pur", "cnt ntc via"),
    EventType.BASIS_RECORDED: _rule(_SUBJECT, "brd chn pur", "lst ntc via"),
    EventType.OBJECTION_RECORDED: _rule(_SUBJECT, "brd chn via", "cmp lst pur"),
    EventType.RIGHT_REQUESTED: _RIGHT,
    EventType.RIGHT_ANSWERED: _RIGHT,
    EventType.RIGHT_EXTENDED: _RIGHT,
    EventType.RIGHT_REFUSED: _RIGHT,
    EventType.HOLD_PLACED: _HOLD,
    EventType.HOLD_RELEASED: _HOLD,
    EventType.IDENTIFIER_CHANGED: _rule(_SUBJECT, "chn", "brd via"),
    EventType.DATA_UNSEALED: _rule(
        _EITHER,
        "rsn",
        "brd",
        frozenset({"search", "proof", "access-request", "support", "legal-claim"}),
    ),
    EventType.IMPORT_BATCH: _rule(_CONTROLLER, "brd cnt", "chn lst pur"),
    EventType.SUPPRESSION_ADDED: _rule(
        _EITHER,
        "chn rsn",
        "brd cmp lst pur via",
        frozenset({"bounce", "complaint", "manual", "unsubscribed", "erased"}),
    ),
    EventType.SUBJECT_RESTRICTED: _rule(_SUBJECT, "rsn", "via", _RESTRICTION_GROUNDS),
    EventType.SUBJECT_ERASED: _rule(_SUBJECT, "chk fin kid num rsn", "", _ERASURE_GROUNDS),
    # After an erasure the chain has ended: then it is a controller's.
    EventType.BUNDLE_EXPORTED: _rule(
        _EITHER,
        "man",
        "rsn via",
        frozenset({"access-request", "authority", "complaint", "legal-claim", "audit"}),
    ),
    EventType.LIST_EXPORTED: _rule(
        _CONTROLLER,
        "",
        "brd chn cnt lst man pur rsn",
        frozenset({"migration", "processor", "audit"}),
    ),
    EventType.CAMPAIGN_COMMITTED: _rule(_CONTROLLER, "brd chn cmp cnt lst pur", "man"),
    EventType.KEY_ROTATED: _rule(
        _CONTROLLER, "cnt rsn", "", frozenset({"planned", "compromised", "lost"})
    ),
    EventType.POLICY_CHANGED: _rule(_CONTROLLER, "cnt", "brd"),
    EventType.LOG_HEARTBEAT: _rule(_CONTROLLER),
}
