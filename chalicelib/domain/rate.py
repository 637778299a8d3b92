# SPDX-License-Identifier: Apache-2.0
"""One sending rate shared by every worker: the arithmetic of GCRA.

Guarantees that reservations in a row start at least as far apart as the rate asks, whatever the
workers' clocks say: a reservation starts where the one before it ended, or now if that is past.
No burst is allowed beyond the recipients of one reservation. Refuses rates and counts below one
message.

Source: ITU-T I.371, annex A (generic cell rate algorithm, virtual scheduling).
"""

from chalicelib.errors import InputError

US_PER_MS = 1_000


def interval_us(recipients: int, per_second: float) -> int:
    """Return how long ``recipients`` messages take at ``per_second``, microseconds, rounded up.

    Example:
        >>> interval_us(50, 14.0)
        3571429

    Raises:
        InputError: fewer than one recipient, or a rate that is not above zero.

    """
    if recipients < 1 or not per_second > 0:
        raise InputError(
            code="bad_rate", detail="A send rate is above zero and for at least one recipient."
        )
    # Rounded up: the account's quota must not be passed by many small roundings.
    return -int(-recipients * 1_000_000 // per_second)


def start_ms(start_us: int) -> int:
    """Return the first whole millisecond at or after ``start_us``.

    Example:
        >>> start_ms(1_500_001)
        1501

    """
    return -(-start_us // US_PER_MS)


def reserve(free_at_us: int | None, now_us: int, take_us: int) -> tuple[int, int]:
    """Return when a reservation of ``take_us`` starts and when the slot is free again.

    Args:
        free_at_us: when the reservations so far end, Unix microseconds; None: never reserved.

    Example:
        >>> reserve(None, 1_000, 20), reserve(1_020, 1_005, 20), reserve(1_040, 9_000, 20)
        ((1000, 1020), (1020, 1040), (9000, 9020))

    """
    start = now_us if free_at_us is None else max(free_at_us, now_us)
    return start, start + take_us
