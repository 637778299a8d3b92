# SPDX-License-Identifier: Apache-2.0
"""When SES took a message, as far as its id tells.

Guarantees nothing of the id: its form is nowhere documented, so the time is a hint and no more.
"""

import re
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{4}([0-9a-f]{12})-[0-9a-f-]{36}-[0-9]{6}")


def accepted_ms(message_id: str) -> int | None:
    """Return the Unix milliseconds an id seems to begin with, after four digits; or None.

    Example:
        >>> accepted_ms("0102018f3c2b1a4d-6d2f8c1e-0b5a-4c3d-9e8f-0a1b2c3d4e5f-000000")
        1714701408845
    """
    found = _ID.fullmatch(message_id)
    return None if found is None else int(found[1], 16)
