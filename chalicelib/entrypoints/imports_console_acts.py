# SPDX-License-Identifier: Apache-2.0
"""What is done with an import in the console: begun, sent, mapped, answered for, run, called off.

Guarantees that an import is begun only with a key of the scope ``marketing``; run, its documents
kept and its rules changed only with one for ``compliance``; that nothing acts without the token of
its own session; and that a refused form comes back as it was filled in.
"""

from typing import TYPE_CHECKING

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.country_rules import (
    MAX_SILENT_DAYS,
    MAX_WHY_CHARS,
    SHIPPED,
    CountryRule,
    Rules,
    loosens,
    stated_rule,
)
from chalicelib.domain.import_limits import MAX_PARTS
from chalicelib.domain.import_statement import MAX_DOCUMENTS, DocumentKind
from chalicelib.domain.imports import Import, Mode
from chalicelib.domain.state import Grade
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.console_access import Seat, marketer, officer, uploader
from chalicelib.entrypoints.exchange import TEXT, Answer, Request, redirect
from chalicelib.entrypoints.imports_console_forms import (
    Refused,
    Wrong,
    asked_of,
    faults_of,
    remap_of,
    statement_of,
)
from chalicelib.entrypoints.imports_console_pages import (
    HOME,
    brand_in,
    import_page,
    new_page,
    record_in,
    rules_page,
)
from chalicelib.entrypoints.segments_console_acts import version_of
from chalicelib.entrypoints.segments_console_pages import nothing
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, InputError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.bootstrap import Container

    Act = Callable[["Container", Seat, Import], Answer | str]

_MAX_DIGITS = 4


def _create(container: "Container", _request: Request, seat: Seat) -> Answer:
    desk = container.import_desk
    in_parts = seat.fields.get("in_parts") == "1"
    try:
        if not seat.file and not in_parts:
            raise Wrong("no_file", "file")
        found = container.lists.get(seat.fields.get("list", ""))
        brand = container.brands.get(found.brand) if found else None
        if brand is None:
            raise Wrong("unknown_list", "list")
        made = desk.new(asked_of(seat.fields, brand.id, brand.zone), seat.key.id)
        if seat.file:
            desk.put_part(made.id, 1, seat.file)
            desk.uploaded(made.id, 1)
    except Refused as error:
        return new_page(container, seat, seat.fields, faults_of(error), status_of(error))
    if in_parts:
        where = {"Location": f"{HOME}/{made.id}"}
        return Answer(status=201, content_type=TEXT, headers=where)
    return _back(seat, made.id)


def _put_part(container: "Container", request: Request, seat: Seat) -> Answer:
    """Take a part; a script sends it, so what came of it is told by the status alone."""
    number = path_word(request, "number")
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        raise NotFound("There is no such part.")
    container.import_desk.put_part(path_word(request, "import"), int(number), seat.file or b"")
    return Answer(status=204, content_type=TEXT)


def _finish(container: "Container", seat: Seat, record: Import) -> Answer | str:
    """Have the file read: the one of the form, or all the parts that a script has sent."""
    desk = container.import_desk
    if seat.file:
        desk.put_part(record.id, 1, seat.file)
        desk.uploaded(record.id, 1)
        return ""
    parts = seat.fields.get("parts", "")
    if not (parts.isascii() and parts.isdigit() and 0 < int(parts[:_MAX_DIGITS]) <= MAX_PARTS):
        raise Wrong("no_file", "file")
    desk.uploaded(record.id, int(parts))
    return Answer(status=204, content_type=TEXT)


def _map(container: "Container", seat: Seat, record: Import) -> str:
    container.import_desk.map(record.id, remap_of(seat.fields, record))
    return ""


def _keep_document(container: "Container", seat: Seat, record: Import) -> str:
    kind = seat.fields.get("kind", "")
    if not seat.file or kind not in set(DocumentKind):
        raise Wrong("no_document", "document")
    if len(record.judged_by.documents) >= MAX_DOCUMENTS:
        raise Wrong("too_many_documents", "document")
    container.import_desk.add_document(record.id, DocumentKind(kind), seat.file)
    return "kept"


def _run(container: "Container", seat: Seat, record: Import) -> str:
    is_whole = record.target.mode is Mode.IMPORT
    statement = statement_of(seat.fields, record) if is_whole else None
    container.import_desk.run(record.id, statement, seat.key.id)
    return ""


def _cancel(container: "Container", _seat: Seat, record: Import) -> str:
    container.import_desk.cancel(record.id)
    return ""


def _acting(act: "Act") -> "Callable[[Container, Request, Seat], Answer]":
    """Do something with the import that the path names; go back to its page and say what."""

    def acting(container: "Container", request: Request, seat: Seat) -> Answer:
        record = record_in(container, request)
        if record is None:
            return nothing(container, seat, "import")
        try:
            done = act(container, seat, record)
        except Refused as error:
            now = record_in(container, request) or record
            return import_page(container, seat, now, faults_of(error), status_of(error))
        return done if isinstance(done, Answer) else _back(seat, record.id, done)

    return acting


def _end_cut_over(container: "Container", request: Request, seat: Seat) -> Answer:
    record = record_in(container, request)
    if record is None:
        return nothing(container, seat, "import")
    container.import_desk.end_cut_over(record.target.brand, record.target.list)
    return redirect(f"{HOME}?language={seat.language}&done=moved")


def _save_rules(container: "Container", request: Request, seat: Seat) -> Answer:
    brand = brand_in(container, request)
    if brand is None:
        return nothing(container, seat, "brand")
    try:
        held = container.import_rules.get(brand.id).rules
        container.import_rules.change(brand.id, _changed(held, seat), version_of(seat))
    except (InputError, Conflict) as error:
        return rules_page(container, seat, brand, faults_of(error), status_of(error))
    done = f"?language={seat.language}&done=saved"
    return redirect(f"/console/brands/{brand.id}/import-rules{done}")


def _changed(held: Rules, seat: Seat) -> list[CountryRule]:
    """The rules of a table after one of them was changed, added or taken out.

    Raises:
        Wrong: a field cannot be used, or a looser rule has no reason.
        InputError: ``bad_import_rules``.
    """
    removed = seat.fields.get("remove", "")
    kept = {country: rule for country, rule in held.items() if country != removed}
    if not removed:
        rule = _rule(seat)
        kept[rule.country] = rule
    return [rule for rule in kept.values() if rule != SHIPPED.get(rule.country)]


def _rule(seat: Seat) -> CountryRule:
    told = {name: text.strip() for name, text in seat.fields.items()}
    days, grade = told.get("silent", ""), told.get("grade", "")
    known = days.isascii() and days.isdigit() and 0 < int(days[:5]) <= MAX_SILENT_DAYS
    if days and not known:
        raise Wrong("bad_days", "silent")
    if len(told.get("why", "")) > MAX_WHY_CHARS:
        raise Wrong("too_long", "why")
    if grade not in set(Grade):
        raise Wrong("", "grade")
    rule = stated_rule(
        told.get("country", "").upper(),
        Grade(grade),
        soft=told.get("soft") == "1",
        silent=int(days) if days else None,
        why=told.get("why", ""),
    )
    if loosens(rule) and not rule.why.get("", "").strip():
        raise Wrong("no_reason", "why")
    return rule


create_import = uploader(_create)
put_part = uploader(_put_part)
finish_upload = uploader(_acting(_finish))
map_import = marketer(_acting(_map))
keep_document = uploader(_acting(_keep_document), KeyScope.COMPLIANCE)
run_import = officer(_acting(_run))
cancel_import = marketer(_acting(_cancel))
end_cut_over = marketer(_end_cut_over)
save_rules = officer(_save_rules)


def _back(seat: Seat, import_id: str, done: str = "") -> Answer:
    tail = f"&done={done}" if done else ""
    return redirect(f"{HOME}/{import_id}?language={seat.language}{tail}")
