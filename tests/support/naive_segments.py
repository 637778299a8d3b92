# SPDX-License-Identifier: Apache-2.0
"""Segments answered the plain way: from the document as it is written and whole domain objects.

It shares neither the stored forms, nor the normal form, nor a comparison with the product: days are
compared as days of the zone, amounts as fractions, sets as sets, and `not` is Kleene's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from chalicelib.domain.fact_document import dump_facts
from chalicelib.domain.facts import Facts
from chalicelib.domain.forms import FieldType
from chalicelib.domain.frequency import Rhythm, dump_rhythm
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.latest import Latest
from chalicelib.domain.lifecycle import DEFAULT_RULES, dump_rules
from chalicelib.domain.segment_calendar import Moment, shift
from chalicelib.domain.segment_facts import resolve
from chalicelib.domain.segment_person import Person
from chalicelib.domain.segment_terms import FactType
from chalicelib.domain.segment_values import Unit, fold
from chalicelib.domain.standing import Standing, dump_standing
from chalicelib.domain.state import MEASUREMENT

Answer = bool | None


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """One person before anything of them is stored."""

    lists: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    rhythm: Rhythm = field(default_factory=Rhythm)
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    source: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    def stored(self) -> Person:
        """As rows and opened sections hold it."""
        return Person(
            lists=self.lists,
            standing=orjson.loads(dump_standing(self.standing)),
            rhythm=orjson.loads(orjson.dumps(dump_rhythm(self.rhythm))),
            profile={
                "email": "visitor@example.org",
                "language": self.language,
                "attributes": dict(self.attributes),
                "source": dict(self.source),
            },
            facts=orjson.loads(dump_facts(self.facts)),
        )


@dataclass(frozen=True, kw_only=True)
class Naive:
    """Answers expressions about people of one brand at one moment."""

    brand: str
    moment: Moment
    declared: Mapping[str, FieldType]

    def verdict(self, document: Any, who: Somebody) -> bool:
        """Whether somebody is in the segment."""
        excluded = who.standing.restricted or self.brand in who.standing.objected
        return not excluded and self.answer(document, who) is True

    def answer(self, document: Any, who: Somebody) -> Answer:
        """Kleene's truth value of an expression."""
        if "not" in document:
            inner = self.answer(document["not"], who)
            return None if inner is None else not inner
        if "all" in document:
            parts = [self.answer(part, who) for part in document["all"]]
            return False if False in parts else None if None in parts else True
        if "any" in document:
            parts = [self.answer(part, who) for part in document["any"]]
            return True if True in parts else None if None in parts else False
        return self._clause(document, who)

    def _clause(self, clause: Any, who: Somebody) -> Answer:
        spec = resolve(clause["fact"], self.declared)
        assert spec is not None
        op, value = clause["op"], self._value(clause, who)
        if op in ("exists", "missing"):
            there = bool(value) if isinstance(value, Latest) else value is not None
            return there is (op == "exists")
        if value is None:
            return None
        asked = clause["value"]
        if spec.type is FactType.SET:
            return self._of_set(op, value, asked, exactly=spec.campaigns)
        if spec.type in (FactType.DATE, FactType.TIME):
            return self._of_time(op, value, asked)
        if spec.type is FactType.BIRTHDAY:
            return self._of_birthday(op, value, asked["days"])
        if spec.type is FactType.TEXT:
            value = fold(value)
            asked = [fold(x) for x in asked] if isinstance(asked, list) else fold(asked)
        return {
            "eq": lambda: value == asked,
            "ne": lambda: value != asked,
            "in": lambda: value in asked,
            "not_in": lambda: value not in asked,
            "starts_with": lambda: value[: len(asked)] == asked,
            "lt": lambda: value < asked,
            "lte": lambda: value <= asked,
            "gt": lambda: value > asked,
            "gte": lambda: value >= asked,
            "between": lambda: asked[0] <= value <= asked[1],
        }[op]()

    def _of_set(self, op: str, value: Latest, asked: Any, *, exactly: bool) -> Answer:
        def same(text: str) -> str:
            return text if exactly else fold(text)

        names = {same(name) for name in value.at_s}
        wanted = [same(x) for x in (asked if isinstance(asked, list) else [asked])]
        found = [True if x in names else None if value.edge else False for x in wanted]
        if op in ("contains", "contains_all"):
            return False if False in found else None if None in found else True
        if op == "contains_any":
            return True if True in found else None if None in found else False
        return None if found == [None] else not found[0]

    def _of_time(self, op: str, value: Any, asked: Any) -> bool:
        def both(scalar: Any) -> tuple[Any, Any]:
            """What is known and what is asked for, in the measure of what is asked for."""
            if isinstance(scalar, str) and "T" in scalar:
                return value, datetime.fromisoformat(scalar)
            at = value
            if isinstance(value, datetime):
                at = value.astimezone(ZoneInfo(self.moment.zone)).date()
            return at, self._day(scalar)

        if op == "between":
            (known, least), (also_known, most) = both(asked[0]), both(asked[1])
            return least <= known and also_known <= most
        known, other = both(asked)
        return {
            "lt": known < other,
            "lte": known <= other,
            "gt": known > other,
            "gte": known >= other,
            "on": known == other,
        }[op]

    def _day(self, scalar: Any) -> date:
        if isinstance(scalar, str):
            return date.fromisoformat(scalar)
        ((way, counted),) = scalar.items()
        ((unit, count),) = counted.items()
        return shift(self.moment.today, Unit(unit), count if way == "ahead" else -count)

    def _of_birthday(self, op: str, born: date, days: int) -> bool:
        step = timedelta(days=1 if op == "in_next" else -1)
        window = [self.moment.today + n * step for n in range(days + 1)]
        return any(self._celebrates(born, day) for day in window)

    def _celebrates(self, born: date, day: date) -> bool:
        try:
            return born.replace(year=day.year) == day
        except ValueError:  # 29 February in a common year
            return (day.month, day.day) == (3, 1)

    # What is known; None: nothing

    def _value(self, clause: Any, who: Somebody) -> Any:
        name = clause["fact"]
        brand, list_id = BrandId(self.brand), ListId(clause.get("list", ""))
        kind = name.split(".")[0]
        if kind in ("field", "person", "place"):
            return self._attribute(name, who)
        if kind == "lifecycle":
            return self._word(name.removeprefix("lifecycle."), who)
        given = who.standing.purposes(brand)
        if kind in ("orders", "mail", "site", "documents", "event", "cart", "activity"):
            return self._happened(clause, who, given)
        until = who.rhythm.frequency.paused_until_ms
        paused = until is not None and until > self.moment.now_ms
        since = who.standing.since_s.get(brand, {}).get(list_id)
        of_list = who.standing.given.get(brand, {}).get(list_id, frozenset())
        return {
            "language": lambda: who.language,
            "source.form": lambda: who.source.get("form"),
            "source.page": lambda: who.source.get("page"),
            "source.tag": lambda: who.source.get("tag"),
            "consent": lambda: "given" if clause["purpose"] in of_list else "not_given",
            "list": lambda: who.lists.get(list_id),
            "since": lambda: _at(since),
            "frequency.max_per_week": lambda: who.rhythm.frequency.max_per_week,
            "frequency.paused_until": lambda: _at(until // 1000) if paused else None,
            "measured": lambda: MEASUREMENT in given,
            "profiled": lambda: "profiling" in given,
        }[name]()

    def _attribute(self, name: str, who: Somebody) -> Any:
        spec = resolve(name, self.declared)
        assert spec is not None
        text = who.attributes.get(str(spec.field), "").strip()
        if name.startswith("place.") or spec.type in (FactType.TEXT, FactType.WORD):
            return who.attributes.get(str(spec.field)) if text else None
        if spec.type is FactType.FLAG:
            return {"yes": True, "no": False}.get(text.casefold())
        if name.startswith("field.") and spec.type is FactType.NUMBER:
            return int(text) if text.removeprefix("-").isdecimal() else None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        if name == "person.age":
            age = age_of(day, self.moment)
            return age if 0 <= age <= 150 else None
        return day

    def _word(self, dimension: str, who: Somebody) -> str | None:
        for rule in dump_rules(DEFAULT_RULES)[dimension]:
            if "where" not in rule or self.answer(rule["where"], who) is True:
                return str(rule["is"])
        return None

    def _happened(self, clause: Any, who: Somebody, given: frozenset[str]) -> Any:
        name, known = clause["fact"], who.facts.of(BrandId(self.brand))
        if name.startswith("activity."):
            return self._activity(name, who, given)
        if name.startswith("orders."):
            return self._orders(clause, known.orders)
        if name.startswith("mail."):
            mail = known.mail if MEASUREMENT in given else None
            if MEASUREMENT not in given:
                return None
            _, act, part = name.split(".")
            tally = getattr(mail, act, None)
            if part == "campaigns":
                return getattr(mail, f"{act}_campaigns", Latest())
            return _of_tally(part, tally)
        if "profiling" not in given:
            return None
        if name.startswith("cart."):
            return self._cart(clause, known.cart)
        site = known.site
        if name.startswith("event."):
            tally = site.custom.get(clause["name"]) if site else None
            return _of_tally(name.removeprefix("event."), tally)
        return {
            "site.visits.count": lambda: _of_tally("count", site and site.visits),
            "site.visits.last": lambda: _of_tally("last", site and site.visits),
            "site.products": lambda: site.products if site else Latest(),
            "documents": lambda: site.documents if site else Latest(),
        }[name]()

    def _orders(self, clause: Any, orders: Any) -> Any:
        part = clause["fact"].removeprefix("orders.")
        if part in ("sum", "average"):
            held = orders.sums.get(clause["currency"], (0, 0)) if orders else (0, 0)
            if part == "sum":
                return held[1]
            return Fraction(held[1], held[0]) if held[0] else None
        if part == "products":
            return orders.products if orders else Latest()
        if part == "count":
            return orders.count if orders else 0
        return _at(getattr(orders, f"{part}_s")) if orders else None

    def _cart(self, clause: Any, cart: Any) -> Any:
        part = clause["fact"].removeprefix("cart.")
        if part == "products":
            # Carts here are small: none had to leave a product out.
            return Latest(at_s=dict.fromkeys(cart.products if cart else (), 0))
        if cart is None:
            return None
        if part == "amount":
            return cart.amount if cart.currency == clause["currency"] else None
        return _at(cart.at_s)

    def _activity(self, name: str, who: Somebody, given: frozenset[str]) -> Any:
        known = who.facts.of(BrandId(self.brand))
        since = list(who.standing.since_s.get(BrandId(self.brand), {}).values())
        at = [min(since)] if since else []
        at += [known.signup_s] if known.signup_s is not None else []
        if name == "activity.first":
            return _at(min([*at, *([known.orders.first_s] if known.orders else [])], default=None))
        at += [known.orders.last_s] if known.orders else []
        if known.mail and MEASUREMENT in given:
            at += [tally.last_s for tally in (known.mail.opened, known.mail.clicked) if tally]
        if "profiling" in given:
            at += [known.cart.at_s] if known.cart else []
            if known.site:
                at += [known.site.visits.last_s] if known.site.visits else []
                at += [*known.site.products.at_s.values(), *known.site.documents.at_s.values()]
                at += [tally.last_s for tally in known.site.custom.values()]
        return _at(max(at, default=None))


def _at(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)


def _of_tally(part: str, tally: Any) -> Any:
    if part == "count":
        return tally.times if tally else 0
    return _at(tally.last_s) if tally else None


def age_of(born: date, moment: Moment) -> int:
    """Return the full years since ``born``, today; negative for a day to come."""
    today = moment.today
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
