# SPDX-License-Identifier: Apache-2.0
"""Which kind of clue somebody pasted into the one search box.

Guarantees exactly one kind for every text, by its shape alone; whether it leads to anybody is for
the search to say.
"""

import re

_HEADER = re.compile(r"(?:>?From [^\n]*\n)?[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]?[^\n]*\n")
_SES_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f-]{20,60}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,200}")
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_ADDRESS = re.compile(r"[^<>]*<([^<>\s]+@[^<>\s]+)>")
MANY_LINES = 4
"""A link that a mail program broke has fewer lines; a pasted mail has more."""


def clue_of(text: str) -> dict[str, str]:
    """Return the clue in ``text`` under the name of its kind.

    Example:
        >>> clue_of("Visitor <visitor@example.org>")
        {'email': 'visitor@example.org'}
        >>> clue_of("<0102018c-a@eu-north-1.amazonses.com>")
        {'message_id': '<0102018c-a@eu-north-1.amazonses.com>'}
    """
    bare = text.replace("\r\n", "\n").strip()
    if bare.lower().startswith("message-id:") and bare.count("\n") < MANY_LINES:
        return {"message_id": bare}
    if (_HEADER.match(bare + "\n") and "\n" in bare) or bare.count("\n") >= MANY_LINES:
        return {"eml": text}
    if "amazonses.com" in bare.lower() or _SES_ID.fullmatch(bare):
        return {"message_id": bare}
    if _ID.fullmatch(bare):
        return {"subscriber": bare}
    if "://" in bare or "/" in bare or _TOKEN.fullmatch(bare):
        return {"link": bare}
    named = _ADDRESS.fullmatch(bare)
    return {"email": named[1] if named else bare}
