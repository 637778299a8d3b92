# SPDX-License-Identifier: Apache-2.0
"""Sign-up forms as data: fields, consent boxes, look, guard, and the notices of each version.

Guarantees that every stored form is complete and valid: construction raises otherwise. A box has
no member that could tick it beforehand, and names one purpose.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from chalicelib.domain.colours import contrast, readable_shade
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId, require_slug
from chalicelib.domain.parameters import RESERVED_NAMES
from chalicelib.errors import InputError

MAX_FIELDS = 20
MAX_TYPED_CHARS = 2_500
"""All of a submission must fit one sealed claim of 16 KiB, four bytes a character."""
MAX_CHOICES = 50
MAX_CHOICE_CHARS = 40
MAX_NUMBER = 10**12
MAX_CORNER_PX = 24
MAX_FILL_S = 60
MAX_ORIGINS = 20
MAX_LINK_CHARS = 500
LIGHT_GROUNDS = ("#ffffff", "#f4f3ef", "#eaf4f1")
"""What a form's words stand on in light colours: those of ``templates/pages/style.css``."""
DARK_GROUNDS = ("#1e2124", "#141618", "#1b302b")
_STANDARD_PORTS = {"http": 80, "https": 443}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class FieldType(StrEnum):
    """Kinds of form fields; ``email`` is asked for exactly once.

    ``tick`` is a plain fact that a person ticks ("I am over 16", terms): never consent to mail.
    """

    EMAIL = "email"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    TICK = "tick"
    PHONE = "phone"
    URL = "url"


_FIXED_CHARS: Mapping[FieldType, int] = {
    FieldType.NUMBER: 14,
    FieldType.DATE: 10,
    FieldType.CHOICE: MAX_CHOICE_CHARS,
    FieldType.TICK: 3,
}


class Rule(StrEnum):
    """What a form does with an address of some kind; ``step`` asks for one visible step more."""

    ALLOW = "allow"
    STEP = "step"
    REFUSE = "refuse"


class Scheme(StrEnum):
    """Colours of a form: as the visitor's system has them, or always light or dark."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose: ``value`` is what is submitted and kept, ``label`` is by language."""

    value: str
    label: Mapping[str, str]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.value, re.ASCII):
            raise _bad("The value of a choice has letters, digits, dots, dashes and underscores.")
        if len(self.value) > MAX_CHOICE_CHARS:
            raise _bad(f"The value of a choice has at most {MAX_CHOICE_CHARS} characters.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input. ``name`` is the HTTP parameter; ``label`` and ``hint`` are by language.

    Attributes:
        max_chars: of what is typed; where the type fixes it (`longest`), this is not asked.
        choices: of a ``choice`` alone, and then at least two.
        min: of a ``number`` alone, as ``max``: both are allowed values.
        earliest: of a ``date`` alone, as ``latest``: ISO 8601 days, both allowed.
    """

    name: str
    type: FieldType
    label: Mapping[str, str]
    required: bool = False
    max_chars: int = 100
    autocomplete: str = "off"
    hint: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    min: int | None = None
    max: int | None = None
    earliest: str | None = None
    latest: str | None = None

    def __post_init__(self) -> None:
        self._only(FieldType.CHOICE, bool(self.choices), "choices")
        self._only(FieldType.NUMBER, self.min is not None or self.max is not None, "min or max")
        self._only(FieldType.DATE, bool(self.earliest or self.latest), "earliest or latest")
        values = {choice.value for choice in self.choices}
        if self.type is FieldType.CHOICE and not 2 <= len(values) == len(self.choices):  # noqa: PLR2004
            raise _bad(f"The field {self.name} offers at least two choices, each with its value.")
        if len(values) > MAX_CHOICES:
            raise _bad(f"A field offers at most {MAX_CHOICES} choices.")
        if any(abs(bound or 0) > MAX_NUMBER for bound in (self.min, self.max)):
            raise _bad(f"The bounds of the field {self.name} have at most 12 digits.")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise _bad(f"The smallest number of the field {self.name} is above its largest.")
        days = [_day(day, self.name) for day in (self.earliest, self.latest) if day]
        if days != sorted(days):
            raise _bad(f"The earliest day of the field {self.name} is after its latest.")

    def _only(self, kind: FieldType, has: bool, what: str) -> None:  # noqa: FBT001
        if has and self.type is not kind:
            raise _bad(f"The field {self.name} is no {kind}: it has no {what}.")

    @property
    def longest(self) -> int:
        """Most characters a value of this field has."""
        return _FIXED_CHARS.get(self.type, self.max_chars)


def read_day(text: str) -> date | None:
    """Return the day that ``text`` names in the one form a browser sends, else None.

    Example:
        >>> read_day("2026-02-30") is None
        True
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day(text: str, name: str) -> date:
    day = read_day(text)
    if day is None:
        raise _bad(f"A day of the field {name} is written like 2026-01-31.")
    return day


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
class Gift:
    """What a person gets for signing up: reached through ``url`` after the confirmation."""

    name: Mapping[str, str]
    url: str

    def __post_init__(self) -> None:
        require_link(self.url, "The address of a gift")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a form is styled: the ground of its button, its corners, light or dark.

    Every colour bears either white or black at 4.58:1 or more (WCAG 2.2, 1.4.3 asks 4.5:1), so
    that `on_accent` is always readable.
    """

    accent: str = "#0b5d4e"
    corner_px: int = 8
    scheme: Scheme = Scheme.AUTO

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#[0-9a-f]{6}", self.accent):
            raise _bad("An accent is a colour such as #0b5d4e, in lower case.")
        if not 0 <= self.corner_px <= MAX_CORNER_PX:
            raise _bad(f"A corner has 0 to {MAX_CORNER_PX} pixels.")

    @property
    def on_accent(self) -> str:
        """White or black: whichever is easier to read on the accent."""
        return max(("#ffffff", "#000000"), key=lambda text: contrast(text, self.accent))

    @property
    def link_light(self) -> str:
        """The shade of the accent that words and lines have in light colours."""
        return readable_shade(self.accent, LIGHT_GROUNDS)

    @property
    def link_dark(self) -> str:
        """The shade of the accent that words and lines have in dark colours."""
        return readable_shade(self.accent, DARK_GROUNDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a form does with addresses, ``no_mail`` where none arrives, and with a fast fill."""

    disposable: Rule = Rule.STEP
    role: Rule = Rule.ALLOW
    min_fill_s: int = 2
    no_mail: Rule = Rule.REFUSE

    def __post_init__(self) -> None:
        if not 0 <= self.min_fill_s <= MAX_FILL_S:
            raise _bad(f"The least time to fill a form in is 0 to {MAX_FILL_S} seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRef:
    """The notice in one language as published: hashes (hex) of its exact bytes.

    Attributes:
        form_sha256: of the form's descriptor as stored; "" for notices of earlier builds.
    """

    language: str
    sha256: str
    text_sha256: str
    published_ms: int
    form_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A sign-up form: data, versioned; ``notices`` is empty until it is published.

    Attributes:
        redirect_url: where a browser goes after the confirmation, instead of our page.
        origins: sites whose scripts may submit it: ``https://host[:port]``, compared exactly.
    """

    id: FormId
    brand: BrandId
    lists: tuple[ListId, ...]
    version: int
    title: Mapping[str, str]
    promise: Mapping[str, str]
    fields: tuple[Field, ...]
    boxes: tuple[Box, ...]
    notices: tuple[NoticeRef, ...] = ()
    redirect_url: str | None = None
    gift: Gift | None = None
    look: Look = field(default_factory=Look)
    origins: tuple[str, ...] = ()
    guard: Guard = field(default_factory=Guard)

    def __post_init__(self) -> None:
        require_slug(self.id, "form")
        require_slug(self.brand, "brand")
        for list_id in self.lists:
            require_slug(list_id, "list")
        emails = [item for item in self.fields if item.type is FieldType.EMAIL]
        if len(emails) != 1 or len(self.fields) > MAX_FIELDS:
            raise _bad("A form asks for one e-mail address.")
        if not any(box.mandatory for box in self.boxes):
            raise _bad("A form has a mandatory consent box.")
        if sum(item.longest for item in self.fields) > MAX_TYPED_CHARS:
            raise _bad(f"The fields of a form take {MAX_TYPED_CHARS} characters together.")
        names = [*(item.name for item in self.fields), *(item.name for item in self.boxes)]
        if len(set(names)) != len(names):
            raise _bad("Every field and box has its own name.")
        if self.redirect_url is not None:
            require_link(self.redirect_url, "The page after the confirmation")
        if len(self.origins) > MAX_ORIGINS:
            raise _bad(f"A form is submitted from at most {MAX_ORIGINS} sites.")
        for origin in self.origins:
            _require_origin(origin)

    @property
    def facts(self) -> tuple[Field, ...]:
        """The fields that are typed or chosen: all but the ticks."""
        return tuple(item for item in self.fields if item.type is not FieldType.TICK)

    @property
    def ticks(self) -> tuple[Field, ...]:
        """The plain facts that are ticked, shown apart from the consent boxes."""
        return tuple(item for item in self.fields if item.type is FieldType.TICK)

    def require_publishable(self) -> None:
        """Refuse what a new version must not have, though a stored one may.

        Raises:
            InputError: a name of our own parameters, two boxes for one purpose, or an origin in
                another spelling than a browser sends.
        """
        names = {*(item.name for item in self.fields), *(item.name for item in self.boxes)}
        if names & RESERVED_NAMES:
            raise InputError(
                code="reserved_name",
                detail=f"No field or box is called {', '.join(sorted(RESERVED_NAMES))}.",
            )
        if len({box.purpose for box in self.boxes}) != len(self.boxes):
            raise _bad("Every box has its own purpose.")
        for origin in self.origins:
            if origin != _as_sent(origin):
                raise _bad(f"A browser never sends {origin}. Write {_as_sent(origin)}.")

    def notice(self, language: str) -> NoticeRef | None:
        """Return the published notice in ``language``, else in the first one published."""
        for ref in self.notices:
            if ref.language == language:
                return ref
        return self.notices[0] if self.notices else None

    def attributes(self, submitted: Mapping[str, object]) -> dict[str, str]:
        """Return what a submission tells about the person, beside address and consent."""
        told = (item.name for item in self.fields if item.type is not FieldType.EMAIL)
        return {name: str(submitted[name]) for name in told if name in submitted}

    def sentences(self, purposes: Container[PurposeId], language: str) -> tuple[str, ...]:
        """Return what stood beside the boxes of ``purposes``, in ``language`` where it has it."""
        return tuple(
            box.text.get(language) or next(iter(box.text.values()))
            for box in self.boxes
            if box.purpose in purposes
        )


def require_link(url: str, what: str) -> None:
    """Refuse what is no plain ``https`` address (``http`` only of this machine).

    Raises:
        InputError: another scheme, no host, credentials, a space, or more than 500 characters.
    """
    parts = _split(url)
    plain = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if (
        parts is None
        or not plain
        or len(url) > MAX_LINK_CHARS
        or "@" in parts[1]
        or not _is_safe(parts)
    ):
        raise _bad(f"{what} starts with https:// and has at most {MAX_LINK_CHARS} characters.")


def _require_origin(origin: str) -> None:
    parts = _split(origin)
    if parts is None or origin != f"{parts[0]}://{parts[1]}".lower() or "@" in parts[1]:
        raise _bad("An origin is written like https://www.example.org, without a path.")
    if not _is_safe(parts) or not re.fullmatch(r"[a-z0-9.:\[\]-]+", parts[1]):
        raise _bad("An origin is written like https://www.example.org, without a path.")


def _as_sent(origin: str) -> str:
    """The origin as a browser writes it: a standard port is left out, another in plain digits.

    Source: WHATWG URL section 4.5 (origin), 4.2 (default port).
    """
    parts = urlsplit(origin)
    host = parts.netloc.rpartition(":")[0] if re.search(r":[0-9]*$", parts.netloc) else parts.netloc
    plain = parts.port is None or parts.port == _STANDARD_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if plain else f":{parts.port}")


def _split(url: str) -> tuple[str, str, str] | None:
    """Scheme, place and host name; None when it is no address at all."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return (parts.scheme, parts.netloc, parts.hostname) if parts.hostname else None


def _is_safe(parts: tuple[str, str, str]) -> bool:
    return parts[0] == "https" or (parts[0] == "http" and parts[2] in LOOPBACK)


def _bad(detail: str) -> InputError:
    return InputError(code="bad_form", detail=detail)
