# SPDX-License-Identifier: Apache-2.0
"""Pages of suppressions in the console, each in the state that holds most."""

from typing import Any

from chalicelib.domain.account_list import Comparison
from chalicelib.domain.ids import JobId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.suppression_files import ExportForm, RefusedRow
from chalicelib.entrypoints.suppressions_console_pages import REASONS
from chalicelib.services.suppression_exports import SuppressionExport
from chalicelib.services.suppression_import_jobs import SuppressionImport
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.appends import suppressed
from tests.support.clock import START_MS

JOB = JobId("A" * 22)


def suppression_pages() -> dict[str, dict[str, Any]]:
    """What each page is filled with, by its name."""
    refused = (
        RefusedRow(line=3, why="malformed_address"),
        RefusedRow(line=1_204, why="unsupported_digest"),
    )
    return {
        "suppressions": {
            "known": {
                "email": "visitor@example.org",
                "found": (suppressed("ada"), suppressed("ada", DEMO_BRAND.id, "complaint")),
                "is_added": True,
            },
            "fault": {"code": "malformed_address", "detail": "", "form": "add"},
            "given": {"email": "visitor@", "reason": "bounce", "reach": "demo/newsletter"},
            "brands": (DEMO_BRAND,),
            "lists": {DEMO_BRAND.id: (DEMO_LIST,)},
            "brand_names": {DEMO_BRAND.id: DEMO_BRAND.name},
            "list_names": {DEMO_LIST.id: DEMO_LIST.name},
            "reasons": REASONS,
            "compared": Comparison(run_ms=START_MS, seen=1_200, added=3, removed=1),
            "is_asked": True,
            "number": str,
        },
        "suppression_import": {
            "file": SuppressionImport(
                id=JOB,
                status=JobStatus.READY,
                created_ms=START_MS,
                rows=1_204,
                added=1_100,
                known=102,
                matched=7,
                pushed=5,
                not_pushed=1,
                refused=refused,
                refused_total=2,
            ),
            "number": str,
        },
        "suppression_export": {
            "file": SuppressionExport(
                id=JOB,
                status=JobStatus.READY,
                form=ExportForm.SHA256,
                created_ms=START_MS,
                rows=1_205,
            ),
            "number": str,
        },
    }
