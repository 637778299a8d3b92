# SPDX-License-Identifier: Apache-2.0
"""How facts are read that customer events and measured mails added up to.

Guarantees that a count is 0 where nothing happened, and None where it may have been dropped. The
stored members are named in docs/spec/events.md §5. What needs a consent is read here all the same:
`segment_getters.reader_of` stands before it; only of ``activity.*`` each part asks for its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from chalicelib.domain.customer_event_body import MAX_NAME_BYTES
from chalicelib.domain.facts import IN_CART, MAX_CURRENCIES, MAX_CUSTOM_NAMES
from chalicelib.domain.latest import fitting
from chalicelib.domain.segment_expressions import Clause
from chalicelib.domain.segment_person import (
    Average,
    Held,
    Person,
    Reader,
    ReaderOf,
    Source,
    gated,
)
from chalicelib.domain.state import MEASUREMENT, PROFILING

_LONGEST_NAME: Final = '"' * MAX_NAME_BYTES
"""No product's name takes more bytes as JSON."""
_EMPTY = Held((), True)


def _member(part: str, name: str, nothing: int | None) -> ReaderOf:
    def made(_: Clause, source: Source) -> Reader:
        brand = source.brand

        def read(person: Person) -> int | None:
            try:
                value: int = person.facts["b"][brand][part][name]
            except KeyError:
                return nothing
            return value

        return read

    return made


def _tally(part: str, name: str, index: int, nothing: int | None) -> ReaderOf:
    def made(_: Clause, source: Source) -> Reader:
        brand = source.brand

        def read(person: Person) -> int | None:
            try:
                value: int = person.facts["b"][brand][part][name][index]
            except KeyError:
                return nothing
            return value

        return read

    return made


def _set(part: str, name: str) -> ReaderOf:
    edge = f"{name}e"

    def made(_: Clause, source: Source) -> Reader:
        brand = source.brand

        def read(person: Person) -> Held:
            try:
                stored = person.facts["b"][brand][part]
            except KeyError:
                return _EMPTY
            return Held([member[0] for member in stored.get(name, ())], edge not in stored)

        return read

    return made


def _in_currency(clause: Clause, source: Source) -> Callable[[Person], Any]:
    """Orders and their sum: (0, 0) where there is none, None where it may have been dropped."""
    brand, currency = source.brand, str(clause.currency)

    def read(person: Person) -> Any:
        try:
            sums = person.facts["b"][brand]["o"]["c"]
        except KeyError:
            return 0, 0
        held = sums.get(currency)
        if held is None:
            return None if _is_dropped(currency, sums, MAX_CURRENCIES) else (0, 0)
        return held

    return read


def _is_dropped(name: str, named: Mapping[str, Any], limit: int) -> bool:
    """Whether it may be one of those dropped: only the first by name are kept (`facts`)."""
    return len(named) >= limit and name > max(named)


def _sum(clause: Clause, source: Source) -> Reader:
    brand, currency = source.brand, str(clause.currency)
    read = _in_currency(clause, source)

    def net(person: Person) -> int | None:
        try:
            # Most people who ordered did in this currency; of the others `read` has to tell.
            known: int = person.facts["b"][brand]["o"]["c"][currency][1]
        except KeyError:
            held = read(person)
            return None if held is None else held[1]
        return known

    return net


def _average(clause: Clause, source: Source) -> Reader:
    read = _in_currency(clause, source)

    def average(person: Person) -> Average | None:
        held = read(person)
        return None if held is None or not held[0] else Average(held[1], held[0])

    return average


def _event(index: int, nothing: int | None) -> ReaderOf:
    def made(clause: Clause, source: Source) -> Reader:
        brand, name = source.brand, str(clause.name)

        def read(person: Person) -> int | None:
            try:
                named = person.facts["b"][brand]["w"]["x"]
            except KeyError:
                return nothing
            if name not in named:
                return None if _is_dropped(name, named, MAX_CUSTOM_NAMES) else nothing
            value: int = named[name][index]
            return value

        return read

    return made


def _cart_amount(clause: Clause, source: Source) -> Reader:
    brand, currency = source.brand, clause.currency

    def read(person: Person) -> int | None:
        try:
            cart = person.facts["b"][brand]["k"]
        except KeyError:
            return None
        return cart["a"] if cart["c"] == currency else None

    return read


def _cart_products(_: Clause, source: Source) -> Reader:
    brand = source.brand

    def read(person: Person) -> Held:
        try:
            names = person.facts["b"][brand]["k"].get("p", ())
        except KeyError:
            return _EMPTY
        # A basket does not say whether products were left out; where any would fit, none was.
        return Held(names, len(fitting((*names, _LONGEST_NAME), IN_CART)) > len(names))

    return read


# What all of it together says of the person's activity


def _earliest_since(source: Source) -> Reader:
    brand = source.brand
    return lambda person: min(person.standing.get("s", {}).get(brand, {}).values(), default=None)


def _signup(source: Source) -> Reader:
    brand = source.brand
    return lambda person: person.facts.get("b", {}).get(brand, {}).get("s")


def _last_on_site(source: Source) -> Reader:
    """The latest visit, view, request for a document or event of a name."""
    brand = source.brand

    def times(site: Mapping[str, Any]) -> Iterator[int]:
        if "v" in site:
            yield site["v"][1]
        for name in ("p", "d"):
            for member in site.get(name, ())[:1]:
                yield member[1]
        for tally in site.get("x", {}).values():
            yield tally[1]

    def read(person: Person) -> int | None:
        site = person.facts.get("b", {}).get(brand, {}).get("w", {})
        return max(times(site), default=None)

    return read


def _activity(
    choose: Callable[[Sequence[int]], int], readers: Callable[[Clause, Source], Sequence[Reader]]
) -> ReaderOf:
    def made(clause: Clause, source: Source) -> Reader:
        parts = tuple(readers(clause, source))

        def read(person: Person) -> int | None:
            known = [at_s for part in parts if (at_s := part(person)) is not None]
            return choose(known) if known else None

        return read

    return made


def _firsts(clause: Clause, source: Source) -> Sequence[Reader]:
    return (
        _earliest_since(source),
        _signup(source),
        _member("o", "f", None)(clause, source),
    )


def _lasts(clause: Clause, source: Source) -> Sequence[Reader]:
    """Of consents the earliest alone: a later one may be an end that was nobody's act."""

    def mail(name: str) -> Reader:
        return gated(_tally("m", name, 1, None)(clause, source), source.brand, MEASUREMENT)

    cart = _member("k", "t", None)(clause, source)
    return (
        _earliest_since(source),
        _signup(source),
        _member("o", "l", None)(clause, source),
        mail("o"),
        mail("k"),
        gated(_last_on_site(source), source.brand, PROFILING),
        gated(cart, source.brand, PROFILING),
    )


EVENT_READERS: Mapping[str, ReaderOf] = {
    "orders.count": _member("o", "n", 0),
    "orders.first": _member("o", "f", None),
    "orders.last": _member("o", "l", None),
    "orders.sum": _sum,
    "orders.average": _average,
    "orders.products": _set("o", "p"),
    "mail.opened.count": _tally("m", "o", 0, 0),
    "mail.opened.last": _tally("m", "o", 1, None),
    "mail.opened.campaigns": _set("m", "oc"),
    "mail.clicked.count": _tally("m", "k", 0, 0),
    "mail.clicked.last": _tally("m", "k", 1, None),
    "mail.clicked.campaigns": _set("m", "kc"),
    "site.visits.count": _tally("w", "v", 0, 0),
    "site.visits.last": _tally("w", "v", 1, None),
    "site.products": _set("w", "p"),
    "documents": _set("w", "d"),
    "event.count": _event(0, 0),
    "event.last": _event(1, None),
    "cart.at": _member("k", "t", None),
    "cart.amount": _cart_amount,
    "cart.products": _cart_products,
    "activity.first": _activity(min, _firsts),
    "activity.last": _activity(max, _lasts),
}
"""By the name of the fact."""
