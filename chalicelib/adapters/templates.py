# SPDX-License-Identifier: Apache-2.0
"""The renderer: our own pages, notices and mails from files, marketers' mails in a sandbox.

Guarantees that HTML is escaped, that a missing value is an error and never an empty string, that
the same data gives the same bytes, and that every text comes from the catalogue of the language
asked for. Refuses a language without a catalogue. Marketers' sources never meet this
environment: `adapters.campaign_templates` runs them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context

from chalicelib.adapters.money import money
from chalicelib.adapters.sandbox import single_line
from chalicelib.domain.catalog import LANGUAGES, Brand
from chalicelib.domain.tongues import Tongue
from chalicelib.errors import FatalError, InputError
from chalicelib.ports.sending import Rendered

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates"
"""Beside `chalicelib` in the checkout and, through ``vendor/``, in the Lambda package."""

SOURCE_LANGUAGE: Final = "en"
"""The language the templates are written in; the others have a catalogue."""

LANGUAGE_NAMES: Final = {"en": "English", "sv": "Svenska", "de": "Deutsch", "fr": "Français"}


class TemplateRenderer:
    """The `Renderer` port over a folder of templates.

    Args:
        root: the folder that holds ``pages``, ``notices``, ``emails``, ``console``, ``locales``.
    """

    def __init__(self, root: Path = TEMPLATES) -> None:
        self._catalogues = _Catalogues(root / "locales")
        self._environment = _environment(root, self._catalogues)

    def page(self, name: str, data: Mapping[str, object]) -> str:
        """Return ``name`` (such as ``pages/form.html``) filled with ``data``.

        Args:
            data: holds ``language``, one of `LANGUAGES`.

        Raises:
            FatalError: there is no such template: the package is broken.
        """
        return self._render(name, data)

    def tongue(self, language: str) -> Tongue:
        """Return a language to tell sentences in that are put together outside of templates.

        Raises:
            InputError: it is none of `LANGUAGES`.
        """
        return Tongue(language=language, say=self._catalogues.in_language(language).gettext)

    def mail(self, name: str, data: Mapping[str, object]) -> Rendered:
        """Return the mail in ``emails/<name>``.

        Raises:
            InputError: a value would break the subject line.
            FatalError: there is no such mail.
        """
        return Rendered(
            subject=single_line(self._render(f"emails/{name}/subject.txt", data)),
            html=self._render(f"emails/{name}/body.html", data),
            text=self._render(f"emails/{name}/body.txt", data),
        )

    def _render(self, name: str, data: Mapping[str, object]) -> str:
        try:
            template = self._environment.get_template(name)
        except TemplateNotFound:
            raise FatalError(f"the package holds no template {name}") from None
        return template.render({"language": SOURCE_LANGUAGE, "checkpoint": None} | dict(data))


def _environment(root: Path, catalogues: "_Catalogues") -> Environment:
    @pass_context
    def one(context: Context, message: str) -> str:
        return catalogues.of(context).gettext(message)

    @pass_context
    def counted(context: Context, singular: str, plural: str, n: int) -> str:
        return catalogues.of(context).ngettext(singular, plural, n)

    environment = Environment(
        loader=FileSystemLoader(root),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters |= {
        "colon": colon,
        "in_language": in_language,
        "iso_minute": iso_minute,
        "language_name": LANGUAGE_NAMES.__getitem__,
        "money": money,
        "privacy_link": privacy_link,
        "utc_minute": utc_minute,
        "zone_minute": zone_minute,
    }
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        one, counted, newstyle=True
    )
    return environment


class _Catalogues:
    """Message catalogues, each read when its language is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[str, NullTranslations] = {SOURCE_LANGUAGE: NullTranslations()}

    def of(self, context: Context) -> NullTranslations:
        """Return the catalogue of the context's ``language``."""
        return self.in_language(str(context["language"]))

    def in_language(self, language: str) -> NullTranslations:
        """Return the catalogue of ``language``."""
        if language not in self._loaded:
            self._loaded[language] = self._read(language)
        return self._loaded[language]

    def _read(self, language: str) -> NullTranslations:
        if language not in LANGUAGES:
            raise InputError(code="bad_language", detail="A language is one of en, sv, de, fr.")
        with (self._root / language / "LC_MESSAGES" / "kvitto.mo").open("rb") as catalogue:
            return GNUTranslations(catalogue)


def in_language(words: Mapping[str, str], language: str) -> str:
    """Return ``words`` in ``language``, else in English, else in the first language they have."""
    return words.get(language) or words.get(SOURCE_LANGUAGE) or next(iter(words.values()))


def privacy_link(brand: Brand, language: str, base_url: str = "") -> str:
    """Return where a brand's privacy notice is: its own page, else ours below ``base_url``."""
    return brand.privacy_url or f"{base_url}/privacy/{brand.id}?language={language}"


def colon(language: str) -> str:
    """Return the colon after a word; French sets a narrow space before it.

    Example:
        >>> colon("en")
        ':'
    """
    return "\u202f:" if language == "fr" else ":"


def utc_minute(unix_ms: int) -> str:
    """Return a time to the minute, the same in every language.

    Example:
        >>> utc_minute(1_767_225_600_000)
        '2026-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def iso_minute(unix_ms: int) -> str:
    """Return a time to the minute as HTML's ``datetime`` attribute wants it.

    Example:
        >>> iso_minute(1_767_225_600_000)
        '2026-01-01T00:00Z'
    """
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def zone_minute(unix_ms: int, zone: str) -> str:
    """Return a time to the minute on the clocks of an IANA time zone, and the zone's city.

    Example:
        >>> zone_minute(1_767_225_600_000, "Europe/Stockholm")
        '2026-01-01 01:00, Stockholm'
    """
    local = datetime.fromtimestamp(unix_ms / 1000, ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}, {zone.rpartition('/')[2].replace('_', ' ')}"
