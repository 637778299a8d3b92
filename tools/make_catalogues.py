# SPDX-License-Identifier: Apache-2.0
"""Keep the message catalogues in step with the templates.

``python tools/make_catalogues.py`` reads every text to translate out of ``templates/``, and
those marked with ``to_say`` out of the modules of the domain that tell sentences; updates each
language's ``kvitto.po`` (new texts arrive empty, texts no longer used are dropped) and compiles
``kvitto.mo``. The same templates and translations always give the same bytes. English
needs no catalogue: it is what the templates say.
"""

import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TEMPLATES: Final = Path(__file__).resolve().parents[1] / "templates"
LANGUAGES: Final = ("sv", "de", "fr")
_FOLDERS: Final = ("pages", "notices", "emails", "console")
_OPTIONS: Final = {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"}
_DOMAIN: Final = TEMPLATES.parent / "chalicelib" / "domain"
_TELLING: Final = (
    *("account_check_words.py", "dns_check_words.py", "segment_findings.py", "segment_words.py"),
)
_PINNED: Final = datetime(2026, 1, 1, tzinfo=UTC)


def extracted() -> dict[str, tuple[str, ...]]:
    """Return every text to translate: its message id → singular and, if counted, plural."""
    found: dict[str, tuple[str, ...]] = {}
    for folder in _FOLDERS:
        messages = extract_from_dir(
            TEMPLATES / folder,
            method_map=[("**.html", "jinja2"), ("**.txt", "jinja2")],
            options_map={"**.html": _OPTIONS, "**.txt": _OPTIONS},
        )
        for _, _, message, _, _ in messages:
            forms = (message,) if isinstance(message, str) else tuple(message)
            found[forms[0]] = max(found.get(forms[0], ()), forms, key=len)
    for module in _TELLING:
        for _, message, _, _ in extract_from_file(
            "python", _DOMAIN / module, keywords={"to_say": None}
        ):
            found.setdefault(str(message), (str(message),))
    return dict(sorted(found.items()))


def catalogue_path(language: str) -> Path:
    """Return where the catalogue source of ``language`` is."""
    return TEMPLATES / "locales" / language / "LC_MESSAGES" / "kvitto.po"


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of ``language`` as stored; empty when there is none."""
    path = catalogue_path(language)
    return read_po(io.BytesIO(path.read_bytes() if path.exists() else b""), locale=language)


def updated(language: str) -> Catalog:
    """Return the catalogue of ``language`` with the templates' texts, each with what it had."""
    stored = read_catalogue(language)
    fresh = Catalog(
        locale=language,
        project="Kvitto",
        version="1",
        msgid_bugs_address="see README.md",
        copyright_holder="Kvitto",
        creation_date=_PINNED,
        revision_date=_PINNED,
        last_translator="Kvitto",
        language_team="Kvitto",
        fuzzy=False,
        header_comment="# SPDX-License-Identifier: Apache-2.0",
    )
    for forms in extracted().values():
        old = stored.get(forms[0])
        fresh.add(forms if len(forms) > 1 else forms[0], old.string if old else None)
    return fresh


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as a ``.po`` file, without places, which change with every edit."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, no_location=True, sort_output=True)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as a ``.mo`` file, which the product reads."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` at once: who reads it meanwhile sees the old file or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def main() -> None:
    """Write every catalogue and say what still wants a translation."""
    for language in LANGUAGES:
        catalogue = updated(language)
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, po_bytes(catalogue))
        replace_file(path.with_suffix(".mo"), mo_bytes(catalogue))
        empty = [m.id for m in catalogue if m.id and not all(_strings(m.string))]
        print(f"{language}: {len(catalogue)} texts, {len(empty)} without a translation")


def _strings(string: object) -> tuple[object, ...]:
    return tuple(string) if isinstance(string, list | tuple) else (string,)


if __name__ == "__main__":
    main()
