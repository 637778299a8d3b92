# SPDX-License-Identifier: Apache-2.0
"""Bodies: form-encoded, multipart and JSON, read strictly by one parser each.

Guarantees UTF-8 without NUL, bounded numbers of fields and depth, and that of a repeated form
field the first value counts. The bytes of a file are kept as they came; nothing else of a form
reaches them. Refuses everything else as `Unreadable`; nothing is guessed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import HeaderRegistry
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from chalicelib.entrypoints.exchange import MAX_BODY_BYTES, MAX_FILE_BYTES, Request
from chalicelib.entrypoints.refusals import TooLarge, Unreadable, WrongMediaType

if TYPE_CHECKING:
    from chalicelib.proof.canonical import JsonValue

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 100
MAX_DEPTH = 24
"""Rules of a life cycle, each with the deepest expression a segment may have, need 21."""
MAX_HEADER_CHARS = 500
MAX_HEADERS_CHARS = 50_000
"""Of all parts, counting a header each time it is looked at."""
MAX_HEAD_BYTES = 2_000
"""Of the part that holds a file, or stands beside one."""
_AS_IT_IS = ("", "7bit", "8bit", "binary")
"""Transfer encodings that change no byte; browsers name none."""


class _BoundedHeaders(HeaderRegistry):
    """Parses headers up to a length: the library's time over some grows with their square."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MAX_HEADERS_CHARS

    def __call__(self, name: str, value: str) -> Any:
        self._left -= len(value)
        if len(value) > MAX_HEADER_CHARS or self._left < 0:
            raise ValueError("the headers are too long")
        return super().__call__(name, value)


_PARSER_FAULTS = (AttributeError, LookupError, MessageError, RecursionError, TypeError, ValueError)
"""What the standard library's mail parser raises over headers it was not written for."""
_BCHARS = r"[0-9A-Za-z'()+_,./:=?\-]"
_BOUNDARY = re.compile(rf"""boundary=("?)((?:{_BCHARS}| ){{0,69}}{_BCHARS})\1\s*(?:;|$)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A form with a file.

    Attributes:
        file: its bytes; None where none was chosen.
        file_name: as it was sent: it may name people, and is kept nowhere.
    """

    fields: Mapping[str, str]
    file: bytes | None = None
    file_name: str = ""


def read_form(request: Request, max_bytes: int = MAX_BODY_BYTES) -> dict[str, str]:
    """Return the fields of a form-encoded or multipart body; of a repeated name, the first.

    Raises:
        TooLarge: more than ``max_bytes`` bytes.
        WrongMediaType: neither type.
        Unreadable: not a whole body of its type, not UTF-8, a NUL, or over 100 fields.

    Source: WHATWG URL section 5.1; RFC 7578.
    """
    body = request.within(max_bytes)
    if request.media_type == FORM:
        return _first_of_each(_urlencoded(body))
    if request.media_type == MULTIPART:
        return _first_of_each(_multipart(body, request.headers["content-type"]))
    raise WrongMediaType(f"a form ({FORM} or {MULTIPART})")


def read_upload(request: Request, max_bytes: int = MAX_FILE_BYTES) -> Upload:
    """Return the fields of a multipart body and the one file in it.

    Args:
        max_bytes: of the file; its fields may be as long as another form's.

    Raises:
        TooLarge: the file, or all beside it, is larger.
        WrongMediaType: not multipart.
        Unreadable: not a whole body of its type, more than one file, a part in a transfer encoding,
            or fields that are not clean text.

    Source: RFC 7578; RFC 2046 section 5.1.1.
    """
    body = request.within(max_bytes + MAX_BODY_BYTES)
    if request.media_type != MULTIPART:
        raise WrongMediaType(f"a form with a file ({MULTIPART})")
    pairs, files = [], []
    try:
        for head, content in _parts(body, request.headers["content-type"]):
            name, file_name = _names_of(head)
            if file_name is None:
                pairs.append((name, content.decode("utf-8")))
            elif file_name or content:
                files.append((file_name, content))
    except _PARSER_FAULTS:
        raise Unreadable("The form could not be read.") from None
    if len(files) > 1:
        raise Unreadable("The form holds more than one file.")
    file_name, file = files[0] if files else ("", None)
    if file is not None and len(file) > max_bytes:
        raise TooLarge(max_bytes)
    return Upload(fields=_first_of_each(pairs), file=file, file_name=file_name)


def read_json(request: Request, max_bytes: int = MAX_BODY_BYTES) -> "JsonValue":
    """Return the value of a JSON body.

    Raises:
        TooLarge: more than ``max_bytes`` bytes.
        WrongMediaType: the body is not called JSON.
        Unreadable: not JSON, not UTF-8, a repeated member, NaN, a NUL or a lone surrogate, or
            nested more than 24 deep.

    Source: RFC 8259; RFC 7493 section 2.
    """
    body = request.within(max_bytes)
    if not request.is_json:
        raise WrongMediaType("JSON (application/json)")
    try:
        return json_value(body.decode("utf-8"))
    except ValueError:
        raise Unreadable("The body is not JSON.") from None


def json_value(text: str) -> "JsonValue":
    """Return the value of a JSON text.

    Raises:
        ValueError: not JSON, a repeated member, or NaN; `json.JSONDecodeError` names the line.
        Unreadable: a NUL or a lone surrogate, or nested more than 24 deep.
    """
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _require_clean(value, MAX_DEPTH)
    return value


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except (UnicodeDecodeError, ValueError):
        raise Unreadable("The form could not be read.") from None


def _boundary(content_type: str) -> str:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Unreadable("The form names no boundary.")
    return found[2]


def _parts(body: bytes, content_type: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers and the content of each part, without copying a large one line by line."""
    mark = b"\r\n--" + _boundary(content_type).encode("ascii")
    _before, *parts = (b"\r\n" + body).split(mark, MAX_FIELDS + 2)
    if not parts or len(parts) > MAX_FIELDS + 1 or not parts[-1].startswith(b"--"):
        raise Unreadable("The form could not be read.")
    for part in parts[:-1]:
        padding, ends, rest = part.partition(b"\r\n")
        head, parted, content = rest.partition(b"\r\n\r\n")
        if padding.strip(b" \t") or not ends or not parted:
            raise Unreadable("The form could not be read.")
        yield head, content


def _names_of(head: bytes) -> tuple[str, str | None]:
    """Return a part's name and its file's; None where it is no file."""
    if len(head) > MAX_HEAD_BYTES:
        raise Unreadable("The form could not be read.")
    policy = HTTP.clone(header_factory=_BoundedHeaders())
    part = BytesHeaderParser(policy=policy).parsebytes(head + b"\r\n\r\n")
    name = part.get_param("name", header="content-disposition")
    coding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if part.defects or not isinstance(name, str) or coding not in _AS_IT_IS:
        raise Unreadable("The form could not be read.")
    return name, part.get_filename()


def _multipart(body: bytes, content_type: str) -> list[tuple[str, str]]:
    boundary = _boundary(content_type)
    head = f'Content-Type: multipart/form-data; boundary="{boundary}"\r\n\r\n'
    try:
        message = BytesParser(policy=HTTP.clone(header_factory=_BoundedHeaders())).parsebytes(
            head.encode("ascii") + body
        )
        parts = message.get_payload()
        if message.defects or not isinstance(parts, list) or len(parts) > MAX_FIELDS:
            raise Unreadable("The form could not be read.")
        return [pair for part in parts for pair in _field_of(part)]
    except _PARSER_FAULTS:
        raise Unreadable("The form could not be read.") from None


def _field_of(part: object) -> list[tuple[str, str]]:
    """Name and value of one part; nothing for a file."""
    if not isinstance(part, Message):
        raise Unreadable("The form could not be read.")
    name = part.get_param("name", header="content-disposition")
    payload = part.get_payload(decode=True)
    if not isinstance(name, str) or not isinstance(payload, bytes):
        raise Unreadable("The form could not be read.")
    if part.get_filename() is not None:
        return []
    return [(name, payload.decode("utf-8"))]


def _first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value or not _is_unicode(name) or not _is_unicode(value):
            raise Unreadable("The form holds a character that is not text.")
        fields.setdefault(name, value)
    return fields


def _members(pairs: "list[tuple[str, JsonValue]]") -> "dict[str, JsonValue]":
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(_name: str) -> float:
    raise ValueError("not a JSON number")


def _require_clean(value: "JsonValue", depth: int) -> None:
    if depth == 0:
        raise Unreadable("The body is nested too deeply.")
    if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        raise Unreadable("The body holds a character that is not text.")
    if isinstance(value, dict):
        for name, inner in value.items():
            _require_clean(name, depth)
            _require_clean(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _require_clean(inner, depth - 1)


def _is_unicode(text: str) -> bool:
    """Whether the text is whole Unicode: JSON can write half a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
