# SPDX-License-Identifier: Apache-2.0
"""Imports in the console: which there are, what each would do or did by country, and the rules.

Guarantees that nothing here changes anything, and that no person, cell or file name is shown: what
stands on these pages are numbers and names of columns. What acts is `imports_console_acts`.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.country_rules import ELSEWHERE, SHIPPED, Rules, rule_of
from chalicelib.domain.import_formats import Field
from chalicelib.domain.import_limits import MAX_PART_BYTES, MAX_PARTS
from chalicelib.domain.import_statement import DocumentKind, Source
from chalicelib.domain.import_verdicts import Verdict
from chalicelib.domain.imports import Import, Mode, Stage
from chalicelib.domain.wall_clock import day_in
from chalicelib.entrypoints.api.import_shapes import asks_of
from chalicelib.entrypoints.api.imports import form_link, rejected_answer
from chalicelib.entrypoints.console_access import Seat, inside, marketer
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.entrypoints.imports_console_forms import (
    NEW_FIELDS,
    STATED,
    Fault,
    columns_of,
    given_of,
)
from chalicelib.entrypoints.security import with_script
from chalicelib.entrypoints.segments_console_pages import nothing
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.services.import_report import Preview

HOME: Final = "/console/imports"
UPLOADING: Final = "console/import.js"
WATCHING: Final = "console/campaign.js"
ROWS: Final = 50
BRANDS: Final = 100
_MOVES: Final = frozenset({Stage.READING, Stage.CHECKING, Stage.RUNNING})
_TELLS: Final = frozenset({Stage.PREVIEW, Stage.RUNNING, Stage.DONE})
_PLACE: Final = re.compile(r"(?:file (\d+) of the ZIP)?(?:, )?(?:line (\d+))?: ", re.IGNORECASE)


def _show_imports(container: "Container", request: Request, seat: Seat) -> Answer:
    cursor = request.query.get("cursor") or None
    found = container.import_desk.page(cursor, ROWS)
    moving = [each for each in container.import_desk.cut_overs() if each.ended_ms is None]
    listed = {each.target.list for each in found.items} | {each.list for each in moving}
    names = {each: name_of_list(container, each) for each in listed}
    data = {
        **seat.frame(),
        "imports": [
            {
                "id": each.id,
                "list_name": names[each.target.list],
                "mode": each.target.mode.value,
                "stage": each.stage.value,
                "rows": (each.file and each.file.counts.get("rows")) or None,
                "created_ms": each.created_ms,
            }
            for each in found.items
        ],
        "moving": [
            {"list": x.list, "list_name": names[x.list], "last": x.last, "last_ms": x.last_ms}
            for x in moving
        ],
        "brands": container.setup.brands(None, BRANDS).items,
        "number": container.renderer.tongue(seat.language).number,
        "cursor": found.cursor,
        "is_first": cursor is None,
        "done": request.query.get("done", ""),
    }
    return html(container.renderer.page("console/imports.html", data))


def _show_new(container: "Container", request: Request, seat: Seat) -> Answer:
    return new_page(container, seat, request.query)


def new_page(
    container: "Container",
    seat: Seat,
    given: Mapping[str, str],
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Answer:
    """Return the form that begins an import, as it was filled in."""
    brands = container.setup.brands(None, BRANDS).items
    lists = [(each.name, container.lists.of_brand(each.id)) for each in brands]
    data = {
        **seat.frame(),
        "given": given_of(given, NEW_FIELDS),
        "lists": [(name, some) for name, some in lists if some],
        "today": day_in(container.clock.now_ms(), "UTC"),
        "faults": faults,
        **_limits(),
    }
    script = container.renderer.page(UPLOADING, {})
    text = container.renderer.page("console/import_new.html", data)
    return html(text, status, with_script(script, live=True))


def _show_import(container: "Container", request: Request, seat: Seat) -> Answer:
    record = record_in(container, request)
    if record is None:
        return nothing(container, seat, "import")
    return import_page(container, seat, record, done=request.query.get("done", ""))


def import_page(
    container: "Container",
    seat: Seat,
    record: Import,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
    done: str = "",
) -> Answer:
    """Return the page of an import as it is now.

    Args:
        faults: why what was just asked for was not done.
        done: what just was.
    """
    brand = container.brands.get(record.target.brand)
    moves = record.stage in _MOVES
    found = container.import_report.preview_of(record) if record.file else None
    tells = found and not record.same_as and (record.stage in _TELLS or found.is_written)
    data = {
        **seat.frame(),
        "record": record,
        "brand_name": brand.name if brand else record.target.brand,
        "list_name": name_of_list(container, record.target.list),
        "zone": brand.zone if brand else "UTC",
        "moves": moves,
        "progress": found,
        "seen": _seen(container, seat, record, found) if tells and found else None,
        "place": _place(record),
        "asks": asks_of(record),
        "form_link": form_link(container, record) if tells else None,
        "number": container.renderer.tongue(seat.language).number,
        "faults": faults,
        "done": done,
        **_forms(seat, record),
    }
    script = container.renderer.page(WATCHING if moves else UPLOADING, {})
    text = container.renderer.page("console/import.html", data)
    return html(text, status, with_script(script, live=True))


def _forms(seat: Seat, record: Import) -> Mapping[str, Any]:
    """What the forms of a page are filled with."""
    read_as = record.read_as
    stored = {
        "country": record.judged_by.country,
        "zone": read_as.zone,
        "dates": read_as.dates or "",
        "source": Source.EARLIER_TOOL,
    }
    names = ("country", "zone", "dates", *STATED)
    return {
        "is_whole": record.target.mode is Mode.IMPORT,
        "columns": columns_of(record),
        "fields": ("", *(str(field) for field in Field)),
        "kinds": [str(kind) for kind in DocumentKind],
        "sources": [str(source) for source in Source],
        "given": {name: seat.fields.get(name, stored.get(name, "")).strip() for name in names},
        **_limits(),
    }


def _limits() -> Mapping[str, int]:
    return {"part_bytes": MAX_PART_BYTES, "most_bytes": MAX_PART_BYTES * MAX_PARTS}


def _seen(
    container: "Container", seat: Seat, record: Import, found: "Preview"
) -> Mapping[str, Any]:
    rules = container.import_rules.get(record.target.brand).rules
    return {
        **{str(verdict): found.count(verdict) for verdict in Verdict},
        "countries": [
            {
                "country": each.country,
                **{str(verdict): each.of(verdict) for verdict in Verdict},
                "why": [
                    (str(verdict), some)
                    for verdict in Verdict
                    if (some := [(str(w), n) for w, n in _most(each.why) if w.verdict is verdict])
                ],
                "reason": rule_of(rules, each.country).reason(seat.language),
            }
            for each in found.countries
        ],
        "rejected": sum(found.rejected.values()),
        "rejected_by": _most(found.rejected),
        "notes": _most(found.notes),
        "duplicates": found.duplicates,
        "passed_over": found.passed_over,
        "alike": found.alike,
    }


def _most(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))


def _place(record: Import) -> tuple[str, str]:
    """Number of the file in its ZIP, and line, that a refusal names; "" where it names none."""
    found = _PLACE.match(record.failure.sentence) if record.failure else None
    return (found[1] or "", found[2] or "") if found else ("", "")


def _download(container: "Container", request: Request, seat: Seat) -> Answer:
    try:
        return rejected_answer(container, path_word(request, "import"))
    except (InputError, NotFound):
        return nothing(container, seat, "import")


def _show_rules(container: "Container", request: Request, seat: Seat) -> Answer:
    brand = brand_in(container, request)
    if brand is None:
        return nothing(container, seat, "brand")
    return rules_page(container, seat, brand, done=request.query.get("done", ""))


def rules_page(
    container: "Container",
    seat: Seat,
    brand: "Brand",
    faults: tuple[Fault, ...] = (),
    status: int = 200,
    done: str = "",
) -> Answer:
    """Return a brand's country table, with the form that changes a rule."""
    table = container.import_rules.get(brand.id)
    data = {
        **seat.frame(),
        "brand": brand,
        "version": table.revision,
        "rules": _rules(table.rules, seat.language),
        "number": container.renderer.tongue(seat.language).number,
        "given": given_of(seat.fields, ("country", "grade", "soft", "silent", "why")),
        "faults": faults,
        "done": done,
    }
    return html(container.renderer.page("console/import_rules.html", data), status)


def _rules(rules: Rules, language: str) -> list[Mapping[str, Any]]:
    """The table as it is shown, the rule of all other countries last."""
    return [
        {
            "country": rule.country,
            "grade": str(rule.consent_grade),
            "soft": rule.soft_opt_in,
            "silent": rule.silent_days,
            "why": rule.reason(language),
            "is_shipped": rule == SHIPPED.get(rule.country),
        }
        for rule in sorted(rules.values(), key=lambda x: (x.country == ELSEWHERE, x.country))
    ]


show_imports = inside(_show_imports)
show_new = marketer(_show_new)
show_import = inside(_show_import)
download_rejected = inside(_download)
show_rules = inside(_show_rules)


def record_in(container: "Container", request: Request) -> Import | None:
    """Return the import that the path names as it is now; None when there is none."""
    try:
        return container.import_desk.get(path_word(request, "import"))
    except (InputError, NotFound):
        return None


def brand_in(container: "Container", request: Request) -> "Brand | None":
    """Return the brand that the path names; None when there is none."""
    try:
        return container.brands.get(path_word(request, "brand"))
    except NotFound:
        return None


def name_of_list(container: "Container", list_id: str) -> str:
    """Return a list's name, or its id where it is gone."""
    found = container.lists.get(list_id)
    return found.name if found else list_id
