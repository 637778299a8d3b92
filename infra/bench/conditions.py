# SPDX-License-Identifier: Apache-2.0
"""Whether an item meets a condition, for benchmarks in which workers compete.

It guarantees DynamoDB's answer for comparisons of numbers and texts, `IN`, `attribute_exists`,
`attribute_not_exists`, `NOT`, `AND`, `OR` and parentheses: what the item lacks compares as false.
Anything else is an error, not a guess.

Source: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and
functions".
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[#:]?\w+)")
_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def met(request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Return whether ``item`` (empty: there is none) meets the condition of a request.

    Raises:
        KeyError: an operator or function that is not known here.
    """
    text = request.get("ConditionExpression")
    return text is None or _Reading(text, request, item).whole()


class _Reading:
    """One condition, read from left to right over one item."""

    def __init__(self, text: str, request: Mapping[str, Any], item: Mapping[str, Any]) -> None:
        self._words = _TOKEN.findall(text)
        if "".join(self._words) != re.sub(r"\s", "", text):
            raise KeyError(text)
        self._names = request.get("ExpressionAttributeNames", {})
        self._values = request.get("ExpressionAttributeValues", {})
        self._item = item

    def whole(self) -> bool:
        """Return what all of it comes to."""
        found = self._any()
        if self._words:
            raise KeyError(self._words[0])
        return found

    def _any(self) -> bool:
        found = self._all()
        while self._took("OR"):
            found = self._all() or found
        return found

    def _all(self) -> bool:
        found = self._one()
        while self._took("AND"):
            found = self._one() and found
        return found

    def _one(self) -> bool:
        if self._took("NOT"):
            return not self._one()
        if self._took("("):
            found = self._any()
            self._expect(")")
            return found
        word = self._words.pop(0)
        if word in ("attribute_exists", "attribute_not_exists"):
            self._expect("(")
            name = self._words.pop(0)
            self._expect(")")
            is_there: bool = self._names.get(name, name) in self._item
            return is_there if word == "attribute_exists" else not is_there
        if self._took("IN"):
            return self._among(word)
        left, compare, right = word, _COMPARED[self._words.pop(0)], self._words.pop(0)
        both = self._operand(left), self._operand(right)
        return None not in both and bool(compare(*both))

    def _among(self, word: str) -> bool:
        self._expect("(")
        others = [self._operand(self._words.pop(0))]
        while self._took(","):
            others.append(self._operand(self._words.pop(0)))
        self._expect(")")
        wanted = self._operand(word)
        return wanted is not None and wanted in others

    def _operand(self, word: str) -> Decimal | str | None:
        value = (
            self._values[word] if word[0] == ":" else self._item.get(self._names.get(word, word))
        )
        if value is None:
            return None
        ((kind, content),) = value.items()
        return Decimal(content) if kind == "N" else str(content)

    def _took(self, word: str) -> bool:
        if not self._words or self._words[0] != word:
            return False
        self._words.pop(0)
        return True

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise KeyError(word)
