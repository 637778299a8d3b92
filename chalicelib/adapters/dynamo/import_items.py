# SPDX-License-Identifier: Apache-2.0
"""How records of imports, country tables and movings look as rows.

Guarantees that a record comes back as it was stored. Refuses rows of an unknown schema version.
What is asked for and what was found are JSON in one attribute; what a condition or a search needs
has an attribute of its own.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.adapters.dynamo.items import (
    ROW_VERSION,
    Item,
    binary,
    binary_of,
    expiry,
    key,
    number,
    number_of,
    require_number,
    require_text,
    require_version,
    text,
)
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId
from chalicelib.domain.import_formats import Format, Part
from chalicelib.domain.import_found import LaneSize, ReadFile, TableSeen
from chalicelib.domain.import_statement import Basis, Document, DocumentKind
from chalicelib.domain.import_values import Dates
from chalicelib.domain.imports import (
    Failure,
    Import,
    ImportId,
    JudgedBy,
    Mode,
    OptOuts,
    Problem,
    ReadAs,
    Stage,
    Target,
)
from chalicelib.ports.import_rows import CutOver

KEPT_MS: Final = 400 * DAY_MS
VERSION: Final = number(ROW_VERSION)


def record_key(import_id: str) -> dict[str, dict[str, str]]:
    """Return the key of a record."""
    return key(f"IMPORT#{import_id}", "J")


def expires(created_ms: int) -> dict[str, str]:
    """Return when the rows of an import disappear."""
    return expiry(created_ms + KEPT_MS)


def record_item(record: Import) -> Item:
    """Return the row of a record."""
    item: dict[str, Any] = {
        **record_key(record.id),
        "v": VERSION,
        "revision": number(record.revision),
        "stage": text(record.stage),
        "created_ms": number(record.created_ms),
        "at_ms": number(record.at_ms),
        "record": text(json.dumps(_document(record), ensure_ascii=False)),
        "expires_at": expires(record.created_ms),
    }
    if record.key is not None:
        item["key"] = binary(record.key)
    return item


def record_of(item: Item) -> Import:
    """Return the record a row holds."""
    said = json.loads(require_text(require_version(item), "record"))
    failure, file = said["failure"], said["file"]
    return Import(
        id=ImportId(require_text(item, "pk").partition("#")[2]),
        target=_target_of(said["target"]),
        created_ms=require_number(item, "created_ms"),
        created_by=said["created_by"],
        read_as=_read_as_of(said["read_as"]),
        judged_by=_judged_by_of(said["judged_by"]),
        stage=Stage(require_text(item, "stage")),
        at_ms=require_number(item, "at_ms"),
        revision=require_number(item, "revision"),
        key=binary_of(item, "key"),
        fence=said["fence"],
        parts=said["parts"],
        stated_mac=said["stated_mac"],
        attempt=said["attempt"],
        checks=said["checks"],
        file=None if file is None else _file_of(file),
        statement=said["statement"],
        batch=None if said["batch"] is None else EventId(said["batch"]),
        same_as=None if said["same_as"] is None else ImportId(said["same_as"]),
        failure=None
        if failure is None
        else Failure(problem=Problem(failure[0]), code=failure[1], detail=failure[2]),
    )


def moving_item(moving: CutOver) -> Item:
    """Return the row of a moving."""
    item = {
        **key("IMPORTCUTOVER", f"{moving.brand}_{moving.list}"),
        "v": VERSION,
        "brand": text(moving.brand),
        "list": text(moving.list),
        "last_ms": number(moving.last_ms),
        "last": text(moving.last),
    }
    if moving.ended_ms is not None:
        item["ended_ms"] = number(moving.ended_ms)
    return item


def moving_of(item: Item) -> CutOver:
    """Return the moving a row holds."""
    require_version(item)
    return CutOver(
        brand=BrandId(require_text(item, "brand")),
        list=ListId(require_text(item, "list")),
        last_ms=require_number(item, "last_ms"),
        last=ImportId(require_text(item, "last")),
        ended_ms=number_of(item, "ended_ms"),
    )


def _document(record: Import) -> dict[str, Any]:
    target, read_as, judged_by = record.target, record.read_as, record.judged_by
    failure, file = record.failure, record.file
    return {
        "created_by": record.created_by,
        "target": {
            "brand": target.brand,
            "list": target.list,
            "purposes": list(target.purposes),
            "mode": target.mode,
            "opt_outs": target.opt_outs,
            "again": target.again,
        },
        "read_as": {
            "zone": read_as.zone,
            "dates": read_as.dates,
            "columns": dict(read_as.columns),
            "keep": list(read_as.keep),
        },
        "judged_by": {
            "basis": judged_by.basis,
            "objection_at_ms": judged_by.objection_at_ms,
            "country": judged_by.country,
            "documents": [[x.kind, x.sha256, x.size] for x in judged_by.documents],
            "rules": judged_by.rules,
            "at_ms": judged_by.at_ms,
        },
        "fence": record.fence,
        "parts": record.parts,
        "stated_mac": record.stated_mac,
        "attempt": record.attempt,
        "checks": record.checks,
        "file": None if file is None else _file(file),
        "statement": record.statement,
        "batch": record.batch,
        "same_as": record.same_as,
        "failure": failure and [failure.problem, failure.code, failure.detail],
    }


def _file(file: ReadFile) -> dict[str, Any]:
    return {
        "mac": file.mac,
        "tables": [
            [x.format, x.headers, x.fields, x.part, x.encoding, x.count] for x in file.tables
        ],
        "lanes": {lane: [x.ends, x.goes, x.history] for lane, x in file.lanes.items()},
        "counts": dict(file.counts),
        "reports": file.reports,
    }


def _file_of(said: Mapping[str, Any]) -> ReadFile:
    return ReadFile(
        mac=said["mac"],
        tables=tuple(
            TableSeen(
                format=Format(format_),
                headers=tuple(headers),
                fields=tuple(fields),
                part=None if part is None else Part(part),
                encoding=encoding,
                count=count,
            )
            for format_, headers, fields, part, encoding, count in said["tables"]
        ),
        lanes={
            lane: LaneSize(ends=ends, goes=goes, history=history)
            for lane, (ends, goes, history) in said["lanes"].items()
        },
        counts=said["counts"],
        reports=said["reports"],
    )


def _target_of(said: Mapping[str, Any]) -> Target:
    return Target(
        brand=BrandId(said["brand"]),
        list=ListId(said["list"]),
        purposes=tuple(map(PurposeId, said["purposes"])),
        mode=Mode(said["mode"]),
        opt_outs=OptOuts(said["opt_outs"]),
        again=said["again"],
    )


def _read_as_of(said: Mapping[str, Any]) -> ReadAs:
    return ReadAs(
        zone=said["zone"],
        dates=None if said["dates"] is None else Dates(said["dates"]),
        columns=said["columns"],
        keep=tuple(said["keep"]),
    )


def _judged_by_of(said: Mapping[str, Any]) -> JudgedBy:
    return JudgedBy(
        basis=Basis(said["basis"]),
        objection_at_ms=said["objection_at_ms"],
        country=said["country"],
        documents=tuple(
            Document(kind=DocumentKind(kind), sha256=sha256, size=size)
            for kind, sha256, size in said["documents"]
        ),
        rules=said["rules"],
        at_ms=said["at_ms"],
    )
