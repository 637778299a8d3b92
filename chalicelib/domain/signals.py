# SPDX-License-Identifier: Apache-2.0
"""What a log line says to alarms, in its member ``signal``: the words beside it may change.

Guarantees names that the metric filters of infra/alarms.yaml are written with.
"""

from enum import StrEnum


class Signal(StrEnum):
    """Something about sending that an operator should know at once."""

    BREAKER = "breaker"
    """So much came back or was complained of that sending stopped itself."""
    CHUNK_FAILED = "chunk_failed"
    """A chunk was given up: its people are not mailed."""
    HELD = "held"
    """The day's quota is used up, or the account may send nothing: campaigns wait."""
    SINGLE_MODE = "single_mode"
    """SES does not take bulk calls as they come: mails go one by one."""
