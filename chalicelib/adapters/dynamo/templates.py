# SPDX-License-Identifier: Apache-2.0
"""`ports.templates.TemplateStore` on DynamoDB: the campaigns table.

Rows: `TEMPLATE`/<id>. What a template says is JSON text in one attribute.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.adapters.aws import client, translated
from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    key,
    number,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.domain.campaigns import Content
from chalicelib.domain.ids import BrandId
from chalicelib.domain.templates import Template, TemplateKind, Words, content_kind
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.catalog import Page

TEMPLATES: Final = "TEMPLATE"
_NEW: Final[Mapping[str, Any]] = {"ConditionExpression": "attribute_not_exists(pk)"}


class DynamoTemplates:
    """`TemplateStore` on DynamoDB."""

    def __init__(self, campaigns_table: str) -> None:
        self._table = campaigns_table

    def get(self, template_id: str) -> Template | None:
        """Return the template, or None."""
        with translated("read a template"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key(TEMPLATES, template_id), ConsistentRead=True
            )
        row = answer.get("Item")
        return None if row is None else template_of(row)

    def create(self, template: Template) -> None:
        """Store a new template; `Conflict` when its id exists."""
        self._put("create a template", template, _NEW)

    def replace(self, template: Template) -> None:
        """Store ``template`` over the version before its own.

        Raises:
            Conflict: there is no such template, or it has another version by now.
        """
        self._put("replace a template", template, _of_version(template.version - 1))

    def delete(self, template: Template) -> None:
        """Delete the template.

        Raises:
            Conflict: there is none of this version any more.
        """
        with translated("delete a template"):
            client("dynamodb").delete_item(
                TableName=self._table,
                Key=key(TEMPLATES, template.id),
                **_of_version(template.version),
            )

    def page(self, cursor: str | None, limit: int) -> Page[Template]:
        """Return up to ``limit`` (1 to 100) templates by id; fewer when they are long.

        Raises:
            InputError: the cursor was not made by this method.
        """
        rows, after = read_page("list templates", self._table, TEMPLATES, cursor, limit)
        return Page(items=tuple(template_of(row) for row in rows), cursor=after)

    def _put(self, what: str, template: Template, condition: Mapping[str, Any]) -> None:
        with translated(what):
            client("dynamodb").put_item(
                TableName=self._table, Item=template_item(template), **condition
            )


def _of_version(version: int) -> dict[str, Any]:
    """The condition that a row of ours is there and has this version."""
    return {
        "ConditionExpression": "v = :v AND version = :version",
        "ExpressionAttributeValues": {":v": number(ROW_VERSION), ":version": number(version)},
    }


def template_item(template: Template) -> Item:
    """Return the row of a template."""
    return {
        **key(TEMPLATES, template.id),
        "v": number(ROW_VERSION),
        "brand": text(template.brand),
        "name": text(template.name),
        "kind": text(template.kind),
        "document": text(json.dumps(_document(template), ensure_ascii=False)),
        "version": number(template.version),
        "created_ms": number(template.created_ms),
        "changed_ms": number(template.changed_ms),
    }


def template_of(item: Item) -> Template:
    """Return the template a row holds.

    Raises:
        FatalError: the row is not one that this code wrote.
    """
    row = require_version(item)
    try:
        kind = TemplateKind(require_text(row, "kind"))
        document = json.loads(require_text(row, "document"))
        return Template(
            id=require_text(row, "sk"),
            brand=BrandId(require_text(row, "brand")),
            name=require_text(row, "name"),
            kind=kind,
            version=require_number(row, "version"),
            created_ms=require_number(row, "created_ms"),
            changed_ms=require_number(row, "changed_ms"),
            **_said(kind, document),
        )
    except (InputError, KeyError, TypeError, ValueError):
        raise FatalError("a stored template cannot be read") from None


def _document(template: Template) -> dict[str, Any]:
    if template.content is None:
        return {
            language: {
                "subject": words.subject,
                "html": words.html,
                "text": words.text,
                "reason": words.reason,
            }
            for language, words in template.words.items()
        }
    content = template.content
    return {"subject": content.subject, "html": content.html, "text": content.text}


def _said(kind: TemplateKind, document: dict[str, Any]) -> dict[str, Any]:
    if kind is TemplateKind.SERVICE:
        return {"words": {language: Words(**words) for language, words in document.items()}}
    return {"content": Content(**document, kind=content_kind(kind))}
