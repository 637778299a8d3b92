# SPDX-License-Identifier: Apache-2.0
"""Words the consent rules and the evidence formats share.

Guarantees one closed list of events: `domain` and `proof` know nothing of each other.
"""

from enum import StrEnum


class EventType(StrEnum):
    """Every event a ledger of version ``cl/1`` may hold (docs/spec/leaf.md)."""

    NOTICE_PUBLISHED = "notice.published"
    CONSENT_REQUESTED = "consent.requested"
    CONSENT_MAIL_SENT = "consent.mail_sent"
    CONSENT_CONFIRMED = "consent.confirmed"
    CONSENT_REFUSED = "consent.refused"
    CONSENT_RENEWED = "consent.renewed"
    CONSENT_CHANGED = "consent.changed"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    CONSENT_EXPIRED = "consent.expired"
    CONSENT_INVALIDATED = "consent.invalidated"
    CONSENT_IMPORTED = "consent.imported"
    BASIS_RECORDED = "basis.recorded"
    OBJECTION_RECORDED = "objection.recorded"
    RIGHT_REQUESTED = "right.requested"
    RIGHT_ANSWERED = "right.answered"
    RIGHT_EXTENDED = "right.extended"
    RIGHT_REFUSED = "right.refused"
    HOLD_PLACED = "hold.placed"
    HOLD_RELEASED = "hold.released"
    IDENTIFIER_CHANGED = "identifier.changed"
    DATA_UNSEALED = "data.unsealed"
    IMPORT_BATCH = "import.batch"
    SUPPRESSION_ADDED = "suppression.added"
    SUBJECT_RESTRICTED = "subject.restricted"
    SUBJECT_ERASED = "subject.erased"
    BUNDLE_EXPORTED = "bundle.exported"
    LIST_EXPORTED = "list.exported"
    CAMPAIGN_COMMITTED = "campaign.committed"
    KEY_ROTATED = "key.rotated"
    POLICY_CHANGED = "policy.changed"
    LOG_HEARTBEAT = "log.heartbeat"
