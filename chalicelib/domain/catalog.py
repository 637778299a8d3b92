# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up: brands, lists, and forms with their versioned notices.

Guarantees that every stored definition is complete and valid: construction raises otherwise.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from email.utils import formataddr
from enum import StrEnum

from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId, require_slug
from chalicelib.errors import InputError

LANGUAGES = ("en", "sv", "de", "fr")
ZONES: Mapping[str, str] = {
    "en": "UTC",
    "sv": "Europe/Stockholm",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
}
"""The time zone of a brand that names none, by its default language."""
MAX_NAME_CHARS = 120
MAX_FIELDS = 20
MAX_TYPED_CHARS = 2_500
"""All of a submission must fit one sealed claim of 16 KiB, four bytes a character."""


def _text(value: str, noun: str, max_chars: int = MAX_NAME_CHARS) -> None:
    """Refuse empty, overlong or multi-line text: it ends in mail headers and page titles."""
    if not value.strip() or len(value) > max_chars or not value.isprintable():
        raise InputError(
            code="bad_text",
            detail=f"{noun} has 1 to {max_chars} characters on one line.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """One sender of the controller.

    Attributes:
        code: 4 random bytes, hex; stands for the brand in link tokens for ever.
        controller_name: legal name shown to visitors (GDPR Art. 13(1)(a)).
        postal_address: one line, shown in every mail footer.
        from_address: the sender's e-mail address, a verified SES identity.
        time_zone: IANA name; "" stands for that of the default language's country (`zone`).
        privacy: SHA-256 (hex) of our privacy page as published, by language.

    """

    id: BrandId
    code: str
    name: str
    controller_name: str
    postal_address: str
    contact_address: str
    from_address: str
    privacy_url: str | None = None
    default_language: str = "en"
    time_zone: str = ""
    privacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_slug(self.id, "brand")
        _text(self.name, "A brand name")
        _text(self.controller_name, "A controller name")
        _text(self.postal_address, "A postal address", 300)
        if self.default_language not in LANGUAGES:
            raise InputError(code="bad_language", detail="A language is one of en, sv, de, fr.")

    @property
    def zone(self) -> str:
        """The time zone its proofs show beside UTC: an IANA name."""
        return self.time_zone or ZONES[self.default_language]

    def linked_privacy(self, language: str) -> str | None:
        """Return the hash of the privacy page its forms link to; None when it is not ours."""
        if self.privacy_url is not None:
            return None
        return self.privacy.get(language) or self.privacy.get(self.default_language)

    @property
    def sender(self) -> str:
        """The From value of its mails: name and address, encoded as RFC 2047 asks."""
        return formataddr((self.name, self.from_address))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list people join; its id is what the ledger shows, so it should say nothing intimate."""

    id: ListId
    brand: BrandId
    name: str
    created_ms: int

    def __post_init__(self) -> None:
        require_slug(self.id, "list")
        require_slug(self.brand, "brand")
        _text(self.name, "A list name")


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
