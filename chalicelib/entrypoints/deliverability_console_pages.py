# SPDX-License-Identifier: Apache-2.0
"""The doctor in the console: a brand's checks in words, with the records to publish.

Guarantees that only a session is shown it, and that showing it changes nothing but the count of the
key's own questions; where there are several brands, none is examined before it is chosen.
"""

from typing import TYPE_CHECKING, Final

from chalicelib.domain.deliverability import BULK_FROM, Provider, Verdict
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.console_access import Seat, inside
from chalicelib.entrypoints.exchange import Answer, Request, html
from chalicelib.errors import InputError, NotFound, OverBudget

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.domain.deliverability import Report

HOME: Final = "/console/deliverability"
BRANDS: Final = 100


def _show_deliverability(container: "Container", request: Request, seat: Seat) -> Answer:
    brands = container.setup.brands(None, BRANDS)
    wanted = request.query.get("brand") or ""
    if not wanted and len(brands.items) == 1:
        wanted = brands.items[0].id
    report, trouble, status = None, "", 200
    try:
        report = container.doctor.asked(wanted, seat.key.id) if wanted else None
    except (NotFound, InputError):
        trouble, status = "brand", 404
    except OverBudget as error:
        trouble, status = "often", status_of(error)
    data = {
        **seat.frame(),
        "brands": brands.items,
        "more": brands.cursor is not None,
        "wanted": wanted,
        "trouble": trouble,
        "domains": container.stopped_domains.standing(),
        "done": request.query.get("done", ""),
        "report": report,
        "shown": _groups(report) if report else (),
        "missed": [(each, report.missed(each)) for each in Provider] if report else (),
        "tongue": container.renderer.tongue(seat.language),
        "bulk_from": BULK_FROM,
    }
    return html(container.renderer.page("console/deliverability.html", data), status)


def _groups(report: "Report") -> tuple[tuple[Verdict, tuple[object, ...]], ...]:
    """Return the checks by verdict, the worst first."""
    return tuple(
        (verdict, found)
        for verdict in Verdict
        if (found := tuple(check for check in report.checks if check.verdict is verdict))
    )


show_deliverability = inside(_show_deliverability)
