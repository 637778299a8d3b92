# SPDX-License-Identifier: Apache-2.0
"""RFC 8785 bytes for the subset of JSON that evidence is written in.

Guarantees one byte string per value, and that whatever `decode` returns encodes again. Refuses
floats, integers of 2^53 and beyond, duplicate member names, lone surrogates and nesting deeper
than `MAX_DEPTH`: two readers could understand those differently.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

import rfc8785

from chalicelib.errors import Malformed

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**53 - 1
_MAX_INTEGER_CHARACTERS: Final = 17


def encode(value: JsonValue) -> bytes:
    """The only UTF-8 bytes that stand for `value` under RFC 8785.

    Args:
        value: None, bool, int with |n| < 2^53, str, list, tuple or dict with str keys.

    Raises:
        Malformed: a float, a larger integer, a lone surrogate, another type, or nesting deeper
            than 64.

    Example:
        `encode({"b": 1, "a": [True]})` is `b'{"a":[true],"b":1}'`.

    Source: RFC 8785 section 3.2.
    """
    _require_subset(value, MAX_DEPTH)
    try:
        return rfc8785.dumps(value)
    except ValueError as error:
        raise Malformed("text with a lone surrogate has no canonical form") from error


def decode(data: bytes, *, require_canonical: bool = False) -> JsonValue:
    """The value of one JSON text, with nothing in it that two readers could read differently.

    Args:
        data: UTF-8 without a byte order mark.
        require_canonical: refuse bytes that are not exactly what `encode` would write.

    Returns:
        None, bool, int, str, list or dict.

    Raises:
        Malformed: not UTF-8 JSON, a duplicate name, a float, |n| >= 2^53, a lone surrogate,
            nesting deeper than 64, or (when asked) not canonical.

    Source: RFC 8259, RFC 7493 section 2, RFC 8785.
    """
    try:
        value: JsonValue = _DECODER.decode(data.decode("utf-8", "strict"))
        again = encode(value)
    except (ValueError, RecursionError) as error:
        raise Malformed("the bytes are not one UTF-8 JSON text") from error
    if require_canonical and again != data:
        raise Malformed("the JSON text is not in its RFC 8785 form")
    return value


def _require_subset(value: object, depth_left: int) -> None:
    """Raise unless every part is of an allowed type; rfc8785 checks strings itself."""
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed("an integer is outside the exact range of JSON numbers")
        return
    if depth_left == 0:
        raise Malformed(f"JSON is nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        for name, member in value.items():
            if not isinstance(name, str):
                raise Malformed("a JSON member name is not text")
            _require_subset(member, depth_left - 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_subset(item, depth_left - 1)
    else:
        raise Malformed(f"a {type(value).__name__} has no place in evidence")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a JSON object names a member twice")
    return members


def _integer(digits: str) -> int:
    # The length is checked first because int() of hostile megabytes is slow.
    if len(digits) > _MAX_INTEGER_CHARACTERS:
        raise Malformed("an integer is outside the exact range of JSON numbers")
    return int(digits)


def _refuse_number(_digits: str) -> NoReturn:
    raise Malformed("evidence holds integers only")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)
