# SPDX-License-Identifier: Apache-2.0
"""Records of imports: one that was just begun, one with something in every place, and a row."""

from dataclasses import replace

from chalicelib.domain.addresses import Address
from chalicelib.domain.ids import BrandId, EventId, ListId, PurposeId, encode_id
from chalicelib.domain.import_formats import Format, Part
from chalicelib.domain.import_found import LaneSize, ReadFile, TableSeen
from chalicelib.domain.import_rows import FileStatus, History, ImportRow, Note, RowSale
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
from tests.support.clock import START_MS

DEMO, LIST = BrandId("demo"), ListId("news")


def import_id(number: int) -> ImportId:
    """The id of the import with this number."""
    return ImportId(encode_id(bytes([number]) * 16))


BEGUN = Import(
    id=import_id(1),
    target=Target(brand=DEMO, list=LIST, purposes=(PurposeId("newsletter"),)),
    created_ms=START_MS + 1,
    created_by="key",
    key=b"wrapped",
)
FULL = Import(
    id=import_id(3),
    target=Target(
        brand=DEMO,
        list=LIST,
        purposes=(PurposeId("newsletter"), PurposeId("offers")),
        mode=Mode.CUT_OVER,
        opt_outs=OptOuts.LIST,
        again=True,
    ),
    created_ms=START_MS + 3,
    created_by="key",
    read_as=ReadAs(
        zone="Europe/Paris", dates=Dates.DAY_FIRST, columns={"Mél": "email", "X": ""}, keep=("Y",)
    ),
    judged_by=JudgedBy(
        basis=Basis.SOFT_OPT_IN,
        objection_at_ms=7,
        country="SE",
        documents=(Document(kind=DocumentKind.WORDING, sha256="a" * 64, size=9),),
        rules="b" * 64,
        at_ms=8,
    ),
    stage=Stage.FAILED,
    at_ms=9,
    fence="place",
    parts=3,
    stated_mac="stated",
    attempt=2,
    checks=4,
    file=ReadFile(
        mac="mac",
        tables=(
            TableSeen(
                format=Format.MAILCHIMP,
                headers=("Mél", "Y"),
                fields=("email", ""),
                part=Part.CLEANED,
                encoding="cp1252",
                count=5,
            ),
        ),
        lanes={"17": LaneSize(ends=1, goes=2, history=3)},
        counts={"rows": 12, "rejected:columns": 1},
        reports=1,
    ),
    statement="c" * 64,
    batch=EventId("BBBBBBBBBBBBBBBBBBBBBA"),
    same_as=import_id(1),
    failure=Failure(problem=Problem.FILE, code="empty", detail="It is empty."),
)


def numbered(number: int, **changes: object) -> Import:
    """An import that was just begun, later than those with smaller numbers."""
    made = replace(BEGUN, id=import_id(number), created_ms=START_MS + number)
    return replace(made, **changes)  # type: ignore[arg-type]


FULL_ROW = ImportRow(
    line=7,
    status=FileStatus.OPTED_OUT,
    address=Address(
        typed="Full@Exämple.org",
        deliverable="Full@xn--exmple-cua.org",
        normal="full@xn--exmple-cua.org",
    ),
    language="sv",
    country="SE",
    tags=("a", "b\nc"),
    attributes={"first_name": "Åsa", "shoe": "39"},
    optin_ms=1,
    optin_ip="192.0.2.1",
    confirm_ms=2,
    confirm_ip="2001:db8::1",
    double_opt_in=True,
    source="till",
    ended_ms=3,
    ended_reason="bored",
    ended_campaign="May",
    zone="assumed Europe/Stockholm",
    history=History(opens=0, clicks=4, rating=None, last_open_ms=5, last_click_ms=None),
    sale=RowSale(
        reference="9", product="hat", at_ms=6, objection_how="a box", objection_at_ms=None
    ),
    notes=frozenset({Note.TIME, Note.IP}),
)
