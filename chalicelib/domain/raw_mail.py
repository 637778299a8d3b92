# SPDX-License-Identifier: Apache-2.0
"""A pasted mail, taken apart: the headers and texts a lead may stand in.

Guarantees bounds on size, parts and depth, and that nothing in it is run or fetched. Charsets are
of no use: what is looked for is ASCII. Refuses a mail of more parts than anybody writes.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Final

from chalicelib.errors import InputError

MAX_MAIL_BYTES: Final = 1 << 20
MAX_PARTS: Final = 200
MAX_WORK: Final = 3_000_000
"""Parts times lines: what the parser's time grows with."""
MAX_DEPTH: Final = 4
"""Mails attached as files to mails, one in another."""
MAX_HEADERS: Final = 200
MAX_HEADER_CHARS: Final = 20_000
_PARSER_FAULTS: Final = (
    *(AttributeError, IndexError, LookupError, MessageError),
    *(RecursionError, TypeError, ValueError),
)
"""What the standard library's parser raises over mails it was not written for."""
_PART: Final = re.compile(rb"content-type", re.IGNORECASE)
_MAIL_LIKE: Final = re.compile(rb"\s*[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """What was found; of attached mails first what stands innermost.

    Attributes:
        headers: (name in small letters, value without encoded words) of every mail and part.
        texts: every part, decoded from its transfer encoding.
    """

    headers: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]


def read_mail(raw: str) -> RawMail:
    """Return the headers and texts of a mail and of the mails attached to it.

    Raises:
        InputError: over 1 MiB or 200 parts.

    Source: RFC 5322; RFC 2046 sections 5.1 and 5.2.
    """
    data = raw.encode("utf-8", "replace")
    if len(data) > MAX_MAIL_BYTES:
        raise InputError("bad_mail", "This mail is larger than 1 MiB. Leave out its attachments.")
    parts = len(_PART.findall(data))
    if parts > MAX_PARTS or parts * data.count(b"\n") > MAX_WORK:
        raise InputError(
            "bad_mail", f"This mail has more than {MAX_PARTS} parts. Paste the mail itself only."
        )
    headers: list[tuple[str, str]] = []
    texts: list[str] = []
    # What was found before a fault counts, and the whole is looked at as text below.
    with suppress(*_PARSER_FAULTS):
        _take(data, headers, texts, MAX_DEPTH)
    texts.append(data.decode("utf-8", "replace"))
    # Somebody may paste the source of one part, without the header that says how it is encoded.
    texts.append(_readable(quopri.decodestring(data)))
    return RawMail(headers=tuple(headers), texts=tuple(texts))


def _take(data: bytes, headers: list[tuple[str, str]], texts: list[str], depth: int) -> None:
    message = BytesParser(policy=compat32).parsebytes(data)
    own: list[tuple[str, str]] = []
    for part in _parts(message):
        own += [
            (name.lower(), _decoded(str(value)[:MAX_HEADER_CHARS]))
            for name, value in part.items()[:MAX_HEADERS]
        ]
        content = _content(part)
        if content is None:
            continue
        # A mail forwarded as a file, whatever the mail program called it.
        if part is not message and depth > 0 and _is_mail(part, content):
            _take(content, headers, texts, depth - 1)
        texts.append(_readable(content))
    headers += own


def _parts(message: Message) -> Iterator[Message]:
    """Attached mails' parts before those around them."""
    found = []
    for part in message.walk():
        found.append(part)
        if len(found) > MAX_PARTS * 5:
            break
    yield from reversed(found)


def _content(part: Message) -> bytes | None:
    """The bytes of a part without parts of its own."""
    payload = part.get_payload()
    if isinstance(payload, list):
        encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
        if part.get_content_maintype() != "message" or encoding not in {"base64", "x-base64"}:
            return None
        # RFC 2046 forbids to encode an attached mail; some programs do it all the same.
        inner = payload[0] if payload else None
        return _base64(str(inner.get_payload())) if isinstance(inner, Message) else None
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else None


def _is_mail(part: Message, content: bytes) -> bool:
    if part.get_content_maintype() in {"message", "application"}:
        return _MAIL_LIKE.match(content) is not None
    name = part.get_filename()
    return isinstance(name, str) and name.lower().endswith(".eml")


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()))
    except (binascii.Error, ValueError):
        return None


def _decoded(value: str) -> str:
    """A header's value without encoded words: some programs break long links up with them.

    Source: RFC 2047 section 6.2, white space between encoded words is none.
    """
    if "=?" not in value:
        return value
    with suppress(*_PARSER_FAULTS):
        pieces = (
            piece if isinstance(piece, str) else _readable(piece)
            for piece, _charset in decode_header(value)
        )
        return "".join(pieces)
    return value


def _readable(content: bytes) -> str:
    """ASCII stays what it is; of UTF-16 the zero bytes go, and ASCII is left."""
    return content.replace(b"\0", b"").decode("utf-8", "replace")
