# SPDX-License-Identifier: Apache-2.0
"""People for segments: everything known of some, nothing of others, all of it near the borders."""

from collections.abc import Mapping
from random import Random  # noqa: TID251  # seeded by the search: a failing person replays
from typing import Any

from chalicelib.domain.facts import (
    BrandFacts,
    Cart,
    Facts,
    MailFacts,
    OrderFacts,
    SiteFacts,
    Sum,
    Tally,
)
from chalicelib.domain.forms import FieldType
from chalicelib.domain.frequency import Frequency, Rhythm
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.latest import Latest, Seen
from chalicelib.domain.segment_calendar import Moment
from chalicelib.domain.standing import Standing
from tests.support.naive_segments import Somebody

FIELDS = {
    "name": FieldType.TEXT,
    "beds": FieldType.NUMBER,
    "wedding": FieldType.DATE,
    "plan": FieldType.CHOICE,
    "terms": FieldType.TICK,
    "birth_date": FieldType.DATE,
    "city": FieldType.TEXT,
}
NOW = Moment(now_ms=1_795_348_800_250, zone="Europe/Stockholm")  # 2026-11-22T12:00:00Z
NOW_S = NOW.now_ms // 1000
MIDNIGHT_S = 1_795_302_000  # 2026-11-22T00:00+01:00
DAY_S = 86_400
BRAND, OTHER = BrandId("north"), BrandId("south")
LISTS_OF = ("weekly", "events")
PURPOSES = ("newsletter", "measurement", "profiling")
TEXTS = ("Göteborg", " GÖTEBORG ", "Go\u0308teborg", "Oslo", "oslo", "Os")
PRODUCTS = ("tea", "Tea ", "pots", "Strauß")
CAMPAIGNS = ("zFu3qpjTlOJ1GDL4x3Rz8g", "ZFu3qpjTlOJ1GDL4x3Rz8g", "AAAAAAAAAAAAAAAAAAAAAA")
CURRENCIES = ("EUR", "SEK")


def time_s(dice: Random) -> int:
    near = (NOW_S, MIDNIGHT_S, MIDNIGHT_S - 1, MIDNIGHT_S - DAY_S, MIDNIGHT_S + DAY_S)
    return dice.choice([*near, NOW_S - dice.randrange(800 * DAY_S)])


def tally(dice: Random) -> Tally | None:
    return Tally(dice.randrange(1, 4), time_s(dice)) if dice.random() < 0.6 else None


def latest(dice: Random, names: tuple[str, ...]) -> Latest:
    held = {name: time_s(dice) for name in dice.sample(names, dice.randrange(3))}
    edge = (
        Seen(at_s=min(held.values(), default=NOW_S) - 1, name="x") if dice.random() < 0.3 else None
    )
    return Latest(at_s=held, edge=edge)


def orders(dice: Random) -> OrderFacts:
    counts = {code: dice.randrange(1, 3) for code in CURRENCIES if dice.random() < 0.6} or {
        "EUR": 1
    }
    first_s, last_s = sorted(time_s(dice) for _ in range(2))
    return OrderFacts(
        count=sum(counts.values()),
        first_s=first_s,
        last_s=last_s,
        sums={code: Sum(n, dice.randrange(5) * 50) for code, n in counts.items()},
        products=latest(dice, PRODUCTS),
    )


def brand_facts(dice: Random) -> BrandFacts:
    def maybe(part: Any) -> Any:
        return part if dice.random() < 0.7 else None

    names = tuple(dice.sample(PRODUCTS, dice.randrange(3)))
    return BrandFacts(
        orders=maybe(orders(dice)),
        cart=maybe(
            Cart(
                at_s=time_s(dice),
                tie="000x",
                currency=dice.choice(CURRENCIES),
                amount=dice.randrange(5) * 50 if names else 0,
                products=names,
            )
        ),
        mail=maybe(
            MailFacts(
                opened=tally(dice),
                clicked=tally(dice),
                opened_campaigns=latest(dice, CAMPAIGNS),
                clicked_campaigns=latest(dice, CAMPAIGNS),
            )
        ),
        site=maybe(
            SiteFacts(
                visits=tally(dice),
                products=latest(dice, PRODUCTS),
                documents=latest(dice, PRODUCTS),
                custom={"quiz.done": Tally(2, time_s(dice))} if dice.random() < 0.5 else {},
            )
        ),
        signup_s=maybe(time_s(dice)),
    )


def a_standing(dice: Random, *, everything: bool = False) -> Standing:
    given, since = {}, {}
    for brand in (BRAND, OTHER):
        given[brand] = {
            ListId(name): frozenset(
                PurposeId(purpose) for purpose in PURPOSES if everything or dice.random() < 0.5
            )
            for name in LISTS_OF
        }
        since[brand] = {ListId(name): time_s(dice) for name in LISTS_OF if dice.random() < 0.8}
    return Standing(
        given=given,
        since_s=since,
        objected=frozenset({brand for brand in (BRAND, OTHER) if dice.random() < 0.05}),
        restricted=dice.random() < 0.05,
    )


ANSWERS: Mapping[str, tuple[str, ...]] = {
    "name": ("Oslo", " ", "oslo "),
    "beds": ("2", " 3 ", "-1", "two", "2.5"),
    "wedding": ("2026-11-22", "2026-11-21", "2026-02-30", "soon"),
    "plan": ("pro", "free", "Pro"),
    "terms": ("yes", "no", "perhaps"),
    "birth_date": ("2000-02-29", "1996-11-22", "1996-11-23", "2008-11-22", "2031-01-01", "x"),
    "city": TEXTS,
    "country": TEXTS,
}


def somebody(dice: Random) -> Somebody:
    statuses = ("given", "withdrawn", "soft-opt-in")
    frequency = Frequency(
        max_per_week=dice.choice([None, 1, 3]),
        paused_until_ms=dice.choice([None, time_s(dice) * 1000, NOW.now_ms + 1]),
    )
    return Somebody(
        lists={name: dice.choice(statuses) for name in LISTS_OF if dice.random() < 0.7},
        standing=a_standing(dice),
        rhythm=Rhythm(frequency=frequency),
        attributes={
            name: dice.choice(told) for name, told in ANSWERS.items() if dice.random() < 0.8
        },
        language=dice.choice(["en", "sv"]),
        source={
            name: dice.choice(TEXTS) for name in ("form", "page", "tag") if dice.random() < 0.5
        },
        facts=Facts(
            brands={brand: brand_facts(dice) for brand in (BRAND, OTHER) if dice.random() < 0.8}
        ),
    )
