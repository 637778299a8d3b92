# SPDX-License-Identifier: Apache-2.0
"""Suppressions in the console: look up, add, bring in a file, take one out, SES's own list.

Guarantees that an address travels in the body of a POST and stands in no address of a page, and
that every page needs a key with the scope ``compliance``. Refuses to take one back: only the
person's own act ends a suppression.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from chalicelib.domain.account_list import LISTED_REASONS
from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.events import SuppressionReason
from chalicelib.domain.jobs import JobStatus
from chalicelib.domain.reach import EVERYWHERE
from chalicelib.domain.suppression_files import ExportForm, FileWish
from chalicelib.domain.suppressions import OPERATOR_REASONS
from chalicelib.entrypoints._runtime import status_of
from chalicelib.entrypoints.api.suppression_files import csv_answer, read_wish
from chalicelib.entrypoints.compliance_erasures import REFRESH
from chalicelib.entrypoints.console_access import Seat, officer, uploader
from chalicelib.entrypoints.exchange import Answer, Request, html, redirect
from chalicelib.entrypoints.visitors import path_word
from chalicelib.errors import Conflict, InputError, KvittoError, NotFound
from chalicelib.proof.words import TABLES

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container
    from chalicelib.services.suppression_exports import SuppressionExport
    from chalicelib.services.suppression_import_jobs import SuppressionImport

HOME: Final = "/console/suppressions"
REASONS: Final = tuple(
    reason
    for reason in (
        *(SuppressionReason.MANUAL, SuppressionReason.UNSUBSCRIBED),
        *(SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT),
    )
    if reason in OPERATOR_REASONS
)
_BRANDS: Final = 100


def _home(container: "Container", _request: Request, seat: Seat) -> Answer:
    return _page(container, seat)


def _act(container: "Container", _request: Request, seat: Seat) -> Answer:
    """Look an address up, or suppress it; the answer shows what stands then."""
    address = seat.fields.get("email", "").strip()
    is_adding = seat.fields.get("act") == "add"
    try:
        if is_adding:
            _add(container, address, _wish(seat.fields))
        found = container.suppressions.find(address)
    except KvittoError as error:
        return _refused(container, seat, error, "add" if is_adding else "find")
    known = {"email": address, "found": found, "is_added": is_adding}
    return _page(container, seat, known=known)


def _add(container: "Container", address: str, wish: FileWish) -> None:
    container.suppressions.add(address, wish.reason, wish.reach)
    if wish.reach == EVERYWHERE and wish.reason in LISTED_REASONS:
        container.account_list_sync.outbound(address, wish.reason)


def _wish(fields: Mapping[str, str]) -> FileWish:
    """What a form names: its reach is ``brand`` or ``brand/list``; nothing is everybody's mail."""
    brand, _, list_id = fields.get("reach", "").partition("/")
    if fields.get("reason") not in REASONS:
        raise InputError(code="bad_reason", detail="There is no such reason.")
    return read_wish({"brand": brand, "list": list_id, "reason": fields["reason"]})


def _page(
    container: "Container",
    seat: Seat,
    *,
    status: int = 200,
    known: Mapping[str, object] | None = None,
    fault: Mapping[str, str] | None = None,
) -> Answer:
    brands = container.setup.brands(None, _BRANDS).items
    lists = {brand.id: container.lists.of_brand(brand.id) for brand in brands}
    data = {
        **seat.frame(),
        "known": known,
        "fault": fault,
        "given": seat.fields,
        "brands": brands,
        "lists": lists,
        "brand_names": {brand.id: brand.name for brand in brands},
        "list_names": {each.id: each.name for some in lists.values() for each in some},
        "reasons": REASONS,
        "words": TABLES[seat.language],
        "compared": container.account_list_sync.progress(),
        "is_asked": seat.fields.get("act") == "compare",
        "number": container.renderer.tongue(seat.language).number,
    }
    return html(container.renderer.page("console/suppressions.html", data), status)


def _refused(container: "Container", seat: Seat, error: KvittoError, form: str) -> Answer:
    """The page with what is wrong beside the form it was sent from."""
    if not isinstance(error, InputError | Conflict | NotFound):
        raise error
    code = error.code if isinstance(error, InputError) else "later"
    detail = error.detail if isinstance(error, InputError) else str(error)
    fault = {"code": code, "detail": detail, "form": form}
    return _page(container, seat, status=status_of(error), fault=fault)


def _import(container: "Container", _request: Request, seat: Seat) -> Answer:
    try:
        if not seat.file:
            raise InputError(code="no_file", detail="No file was chosen.")
        push = seat.fields.get("push") == "yes"
        made = container.suppression_imports.ask(seat.file, _wish(seat.fields), push=push)
    except InputError as error:
        return _refused(container, seat, error, "file")
    return redirect(f"{HOME}/imports/{made.id}?language={seat.language}")


def _show_import(container: "Container", request: Request, seat: Seat) -> Answer:
    return _show(container, request, seat, "import", container.suppression_imports.get)


def _export(container: "Container", _request: Request, seat: Seat) -> Answer:
    form = seat.fields.get("form", "")
    if form not in set(ExportForm):
        raise InputError(code="bad_form", detail="There is no such form of a file.")
    made = container.suppression_exports.ask(ExportForm(form))
    return redirect(f"{HOME}/exports/{made.id}?language={seat.language}")


def _show_export(container: "Container", request: Request, seat: Seat) -> Answer:
    return _show(container, request, seat, "export", container.suppression_exports.get)


def _show(
    container: "Container",
    request: Request,
    seat: Seat,
    way: str,
    find: "Callable[[str], SuppressionImport | SuppressionExport]",
) -> Answer:
    """The page of a file; ``way`` is ``import`` or ``export``."""
    try:
        found = find(path_word(request, way))
    except (InputError, NotFound):
        return _nothing(container, seat)
    data = {
        **seat.frame(),
        "file": found,
        "number": container.renderer.tongue(seat.language).number,
    }
    text = container.renderer.page(f"console/suppression_{way}.html", data)
    return html(text, headers=REFRESH if found.status is JobStatus.PENDING else {})


def _download(container: "Container", request: Request, seat: Seat) -> Answer:
    try:
        return csv_answer(container, path_word(request, "export"))
    except (InputError, NotFound, Conflict):
        return _nothing(container, seat)


def _compare(container: "Container", _request: Request, seat: Seat) -> Answer:
    container.account_list_sync.ask()
    return _page(container, seat)


def _nothing(container: "Container", seat: Seat) -> Answer:
    data = {**seat.frame(), "missing": "export"}
    return html(container.renderer.page("console/error.html", data), 404)


show_home = officer(_home)
act = officer(_act)
take_in = uploader(_import, KeyScope.COMPLIANCE)
show_import = officer(_show_import)
give_out = officer(_export)
show_export = officer(_show_export)
download = officer(_download)
compare = officer(_compare)
