# SPDX-License-Identifier: Apache-2.0
"""A small judge of IAM policies: the elements and conditions that the product's own use.

It guarantees that an element it does not know stops the test instead of being passed over.
Source: AWS IAM user guide, "Policy evaluation logic", "IAM JSON policy elements: Condition
operators" and "Set operators for multi-value context keys".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.local.template import Stack
from tests.package.recorder import Call
from tests.package.templates import listed

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One action on one resource that a statement speaks of, with its condition."""

    sid: str
    effect: str
    action: str
    resource: str
    condition: Mapping[str, Any]

    def covers(self, call: Call) -> bool:
        """Say whether the statement applies to the call. No part of an action is a pattern."""
        context = dict(call.context)
        return (
            self.action in (call.action, f"{call.action.partition(':')[0]}:*")
            and fnmatchcase(call.resource, self.resource.replace("[", "[[]"))
            and all(
                _holds(operator, context.get(key), [str(value) for value in listed(wanted)])
                for operator, keys in self.condition.items()
                for key, wanted in keys.items()
            )
        )


def grants(statements: Sequence[Mapping[str, Any]], stack: Stack) -> list[Grant]:
    """Return what the statements say, one grant for each action and resource, names resolved."""
    found = []
    for statement in statements:
        assert set(statement) <= _ELEMENTS, statement
        found += [
            Grant(
                sid=statement["Sid"],
                effect=statement["Effect"],
                action=action,
                resource=stack.resolve(resource),
                condition=stack.resolve(statement.get("Condition", {})),
            )
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
    return found


def _holds(operator: str, present: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    match operator:
        case "StringEquals":
            return present is not None and set(present) <= set(wanted)
        case "Bool":
            return present is not None and [text.lower() for text in present] == list(wanted)
        case "Null":
            return [str(present is None).lower()] == list(wanted)
        case "ForAllValues:StringLike":
            # True also when the key is absent: AWS says so, and the judge must not be kinder.
            return all(any(fnmatchcase(text, like) for like in wanted) for text in present or ())
    raise AssertionError(f"the judge does not know {operator}")
