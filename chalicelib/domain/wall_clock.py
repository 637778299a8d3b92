# SPDX-License-Identifier: Apache-2.0
"""A day and a minute as the clocks of a place show them, and the moment they mean.

Guarantees one moment for every time that is on those clocks; of the two that an hour set back has,
the first. Refuses a time that the clocks pass over when an hour is set forward.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chalicelib.errors import InputError


def moment_ms(day: str, minute: str, zone: str) -> int:
    """Return the moment in Unix milliseconds.

    Args:
        day: ``2026-12-24``, as a date field of a form sends it.
        minute: ``18:00``, as a time field sends it.
        zone: IANA name.

    Example:
        >>> moment_ms("2026-01-01", "01:00", "Europe/Stockholm")
        1767225600000

    Raises:
        InputError: ``bad_day`` or ``bad_minute`` when one is none, ``no_such_time`` when that time
            is on no clock of the zone.

    """
    date = _read(day, "%Y-%m-%d", "bad_day", "A day is written like 2026-12-24.")
    time = _read(minute, "%H:%M", "bad_minute", "A time is written like 18:00.")
    shown = datetime.combine(date.date(), time.time())
    try:
        meant = shown.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise InputError(code="bad_day", detail="This day is too far away.") from None
    if meant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != shown:
        raise InputError(
            code="no_such_time", detail="The clocks are set forward then and never show this time."
        )
    return round(meant.timestamp() * 1000)


def _read(text: str, form: str, code: str, detail: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # the zone comes with the whole
    except ValueError:
        raise InputError(code=code, detail=detail) from None


def day_in(unix_ms: int, zone: str) -> str:
    """Return the day that a moment falls on in a zone.

    Example:
        >>> day_in(1_767_222_000_000, "Europe/Stockholm")
        '2026-01-01'

    """
    return datetime.fromtimestamp(unix_ms / 1000, ZoneInfo(zone)).date().isoformat()
