# SPDX-License-Identifier: Apache-2.0
"""A brand's own rules of the life cycle: which stage of buying somebody is in, and how active.

Guarantees that every rule is an expression of the segment language that asks for no life-cycle word
itself, and that the words are the closed ones. Which rules there are, and in which order they are
tried, is the owner's to say; the first that holds decides.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_facts import ACTIVITIES, PERSON_FIELDS, STAGES
from chalicelib.domain.segment_values import SegmentCode
from chalicelib.domain.segments import (
    ANYTHING,
    MAX_CLAUSES,
    MAX_PROBLEMS,
    Expression,
    Known,
    SegmentError,
    clauses,
    dump,
    fields_of,
    parse,
)

MAX_RULES = 12
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MEMBERS = ("version", "facts", "stage", "activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The word of everybody for whom ``where`` holds; None: of all that are left."""

    word: str
    where: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a brand goes by.

    Attributes:
        names: which field of the forms tells each fact of a person, by the keys of
            `segment_facts.PERSON_FIELDS`.
        version: 0 for the default; every change counts one more.
    """

    stages: tuple[Rule, ...]
    activities: tuple[Rule, ...]
    names: Mapping[str, str] = field(default_factory=lambda: PERSON_FIELDS)
    version: int = 0


def parse_rules(
    document: object, declared: Mapping[str, FieldType], known: Known = ANYTHING
) -> Rules:
    """Return the rules that ``document`` (plain JSON data) says.

    Args:
        declared: the fields of the brand's forms, as `segment_facts.resolve` takes them.
        known: lists, purposes and campaigns of the brand.

    Raises:
        SegmentError: with every problem by its place, such as ``stage[0].where.all[1].value``.
    """
    reader = _Reader(declared, known)
    rules = reader.rules(document)
    if reader.problems:
        raise SegmentError(dict(list(reader.problems.items())[:MAX_PROBLEMS]), reader.nearest)
    return rules


def dump_rules(rules: Rules) -> dict[str, Any]:
    """Return the document that `parse_rules` reads."""

    def listed(some: Iterable[Rule]) -> list[dict[str, Any]]:
        return [
            {"is": rule.word} | ({} if rule.where is None else {"where": dump(rule.where)})
            for rule in some
        ]

    return {
        "version": rules.version,
        "facts": dict(rules.names),
        "stage": listed(rules.stages),
        "activity": listed(rules.activities),
    }


def fields_of_rules(rules: Rules) -> dict[str, FieldType]:
    """Return the fields of forms the rules ask about, as `segments.fields_of` does."""
    found: dict[str, FieldType] = {}
    for rule in (*rules.stages, *rules.activities):
        found |= {} if rule.where is None else fields_of(rule.where)
    return found


class _Reader:
    """Reads one document; notes what is wrong and goes on, so that all is told at once."""

    def __init__(self, declared: Mapping[str, FieldType], known: Known) -> None:
        self.problems: dict[str, str] = {}
        self.nearest: dict[str, str] = {}
        self._declared = declared
        self._known = known

    def rules(self, document: object) -> Rules:
        """Return what could be read; it is of use only where there is no problem."""
        if not isinstance(document, Mapping):
            self.problems["rules"] = SegmentCode.WRONG_TYPE
            return Rules(stages=(), activities=())
        self._closed(document, _MEMBERS, "")
        return Rules(
            stages=self._list(document, "stage", STAGES),
            activities=self._list(document, "activity", ACTIVITIES),
            names=self._names(document.get("facts", {})),
            version=self._version(document),
        )

    def _closed(
        self, document: Mapping[object, object], allowed: Container[object], at: str
    ) -> None:
        for member in document:
            if member not in allowed:
                # What somebody wrote comes back in an answer only where it looks like a name.
                plain = isinstance(member, str) and _MEMBER.fullmatch(member)
                place = f"{at}.{member}" if plain else at or "rules"
                self.problems[place.removeprefix(".")] = SegmentCode.UNKNOWN

    def _version(self, document: Mapping[object, object]) -> int:
        version = document.get("version")
        if "version" not in document:
            self.problems["version"] = SegmentCode.MISSING
        elif not isinstance(version, int) or isinstance(version, bool):
            self.problems["version"] = SegmentCode.WRONG_TYPE
        elif version < 0:
            self.problems["version"] = SegmentCode.OUT_OF_RANGE
        else:
            return version
        return 0

    def _names(self, named: object) -> dict[str, str]:
        if not isinstance(named, Mapping):
            self.problems["facts"] = SegmentCode.WRONG_TYPE
            return {}
        self._closed(named, PERSON_FIELDS, "facts")
        told = {fact: name for fact, name in named.items() if fact in PERSON_FIELDS}
        for fact, name in told.items():
            if not isinstance(name, str):
                self.problems[f"facts.{fact}"] = SegmentCode.WRONG_TYPE
            elif not _FIELD_NAME.fullmatch(name):
                self.problems[f"facts.{fact}"] = SegmentCode.FORMAT
        return {**PERSON_FIELDS, **told}

    def _list(
        self, document: Mapping[object, object], at: str, words: tuple[str, ...]
    ) -> tuple[Rule, ...]:
        items = document.get(at)
        if at not in document:
            self.problems[at] = SegmentCode.MISSING
        elif not isinstance(items, list | tuple):
            self.problems[at] = SegmentCode.WRONG_TYPE
        elif len(items) > MAX_RULES:
            self.problems[at] = SegmentCode.TOO_MANY
        else:
            last = len(items) - 1
            read = [
                self._rule(item, f"{at}[{n}]", words, is_last=n == last)
                for n, item in enumerate(items)
            ]
            asked = (clauses(rule.where) for rule in read if rule.where is not None)
            if sum(1 for each in asked for _ in each) > MAX_CLAUSES:
                self.problems[at] = SegmentCode.TOO_MANY
            return tuple(read)
        return ()

    def _rule(self, item: object, at: str, words: tuple[str, ...], *, is_last: bool) -> Rule:
        if not isinstance(item, Mapping):
            self.problems[at] = SegmentCode.WRONG_TYPE
            return Rule(word="")
        self._closed(item, ("is", "where"), at)
        word = item.get("is")
        if "is" not in item:
            self.problems[f"{at}.is"] = SegmentCode.MISSING
        elif not isinstance(word, str):
            self.problems[f"{at}.is"] = SegmentCode.WRONG_TYPE
        elif word not in words:
            self.problems[f"{at}.is"] = SegmentCode.NOT_ONE_OF
        where: Expression | None = None
        if "where" in item:
            where = self._where(item["where"], f"{at}.where")
        elif not is_last:
            # No rule after it would ever be tried.
            self.problems[f"{at}.where"] = SegmentCode.MISSING
        return Rule(word=str(word), where=where)

    def _where(self, document: object, at: str) -> Expression | None:
        try:
            return parse(document, self._declared, self._known, at=at, in_lifecycle=True)
        except SegmentError as error:
            self.problems |= error.problems
            self.nearest |= error.nearest
            return None


def _clause(fact: str, op: str, value: object = None) -> dict[str, object]:
    return {"fact": fact, "op": op} | ({} if value is None else {"value": value})


def _since(fact: str, unit: str, count: int) -> dict[str, object]:
    return _clause(fact, "gte", {"ago": {unit: count}})


_MEASURED = _clause("measured", "eq", True)
DEFAULT_RULES = parse_rules(
    {
        "version": 0,
        "facts": PERSON_FIELDS,
        "stage": [
            {
                "is": "loyalty",
                "where": {
                    "all": [_clause("orders.count", "gte", 2), _since("orders.last", "months", 12)]
                },
            },
            {
                "is": "decision",
                "where": {
                    "any": [_clause("orders.count", "gte", 1), _since("cart.at", "days", 14)]
                },
            },
            {
                "is": "interest",
                "where": {
                    "any": [
                        _since("mail.clicked.last", "days", 90),
                        _since("site.visits.last", "days", 90),
                        _clause("documents", "exists"),
                    ]
                },
            },
            {"is": "discovery"},
        ],
        "activity": [
            {"is": "new", "where": _since("activity.first", "days", 30)},
            {"is": "active", "where": _since("activity.last", "days", 90)},
            {
                "is": "at-risk",
                "where": {"all": [_MEASURED, _since("activity.last", "days", 365)]},
            },
            {"is": "dormant", "where": _MEASURED},
        ],
    },
    {},
)
"""The rules of a brand that made none. Nobody whose reading may not be seen is called dormant."""
