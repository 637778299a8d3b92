# SPDX-License-Identifier: Apache-2.0
"""What a call to the API carries: JSON, a form with one file, or bytes taken as they are.

Guarantees that JSON and the fields of a form reach a handler only when they fit the operation's
schema, that every other type is refused by naming those that are read, and that a form counts as
the same request when it is sent again between other boundaries.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.domain.form_lint import FindingCode
from chalicelib.domain.form_words import PRETICKED
from chalicelib.entrypoints.api.schemas import SCHEMAS
from chalicelib.entrypoints.api.shapes import ref
from chalicelib.entrypoints.bodies import MULTIPART, read_json, read_upload
from chalicelib.entrypoints.exchange import JSON, MAX_FILE_BYTES, Request
from chalicelib.entrypoints.refusals import WrongMediaType
from chalicelib.errors import InputError

if TYPE_CHECKING:
    from chalicelib.entrypoints.api.frame import Operation

FILE = "file"
"""The member of a form's schema that stands for its one file."""
_LAST = re.compile(r".*\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What was sent.

    Attributes:
        body: a JSON object, or the fields of a form.
        raw: the form's file, or the bytes taken as they are.
        said: what makes two requests the same.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes | None = None
    said: tuple[bytes, ...] = ()


class InvalidBody(InputError):  # noqa: N818  # named like its siblings in errors.py
    """The body does not fit its schema; ``problems`` maps a member to the rule it breaks."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems for the answer."""
        super().__init__("invalid_body", "Some members of the body cannot be used; see errors.")
        self.problems = dict(problems)


def read_payload(op: "Operation", request: Request) -> Payload:
    """Return what a request carries, as far as its operation takes it.

    Raises:
        TooLarge: more than the operation takes.
        WrongMediaType: of a type it does not take.
        Unreadable: not a whole body of its type.
        InvalidBody: it does not fit its schema.
    """
    if not op.reads:
        return Payload(said=(request.within(),))
    if request.media_type in op.raw:
        data = request.within(MAX_FILE_BYTES)
        return Payload(raw=data, said=(data,))
    if op.form and request.media_type == MULTIPART:
        return _form(op.form, request)
    if op.takes is None or ((op.form or op.raw) and not request.is_json):
        raise WrongMediaType(" or ".join(types_of(op)))
    return Payload(body=_body(op, op.takes, request), said=(request.body,))


def types_of(op: "Operation") -> tuple[str, ...]:
    """Return the media types an operation reads."""
    return (*((JSON,) if op.takes else ()), *((MULTIPART,) if op.form else ()), *op.raw)


def _form(name: str, request: Request) -> Payload:
    sent = read_upload(request)
    whole = dict(sent.fields) if sent.file is None else {**sent.fields, FILE: ""}
    if problems := dict(_problems(name, whole)):
        raise InvalidBody(problems)
    said = json.dumps(sent.fields, sort_keys=True).encode("utf-8")
    return Payload(body=sent.fields, raw=sent.file, said=(said, sent.file or b""))


def _body(op: "Operation", takes: str, request: Request) -> Mapping[str, Any]:
    value = read_json(request, op.max_bytes)
    name = op.picks(value) if op.picks else takes
    problems = {} if op.judges else dict(_problems(name, value))
    if problems or not isinstance(value, dict):
        raise InvalidBody(problems or {"body": "type"})
    return value


def _problems(name: str, value: Any) -> list[tuple[str, str]]:
    found = []
    for error in _validator(name).iter_errors(value):
        path = error.json_path.removeprefix("$").removeprefix(".")
        members = [path or "body"]
        if error.validator == "required":
            members = [n for n in error.validator_value if n not in error.instance]
        elif error.validator == "additionalProperties":
            members = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        if error.validator in ("required", "additionalProperties") and path:
            members = [f"{path}.{member}" for member in members]
        rule = _RULES.get(error.validator, error.validator)
        found += [(member[:100], _rule_of(rule, member)) for member in members]
    return found


def _rule_of(rule: str, member: str) -> str:
    """A member that would tick a box beforehand is refused by the name of what it is."""
    is_pretick = rule == _RULES["additionalProperties"] and _LAST.sub("", member) in PRETICKED
    return FindingCode.PRECHECKED if is_pretick else rule


_RULES = {
    "required": "missing",
    "additionalProperties": "unknown",
    "oneOf": "exactly_one",
    "pattern": "format",
    "enum": "not_one_of",
    "not": "reserved",
}


@cache
def _validator(name: str) -> Any:
    # Imported here: it is slow to load, and most requests carry no body.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator({**ref(name), "components": {"schemas": SCHEMAS}})
