# SPDX-License-Identifier: Apache-2.0
"""Exports of a brand's people: asked for, made, and read back as the tools would."""

import csv
import io
import zipfile
from collections.abc import Iterable

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.audience_exports import read_wish
from chalicelib.domain.events import Via
from chalicelib.domain.ids import BrandId, ListId, PurposeId, SubjectId
from chalicelib.domain.import_rows import FileStatus, ImportRow, claims_of
from chalicelib.domain.import_statement import Basis, Source, Statement
from chalicelib.domain.import_verdicts import claimed_grade
from chalicelib.domain.import_wishes import NewImport
from chalicelib.domain.imports import Stage
from chalicelib.domain.state import Grade
from chalicelib.ports.outside import Queue
from chalicelib.proof.disclosure import Claims
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.world import World

DEMO, NEWS = BrandId("demo"), ListId("newsletter")
PLENTY = 1 << 30
FIRST_MS = 946_684_800_000
"""Since when sales of imported people offered an objection."""
Table = list[dict[str, str]]


def exported(
    world: World, format_: str, *statuses: str, list_id: str | None = NEWS
) -> tuple[str, bytes]:
    """Return the id and the file of an export that was asked for and made."""
    export = world.exports.ask_audience(read_wish(format_, DEMO, list_id, statuses))
    world.settle(Queue.SEGMENTS)
    data = world.exports.file(export.id, PLENTY)
    assert data is not None
    return export.id, data


def table(data: bytes, delimiter: str = ",") -> Table:
    """Return the rows of a CSV by the names of its columns."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter, strict=True))


def tables(data: bytes) -> dict[str, Table]:
    """Return the rows of each file of a ZIP, by what its name begins with."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name.partition("_")[0]: table(archive.read(name)) for name in archive.namelist()}


def kvitto(world: World, *statuses: str, list_id: str | None = NEWS) -> dict[str, dict[str, str]]:
    """Return the rows of our own format by address; nobody has two."""
    rows = table(exported(world, "kvitto", *statuses, list_id=list_id)[1])
    found = {row["email"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def addresses(rows: Iterable[dict[str, str]], column: str = "email") -> set[str]:
    return {row[column] for row in rows}


def take_in(
    world: World,
    row: ImportRow,
    type_: EventType = EventType.CONSENT_IMPORTED,
    via: Via | None = None,
) -> SubjectId:
    """Append what an import would of one row, and return whose it is."""
    ledger = world.ledger
    mac = ledger.mac(row.address.normal)
    chain = ledger.start_or_open(mac, ledger.lookup(mac).sid)
    choice = claims_of(row, Grade.E, claimed_grade(row, frozenset()))
    draft = Draft(
        type=type_,
        brand=DEMO,
        lists=(NEWS,),
        purposes=(PurposeId("newsletter"),),
        via=via,
        claims=Claims(
            subject={"email": row.address.deliverable, "email_as_typed": row.address.typed},
            session={"ip": row.confirm_ip or row.optin_ip} if row.optin_ip else None,
            choice=choice,
        ),
    )
    profile = {
        "email": row.address.deliverable,
        "language": row.language,
        "attributes": dict(row.attributes),
    }
    return ledger.append(chain, [draft], profile=profile if chain.is_new else None).sid


def claimed(email: str, status: str = "subscribed", **more: object) -> ImportRow:
    """Return a row of a file."""
    return ImportRow(line=2, status=FileStatus(status), address=parse_address(email), **more)  # type: ignore[arg-type]


def import_file(
    world: World,
    data: bytes,
    basis: Basis = Basis.CONSENT,
    brand: BrandId = DEMO,
    list_id: ListId = NEWS,
) -> dict[str, dict[str, int]]:
    """Import a file from its upload to its last row, and return what its preview counted."""
    offered = FIRST_MS if basis is Basis.SOFT_OPT_IN else None
    asked = NewImport(
        brand=brand, list=list_id, zone="Europe/Stockholm", basis=basis, objection_at_ms=offered
    )
    made = world.import_desk.new(asked, "key")
    world.import_desk.put_part(made.id, 1, data)
    world.import_desk.uploaded(made.id, 1)
    world.settle(Queue.IMPORTS)
    counted = world.import_report.preview(made.id).by_country()
    statement = Statement(
        source=Source.EARLIER_TOOL,
        basis=basis,
        name="Example Name",
        position="Head of marketing",
        confirmed=True,
        objection_how="box at the check-out" if offered else "",
        objection_at_ms=offered,
    )
    world.import_desk.run(made.id, statement, "key")
    world.settle(Queue.IMPORTS)
    assert world.import_desk.get(made.id).stage is Stage.DONE
    return counted
