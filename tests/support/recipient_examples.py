# SPDX-License-Identifier: Apache-2.0
"""What the pages of a campaign's people, and of an export, are filled with."""

from typing import Any

from chalicelib.domain.accounting import REASONS, Account, Asked
from chalicelib.domain.audience_exports import read_wish
from chalicelib.domain.campaigns import Progress
from chalicelib.domain.ids import JobId, SubjectId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.tongues import ENGLISH
from chalicelib.entrypoints.recipients_console_pages import Choice, choices
from chalicelib.services.export_jobs import Export
from chalicelib.services.recipients import FIRST, Accounted
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST
from tests.support.campaign_examples import campaign

SID = SubjectId("B" * 22)


def recipients_page_data(**changes: Any) -> dict[str, Any]:
    """What `console/recipients.html` is filled with beside the frame; every outcome and reason."""
    told = [(account, None) for account in Account if account is not Account.SKIPPED]
    told += [(Account.SKIPPED, reason) for reason in REASONS]
    skipped = dict.fromkeys(REASONS, 1)
    progress = Progress(planned=1_020, sent=1_000, rejected=1, unknown=1, skipped=skipped)
    values = {
        "campaign": campaign(),
        "is_planned": True,
        "choices": choices(progress),
        "choice": Choice(),
        "people": 16,
        "found": [
            Accounted(
                sid=SID, account=account, reason=reason, message_id=None, at_ms=None, after=FIRST
            )
            for account, reason in told
        ],
        "cursor": "f-0-0",
        "is_first": False,
        "number": ENGLISH.number,
        "trouble": "",
    }
    return values | changes


def export_page_data(**changes: Any) -> dict[str, Any]:
    """What `console/export.html` is filled with beside the frame; a file that is ready."""
    values: dict[str, Any] = {
        "id": JobId("E" * 22),
        "campaign": campaign().id,
        "asked": Asked(),
        "status": JobStatus.READY,
        "created_ms": 0,
        "people": 1_200,
        "unopened": 2,
    }
    return {
        "export": Export(**(values | changes)),
        "why": "",
        "choice": Choice(outcome=Account.SKIPPED, reason="no-consent"),
        "campaign": campaign(),
        "zone": "Europe/Stockholm",
        "number": ENGLISH.number,
    }


def audience_file_data(**changes: Any) -> dict[str, Any]:
    """What `console/audience_file.html` is filled with beside the frame; a file that is ready."""
    values: dict[str, Any] = {
        "id": JobId("E" * 22),
        "wish": read_wish("mailchimp", DEMO_BRAND.id, DEMO_LIST.id),
        "status": JobStatus.READY,
        "created_ms": 0,
        "people": 1_200,
        "unopened": 2,
    }
    return {
        "export": Export(**(values | changes)),
        "why": "",
        "list": DEMO_LIST,
        "people": "all",
        "ending": "zip",
        "number": ENGLISH.number,
    }
