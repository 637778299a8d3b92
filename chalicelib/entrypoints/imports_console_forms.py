# SPDX-License-Identifier: Apache-2.0
"""Forms of an import in the console: what was filled in, and what is wrong with which field.

Guarantees that nothing is asked for that a field got wrong, that every sentence stands beside its
field, and that what was filled in comes back but the file, which no page can give back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.domain.country_names import CODES
from chalicelib.domain.import_statement import (
    MAX_DETAIL_CHARS,
    MAX_NAME_CHARS,
    Basis,
    Source,
    Statement,
)
from chalicelib.domain.import_values import Dates
from chalicelib.domain.import_wishes import NewImport, Remap
from chalicelib.domain.imports import Import, Mode, OptOuts
from chalicelib.domain.wall_clock import moment_ms
from chalicelib.errors import Conflict, IllegalTransition, InputError, NotFound

MIDNIGHT: Final = "00:00"
MAX_COLUMNS: Final = 80
"""Of a file, that its page can map; a form has 100 fields at most."""
NEW_FIELDS: Final = (*("list", "mode", "basis", "offered", "opt_outs", "country", "zone", "dates"),)
STATED: Final = ("source", "source_detail", "objection_how", "name", "position")
_FIELD_OF: Final[Mapping[str, str]] = {
    "unknown_time_zone": "zone",
    "bad_mapping": "columns",
    "refused_source": "source",
    "bad_document": "document",
    "bad_import_rules": "country",
    "empty": "file",
}
"""Code of an error → the field it is about."""
_MEANS: Final[Mapping[str, str]] = {"bad_document": "no_document", "empty": "no_file"}
"""Code of an error → that of its sentence, where it is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong; the page has a sentence for each ``code``."""

    code: str
    field: str = ""


class Wrong(InputError):  # noqa: N818  # named as its kin in `errors`
    """A field was filled in so that nothing can be asked for."""

    def __init__(self, code: str, field: str) -> None:
        """Keep the field beside its code."""
        super().__init__(code, "A field of the form cannot be used.")
        self.field = field


Refused = (InputError, Conflict, IllegalTransition, NotFound)
"""What a form may be refused by; everything else is for the page of errors."""


def faults_of(error: Exception) -> tuple[Fault, ...]:
    """Return what a page tells of one of `Refused`."""
    if isinstance(error, Wrong):
        return (Fault(code=error.code, field=error.field),)
    if isinstance(error, InputError):
        code = _MEANS.get(error.code, error.code)
        return (Fault(code=code, field=_FIELD_OF.get(error.code, "")),)
    return (Fault(code="past" if isinstance(error, IllegalTransition) else "changed"),)


def given_of(fields: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Return what was filled into these fields."""
    return {name: fields.get(name, "").strip() for name in names}


def asked_of(fields: Mapping[str, str], brand: str, zone: str) -> NewImport:
    """Return the import that a form asks for.

    Args:
        brand: of the list that was chosen.
        zone: the brand's, on whose clocks a day is meant.

    Raises:
        Wrong: a field cannot be used.
    """
    given = given_of(fields, NEW_FIELDS)
    basis = _basis(given)
    return NewImport(
        brand=brand,
        list=given["list"],
        mode=_word(Mode, given["mode"]) or Mode.IMPORT,
        opt_outs=_word(OptOuts, given["opt_outs"]),
        zone=given["zone"],
        dates=_word(Dates, given["dates"]),
        country=_country(given),
        basis=basis,
        objection_at_ms=_offered(given, zone) if basis is Basis.SOFT_OPT_IN else None,
    )


def remap_of(fields: Mapping[str, str], record: Import) -> Remap:
    """Return what a form says otherwise of an import.

    Raises:
        Wrong: a field cannot be used.
    """
    given = given_of(fields, ("country", "zone", "dates"))
    chosen = dict(record.read_as.columns)
    for number, (header, field) in enumerate(columns_of(record), 1):
        said = fields.get(f"c{number}", field)
        if said != field:
            chosen[header] = said
    return Remap(
        columns=chosen,
        zone=given["zone"] or None,
        dates=_word(Dates, given["dates"]),
        country=_country(given),
    )


def columns_of(record: Import) -> list[tuple[str, str]]:
    """Return each column of the file once, with what it is for; "" for one that is left out."""
    found: dict[str, str] = {}
    for table in record.file.tables if record.file else ():
        for header, field in zip(table.headers, table.fields, strict=True):
            found.setdefault(header, field)
    return list(found.items())[:MAX_COLUMNS]


def statement_of(fields: Mapping[str, str], record: Import) -> Statement:
    """Return what somebody answers for by a form.

    Raises:
        Wrong: a field cannot be used.
        InputError: ``refused_source``.
    """
    given = given_of(fields, STATED)
    source = _word(Source, given["source"])
    judged_by = record.judged_by
    if source is None:
        raise Wrong("", "source")
    for name in ("name", "position"):
        if not given[name]:
            raise Wrong("nobody", name)
        _require_short(given, name, MAX_NAME_CHARS)
    for name in ("source_detail", "objection_how"):
        _require_short(given, name, MAX_DETAIL_CHARS)
    is_sale = judged_by.basis is Basis.SOFT_OPT_IN
    if is_sale and not given["objection_how"]:
        raise Wrong("no_offer", "objection_how")
    if fields.get("confirmed") != "1":
        raise Wrong("unconfirmed", "confirmed")
    return Statement(
        source=source,
        source_detail=given["source_detail"],
        basis=judged_by.basis,
        objection_how=given["objection_how"] if is_sale else "",
        objection_at_ms=judged_by.objection_at_ms,
        name=given["name"],
        position=given["position"],
        country=judged_by.country,
        confirmed=True,
        documents=judged_by.documents,
    )


def _require_short(given: Mapping[str, str], name: str, most: int) -> None:
    if len(given[name]) > most:
        raise Wrong("too_long", name)


def _basis(given: Mapping[str, str]) -> Basis:
    return _word(Basis, given["basis"]) or Basis.CONSENT


def _word(kind: Any, text: str) -> Any:
    """The word of a closed list, or None for every other text."""
    return kind(text) if text in set(kind) else None


def _country(given: Mapping[str, str]) -> str:
    code = given["country"].upper()
    if code and code not in CODES:
        raise Wrong("bad_country", "country")
    return code


def _offered(given: Mapping[str, str], zone: str) -> int:
    try:
        return moment_ms(given["offered"], MIDNIGHT, zone)
    except InputError:
        raise Wrong("bad_day", "offered") from None
