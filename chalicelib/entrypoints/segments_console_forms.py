# SPDX-License-Identifier: Apache-2.0
"""Rules written as JSON in a field of the console: read as the API reads them, refused by place.

Guarantees that every problem is told at once beside the field it is about, and that what was
written is never lost over it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.segments import SegmentError
from chalicelib.entrypoints.bodies import json_value
from chalicelib.errors import Conflict, InputError

if TYPE_CHECKING:
    from chalicelib.proof.canonical import JsonValue

MAX_RULE_CHARS: Final = 256 * 1024
_FIELD_OF: Final[Mapping[str, str]] = {
    "bad_id": "id",
    "unknown_brand": "brand",
    "bad_text": "name",
    "not_json": "rule",
    "unreadable": "rule",
}
"""Code of an error → the field it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong; the page has a sentence for each ``code``.

    Attributes:
        field: the one it is about; "" when it is about none.
        place: in the rule, as the API names it; "" for the whole.
        meant: the fact that was probably meant.
        line: of the rule's text, with ``column`` and from 1, where it stops being JSON; else 0.
    """

    code: str
    field: str = ""
    place: str = ""
    meant: str = ""
    line: int = 0
    column: int = 0


class NotJson(InputError):  # noqa: N818  # named as its kin in `errors`
    """What should be a rule is not JSON."""

    def __init__(self, line: int = 0, column: int = 0) -> None:
        """Keep where it stops being JSON; 0 where that is no one place."""
        super().__init__("not_json", "The rule is not JSON.")
        self.line = line
        self.column = column


def rule_of(text: str) -> "JsonValue":
    """Return what a rule's text says.

    Raises:
        NotJson: it is no JSON, or far longer than any rule.
        InputError: it holds what no JSON of ours may.
    """
    if len(text) > MAX_RULE_CHARS:
        raise NotJson
    try:
        return json_value(text)
    except json.JSONDecodeError as error:
        raise NotJson(error.lineno, error.colno) from None
    except ValueError:
        raise NotJson from None


def text_of(document: Mapping[str, Any]) -> str:
    """Return a rule as it is shown to be changed."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def faults_of(error: InputError | Conflict, conflict: Fault) -> tuple[Fault, ...]:
    """Return what a page tells of an error.

    Args:
        conflict: what a `Conflict` means there.
    """
    if isinstance(error, Conflict):
        return (conflict,)
    if isinstance(error, SegmentError):
        return tuple(
            Fault(code=str(code), field="rule", place=place, meant=error.nearest.get(place, ""))
            for place, code in error.problems.items()
        )
    if isinstance(error, NotJson):
        return (Fault(code="not_json", field="rule", line=error.line, column=error.column),)
    return (Fault(code=error.code, field=_FIELD_OF.get(error.code, "")),)
