# SPDX-License-Identifier: Apache-2.0
"""A brand's rules of the life cycle in the console: in words, and as JSON that can be changed.

Guarantees that they are changed by a key of the scope ``marketing`` alone, that no change
overwrites one it has not seen, and that refused rules come back as they were written.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.lifecycle import dump_rules
from chalicelib.domain.segment_words import outline
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.console_access import Seat, inside, marketer
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.segments_console_acts import version_of
from chalicelib.entrypoints.segments_console_forms import Fault, faults_of, rule_of, text_of
from chalicelib.entrypoints.segments_console_pages import nothing
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.catalog import Brand
    from chalicelib.domain.lifecycle import Rule
    from chalicelib.domain.tongues import Tongue


def _show_rules(container: "Container", request: Request, seat: Seat) -> Answer:
    brand = _brand_in(container, request)
    if brand is None:
        return nothing(container, seat, "brand")
    return _rules_page(container, request, seat, brand)


def _rules_page(
    container: "Container",
    request: Request,
    seat: Seat,
    brand: "Brand",
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Answer:
    seen = container.segments.lifecycle(brand.id)
    rules, tongue = seen.rules, container.renderer.tongue(seat.language)
    stored = {name: part for name, part in dump_rules(rules).items() if name != "version"}
    data = {
        **seat.frame(),
        "brand": brand,
        "version": rules.version,
        "stages": [_told(rule, tongue) for rule in rules.stages],
        "activities": [_told(rule, tongue) for rule in rules.activities],
        "names": rules.names,
        "warnings": [(each.place, each.words(tongue)) for each in seen.warnings],
        "text": seat.fields.get("rule", "") if faults else text_of(stored),
        "faults": faults,
        "done": request.query.get("done", "") if request.method == "GET" else "",
    }
    return html(container.renderer.page("console/lifecycle.html", data), status)


def _save_rules(container: "Container", request: Request, seat: Seat) -> Answer:
    brand = _brand_in(container, request)
    if brand is None:
        return nothing(container, seat, "brand")
    try:
        written = rule_of(seat.fields.get("rule", ""))
        if isinstance(written, dict):
            written = {**written, "version": version_of(seat)}
        container.segments.change_lifecycle(brand.id, written)
    except (InputError, Conflict) as error:
        faults = faults_of(error, Fault(code="changed"))
        return _rules_page(container, request, seat, brand, faults, status_of(error))
    done = f"?language={seat.language}&done=saved"
    return redirect(f"/console/brands/{brand.id}/lifecycle{done}")


show_rules = inside(_show_rules)
save_rules = marketer(_save_rules)


def _brand_in(container: "Container", request: Request) -> "Brand | None":
    try:
        return container.brands.get(path_word(request, "brand"))
    except NotFound:
        return None


def _told(rule: "Rule", tongue: "Tongue") -> Mapping[str, Any]:
    lines = () if rule.where is None else outline(rule.where, tongue=tongue)
    return {"word": tongue.say(rule.word), "lines": lines}
