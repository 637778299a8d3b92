# SPDX-License-Identifier: Apache-2.0
"""SES's own list of suppressed addresses over the API: compare it now, and how far that is."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import Call, maybe_rfc3339, operation


@operation(
    "POST",
    "/suppressions/sync",
    KeyScope.COMPLIANCE,
    status=202,
    gives="SuppressionSyncQueued",
)
def start_suppression_sync(call: Call) -> Mapping[str, Any]:
    """Have SES's own list compared with the suppressions here; it also happens once a day."""
    call.container.account_list_sync.ask()
    return {"status": "queued"}


@operation("GET", "/suppressions/sync", KeyScope.COMPLIANCE, gives="SuppressionSync")
def get_suppression_sync(call: Call) -> Mapping[str, Any]:
    """Show how far SES's own list was compared, and what came of it since the first time."""
    found = call.container.account_list_sync.progress()
    return {
        "synced_until": maybe_rfc3339(None if found.run_ms is None else found.done_ms),
        "ran_at": maybe_rfc3339(found.run_ms),
        "seen": found.seen,
        "added": found.added,
        "removed": found.removed,
    }


OPERATIONS = (start_suppression_sync, get_suppression_sync)
