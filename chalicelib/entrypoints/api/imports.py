# SPDX-License-Identifier: Apache-2.0
"""Imports over the API: a file is sent, read, checked, looked at, answered for and run.

Guarantees that nothing of a file takes effect before somebody answered for it, that a small file
goes in by one call and a large one in parts that may be repeated, and that no address, name of a
file or cell stands in any answer.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyScope
from chalicelib.domain.csv_rows import CSV, MEDIA_TYPE, csv_row
from chalicelib.domain.ids import decode_id
from chalicelib.domain.import_limits import MAX_PARTS
from chalicelib.domain.import_statement import Basis, DocumentKind, Source, Statement
from chalicelib.domain.import_values import Dates
from chalicelib.domain.import_wishes import NewImport, Remap
from chalicelib.domain.imports import Import, Mode, OptOuts
from chalicelib.entrypoints.api.frame import (
    PAGED,
    Call,
    operation,
    page_answer,
    unix_ms,
)
from chalicelib.entrypoints.api.import_shapes import (
    cut_over_shape,
    document_shape,
    import_shape,
    seen_shape,
)
from chalicelib.entrypoints.exchange import OCTETS, Answer
from chalicelib.errors import InputError, NotFound

if TYPE_CHECKING:
    from chalicelib.bootstrap import Container

MAX_REPORT_BYTES = 4 * 1024 * 1024
"""What fits a Lambda answer of 6 MB once it is base64."""
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_MORE = "There are more such rows than fit here. Mend these, then import the file again."


@operation(
    "GET",
    "/imports",
    KeyScope.MARKETING,
    KeyScope.COMPLIANCE,
    gives="ImportPage",
    queries=PAGED,
)
def list_imports(call: Call) -> Mapping[str, Any]:
    """List imports, the latest first."""
    return page_answer(call.container.import_desk.page(*call.paging()), import_shape)


@operation(
    "POST",
    "/imports",
    KeyScope.MARKETING,
    status=202,
    statuses={"uploading": 201},
    stated_by="stage",
    takes="NewImport",
    form="ImportUpload",
    gives="Import",
    location="/imports/{id}",
    conflicts=True,
)
def create_import(call: Call) -> Mapping[str, Any]:
    """Begin an import: with its file, which is read at once, or without it, to send parts."""
    desk = call.container.import_desk
    made = desk.new(_asked(call.body), call.key_id)
    if call.raw is None:
        return import_shape(made)
    desk.put_part(made.id, 1, call.raw)
    return import_shape(desk.uploaded(made.id, 1))


@operation("GET", "/imports/{import}", KeyScope.MARKETING, KeyScope.COMPLIANCE, gives="ImportSeen")
def get_import(call: Call) -> Mapping[str, Any]:
    """Get an import: how far it is, and by country what would become of whom, and why."""
    container = call.container
    record = container.import_desk.get(_named(call))
    return seen_shape(
        record, container.import_report.preview_of(record), form_link(container, record)
    )


@operation(
    "PUT",
    "/imports/{import}/parts/{number}",
    KeyScope.MARKETING,
    status=204,
    raw=(OCTETS,),
)
def put_import_part(call: Call) -> None:
    """Send a part of a file, at most 4 MiB, numbered from 1; a repeat replaces it."""
    number = call.word("number")
    if not _NUMBER.fullmatch(number) or int(number) > MAX_PARTS:
        raise NotFound(f"Parts of a file have the numbers 1 to {MAX_PARTS}.")
    call.container.import_desk.put_part(_named(call), int(number), call.raw or b"")


@operation(
    "POST",
    "/imports/{import}/uploaded",
    KeyScope.MARKETING,
    status=202,
    takes="UploadedParts",
    gives="Import",
)
def finish_import_upload(call: Call) -> Mapping[str, Any]:
    """Say that every part is there; the file is read. 409 while a part is missing."""
    body = call.body
    desk = call.container.import_desk
    return import_shape(desk.uploaded(_named(call), body["parts"], body.get("sha256", "")))


@operation(
    "PUT",
    "/imports/{import}/mapping",
    KeyScope.MARKETING,
    status=202,
    takes="ImportMapping",
    gives="Import",
    conflicts=True,
)
def map_import(call: Call) -> Mapping[str, Any]:
    """Say otherwise what columns are, how times are read or on what mail rests; it checks again."""
    said = _remap(call.body)
    return import_shape(call.container.import_desk.map(_named(call), said))


@operation(
    "POST",
    "/imports/{import}/documents",
    KeyScope.COMPLIANCE,
    status=201,
    raw=(OCTETS,),
    queries=("kind",),
    gives="ImportDocument",
)
def add_import_document(call: Call) -> Mapping[str, Any]:
    """Keep a document that shows how people said yes; nobody's data may be in it."""
    kind = call.request.query.get("kind", "")
    if kind not in set(DocumentKind):
        kinds = ", ".join(DocumentKind)
        raise InputError(code="bad_kind", detail=f"Say what it is: add ?kind= and one of {kinds}.")
    desk = call.container.import_desk
    kept = desk.add_document(_named(call), DocumentKind(kind), call.raw or b"")
    return document_shape(kept)


@operation(
    "POST",
    "/imports/{import}/run",
    KeyScope.COMPLIANCE,
    status=202,
    takes="ImportStatement",
    picks=lambda body: (
        "CutOverStatement"
        if isinstance(body, dict) and set(body) <= {"confirmed"}
        else "NewStatement"
    ),
    gives="Import",
    conflicts=True,
)
def run_import(call: Call) -> Mapping[str, Any]:
    """Answer for an import and run it; what its preview says becomes so."""
    desk, import_id = call.container.import_desk, _named(call)
    record = desk.get(import_id)
    statement = _statement(call.body, record) if "source" in call.body else None
    if not call.body["confirmed"]:
        raise InputError("bad_statement", "Confirm that it may run. Nothing was imported.")
    return import_shape(desk.run(import_id, statement, call.key_id))


@operation("POST", "/imports/{import}/cancel", KeyScope.MARKETING, status=202, gives="Import")
def cancel_import(call: Call) -> Mapping[str, Any]:
    """Stop an import and destroy its file; what was written stays written."""
    return import_shape(call.container.import_desk.cancel(_named(call)))


@operation("POST", "/imports/{import}/moved", KeyScope.MARKETING, gives="CutOver")
def end_cut_over(call: Call) -> Mapping[str, Any]:
    """Say that the earlier tool sends no more to the list of this import."""
    desk = call.container.import_desk
    target = desk.get(_named(call)).target
    return cut_over_shape(desk.end_cut_over(target.brand, target.list))


@operation(
    "GET",
    "/imports/{import}/rejected",
    KeyScope.MARKETING,
    KeyScope.COMPLIANCE,
    media_type=CSV,
)
def get_rejected_rows(call: Call) -> Answer:
    """Fetch where the rows are that cannot be used, and why; no cell of them is in it."""
    return rejected_answer(call.container, _named(call))


OPERATIONS = (
    list_imports,
    create_import,
    get_import,
    put_import_part,
    finish_import_upload,
    map_import,
    add_import_document,
    run_import,
    cancel_import,
    end_cut_over,
    get_rejected_rows,
)


def form_link(container: "Container", record: Import) -> str | None:
    """Return the address of a form of the import's list, or None."""
    forms = container.forms.of_brand(record.target.brand)
    found = next((form.id for form in forms if record.target.list in form.lists), None)
    return found and f"{container.settings.base_url}/forms/{found}"


def rejected_answer(container: "Container", import_id: str) -> Answer:
    """Return where the rows are that cannot be used: as many whole rows as fit an answer.

    Raises:
        InputError: it is not an id.
        NotFound: there is no such import.

    """
    kept: list[bytes] = []
    for part in container.import_report.rejected(import_id):
        if sum(map(len, kept)) + len(part) > MAX_REPORT_BYTES:
            kept.append(csv_row(("", "", "", "more", _MORE)))
            break
        kept.append(part)
    name = f'attachment; filename="kvitto-rejected-{import_id}.csv"'
    return Answer(
        body=b"".join(kept), content_type=MEDIA_TYPE, headers={"Content-Disposition": name}
    )


def _named(call: Call) -> str:
    """The id that the path names; one that cannot exist is that of no import."""
    import_id = call.word("import")
    try:
        decode_id(import_id)
    except InputError:
        raise NotFound("There is no such import.") from None
    return import_id


def _asked(body: Mapping[str, Any]) -> NewImport:
    asked: dict[str, Any] = {
        name: body[name]
        for name in ("brand", "list", "zone", "country", "columns", "again")
        if name in body
    }
    kinds = (("mode", Mode), ("opt_outs", OptOuts), ("dates", Dates), ("basis", Basis))
    asked |= {name: kind(body[name]) for name, kind in kinds if name in body}
    asked |= {name: tuple(body[name]) for name in ("purposes", "keep") if name in body}
    return NewImport(**asked, objection_at_ms=_offered(body))


def _remap(body: Mapping[str, Any]) -> Remap:
    said: dict[str, Any] = {
        name: body[name] for name in ("columns", "zone", "country") if name in body
    }
    kinds = (("dates", Dates), ("basis", Basis), ("keep", tuple))
    said |= {name: kind(body[name]) for name, kind in kinds if name in body}
    return Remap(**said, objection_at_ms=_offered(body))


def _offered(body: Mapping[str, Any]) -> int | None:
    return unix_ms(body["objection_at"], "objection_at") if "objection_at" in body else None


def _statement(body: Mapping[str, Any], record: Import) -> Statement:
    """What somebody answers for; its documents are those of the import."""
    texts = ("name", "position", "confirmed", "source_detail", "objection_how", "country")
    return Statement(
        source=Source(body["source"]),
        basis=Basis(body["basis"]),
        objection_at_ms=_offered(body),
        documents=record.judged_by.documents,
        **{name: body[name] for name in texts if name in body},
    )
