# SPDX-License-Identifier: Apache-2.0
"""Dry runs over the API: what a campaign would do if it were sent now.

Guarantees numbers, and of whose mail would fail nothing but a random id and a place.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.entrypoints.api.frame import Call, operation, rfc3339

if TYPE_CHECKING:
    from chalicelib.domain.dry_runs import DryRunSum
    from chalicelib.services.dry_run import DryRun

_PATH = "/campaigns/{campaign}/dry-run"


@operation(
    "POST", _PATH, KeyScope.MARKETING, status=202, gives="DryRun", looks=True, conflicts=True
)
def start_dry_run(call: Call) -> Mapping[str, Any]:
    """Have a campaign tried as it is now, without a mail; one under way is told instead."""
    return _shape(call.container.dry_runs.ask(call.word("campaign")))


@operation("GET", _PATH, KeyScope.MARKETING, gives="DryRun")
def get_dry_run(call: Call) -> Mapping[str, Any]:
    """Get a campaign's latest dry run; they are kept for 7 days."""
    return _shape(call.container.dry_runs.get(call.word("campaign")))


OPERATIONS = (start_dry_run, get_dry_run)


def _shape(run: "DryRun") -> Mapping[str, Any]:
    return {
        "id": run.run,
        "status": run.status,
        "as_of": rfc3339(run.as_of_ms),
        "result": None if run.found is None else _result(run, run.found),
    }


def _result(run: "DryRun", found: "DryRunSum") -> Mapping[str, Any]:
    return {
        "considered": found.considered,
        "planned": found.planned,
        "unreadable": found.unreadable,
        "would_be_mailed": found.mailed,
        "why_not": dict(found.why_not),
        "failing": [
            {"id": each.sid, "code": each.code, "part": each.part, "line": each.line}
            for each in found.failing
        ],
        "cost_cents": None if run.cost is None else run.cost.cents,
        "seconds": None if run.course is None else run.course.seconds,
        "days": None if run.course is None else run.course.days,
        "bulk": {
            "large": run.ready is not None and run.ready.large,
            "blocking": [] if run.ready is None else list(run.ready.blocking),
        },
    }
