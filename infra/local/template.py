# SPDX-License-Identifier: Apache-2.0
"""CloudFormation templates read into plain values.

It guarantees that every intrinsic function it knows is resolved from names alone, before any
resource exists, because the emulator's identifiers are a pure function of account, Region and name.
It refuses intrinsics it does not know: a template that grows one must teach this reader, not be
half-read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ACCOUNT = "123456789012"
_SHORT_FORM = ("Ref", "Condition")
_VARIABLE = re.compile(r"\$\{(!?)([A-Za-z0-9_.:]+)\}")

type_names = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/{}"),
    "AWS::SQS::Queue": ("QueueName", "sqs", "{}"),
    "AWS::SNS::Topic": ("TopicName", "sns", "{}"),
}


class TemplateError(Exception):
    """The template holds something the local stack cannot read."""


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short tags turned into their long form."""


def _construct_tag(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Return the long form of a short tag such as `!Sub`."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in _SHORT_FORM else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _construct_tag)


def load(path: Path) -> dict[str, Any]:
    """Return the template in a file, short tags in their long form.

    Raises:
        TemplateError: the file is absent or is not a YAML mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}.") from error
    loaded = yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader is a SafeLoader
    if not isinstance(loaded, dict):
        raise TemplateError(f"{path} is not a template.")
    return loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One declared resource with every intrinsic in its properties resolved."""

    logical_id: str
    type: str
    properties: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Stack:
    """Templates read together, so that one may import what another exports.

    Args:
        templates: parsed templates, in any order.
        region: Region name used in identifiers.
        parameters: values that replace a parameter's default.
        queue_base_url: where queue URLs begin, without a trailing slash.
    """

    templates: tuple[Mapping[str, Any], ...]
    region: str
    parameters: Mapping[str, str]
    queue_base_url: str
    _declared: dict[str, Mapping[str, Any]] = field(init=False, default_factory=dict)
    _exports: dict[str, Any] = field(init=False, default_factory=dict)
    _values: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._values = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "kvitto-local",
            "AWS::NoValue": None,
        }
        for template in self.templates:
            for name, parameter in template.get("Parameters", {}).items():
                default = self.parameters.get(name, parameter.get("Default"))
                self._values.setdefault(name, default)
            self._declared.update(template.get("Resources", {}))
        for template in self.templates:
            for output in template.get("Outputs", {}).values():
                if "Export" in output:
                    self._exports[self.resolve(output["Export"]["Name"])] = output["Value"]

    def resources(self, *types: str) -> tuple[Resource, ...]:
        """Return the declared resources of some types, in declared order, properties resolved."""
        return tuple(
            Resource(
                logical_id=logical_id,
                type=declared["Type"],
                properties=self.resolve(declared.get("Properties", {})),
            )
            for logical_id, declared in self._declared.items()
            if declared.get("Type") in types
        )

    def resolve(self, value: Any) -> Any:
        """Return a value with every intrinsic function replaced by what it stands for.

        Raises:
            TemplateError: an unknown function, reference or import.
        """
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}

    def _call(self, name: str, argument: Any) -> Any:
        """Return what one `Fn::` function yields."""
        match name:
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                return self._attribute(parts[0], parts[1])
            case "Fn::ImportValue":
                exported = self.resolve(argument)
                if exported not in self._exports:
                    raise TemplateError(f"Nothing exports {exported}.")
                return self.resolve(self._exports[exported])
            case "Fn::Join":
                separator, items = argument
                return str(separator).join(str(item) for item in self.resolve(items))
            case "Fn::Select":
                index, items = argument
                return self.resolve(items)[int(index)]
            case "Fn::Split":
                separator, text = argument
                return str(self.resolve(text)).split(separator)
            case _:
                raise TemplateError(f"The local stack does not know {name}.")

    def _substitute(self, argument: Any) -> str:
        """Return the text of `Fn::Sub`, in either of its two forms."""
        text, extra = (argument, {}) if isinstance(argument, str) else argument

        def replace(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return "${" + name + "}"
            if name in extra:
                return str(self.resolve(extra[name]))
            if "." in name and name not in self._values:
                return str(self._attribute(*name.split(".", 1)))
            return str(self._ref(name))

        return _VARIABLE.sub(replace, text)

    def _ref(self, name: str) -> Any:
        """Return what `Ref` yields for a parameter or a resource."""
        if name in self._values:
            return self._values[name]
        declared = self._declared.get(name)
        if declared is None:
            raise TemplateError(f"Nothing is called {name}.")
        if declared["Type"] == "AWS::SQS::Queue":
            return f"{self.queue_base_url}/{ACCOUNT}/{self._name(name)}"
        if declared["Type"] == "AWS::SNS::Topic":
            return self._attribute(name, "Arn")
        return self._name(name)

    def _name(self, logical_id: str) -> Any:
        """Return the physical name of a resource: its own name property, else its logical id."""
        properties = self._declared[logical_id].get("Properties", {})
        for key in ("TableName", "QueueName", "TopicName", "BucketName", "AliasName", "Name"):
            if key in properties:
                return self.resolve(properties[key])
        return logical_id

    def _attribute(self, logical_id: str, attribute: str) -> str:
        """Return what `Fn::GetAtt` yields. Only names and ARNs exist locally."""
        declared = self._declared.get(logical_id)
        if declared is None:
            raise TemplateError(f"Nothing is called {logical_id}.")
        name = self._name(logical_id)
        if attribute in ("QueueName", "TopicName"):
            return str(name)
        if declared["Type"] == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{name}" if attribute == "Arn" else str(name)
        _, service, pattern = type_names.get(declared["Type"], ("", "local", "{}"))
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{pattern.format(name)}"
