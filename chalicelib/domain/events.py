# SPDX-License-Identifier: Apache-2.0
"""The closed list of ledger events, as the consent rules see them.

An `Event` is what a leaf says in plain sight: never a person's data. The byte format is
`proof.leaf`.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.vocabulary import EventType

CONTROLLER_ONLY = frozenset(
    {
        EventType.NOTICE_PUBLISHED,
        EventType.IMPORT_BATCH,
        EventType.LIST_EXPORTED,
        EventType.CAMPAIGN_COMMITTED,
        EventType.KEY_ROTATED,
        EventType.POLICY_CHANGED,
        EventType.LOG_HEARTBEAT,
    }
)
"""Events that belong to no subject's chain."""


class Via(StrEnum):
    """How a withdrawal, objection or refusal reached us."""

    LIST_UNSUB_POST = "list-unsub-post"
    PAGE = "page"
    COMPLAINT = "complaint"
    REPLY = "reply"
    OPERATOR = "operator"
    API = "api"


class SuppressionReason(StrEnum):
    """Why an address must not be mailed."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    UNSUBSCRIBED = "unsubscribed"
    ERASED = "erased"


RESTRICTION_ENDED = "ended"
"""The reason of the ``hold.released`` that lifts a restriction; with any other it ends a hold."""

EMAIL = "email"
"""The one channel live today; the column exists everywhere so that others can follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of a subject's chain, without its sealed part.

    Attributes:
        at_ms: when, Unix milliseconds, never decreasing along a chain.
        lists: the lists it names; empty means every list of the brand.
        purposes: the purposes it names; empty means every purpose.
        notice: SHA-256 (hex) of the notice shown, for acts that answer one.
        content: SHA-256 (hex) of what else was committed to: of an import, its documents.
        reason: why, for suppression and erasure.

    """

    type: EventType
    at_ms: int
    brand: BrandId | None = None
    channel: str | None = None
    lists: tuple[ListId, ...] = ()
    purposes: tuple[PurposeId, ...] = ()
    notice: str | None = None
    content: str | None = None
    via: Via | None = None
    reason: str | None = None
