# SPDX-License-Identifier: Apache-2.0
"""What goes out as an export comes back as an import, as far as the format has words for it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.addresses import parse_address
from chalicelib.domain.country_rules import SHIPPED, rule_for
from chalicelib.domain.export_rows import FILES, ExportFormat, ExportRow, ExportStatus
from chalicelib.domain.ids import ListId, SubjectId
from chalicelib.domain.import_formats import detect, part_of
from chalicelib.domain.import_records import Record, cleaned
from chalicelib.domain.import_row_reader import RowReader
from chalicelib.domain.import_rows import (
    ENDS,
    FileStatus,
    History,
    ImportRow,
    RowSale,
    claims_of,
)
from chalicelib.domain.import_statement import Basis, DocumentKind
from chalicelib.domain.import_values import UTC_ZONE, Clock, attribute_name, one_line
from chalicelib.domain.import_verdicts import Here, Known, Terms, claimed_grade, why
from chalicelib.domain.state import Grade
from chalicelib.ports.imports import Table
from chalicelib.services.export_rows import claimed
from tests.support.exported import DEMO, FIRST_MS, NEWS, exported, import_file, table
from tests.support.import_files import mailchimp_account, mailchimp_list, read, vendor, zipped
from tests.support.world import READER, World

NOW_MS = 1_790_000_000_000
UID = SubjectId("A" * 22)
OTHER = ListId("other")

_letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
texts = st.text(_letters | st.sampled_from("\"',;=+-@(| \n\tÅ€"), max_size=20).map(
    lambda text: cleaned(text).strip()
)
times = st.none() | st.integers(FIRST_MS, NOW_MS)
ips = st.sampled_from(["", "192.0.2.7", "2001:db8::1"])
counts = st.none() | st.integers(0, 5)
names = st.sampled_from(["first_name", "last_name", "name", "city", "Shoe Size", "tags"])
lines = texts.map(one_line).filter(bool)
tags = st.lists(lines, max_size=3, unique=True).map(tuple)
addresses = st.sampled_from(
    ["visitor@example.org", "+46@example.org", "-x@example.se", "o'neill@exämple.de"]
)


@st.composite
def imported_rows(draw: st.DrawFn) -> ImportRow:
    """A row as a reader would have made it of some tool's file."""
    status = draw(st.sampled_from(FileStatus))
    is_end = status in ENDS
    past = History(
        opens=draw(counts),
        clicks=draw(counts),
        rating=draw(counts),
        last_open_ms=draw(times),
        last_click_ms=draw(times),
    )
    sale = RowSale(
        reference=draw(texts),
        product=draw(texts),
        at_ms=draw(times),
        objection_how=draw(texts),
        objection_at_ms=draw(times),
    )
    said = draw(st.dictionaries(names, lines, max_size=4))
    row = ImportRow(
        line=draw(st.integers(2, 9)),
        status=status,
        address=parse_address(draw(addresses)),
        language=draw(st.sampled_from(["", "sv", "de-at"])),
        country=draw(st.sampled_from(["", "SE", "DE", "FR", "NL", None])),
        tags=() if is_end else draw(tags),
        attributes={} if is_end else {attribute_name(name): said[name] for name in said},
        optin_ms=draw(times),
        optin_ip=draw(ips),
        confirm_ms=draw(times),
        confirm_ip=draw(ips),
        double_opt_in=draw(st.booleans()),
        source=draw(texts),
        ended_ms=draw(times) if is_end else None,
        ended_reason=draw(texts) if is_end else "",
        ended_campaign=draw(texts) if is_end else "",
        history=None if past == History() else past,
        sale=sale if sale.reference or sale.at_ms is not None else None,
    )
    return replace(row, zone=draw(zones_of(row)))


def zones_of(row: ImportRow) -> st.SearchStrategy[str]:
    """A row has a zone as soon as a time of it was read."""
    past, sale = row.history or History(), row.sale
    read = [row.optin_ms, row.confirm_ms, row.ended_ms, past.last_open_ms, past.last_click_ms]
    read += [sale.at_ms, sale.objection_at_ms] if sale else []
    if all(at_ms is None for at_ms in read):
        return st.just("")
    return st.sampled_from([UTC_ZONE, "assumed Europe/Stockholm"])


def out(row: ImportRow, *, waits: bool) -> ExportRow:
    """The row as the ledger would tell it after an import: its claim, and how it stands."""
    ends = {
        FileStatus.OPTED_OUT: ExportStatus.OPTED_OUT,
        FileStatus.BOUNCED: ExportStatus.BOUNCED,
        FileStatus.COMPLAINED: ExportStatus.COMPLAINED,
    }
    stands = ExportStatus.WAITING if waits else ExportStatus.SUBSCRIBED
    bare = ExportRow(
        uid=UID,
        email=row.address.deliverable,
        status=ends.get(row.status, stands),
        brand=DEMO,
        list=NEWS,
        language=row.language,
        attributes=row.attributes,
    )
    choice: dict[str, object] = {**claims_of(row, Grade.E, claimed_grade(row, frozenset()))}
    if row.sale is not None:
        sale = row.sale
        choice |= {"sale": sale.reference, "product": sale.product, "sale_ts": sale.at_ms}
        choice |= {"objection_how": sale.objection_how, "objection_ts": sale.objection_at_ms}
    return claimed(bare, choice)


def back(format_: ExportFormat, row: ExportRow) -> list[ImportRow]:
    """Write the row as a file of the format and read that as any import would."""
    written = {
        each.name: each.head() + (each.row(row) if row.status in each.statuses else b"")
        for each in FILES[format_]
    }
    data = zipped(written) if len(written) > 1 else next(iter(written.values()))
    found = []
    for read_table, records in read(data):
        assert isinstance(read_table, Table)
        layout = detect(read_table.header.cells, (), part_of(read_table.path))
        assert layout.format.value == format_.value
        clock = Clock(zone="Europe/Stockholm", dates=None, now_ms=NOW_MS)
        reader = RowReader(layout, clock, DEMO, NEWS)
        for record in records:
            assert isinstance(record, Record), record
            imported = reader.read(record)
            assert isinstance(imported, ImportRow), imported
            found.append(imported)
    return found


def says(row: ImportRow) -> Mapping[str, object]:
    """All that a row says, but for the line it stood on and notes about what it did not."""
    names = [name for name in ImportRow.__slots__ if name not in ("line", "notes", "address")]
    return {name: getattr(row, name) for name in names} | {"address": row.address.deliverable}


def claim(row: ImportRow) -> Mapping[str, object]:
    told = claims_of(row, Grade.E, claimed_grade(row, frozenset()))
    return {name: value for name, value in told.items() if name != "line"}


def verdicts(row: ImportRow) -> list[object]:
    """What becomes of a row, whatever the country stated and the basis."""
    found = []
    domain = row.address.normal.rpartition("@")[2]
    for basis, offered in ((Basis.CONSENT, None), (Basis.SOFT_OPT_IN, FIRST_MS)):
        for documents in (frozenset[DocumentKind](), frozenset(DocumentKind)):
            terms = Terms(basis=basis, documents=documents, now_ms=NOW_MS, objection_at_ms=offered)
            for country in ("", "SE", "DE", "FR"):
                _, rule = rule_for(SHIPPED, row.country, domain, country)
                found.append(why(row, Known(here=Here.NOTHING), rule, terms))
    return found


@given(imported_rows(), st.booleans())
def test_our_own_format_gives_back_every_row_claim_and_verdict(row: ImportRow, waits: bool) -> None:
    if row.status not in ENDS and row.status is not FileStatus.SUBSCRIBED:
        waits = True
    (again,) = back(ExportFormat.KVITTO, out(row, waits=waits))
    assert claim(again) == claim(row)
    assert verdicts(again) == verdicts(row)
    # That there was a double opt-in is told by the claimed grade, where there was one.
    is_double = claimed_grade(row, frozenset()) <= Grade.B
    assert says(again) == {**says(row), "double_opt_in": is_double}


CAN_SAY = {
    ExportFormat.MAILCHIMP: "status language tags optin_ip confirm_ip address",
    ExportFormat.LISTMONK: "address",
    ExportFormat.BREVO: "language tags source optin_ip address",
}
NAMES = {"first_name", "last_name", "name"}


@pytest.mark.parametrize("format_", CAN_SAY)
@given(row=imported_rows(), waits=st.booleans())
def test_a_row_that_went_out_comes_back_saying_what_the_format_can(
    format_: ExportFormat, row: ImportRow, waits: bool
) -> None:
    waits = waits or row.status is not FileStatus.SUBSCRIBED
    told = out(row, waits=waits)
    found = back(format_, told)
    if format_ is ExportFormat.LISTMONK and told.status is ExportStatus.WAITING:
        assert not found
        return
    (again,) = found
    # Whoever may not be mailed never comes back as somebody who may.
    assert (again.status is FileStatus.SUBSCRIBED) == (told.status is ExportStatus.SUBSCRIBED)
    assert again.is_end == row.is_end
    before, after = says(row), says(again)
    for name in CAN_SAY[format_].split():
        if name != "status" or told.status is not ExportStatus.WAITING:
            assert after[name] == before[name], name
    if format_ is ExportFormat.LISTMONK:
        _same_attributes(row, again)
    else:
        for said in (NAMES & {*row.attributes}, NAMES & {*again.attributes}):
            assert {name: row.attributes[name] for name in said} == {
                name: again.attributes[name] for name in said
            }
        assert again.country == (row.country or "")
    if format_ is ExportFormat.MAILCHIMP:
        assert again.optin_ms == seconds(row.optin_ms)
        assert again.confirm_ms == seconds(row.confirm_ms)
        assert again.ended_ms == seconds(row.ended_ms)
    if format_ is ExportFormat.BREVO and row.optin_ms is not None:
        assert again.optin_ms == row.optin_ms
    # And from then on nothing changes any more.
    (third,) = back(format_, out(again, waits=told.status is ExportStatus.WAITING))
    assert {**says(third), "status": None} == {**says(again), "status": None}
    assert third.is_end == again.is_end


def _same_attributes(row: ImportRow, again: ImportRow) -> None:
    """listmonk has all but the end of a row's words in its attributes, and a name of its own."""
    if row.is_end:
        return
    own = {"language", "country", "name"}
    assert {name: again.attributes[name] for name in again.attributes if name not in own} == {
        name: row.attributes[name] for name in row.attributes if name not in own
    }
    assert (again.language, again.country) == (row.language, row.country or "")


def seconds(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 1000 * 1000


UPLOADS = {
    **{
        name: vendor(name)
        for name in ("listmonk.csv", "brevo_cp1252.csv", "plain_bom.csv", "kvitto.csv")
    },
    "list": mailchimp_list(),
    "account": mailchimp_account(),
}


def listed(world: World, format_: ExportFormat) -> list[bytes]:
    """The rows of an export, in an order that is not that of random ids."""
    _, data = exported(world, format_)
    return sorted(data.splitlines())


def after(data: bytes) -> tuple[World, dict[str, dict[str, int]]]:
    world = World()
    return world, import_file(world, data)


@pytest.mark.parametrize("name", UPLOADS)
def test_an_import_of_an_export_of_an_import_changes_nothing(name: str) -> None:
    first, counted = after(UPLOADS[name])
    _, data = exported(first, ExportFormat.KVITTO)
    assert len(table(data)) > 0
    second, again = after(data)
    assert again == counted
    assert listed(second, ExportFormat.KVITTO) == listed(first, ExportFormat.KVITTO)


@pytest.mark.parametrize(
    "format_", [ExportFormat.MAILCHIMP, ExportFormat.LISTMONK, ExportFormat.BREVO]
)
@pytest.mark.parametrize("name", UPLOADS)
def test_by_way_of_another_tool_nobody_is_mailed_who_was_not_and_every_end_stays(
    name: str, format_: ExportFormat
) -> None:
    first, _ = after(UPLOADS[name])
    _, data = exported(first, format_)
    second, _ = after(data)
    before, now = standing(first), standing(second)
    assert {email for email, status in now.items() if status == "subscribed"} <= {
        email for email, status in before.items() if status == "subscribed"
    }
    ends = {"opted-out", "bounced", "complained"}
    assert {email for email, status in before.items() if status in ends} == {
        email for email, status in now.items() if status in ends
    }


def standing(world: World) -> dict[str, str]:
    rows = table(exported(world, ExportFormat.KVITTO)[1])
    return {row["email"]: row["status"] for row in rows}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(imported_rows(), min_size=1, max_size=5),
    basis=st.sampled_from(Basis),
)
def test_whatever_a_file_says_the_export_of_it_is_a_fixed_point(
    rows: list[ImportRow], basis: Basis
) -> None:
    (own,) = FILES[ExportFormat.KVITTO]
    told = [out(row, waits=row.status is not FileStatus.SUBSCRIBED) for row in rows]
    data = own.head() + b"".join(map(own.row, told))
    worlds, counts = [], []
    for _ in range(3):
        worlds.append(World())
        counts.append(import_file(worlds[-1], data, basis))
        _, data = exported(worlds[-1], ExportFormat.KVITTO)
    # The first file may have rows of which another stands, or that say what the statement does.
    assert listed(worlds[1], ExportFormat.KVITTO) == listed(worlds[2], ExportFormat.KVITTO)
    assert standing(worlds[0]) == standing(worlds[1])
    assert counts[1] == counts[2]
    ends = [row for row in rows if row.is_end]
    if len({row.address.normal for row in ends}) == len(
        {(r.address.normal, r.status) for r in ends}
    ):
        # Somebody a file knows to have left in two ways is counted under one, and told by another.
        assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "format_", [ExportFormat.KVITTO, ExportFormat.MAILCHIMP, ExportFormat.BREVO]
)
def test_who_confirmed_here_is_shown_well_enough_for_the_strictest_country(
    format_: ExportFormat,
) -> None:
    first, second = World(), World()
    first.sign_up("visitor@example.de")
    first.time.advance(60_000)
    first.settle()
    first.confirmation.confirm(first.confirm_token("visitor@example.de"), READER)
    second.time.advance(3_600_000)
    _, data = exported(first, format_)
    assert import_file(second, data) == {"DE": {"consent": 1}}
    (row,) = table(exported(second, ExportFormat.KVITTO)[1])
    assert (row["status"], row["grade"], row["claimed_grade"]) == ("subscribed", "E", "B")
