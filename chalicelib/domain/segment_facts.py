# SPDX-License-Identifier: Apache-2.0
"""What a segment can ask about a person: every fact, where it is kept and what may be known of it.

Guarantees one closed list beside the fields of the brand's own forms. Refuses to know a place that
the person did not declare: no fact is made of a network address, and none of the mail address.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.catalog import LANGUAGES
from chalicelib.domain.forms import FieldType
from chalicelib.domain.segment_terms import FactKind, FactSpec, FactType, Qualifier, Section
from chalicelib.domain.state import MEASUREMENT, PROFILING, SOFT_OPT_IN, ConsentStatus

FIELD = "field."
"""A fact of this beginning is a field of a form: ``field.first_name``."""
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
MAX_AGE = 150
STAGES = ("discovery", "interest", "decision", "loyalty")
ACTIVITIES = ("new", "active", "at-risk", "dormant")
GIVEN, NOT_GIVEN = "given", "not_given"
BIRTH_DATE = "birth_date"
PERSON_FIELDS: Mapping[str, str] = {
    name: name for name in (BIRTH_DATE, "country", "region", "city", "postal_code")
}
"""Which field of the forms tells it, where the brand names no other."""

_TEXT, _NUMBER, _AMOUNT = FactType.TEXT, FactType.NUMBER, FactType.AMOUNT
_TIME, _WORD, _SET = FactType.TIME, FactType.WORD, FactType.SET
_ONE_LIST, _MONEY, _NAMED = (Qualifier.LIST,), (Qualifier.CURRENCY,), (Qualifier.NAME,)


def _declared() -> tuple[FactSpec, ...]:
    def fact(name: str, kept: FactType, section: Section, sentence: str, **more: Any) -> FactSpec:
        kind = FactKind.DECLARED
        return FactSpec(name=name, kind=kind, type=kept, section=section, sentence=sentence, **more)

    plain, profile = Section.PLAIN, Section.PROFILE
    statuses = (*(str(status) for status in ConsentStatus), SOFT_OPT_IN)
    both = (Qualifier.LIST, Qualifier.PURPOSE)
    return (
        fact("language", _WORD, profile, "The language of the sign-up.", words=LANGUAGES),
        fact("source.form", _TEXT, profile, "The form of the sign-up."),
        fact("source.page", _TEXT, profile, "The page the form stood on: origin and path."),
        fact("source.tag", _TEXT, profile, "The tag of the link or form of the sign-up."),
        fact(
            "consent",
            _WORD,
            plain,
            "Whether consent to a purpose of a list stands.",
            qualifiers=both,
            words=(GIVEN, NOT_GIVEN),
        ),
        fact(
            "list",
            _WORD,
            plain,
            "The status on a list; absent for somebody who was never on it.",
            qualifiers=_ONE_LIST,
            words=statuses,
        ),
        fact(
            "since",
            _TIME,
            plain,
            "Since when the status on a list is what it is.",
            qualifiers=_ONE_LIST,
        ),
        fact(
            "frequency.max_per_week",
            _NUMBER,
            plain,
            "The most campaign mails a week that are wanted; absent without a limit.",
        ),
        fact(
            "frequency.paused_until",
            _TIME,
            plain,
            "Until when campaign mail is paused; absent without a pause.",
        ),
    )


def _person() -> tuple[FactSpec, ...]:
    def fact(name: str, kept: FactType, field: str, sentence: str, **more: Any) -> FactSpec:
        return FactSpec(
            name=name,
            kind=FactKind.PERSON,
            type=kept,
            section=Section.PROFILE,
            field=field,
            sentence=sentence,
            **more,
        )

    years = "Full years since the date of birth, today in the brand's time zone."
    return (
        fact("person.age", _NUMBER, BIRTH_DATE, years, least=0, most=MAX_AGE),
        fact("person.birth_date", FactType.DATE, BIRTH_DATE, "The declared date of birth."),
        fact("person.birthday", FactType.BIRTHDAY, BIRTH_DATE, "Its day and month."),
        *(
            fact(f"place.{name}", _TEXT, name, f"The declared {name.replace('_', ' ')}.")
            for name in PERSON_FIELDS
            if name != BIRTH_DATE
        ),
    )


def _sealed(kind: FactKind, name: str, kept: FactType, sentence: str, **more: Any) -> FactSpec:
    return FactSpec(
        name=name, kind=kind, type=kept, section=Section.FACTS, sentence=sentence, **more
    )


def _orders() -> tuple[FactSpec, ...]:
    kind, money = FactKind.ORDERS, {"qualifiers": _MONEY}
    stands = "Orders that stand: neither cancelled nor refunded in full."
    paid, average = "What was paid in a currency, less refunds.", "That sum for each of its orders."
    return (
        _sealed(kind, "orders.count", _NUMBER, stands),
        _sealed(kind, "orders.first", _TIME, "The time of the first order that stands."),
        _sealed(kind, "orders.last", _TIME, "The time of the last order that stands."),
        _sealed(kind, "orders.sum", _AMOUNT, paid, **money),
        _sealed(kind, "orders.average", _AMOUNT, average, **money),
        _sealed(kind, "orders.products", _SET, "Products bought."),
    )


_MAIL_PARTS: tuple[tuple[str, FactType, str, Mapping[str, Any]], ...] = (
    ("count", _NUMBER, "Mails {}.", {}),
    ("last", _TIME, "When a mail was last {}.", {}),
    ("campaigns", _SET, "Campaigns of which the mail was {}.", {"campaigns": True}),
)


_SITE: tuple[tuple[str, FactType, str, Mapping[str, Any]], ...] = (
    ("site.visits.count", _NUMBER, "Pages visited.", {}),
    ("site.visits.last", _TIME, "The time of the last visit.", {}),
    ("site.products", _SET, "Products looked at.", {}),
    ("documents", _SET, "Documents asked for.", {}),
    ("event.count", _NUMBER, "How often an event of a name came.", {"qualifiers": _NAMED}),
    ("event.last", _TIME, "When an event of a name last came.", {"qualifiers": _NAMED}),
    ("cart.at", _TIME, "When the basket last changed.", {}),
    ("cart.amount", _AMOUNT, "The worth of the basket.", {"qualifiers": _MONEY}),
    ("cart.products", _SET, "Products in the basket.", {}),
)


def _behaviour() -> tuple[FactSpec, ...]:
    kind = FactKind.BEHAVIOUR
    return (
        *(
            _sealed(kind, f"mail.{act}.{part}", kept, said.format(act), purpose=MEASUREMENT, **more)
            for act in ("opened", "clicked")
            for part, kept, said, more in _MAIL_PARTS
        ),
        *(
            _sealed(kind, name, kept, said, purpose=PROFILING, **more)
            for name, kept, said, more in _SITE
        ),
        *(
            FactSpec(
                name=name,
                kind=kind,
                type=FactType.FLAG,
                section=Section.PLAIN,
                sentence=f"Whether consent to {purpose} stands on a list of the brand.",
            )
            for name, purpose in (("measured", MEASUREMENT), ("profiled", PROFILING))
        ),
    )


def _lifecycle() -> tuple[FactSpec, ...]:
    kind = FactKind.LIFECYCLE
    stage, activity = "The stage of buying by", "How active the person is by"
    rules = "the brand's rules."
    return (
        _sealed(kind, "lifecycle.stage", _WORD, f"{stage} {rules}", words=STAGES),
        _sealed(kind, "lifecycle.activity", _WORD, f"{activity} {rules}", words=ACTIVITIES),
        _sealed(kind, "activity.first", _TIME, "The earliest that is known of the person."),
        _sealed(kind, "activity.last", _TIME, "The latest act that may be known."),
    )


CATALOGUE: Mapping[str, FactSpec] = {
    spec.name: spec
    for specs in (_declared(), _person(), _orders(), _behaviour(), _lifecycle())
    for spec in specs
}
"""Every fact but the fields of forms, by name."""

FIELD_FACTS: Mapping[FieldType, FactType] = {
    FieldType.TEXT: FactType.TEXT,
    FieldType.NUMBER: FactType.NUMBER,
    FieldType.DATE: FactType.DATE,
    FieldType.CHOICE: FactType.WORD,
    FieldType.TICK: FactType.FLAG,
    FieldType.PHONE: FactType.TEXT,
    FieldType.URL: FactType.TEXT,
}
"""What a field of a form is to a segment; the mail address is no fact."""


def resolve(name: str, declared: Mapping[str, FieldType]) -> FactSpec | None:
    """Return the fact called ``name``, or None when there is none.

    Args:
        declared: the fields of the brand's forms; where several have it, of the newest. A field
            that none has is text: another system may have stated it.

    Example:
        >>> resolve("field.beds", {"beds": FieldType.NUMBER}).type
        <FactType.NUMBER: 'number'>
    """
    if not name.startswith(FIELD):
        return CATALOGUE.get(name)
    field = name.removeprefix(FIELD)
    kept = FIELD_FACTS.get(declared.get(field, FieldType.TEXT))
    if kept is None or not _FIELD_NAME.fullmatch(field):
        return None
    return FactSpec(
        name=name,
        kind=FactKind.DECLARED,
        type=kept,
        section=Section.PROFILE,
        field=field,
        sentence=f"What was answered in the field {field} of a form.",
    )


def facts(declared: Mapping[str, FieldType]) -> tuple[FactSpec, ...]:
    """Return every fact a segment of the brand can ask about, the fields of its forms first."""
    fields = (resolve(FIELD + name, declared) for name in sorted(declared))
    return (*(spec for spec in fields if spec is not None), *CATALOGUE.values())


def nearest(name: str, declared: Mapping[str, FieldType]) -> str | None:
    """Return the fact that was probably meant by a name that is none, or None."""
    from difflib import get_close_matches  # noqa: PLC0415  # slow to load; only mistakes need it

    known = [spec.name for spec in facts(declared)]
    # Its time grows with the square of the length, and no fact's name is half as long.
    return next(iter(get_close_matches(name[:80], known, n=1, cutoff=0.7)), None)
