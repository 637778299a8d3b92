# SPDX-License-Identifier: Apache-2.0
"""The rate slot of the account and Region, on one row of the campaigns table.

Guarantees that no two reservations overlap: each is one conditional update of the row, decided by
DynamoDB and not by what a worker read before. What the row says of the pace is kept in memory and
is part of the condition, so that nobody reserves at a pace that is no longer the one agreed; every
answer, also that of a condition that failed, brings the newest. Row: `RATE`/`SES`, with `free_us`
and, each absent until it is first known, the members of `domain.rate.Terms`.
"""

from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    conditionally,
    key,
    number,
    number_of,
    require_number,
    require_version,
)
from chalicelib.domain.rate import (
    PPM,
    US_PER_MS,
    Quota,
    Slot,
    Terms,
    interval_us,
    start_ms,
)
from chalicelib.errors import InputError, Throttled

_KEY: Final = key("RATE", "SES")
_TRIES: Final = 5
"""Each try that fails learns what the row is; what it then needs was true a moment ago."""
_OURS: Final = "(attribute_not_exists(v) OR v = :v)"
_IDLE: Final = "(attribute_not_exists(free_us) OR free_us < :now)"
_BUSY: Final = "free_us >= :now"


class DynamoRateSlot:
    """`RateSlot` on DynamoDB: one update for a reservation, one more when the row changed."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table
        self._row: Item | None = None

    def reserve(self, recipients: int, now_ms: int) -> Slot:
        """Reserve sending ``recipients``; `Slot` says when, or why not.

        An update that reached DynamoDB twice (its first answer was lost) reserves the time twice:
        sending is then slower for one call, never too fast.

        Raises:
            InputError: no recipients.
            Throttled: the row changed again and again.
        """
        if recipients < 1:
            raise InputError(code="bad_rate", detail="A reservation is for one recipient or more.")
        for _ in range(_TRIES):
            terms = _terms(self._known())
            if terms.refuses(recipients, now_ms):
                # Nobody is turned away because of what was true when this process last looked.
                self._row = None
                terms = _terms(self._known())
                if terms.refuses(recipients, now_ms):
                    return Slot(terms=terms)
            take = interval_us(recipients, terms.per_second(now_ms))
            where, values = _unchanged(terms)
            if terms.daily_left is not None:
                where += " AND daily_left >= :people"
                values[":people"] = number(recipients)
            row = self._take(take, now_ms, where, values)
            if row is not None:
                start = start_ms(require_number(row, "free_us") - take)
                return Slot(terms=_terms(row), start_ms=start, recipients=recipients)
        raise Throttled("reserve a rate slot: its row changed again and again")

    def charge(self, recipients: int, now_ms: int, latest_ms: int | None = None) -> bool:
        """Move all that is not reserved yet, unless it begins after ``latest_ms``; say whether."""
        pace = _terms(self._known()).per_second(now_ms)
        if not pace:
            self._row = None  # A quota may be noted before the next mail: look again then.
            return False
        take = interval_us(recipients, pace)
        for _ in range(_TRIES):
            free_ms = start_ms(max(number_of(self._known(), "free_us") or 0, now_ms * US_PER_MS))
            if latest_ms is not None and free_ms > latest_ms:
                return False
            if self._take(take, now_ms, *_until(latest_ms)) is not None:
                return True
        raise Throttled("charge the rate slot: its row changed again and again")

    def terms(self) -> Terms:
        """Return what all workers share, for whoever only watches; it may lag behind."""
        with translated("watch the rate slot"):
            answer = client("dynamodb").get_item(TableName=self._table, Key=_KEY)
        row = answer.get("Item")
        return _terms(require_version(row)) if row else Terms()

    def slow(self, now_ms: int) -> None:
        """Slow everybody down, unless somebody did a moment ago."""
        for _ in range(_TRIES):
            old = _terms(self._known())
            new = old.slower(now_ms)
            if new is None or new.slow_ms is None:
                return
            where, values = _same("slow_ms", old.slow_ms)
            values |= {":ppm": number(new.slow_ppm), ":at": number(new.slow_ms)}
            if self._update("SET slow_ppm = :ppm, slow_ms = :at, v = :v", where, values):
                return

    def hold(self, until_ms: int) -> None:
        """Hold everybody until ``until_ms``; a longer hold stays."""
        where = "(attribute_not_exists(held_ms) OR held_ms < :until)"
        self._update("SET held_ms = :until, v = :v", where, {":until": number(until_ms)})

    def asks(self, seen_ms: int | None, now_ms: int) -> bool:
        """Say whether the caller is to ask SES: whoever first replaces the mark all of them saw."""
        where, values = _same("quota_ms", seen_ms)
        values[":now"] = number(now_ms)
        return self._update("SET quota_ms = :now, v = :v", where, values) is not None

    def note(self, quota: Quota, now_ms: int) -> None:
        """Share what SES said."""
        new = Terms().quoted(quota, now_ms)
        values = {":quota": number(new.quota_milli or 0), ":now": number(now_ms)}
        change = "SET quota_milli = :quota, quota_ms = :now, v = :v"
        if new.daily_left is None:
            self._update(f"{change} REMOVE daily_left", "", values)
        else:
            values[":left"] = number(new.daily_left)
            self._update(f"{change}, daily_left = :left", "", values)

    def _known(self) -> Item:
        """The row as it was last seen; read once."""
        if self._row is None:
            with translated("read the rate slot"):
                answer = client("dynamodb").get_item(
                    TableName=self._table, Key=_KEY, ConsistentRead=True
                )
            row = answer.get("Item")
            self._row = require_version(row) if row else {}
        return self._row

    def _take(self, take: int, now_ms: int, where: str, values: dict[str, Any]) -> Item | None:
        """Reserve ``take`` microseconds where the row was last seen to be: ahead of now, or not."""
        now_us = now_ms * US_PER_MS
        spend = ", daily_left = daily_left - :people" if ":people" in values else ""
        values = {**values, ":now": number(now_us)}
        if (number_of(self._known(), "free_us") or 0) >= now_us:
            change, free = "SET free_us = free_us + :take", _BUSY
            values[":take"] = number(take)
        else:
            change, free = "SET free_us = :end", _IDLE
            values[":end"] = number(now_us + take)
        where = f"{free} AND {where}" if where else free
        return self._update(f"{change}{spend}, v = :v", where, values)

    def _update(self, change: str, where: str, values: dict[str, Any]) -> Item | None:
        """Update the row where the condition holds, and keep what it is then or was instead."""
        answer, old = conditionally(
            "reserve a rate slot",
            client("dynamodb").update_item,
            TableName=self._table,
            Key=_KEY,
            UpdateExpression=change,
            ConditionExpression=f"{_OURS} AND {where}" if where else _OURS,
            ExpressionAttributeValues={":v": number(ROW_VERSION), **values},
            ReturnValues="ALL_NEW",
        )
        self._row = old if answer is None else require_version(answer["Attributes"])
        return None if answer is None else self._row


def _terms(row: Item) -> Terms:
    slow_ppm = number_of(row, "slow_ppm")
    return Terms(
        quota_milli=number_of(row, "quota_milli"),
        daily_left=number_of(row, "daily_left"),
        quota_ms=number_of(row, "quota_ms"),
        slow_ppm=PPM if slow_ppm is None else slow_ppm,
        slow_ms=number_of(row, "slow_ms"),
        held_ms=number_of(row, "held_ms"),
    )


def _until(latest_ms: int | None) -> tuple[str, dict[str, Any]]:
    """The condition that what is free begins by ``latest_ms``, if that matters."""
    if latest_ms is None:
        return "", {}
    where = "(attribute_not_exists(free_us) OR free_us <= :latest)"
    return where, {":latest": number(latest_ms * US_PER_MS)}


def _same(name: str, value: int | None) -> tuple[str, dict[str, Any]]:
    """The condition that a number of the row is still ``value``."""
    if value is None:
        return f"attribute_not_exists({name})", {}
    return f"{name} = :{name}", {f":{name}": number(value)}


def _unchanged(terms: Terms) -> tuple[str, dict[str, Any]]:
    """The condition that the pace is still that of ``terms``."""
    parts = [
        _same("quota_milli", terms.quota_milli),
        _same("slow_ms", terms.slow_ms),
        _same("held_ms", terms.held_ms),
    ]
    if terms.daily_left is None:
        parts.append(_same("daily_left", None))
    values = {name: value for _, given in parts for name, value in given.items()}
    return " AND ".join(where for where, _ in parts), values
