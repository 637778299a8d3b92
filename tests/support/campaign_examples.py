# SPDX-License-Identifier: Apache-2.0
"""What the pages of campaigns are filled with, for tests that look at them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.campaigns import Campaign, CampaignStatus, Progress, possible_acts
from chalicelib.domain.dry_runs import DryRunPart, DryRunSum, Failing, summed
from chalicelib.domain.ids import SubjectId
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.measurement import Counted
from chalicelib.domain.pricing import CURRENCY, Course, cost_of
from chalicelib.domain.tempo import Tempo
from chalicelib.domain.tongues import ENGLISH
from chalicelib.entrypoints.campaigns_console_pages import FIELDS
from chalicelib.entrypoints.retries_console_pages import Again
from chalicelib.ports.sending import Rendered
from chalicelib.services.dry_run import DryRun
from chalicelib.services.link_results import CampaignResults, LinkResult
from infra.local.demo_data import DEMO_BRAND, DEMO_LIST


def campaign(**changes: Any) -> Campaign:
    """A campaign in the middle of being sent."""
    values: dict[str, Any] = {
        "id": "AAAAAAAAAAAAAAAAAAAAAA",
        "brand": DEMO_BRAND.id,
        "list": DEMO_LIST.id,
        "purpose": "newsletter",
        "name": "November <news>",
        "subject": "s",
        "source_sha256": "ab" * 32,
        "status": CampaignStatus.SENDING,
        "created_ms": 0,
        "started_ms": 0,
        "planned": 10,
    }
    return Campaign(**(values | changes))


def campaign_page_data(shown: Campaign | None = None, **changes: Any) -> dict[str, Any]:
    """What `console/campaign.html` is filled with beside the frame; a campaign being sent."""
    shown = shown or campaign(segment="regulars")
    progress = Progress(planned=10, sent=6, skipped={"suppressed": 1, "failed": 1}, unknown=1)
    link = LinkResult(number=0, url="www.example.org", counted=Counted(personal=2))
    values = {
        "campaign": shown,
        "progress": progress,
        "resolved": 2,
        "warning": None,
        "number": ENGLISH.number,
        "tenths": ENGLISH.tenths,
        "tempo": Tempo(per_second=2.5, seconds_left=150),
        "percent": 80,
        "moves": True,
        "is_other": False,
        "zone": "Europe/Stockholm",
        "said": Rendered(subject="Hello", html="<p>Hello</p>", text="Hello"),
        "list_name": DEMO_LIST.name,
        "segment_name": "Regulars",
        "results": CampaignResults(links=(link,), opened=Counted()),
        "acts": possible_acts(shown.status),
        "tried_ms": None,
        "again": Again(of=campaign(name="October news"), failed=2, unsent=1),
        "trouble": None,
        "given": dict.fromkeys(FIELDS, ""),
        "today": "2026-11-23",
        "done": "pause",
    }
    return values | changes


def dry_run_page_data(parts: Iterable[DryRunPart] = (), **changes: Any) -> dict[str, Any]:
    """What `console/dry_run.html` is filled with beside the frame; one that is over."""
    failing = Failing(sid=SubjectId("B" * 22), code="bad_template", part="HTML", line=3)
    found = summed(parts) or DryRunSum(
        considered=1_200,
        planned=1_000,
        unreadable=1,
        why_not={"rendering": 1, "suppressed": 9},
        failing=(failing,),
    )
    run = DryRun(
        run="R" * 22,
        status=JobStatus.READY,
        as_of_ms=0,
        found=found,
        cost=cost_of(found.mailed),
        course=Course(seconds=7_200, days=2),
    )
    values = {
        "campaign": campaign(status=CampaignStatus.DRAFT, segment="regulars", started_ms=None),
        "run": run,
        "found": found,
        "cost": ENGLISH.money(cost_of(found.mailed).cents, CURRENCY),
        "moves": False,
        "list_name": DEMO_LIST.name,
        "segment_name": "Regulars",
        "zone": "Europe/Stockholm",
        "number": ENGLISH.number,
        "trouble": None,
    }
    return values | changes
