# SPDX-License-Identifier: Apache-2.0
"""The worked values and the stated figures of docs/spec/events.md are those of the code."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.domain import customer_event_body as body
from chalicelib.domain import facts as module
from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.customer_event_body import EventError, read_event
from chalicelib.domain.customer_events import CustomerEventType, Ignored, Kind, dump_event
from chalicelib.domain.enrolment import SKEW_MS
from chalicelib.domain.fact_document import MAX_BRAND_BYTES, dump_facts
from chalicelib.domain.facts import Behaviour, Measured, Part, fold
from chalicelib.domain.ids import BrandId, CampaignId
from chalicelib.domain.latest import Cap, Latest, seen
from chalicelib.domain.orders import MAX_REFUNDS, Order, dump_order, with_order_event

CHECKOUT = Path(__file__).resolve().parents[2]
NOW_MS = round(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000)
OPENED = Behaviour(
    measured=Measured.OPENED,
    brand=BrandId("demo"),
    campaign=CampaignId("zFu3qpjTlOJ1GDL4x3Rz8g"),
    occurred_ms=NOW_MS,
)


@pytest.fixture(scope="module")
def specification() -> str:
    return (CHECKOUT / "docs" / "spec" / "events.md").read_text(encoding="utf-8")


def blocks_of(specification: str, language: str) -> dict[str, str]:
    found = re.findall(
        rf"^```{language} (?:worked|given)=([a-z0-9-]+)\n(.*?)\n```$",
        specification,
        re.MULTILINE | re.DOTALL,
    )
    return dict(found)


def produced(requests: str) -> dict[str, str]:
    told = [
        (f"tag-{number}", read_event(json.loads(line), NOW_MS).event)
        for number, line in enumerate(requests.splitlines(), start=1)
    ]
    order: Order | None = None
    for tag, event in told:
        if event.type.kind is Kind.ORDER:
            order = with_order_event(order, event, tag)
    assert order is not None
    latest, lines = Latest(), []
    for name, at_s in (("a", 1), ("b", 2), ("c", 3), ("a", 1), ("a", 4)):
        latest = seen(latest, [name], at_s, Cap(members=2, max_bytes=100))
        members = " ".join(f"{member.name}@{member.at_s}" for member in latest.ranked())
        edge = f"{latest.edge.name}@{latest.edge.at_s}" if latest.edge else "-"
        lines.append(f"{name}@{at_s} → {members} | {edge}")
    return {
        "event": dump_event(told[0][1]).decode(),
        "order": dump_order(order).decode(),
        "facts": dump_facts(fold([*told, ("tag-9", OPENED)])).decode(),
        "latest": "\n".join(lines),
    }


def test_worked_values_are_what_the_code_produces(specification: str) -> None:
    requests = blocks_of(specification, "json")
    assert list(requests) == ["requests"]
    assert blocks_of(specification, "text") == produced(requests["requests"])


def test_what_the_page_says_is_refused_is_refused_there(specification: str) -> None:
    """The table of problems names every code that can be answered, and no other."""
    section = specification.split("## 3.")[1].split("## 4.", maxsplit=1)[0]
    named = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    source = (CHECKOUT / "chalicelib/domain/customer_event_body.py").read_text(encoding="utf-8")
    raised = set(re.findall(r'(?:_Problem\(|note\("?\w+"?, |= )"([a-z_]+)"', source))
    assert named == raised - {"bad_event"} | {"bad_id", "malformed_address", "unknown_brand"}
    with pytest.raises(EventError) as refused:
        read_event({}, NOW_MS, place="events[3]")
    assert refused.value.problems["events[3].id"] == "missing"


def test_every_type_reason_and_part_is_on_the_page(specification: str) -> None:
    words = set(re.findall(r"`([a-z][a-z.-]*)`", specification))
    assert {each.value for each in CustomerEventType} <= words
    assert {each.value for each in Ignored} <= words
    assert {each.value for each in Kind} <= words
    assert {each.value for each in Part} <= words


def test_figures_in_the_specification_are_the_codes_own(specification: str) -> None:
    """A figure that changes in the code must change on the page."""
    for sentence in (
        f"{body.MAX_ITEMS} items",
        f"{body.MAX_NAME_BYTES} bytes",
        f"{body.MAX_TEXT_BYTES} bytes",
        f"{body.MAX_PROPERTIES} properties",
        f"{body.MAX_PROPERTIES_BYTES:,} bytes",
        f"{body.MAX_QUANTITY:,}",
        f"{body.ORDER_DAYS:,} days",
        f"{body.OTHER_DAYS} days",
        f"{SKEW_MS // 60_000} minutes ahead",
        f"first {body.MAX_PROBLEMS} ",
        f"{MAX_REFUNDS} earliest refunds",
        f"{MAX_BRAND_BYTES:,} bytes",
        f"{module.MAX_CURRENCIES} currencies",
        f"{module.MAX_CUSTOM_NAMES} names",
        f"{len(MINOR_DIGITS)} codes",
    ):
        assert sentence in specification, sentence
    assert body.MAX_AMOUNT == 10**12
    for name, cap in (
        ("o.p", module.ORDERED),
        ("w.p", module.VIEWED),
        ("w.d", module.DOCUMENTS),
        ("m.oc", module.CAMPAIGNS),
        ("k.p", module.IN_CART),
    ):
        row = re.compile(rf"^\| `{name}`.* \| {cap.members} \| {cap.max_bytes} \|$", re.MULTILINE)
        assert row.search(specification), name
