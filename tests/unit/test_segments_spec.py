# SPDX-License-Identifier: Apache-2.0
"""The worked values and the stated figures of docs/spec/segments.md are those of the code."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import segments
from chalicelib.domain.consent import fold as fold_acts
from chalicelib.domain.events import EMAIL, Event
from chalicelib.domain.facts import MAX_CURRENCIES, MAX_CUSTOM_NAMES
from chalicelib.domain.forms import MAX_NUMBER, FieldType
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.lifecycle import DEFAULT_RULES, MAX_RULES, dump_rules
from chalicelib.domain.segment_calendar import Moment, birthdays, day_of, latest_birth, span
from chalicelib.domain.segment_compile import compile_expression
from chalicelib.domain.segment_explain import Why, explain
from chalicelib.domain.segment_facts import CATALOGUE, FIELD_FACTS, MAX_AGE
from chalicelib.domain.segment_findings import FindingCode, findings
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import OPERATORS, OPPOSITES, Op
from chalicelib.domain.segment_values import (
    MAX_BIRTHDAY_DAYS,
    MAX_STEPS,
    MAX_TEXT_CHARS,
    Relative,
    SegmentCode,
    Unit,
    Way,
    Window,
    fold,
)
from chalicelib.domain.segment_words import outline
from chalicelib.domain.segments import SegmentError, dump, parse
from chalicelib.domain.standing import dump_standing, standing
from chalicelib.vocabulary import EventType

CHECKOUT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(?:text|json) worked=([a-z0-9-]+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
FIELDS = {"beds": FieldType.NUMBER}
NOW = Moment(
    now_ms=round(datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp() * 1000),
    zone="Europe/Stockholm",
)


@pytest.fixture(scope="module")
def specification() -> str:
    return (CHECKOUT / "docs" / "spec" / "segments.md").read_text(encoding="utf-8")


def pairs(opposites: dict[Op, Op]) -> list[str]:
    """Each pair once, as the operators are ordered."""
    order = list(Op)
    return [f"{a} {b}" for a, b in opposites.items() if order.index(a) < order.index(b)]


def fact_lines() -> list[str]:
    return [
        " ".join(
            [
                spec.name,
                spec.kind,
                spec.type,
                ",".join(spec.qualifiers) or "-",
                str(spec.purpose or "-"),
                ",".join(spec.words) or "-",
            ]
        )
        for spec in CATALOGUE.values()
    ]


def problem_lines(document: object) -> list[str]:
    with pytest.raises(SegmentError) as caught:
        parse(document, FIELDS)
    return [f"{place} {code}" for place, code in caught.value.problems.items()]


def time_lines() -> list[str]:
    values = {
        "now": Relative(way=Way.AGO, unit=Unit.DAYS, count=0),
        "ago 3 months": Relative(way=Way.AGO, unit=Unit.MONTHS, count=3),
        "ahead 1 years": Relative(way=Way.AHEAD, unit=Unit.YEARS, count=1),
        "2026-03-29": date(2026, 3, 29),
        "2026-11-22T09:00:00Z": datetime(2026, 11, 22, 9, tzinfo=UTC),
    }
    return [
        "{}: {} {} {}".format(name, day_of(value, NOW), *span(value, NOW))
        for name, value in values.items()
    ]


def birthday_lines() -> list[str]:
    at = {
        day: Moment(
            now_ms=round(datetime.fromisoformat(f"{day}T12:00Z").timestamp() * 1000), zone="UTC"
        )
        for day in ("2026-02-27", "2028-02-27", "2027-01-01")
    }
    found = (
        ("2026-02-27", Op.IN_NEXT, 2),
        ("2028-02-27", Op.IN_NEXT, 2),
        ("2027-01-01", Op.IN_LAST, 1),
    )
    return [
        f"{day} {op} {n}: " + " ".join(sorted(birthdays(op, Window(days=n), at[day])))
        for day, op, n in found
    ]


def finding_lines(document: object) -> list[str]:
    read = parse(document, FIELDS)
    return [f"{each.place} {each.code}" for each in findings(read, FIELDS, NOW)]


def standing_line() -> str:
    """Where somebody stands after the acts that the text before the block tells."""
    demo, news = {"brand": BrandId("demo"), "channel": EMAIL}, (ListId("news"),)
    mail, measured = PurposeId("newsletter"), PurposeId("measurement")
    confirmed, withdrawn = EventType.CONSENT_CONFIRMED, EventType.CONSENT_WITHDRAWN
    objected = EventType.OBJECTION_RECORDED
    acts = [
        Event(type=confirmed, at_ms=5_000, lists=news, purposes=(mail, measured), **demo),
        Event(type=withdrawn, at_ms=8_000, lists=news, purposes=(measured,), **demo),
        Event(type=objected, at_ms=9_000, brand=BrandId("other"), channel=EMAIL),
    ]
    return dump_standing(standing(fold_acts(acts)))


def explained_lines(document: object, stored: dict[str, Any]) -> list[str]:
    compiled = compile_expression(parse(document, FIELDS), BrandId("demo"), NOW)
    told = explain(compiled, Person(**stored))
    lines = []
    for each in told.clauses:
        shown = json.dumps([each.asked, each.found, each.holds, each.why], ensure_ascii=False)
        lines += [f"{each.place} {each.fact} {each.op} {shown}", f"  {each.sentence}"]
    return [*lines, f"matches: {json.dumps(told.matches)}"]


def sentence_lines(document: object) -> list[str]:
    return [f"{depth} {at}: {said}" for depth, at, said in outline(parse(document, FIELDS))]


def produced(blocks: dict[str, str]) -> dict[str, str]:
    """What the blocks must say; the documents among them are input and say themselves."""
    documents = {
        name: json.loads(blocks[name])
        for name in ("segment", "wrong", "doubtful", "lifecycle", "asked", "person")
        if name in blocks
    }
    assert dump(parse(documents["segment"], FIELDS)) == documents["segment"]
    assert documents["lifecycle"] == dump_rules(DEFAULT_RULES)
    lines = {
        "facts": fact_lines(),
        "fields": [f"{kind} {kept}" for kind, kept in FIELD_FACTS.items()],
        "operators": [f"{kept}: {' '.join(ops)}" for kept, ops in OPERATORS.items()],
        "opposites": pairs(dict(OPPOSITES)),
        "folded": [f"{fold(text)}" for text in (" GÖTEBORG ", "Straße", "New  York")],
        "problems": problem_lines(documents["wrong"]),
        "times": time_lines(),
        "ages": [f"{age}: {latest_birth(age, NOW)}" for age in (0, 18, 65)],
        "birthdays": birthday_lines(),
        "findings": finding_lines(documents["doubtful"]),
        "standing": [standing_line()],
        "sentences": sentence_lines(documents["asked"]),
        "explained": explained_lines(documents["asked"], documents["person"]),
    }
    kept = {name: blocks[name] for name in documents}
    return kept | {name: "\n".join(each) for name, each in lines.items()}


def test_worked_values_are_what_the_code_produces(specification: str) -> None:
    blocks = BLOCK.findall(specification)
    assert dict(blocks) == produced(dict(blocks))
    assert len(blocks) == len(dict(blocks))


def test_figures_in_the_specification_are_the_codes_own(specification: str) -> None:
    """A figure that changes in the code must change on the page."""
    assert f"{segments.MAX_JSON_BYTES:,} bytes" in specification
    assert f"{segments.MAX_DEPTH} deep" in specification
    assert f"{segments.MAX_CLAUSES} clauses" in specification
    assert f"1 to {segments.MAX_PARTS} parts" in specification
    assert f"1 to {segments.MAX_LIST} values" in specification
    assert f"{segments.MAX_VALUES:,} values" in specification
    assert f"first {segments.MAX_PROBLEMS} places" in specification
    assert f"at most {MAX_TEXT_CHARS} characters" in specification
    assert f"0 to {MAX_STEPS:,}" in specification
    assert f"0 to {MAX_BIRTHDAY_DAYS}" in specification
    assert f"0 to {MAX_AGE}" in specification
    assert f"{MAX_NUMBER:,}" in specification
    assert f"at most {MAX_RULES} rules" in specification
    assert f"at most {segments.MAX_CLAUSES} clauses in each list" in specification
    assert f"sums of {MAX_CURRENCIES} currencies" in specification
    assert f"counts of {MAX_CUSTOM_NAMES} names" in specification


def test_every_code_is_explained(specification: str) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", specification, re.MULTILINE))
    assert {str(code) for kind in (SegmentCode, FindingCode, Why) for code in kind} <= rows
    assert {str(op) for op in Op} <= set(re.findall(r"`(\w+)`", specification))
