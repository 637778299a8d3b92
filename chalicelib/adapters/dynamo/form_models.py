# SPDX-License-Identifier: Apache-2.0
"""PynamoDB models of forms: each version as published, with its fields, boxes and notices.

Guarantees and refuses what `models` does. A mapping by language is kept as JSON text. The three
`type: ignore` are for PynamoDB's MapAttribute, whose constructor bears no types.
"""

from typing import Any, Final, Self

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)

from chalicelib.adapters.dynamo.models import Row
from chalicelib.domain.forms import Box, Field, FieldType, Form, NoticeRef
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId

FORMS: Final = "FORM"


class FieldMap(MapAttribute[str, Any]):
    """A form's field."""

    name = UnicodeAttribute()
    type = UnicodeAttribute()
    label = JSONAttribute()
    required = BooleanAttribute()
    max_chars = NumberAttribute()
    autocomplete = UnicodeAttribute()


class BoxMap(MapAttribute[str, Any]):
    """A form's consent box."""

    name = UnicodeAttribute()
    purpose = UnicodeAttribute()
    text = JSONAttribute()
    mandatory = BooleanAttribute()


class NoticeMap(MapAttribute[str, Any]):
    """A form's published notice in one language."""

    language = UnicodeAttribute()
    sha256 = UnicodeAttribute()
    text_sha256 = UnicodeAttribute()
    published_ms = NumberAttribute()


class FormRow(Row):
    """`FORM`/<id> is the current version; `FORM#<id>`/<version, 6 digits> is each of them."""

    form_id = UnicodeAttribute()
    brand = UnicodeAttribute()
    lists = ListAttribute(of=UnicodeAttribute)
    version = NumberAttribute()
    title = JSONAttribute()
    promise = JSONAttribute()
    fields = ListAttribute(of=FieldMap)
    boxes = ListAttribute(of=BoxMap)
    notices = ListAttribute(of=NoticeMap)

    @classmethod
    def current(cls, form: Form) -> Self:
        """Return the row that is found by the form's id."""
        return cls._row(FORMS, form.id, form)

    @classmethod
    def of_version(cls, form: Form) -> Self:
        """Return the row that keeps this version."""
        return cls._row(*cls.version_key(form.id, form.version), form)

    @staticmethod
    def version_key(form_id: str, version: int) -> tuple[str, str]:
        """Return the key of one version of a form."""
        return f"{FORMS}#{form_id}", f"{version:06d}"

    @classmethod
    def _row(cls, pk: str, sk: str, form: Form) -> Self:
        return cls(
            pk,
            sk,
            form_id=form.id,
            brand=form.brand,
            lists=list(form.lists),
            version=form.version,
            title=dict(form.title),
            promise=dict(form.promise),
            fields=[_field_map(field) for field in form.fields],
            boxes=[_box_map(box) for box in form.boxes],
            notices=[_notice_map(notice) for notice in form.notices],
        )

    def to_domain(self) -> Form:
        """Return the form."""
        return Form(
            id=FormId(self.form_id),
            brand=BrandId(self.brand),
            lists=tuple(ListId(str(each)) for each in self.lists),
            version=int(self.version),
            title=self.title,
            promise=self.promise,
            fields=tuple(_field(each) for each in self.fields),
            boxes=tuple(_box(each) for each in self.boxes),
            notices=tuple(_notice(each) for each in self.notices),
        )


def _field_map(field: Field) -> FieldMap:
    return FieldMap(  # type: ignore[no-untyped-call]
        name=field.name,
        type=field.type.value,
        label=dict(field.label),
        required=field.required,
        max_chars=field.max_chars,
        autocomplete=field.autocomplete,
    )


def _field(stored: FieldMap) -> Field:
    return Field(
        name=stored.name,
        type=FieldType(stored.type),
        label=stored.label,
        required=stored.required,
        max_chars=int(stored.max_chars),
        autocomplete=stored.autocomplete,
    )


def _box_map(box: Box) -> BoxMap:
    return BoxMap(  # type: ignore[no-untyped-call]
        name=box.name, purpose=box.purpose, text=dict(box.text), mandatory=box.mandatory
    )


def _box(stored: BoxMap) -> Box:
    return Box(
        name=stored.name,
        purpose=PurposeId(stored.purpose),
        text=stored.text,
        mandatory=stored.mandatory,
    )


def _notice_map(notice: NoticeRef) -> NoticeMap:
    return NoticeMap(  # type: ignore[no-untyped-call]
        language=notice.language,
        sha256=notice.sha256,
        text_sha256=notice.text_sha256,
        published_ms=notice.published_ms,
    )


def _notice(stored: NoticeMap) -> NoticeRef:
    return NoticeRef(
        language=stored.language,
        sha256=stored.sha256,
        text_sha256=stored.text_sha256,
        published_ms=int(stored.published_ms),
    )
