# SPDX-License-Identifier: Apache-2.0
"""One customer event as another system sends it, read and checked member by member.

Guarantees that every problem is told at once and at its place (``events[3].order.amount``), and
that what is read keeps to the limits of docs/spec/events.md. Whether brand and person exist is for
the caller to see. Refuses members it does not know, so that a mistyped one is not lost silently.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from unicodedata import category, normalize

import orjson

from chalicelib.domain.addresses import Address, parse_address
from chalicelib.domain.currencies import MINOR_DIGITS
from chalicelib.domain.customer_events import (
    CartUpdated,
    Custom,
    CustomerEvent,
    CustomerEventType,
    DocumentRequested,
    Item,
    Kind,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    PageVisited,
    ProductViewed,
    Signup,
    What,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.enrolment import SKEW_MS
from chalicelib.domain.ids import BrandId, SubjectId, decode_id, require_slug
from chalicelib.domain.sources import page_of
from chalicelib.errors import InputError

MAX_ITEMS = 50
MAX_AMOUNT = 10**12
"""The largest amount, in minor units."""
MAX_QUANTITY = 1_000_000
MAX_NAME_BYTES = 64
"""The longest product or document, in bytes of UTF-8: facts keep them for every person."""
MAX_TEXT_BYTES = 200
MAX_URL_BYTES = 2_000
MAX_TOKEN_BYTES = 512
MAX_PROPERTIES = 20
MAX_PROPERTIES_BYTES = 2_048
ORDER_DAYS = 1_095
OTHER_DAYS = 365
"""How old an order, and any other event, may be: what would recognise a repeat is kept longer."""
MAX_PROBLEMS = 20
_MAX_PLACE_CHARS = 100
_OUTSIDE_ID = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")
_WORD = re.compile(r"[a-z][a-z0-9_.]{0,31}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_T = TypeVar("_T")


class EventError(InputError):
    """The event cannot be used; ``problems`` maps a place to the rule it breaks."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the first problems for the answer."""
        super().__init__(
            "bad_event", "Some members of the event cannot be used; see errors. It was not kept."
        )
        self.problems = dict(list(problems.items())[:MAX_PROBLEMS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event and whom it is about: exactly one of ``email`` and ``subscriber``.

    Attributes:
        campaign_token: what a link of ours gave the other system; says nothing about identity.
    """

    event: CustomerEvent
    email: Address | None = None
    subscriber: SubjectId | None = None
    campaign_token: str | None = None


def read_event(body: object, now_ms: int, *, place: str = "", order_days: int = ORDER_DAYS) -> Told:
    """Return the event that a request's JSON value says.

    Args:
        now_ms: Unix milliseconds; an event is at most five minutes ahead of it.
        place: where in the request the value stands, such as ``events[3]``.
        order_days: how old an order may be, 1 or more.

    Raises:
        EventError: it breaks a rule of docs/spec/events.md; names every place, at most 20.
    """
    problems: dict[str, str] = {}
    told = _Members(body, place, problems)
    event_id = told.text("id", _outside_id)
    brand = told.text("brand", _brand)
    of_type = told.text("type", _type)
    occurred_ms = told.text("occurred_at", _time)
    email, subscriber = _person(told)
    token = told.text("campaign", _line_of(MAX_TOKEN_BYTES), required=False)
    what = None
    if of_type is not None:
        what = _what(of_type, told)
        days = order_days if of_type.kind is Kind.ORDER else OTHER_DAYS
        _require_recent(told, occurred_ms, now_ms, days)
        told.end()
    if problems or event_id is None or brand is None or occurred_ms is None or what is None:
        raise EventError(problems)
    event = CustomerEvent(id=event_id, brand=brand, occurred_ms=occurred_ms, what=what)
    return Told(event=event, email=email, subscriber=subscriber, campaign_token=token)


class _Problem(Exception):  # noqa: N818  # not an error of ours: the code of what is wrong
    """A value breaks a rule."""


class _Members:
    """One JSON object of the request, taken member by member; notes what is wrong where."""

    def __init__(self, value: object, place: str, problems: dict[str, str]) -> None:
        self._rest = dict(value) if isinstance(value, dict) else None
        self._place = place
        self._problems = problems
        if self._rest is None:
            problems[place or "body"] = "wrong_type"

    def note(self, name: str, code: str) -> None:
        """Say what is wrong with a member; the first word about a place stands."""
        if self._rest is not None:
            self._problems.setdefault(self._at(name), code)

    def has(self, name: str) -> bool:
        """Say whether the member is there and not taken yet."""
        return self._rest is not None and name in self._rest

    def has_none(self, name: str) -> bool:
        """Say whether the member is an empty list."""
        return self._rest is not None and self._rest.get(name) == []

    def text(self, name: str, read: Callable[[str], _T], *, required: bool = True) -> _T | None:
        """Return what ``read`` makes of a text; None when there is none that can be used."""
        value = self._take(name, str, required=required)
        if value is None:
            return None
        try:
            return read(value)
        except _Problem as problem:
            self.note(name, str(problem))
        except InputError as error:
            self.note(name, error.code)
        return None

    def whole(self, name: str, low: int, high: int, *, required: bool = True) -> int | None:
        """Return a whole number between ``low`` and ``high``; a flag is none."""
        value = self._take(name, int, required=required)
        if value is not None and not low <= value <= high:
            self.note(name, "out_of_range")
        return value

    def inner(self, name: str) -> "_Members":
        """Return the object below a member; nothing is noted below one that is none."""
        value = self._take(name, dict)
        return _Members(value, self._at(name), {} if value is None else self._problems)

    def each(self, name: str, limit: int, *, required: bool = True) -> Iterator["_Members"]:
        """Yield the objects of a list of at most ``limit``."""
        values = self._take(name, list, required=required) or []
        if len(values) > limit:
            self.note(name, "too_many")
            return
        for number, value in enumerate(values):
            yield _Members(value, f"{self._at(name)}[{number}]", self._problems)

    def pairs(self, name: str, limit: int) -> list[tuple[str, object]]:
        """Return names and values of an optional object with at most ``limit`` of them."""
        values = self._take(name, dict, required=False) or {}
        if len(values) > limit:
            self.note(name, "too_many")
            return []
        return list(values.items())

    def end(self) -> None:
        """Note every member that nothing asked for."""
        for name in self._rest or ():
            self.note(name, "unknown")

    def _at(self, name: str) -> str:
        return (f"{self._place}.{name}" if self._place else name)[:_MAX_PLACE_CHARS]

    def _take(self, name: str, kind: type[_T], *, required: bool = True) -> _T | None:
        if not self.has(name):
            if required:
                self.note(name, "missing")
            return None
        value = (self._rest or {}).pop(name)
        if type(value) is kind:
            return value
        self._problems.setdefault(self._at(name), "wrong_type")
        return None


def _person(told: _Members) -> tuple[Address | None, SubjectId | None]:
    if told.has("email") == told.has("subscriber"):
        told.note("email", "exactly_one")
    email = told.text("email", parse_address, required=False)
    return email, told.text("subscriber", _subject, required=False)


def _require_recent(told: _Members, occurred_ms: int | None, now_ms: int, days: int) -> None:
    if occurred_ms is None:
        return
    if occurred_ms > now_ms + SKEW_MS:
        told.note("occurred_at", "in_future")
    if occurred_ms < now_ms - days * DAY_MS:
        told.note("occurred_at", "too_old")


def _what(of_type: CustomerEventType, told: _Members) -> What:
    """What happened; a part that cannot be used is noted, and stands as something empty."""
    match of_type:
        case CustomerEventType.ORDER_PLACED:
            return _placed(told.inner("order"))
        case CustomerEventType.ORDER_REFUNDED:
            return _refunded(told.inner("order"))
        case CustomerEventType.ORDER_CANCELLED:
            order = told.inner("order")
            cancelled = OrderCancelled(order=order.text("id", _outside_id) or "")
            order.end()
            return cancelled
        case CustomerEventType.CART_UPDATED:
            return _cart(told.inner("cart"))
        case CustomerEventType.PRODUCT_VIEWED:
            return ProductViewed(product=told.text("product", _name) or "")
        case CustomerEventType.PAGE_VISITED:
            return PageVisited(page=told.text("page", _page) or "")
        case CustomerEventType.DOCUMENT_REQUESTED:
            return DocumentRequested(document=told.text("document", _name) or "")
        case CustomerEventType.CUSTOM:
            name = told.text("name", _word) or ""
            return Custom(name=name, properties=_properties(told))
    return Signup()


def _placed(order: _Members) -> OrderPlaced:
    placed = OrderPlaced(
        order=order.text("id", _outside_id) or "",
        amount=order.whole("amount", 0, MAX_AMOUNT) or 0,
        currency=order.text("currency", _currency) or "",
        items=_items(order, required=False),
    )
    order.end()
    return placed


def _refunded(order: _Members) -> OrderRefunded:
    refunded = OrderRefunded(
        order=order.text("id", _outside_id) or "",
        amount=order.whole("amount", 1, MAX_AMOUNT) or 0,
        currency=order.text("currency", _currency) or "",
    )
    order.end()
    return refunded


def _cart(cart: _Members) -> CartUpdated:
    amount = cart.whole("amount", 0, MAX_AMOUNT) or 0
    currency = cart.text("currency", _currency) or ""
    emptied = cart.has_none("items")
    items = _items(cart)
    if emptied and amount:
        cart.note("amount", "out_of_range")
    cart.end()
    return CartUpdated(amount=amount, currency=currency, items=items)


def _items(holder: _Members, *, required: bool = True) -> tuple[Item, ...]:
    return tuple(_item(told) for told in holder.each("items", MAX_ITEMS, required=required))


def _item(told: _Members) -> Item:
    quantity = told.whole("quantity", 1, MAX_QUANTITY, required=False)
    item = Item(
        product=told.text("product", _name) or "",
        name=told.text("name", _line_of(MAX_TEXT_BYTES), required=False),
        quantity=1 if quantity is None else quantity,
        amount=told.whole("amount", 0, MAX_AMOUNT, required=False),
    )
    told.end()
    return item


def _properties(told: _Members) -> dict[str, str | int | bool]:
    kept: dict[str, str | int | bool] = {}
    for name, value in told.pairs("properties", MAX_PROPERTIES):
        try:
            kept[_word(name)] = _property(value)
        except _Problem as problem:
            told.note(f"properties.{name}", str(problem))
    if len(orjson.dumps(kept)) > MAX_PROPERTIES_BYTES:
        told.note("properties", "too_long")
    return kept


def _property(value: object) -> str | int | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_AMOUNT:
            raise _Problem("out_of_range")
        return value
    if isinstance(value, str):
        return _line(value, MAX_TEXT_BYTES)
    raise _Problem("wrong_type")


def _line(text: str, limit_bytes: int) -> str:
    """One line in NFC without spaces around it: the same product is the same text."""
    line = normalize("NFC", text).strip()
    if not line:
        raise _Problem("empty")
    if any(category(char) in _UNPRINTABLE for char in line):
        raise _Problem("format")
    if len(line.encode()) > limit_bytes:
        raise _Problem("too_long")
    return line


def _line_of(limit_bytes: int) -> Callable[[str], str]:
    return lambda text: _line(text, limit_bytes)


def _name(text: str) -> str:
    return _line(text, MAX_NAME_BYTES)


def _outside_id(text: str) -> str:
    if not _OUTSIDE_ID.fullmatch(text):
        raise _Problem("format")
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise _Problem("format")
    return text


def _type(text: str) -> CustomerEventType:
    try:
        return CustomerEventType(text)
    except ValueError:
        raise _Problem("unknown_type") from None


def _brand(text: str) -> BrandId:
    return BrandId(require_slug(text, "brand"))


def _subject(text: str) -> SubjectId:
    decode_id(text)
    return SubjectId(text)


def _currency(text: str) -> str:
    if text not in MINOR_DIGITS:
        raise _Problem("unknown_currency")
    return text


def _page(text: str) -> str:
    page = page_of(_line(text, MAX_URL_BYTES))
    if not page:
        raise _Problem("format")
    return page


def _time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _Problem("not_a_time")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
