# SPDX-License-Identifier: Apache-2.0
"""PynamoDB models of forms: each version as published, with its fields, boxes and notices.

Guarantees and refuses what `models` does. A mapping by language, and what came after the first
rows (settings of a form, bounds and choices of a field), is kept as JSON text; an attribute that
says nothing beyond the default is absent, so that earlier rows read as what they were. The three
`type: ignore` are for PynamoDB's MapAttribute, whose constructor bears no types.
"""

from collections.abc import Mapping
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
from chalicelib.domain.forms import (
    Box,
    Choice,
    Field,
    FieldType,
    Form,
    Gift,
    Guard,
    Look,
    NoticeRef,
    Rule,
    Scheme,
)
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
    extra = JSONAttribute(null=True)


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
    form_sha256 = UnicodeAttribute(null=True)


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
    settings = JSONAttribute(null=True)

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
            settings=_settings(form) or None,
        )

    def to_domain(self) -> Form:
        """Return the form."""
        settings: Mapping[str, Any] = self.settings or {}
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
            redirect_url=settings.get("redirect_url"),
            gift=Gift(**settings["gift"]) if "gift" in settings else None,
            look=_look(settings.get("look", {})),
            origins=tuple(settings.get("origins", ())),
            guard=_guard(settings.get("guard", {})),
        )


def _settings(form: Form) -> dict[str, Any]:
    """What a form has beyond the defaults, as JSON."""
    settings: dict[str, Any] = {}
    if form.redirect_url is not None:
        settings["redirect_url"] = form.redirect_url
    if form.gift is not None:
        settings["gift"] = {"name": dict(form.gift.name), "url": form.gift.url}
    if form.look != Look():
        look = form.look
        settings["look"] = {
            "accent": look.accent,
            "corner_px": look.corner_px,
            "scheme": look.scheme.value,
        }
    if form.origins:
        settings["origins"] = list(form.origins)
    if form.guard != Guard():
        guard = form.guard
        settings["guard"] = {
            "disposable": guard.disposable.value,
            "role": guard.role.value,
            "min_fill_s": guard.min_fill_s,
            "no_mail": guard.no_mail.value,
        }
    return settings


def _look(stored: Mapping[str, Any]) -> Look:
    return Look(**{**stored, "scheme": Scheme(stored["scheme"])}) if stored else Look()


def _guard(stored: Mapping[str, Any]) -> Guard:
    if not stored:
        return Guard()
    kept = Guard()
    return Guard(
        disposable=Rule(stored["disposable"]),
        role=Rule(stored["role"]),
        min_fill_s=int(stored["min_fill_s"]),
        no_mail=Rule(stored.get("no_mail", kept.no_mail)),
    )


def _field_map(field: Field) -> FieldMap:
    return FieldMap(  # type: ignore[no-untyped-call]
        name=field.name,
        type=field.type.value,
        label=dict(field.label),
        required=field.required,
        max_chars=field.max_chars,
        autocomplete=field.autocomplete,
        extra=_extra(field) or None,
    )


def _extra(field: Field) -> dict[str, Any]:
    """What a field has beyond the defaults, as JSON."""
    extra: dict[str, Any] = {
        name: getattr(field, name)
        for name in ("min", "max", "earliest", "latest")
        if getattr(field, name) is not None
    }
    if field.hint:
        extra["hint"] = dict(field.hint)
    if field.choices:
        extra["choices"] = [{"value": c.value, "label": dict(c.label)} for c in field.choices]
    return extra


def _field(stored: FieldMap) -> Field:
    extra = dict(stored.extra or {})
    extra["choices"] = tuple(Choice(**each) for each in extra.pop("choices", ()))
    return Field(
        name=stored.name,
        type=FieldType(stored.type),
        label=stored.label,
        required=stored.required,
        max_chars=int(stored.max_chars),
        autocomplete=stored.autocomplete,
        **extra,
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
        form_sha256=notice.form_sha256 or None,
    )


def _notice(stored: NoticeMap) -> NoticeRef:
    return NoticeRef(
        language=stored.language,
        sha256=stored.sha256,
        text_sha256=stored.text_sha256,
        published_ms=int(stored.published_ms),
        form_sha256=stored.form_sha256 or "",
    )
