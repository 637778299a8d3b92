# SPDX-License-Identifier: Apache-2.0
"""Sign-up forms as data: fields, consent boxes, and the notices published with each version.

Guarantees that every stored form is complete and valid: construction raises otherwise.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId, require_slug
from chalicelib.errors import InputError

MAX_FIELDS = 20
MAX_TYPED_CHARS = 2_500
"""All of a submission must fit one sealed claim of 16 KiB, four bytes a character."""


class FieldType(StrEnum):
    """Kinds of form fields; ``email`` is asked for exactly once."""

    EMAIL = "email"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input. ``name`` is the HTTP parameter; ``label`` is by language."""

    name: str
    type: FieldType
    label: Mapping[str, str]
    required: bool = False
    max_chars: int = 100
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One unticked consent box: one purpose. ``text`` is the full sentence, by language."""

    name: str
    purpose: PurposeId
    text: Mapping[str, str]
    mandatory: bool = False

    def __post_init__(self) -> None:
        require_slug(self.purpose, "purpose")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRef:
    """The notice in one language as published: hashes (hex) of its exact bytes."""

    language: str
    sha256: str
    text_sha256: str
    published_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A sign-up form: data, versioned; ``notices`` is empty until it is published."""

    id: FormId
    brand: BrandId
    lists: tuple[ListId, ...]
    version: int
    title: Mapping[str, str]
    promise: Mapping[str, str]
    fields: tuple[Field, ...]
    boxes: tuple[Box, ...]
    notices: tuple[NoticeRef, ...] = ()

    def __post_init__(self) -> None:
        require_slug(self.id, "form")
        require_slug(self.brand, "brand")
        for list_id in self.lists:
            require_slug(list_id, "list")
        emails = [field for field in self.fields if field.type is FieldType.EMAIL]
        if len(emails) != 1 or len(self.fields) > MAX_FIELDS:
            raise InputError(code="bad_form", detail="A form asks for one e-mail address.")
        if not any(box.mandatory for box in self.boxes):
            raise InputError(code="bad_form", detail="A form has a mandatory consent box.")
        if sum(field.max_chars for field in self.fields) > MAX_TYPED_CHARS:
            raise InputError(
                code="bad_form",
                detail=f"The fields of a form take {MAX_TYPED_CHARS} characters together.",
            )
        names = [*(item.name for item in self.fields), *(item.name for item in self.boxes)]
        if len(set(names)) != len(names):
            raise InputError(code="bad_form", detail="Every field and box has its own name.")

    def notice(self, language: str) -> NoticeRef | None:
        """Return the published notice in ``language``, else in the first one published."""
        for ref in self.notices:
            if ref.language == language:
                return ref
        return self.notices[0] if self.notices else None

    def attributes(self, submitted: Mapping[str, object]) -> dict[str, str]:
        """Return what a submission tells about the person, beside address and consent."""
        told = (field.name for field in self.fields if field.type is not FieldType.EMAIL)
        return {name: str(submitted[name]) for name in told if name in submitted}

    def sentences(self, purposes: Container[PurposeId], language: str) -> tuple[str, ...]:
        """Return what stood beside the boxes of ``purposes``, in ``language`` where it has it."""
        return tuple(
            box.text.get(language) or next(iter(box.text.values()))
            for box in self.boxes
            if box.purpose in purposes
        )
