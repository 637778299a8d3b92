# SPDX-License-Identifier: Apache-2.0
"""What the pages of campaigns are filled with, for tests that look at them."""

from typing import Any

from chalicelib.domain.campaigns import Campaign, CampaignStatus, Progress, possible_acts
from chalicelib.domain.measurement import Counted
from chalicelib.domain.tempo import Tempo
from chalicelib.entrypoints.campaigns_console_pages import FIELDS
from chalicelib.ports.sending import Rendered
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
    shown = shown or campaign()
    progress = Progress(planned=10, sent=6, skipped={"suppressed": 1, "failed": 1}, unknown=1)
    link = LinkResult(number=0, url="www.example.org", counted=Counted(personal=2))
    values = {
        "campaign": shown,
        "progress": progress,
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
        "trouble": None,
        "given": dict.fromkeys(FIELDS, ""),
        "today": "2026-11-23",
        "done": "pause",
    }
    return values | changes
