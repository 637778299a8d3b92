# SPDX-License-Identifier: Apache-2.0
"""What the operator sets up: brands and lists; forms are in `domain.forms`.

Guarantees that every stored definition is complete and valid: construction raises otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.ids import BrandId, ListId, require_slug
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


def _text(value: str, noun: str, max_chars: int = MAX_NAME_CHARS) -> None:
    """Refuse empty, overlong or multi-line text: it ends in mail headers and page titles."""
    if not value.strip() or len(value) > max_chars or not value.isprintable():
        raise InputError(
            code="bad_text",
            detail=f"{noun} has 1 to {max_chars} characters on one line.",
        )


class UnsubscribeScope(StrEnum):
    """What one unsubscribe stops: all marketing of the brand, or the list the mail went to."""

    BRAND = "brand"
    LIST = "list"


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
        unsubscribe_scope: what the link in a campaign mail stops.
        keep_orders: whether orders its shop tells of are kept and count (GDPR Art. 6(1)(f)).
        revision: how often it was changed; guards a replacement.

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
    unsubscribe_scope: UnsubscribeScope = UnsubscribeScope.BRAND
    keep_orders: bool = True
    revision: int = 0

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
        from email.utils import formataddr  # noqa: PLC0415  # slow to load, and only mails need it

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
