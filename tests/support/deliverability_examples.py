# SPDX-License-Identifier: Apache-2.0
"""What the doctor's page is filled with: something of each verdict, and two domains."""

from typing import Any

from chalicelib.adapters.templates import TemplateRenderer
from chalicelib.domain.breakers import Counts, Level, Note
from chalicelib.domain.deliverability import BULK_FROM, DnsRecord, Provider, Report, Verdict
from chalicelib.domain.deliverability_words import said
from chalicelib.domain.stops import StopWhy
from infra.local.demo_data import DEMO_BRAND

_DMARC = DnsRecord(type="TXT", name="_dmarc.example.org", value="v=DMARC1; p=none")
REPORT = Report(
    brand=DEMO_BRAND.id,
    address=DEMO_BRAND.from_address,
    checked_ms=0,
    checks=(
        said("dmarc_none", _DMARC, domain="example.org"),
        said("one_click_local"),
        said("tracking_unknown"),
        said("suppression_ok"),
        said("rates_stopped", domains="gmx"),
    ),
)
NOTES = tuple(
    Note(
        key=name,
        level=level,
        why=StopWhy.BOUNCES,
        counts=Counts(delivered=180, hard=20, complained=2),
        at_ms=0,
        name=name,
    )
    for name, level in (("gmx", Level.STOP), ("company.example", Level.WARN))
)


def deliverability_page_data(language: str) -> dict[str, Any]:
    """What `console/deliverability.html` is filled with beside the frame."""
    return {
        "brands": [DEMO_BRAND],
        "more": False,
        "wanted": DEMO_BRAND.id,
        "trouble": "",
        "domains": NOTES,
        "done": "",
        "report": REPORT,
        "shown": [
            (verdict, found)
            for verdict in Verdict
            if (found := [check for check in REPORT.checks if check.verdict is verdict])
        ],
        "missed": [(each, REPORT.missed(each)) for each in Provider],
        "tongue": TemplateRenderer().tongue(language),
        "bulk_from": BULK_FROM,
    }
