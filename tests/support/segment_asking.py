# SPDX-License-Identifier: Apache-2.0
"""One clause asked of one person: by its test, by that of its opposite, and by the explanation."""

from datetime import UTC, datetime

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.segment_compile import compile_expression
from chalicelib.domain.segment_explain import explain
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segments import parse

NOW = Moment(now_ms=1_795_348_800_000, zone="Europe/Stockholm")  # 2026-11-22T12:00:00Z
FIELDS = {
    "beds": FieldType.NUMBER,
    "plan": FieldType.CHOICE,
    "terms": FieldType.TICK,
    "wedding": FieldType.DATE,
}
NOBODY = Person(lists={}, standing={}, rhythm={}, profile={}, facts={})
GIVEN = {"g": {"demo": {"news": ["measurement", "profiling"]}}}


def clause(fact, op, *value, **qualifiers):
    told = {"value": value[0]} if value else {}
    return {"fact": fact, "op": str(op), **told, **qualifiers}


def compiled(document, moment=NOW):
    return compile_expression(parse(document, FIELDS), "demo", moment)


def holds(document, person, moment=NOW):
    """Whether it holds and whether its opposite does, and what explain says of a clause."""
    one, other = compiled(document, moment), compiled({"not": document}, moment)
    held = (one.test(person), other.test(person))
    assert held != (True, True)
    answer = True if held[0] else False if held[1] else None
    assert explain(one, person).clauses[0].holds is answer
    return answer


def answered(**attributes):
    return NOBODY._replace(profile={"attributes": attributes})


def known(**parts):
    return NOBODY._replace(standing=GIVEN, facts={"v": 1, "b": {"demo": parts}})


def ordered(second):
    return known(o={"n": 1, "f": second, "l": second, "c": {"SEK": [1, 5]}})


def second(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def bought(*names, edge=False):
    members = {"p": [[name, 1] for name in names]} if names else {}
    return known(w={**members, **({"pe": ["x", 1]} if edge else {})})
