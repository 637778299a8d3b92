# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.export_rows import FILES, ExportFormat, ExportRow, ExportStatus
from chalicelib.domain.ids import BrandId, ListId, SubjectId
from chalicelib.domain.import_formats import Format, Part, detect, part_of, remapped
from chalicelib.domain.import_records import Record
from chalicelib.domain.import_row_reader import STATUS_WORDS, RowReader
from chalicelib.domain.import_rows import (
    ENDS,
    SENTENCES,
    FileStatus,
    History,
    ImportRow,
    Note,
    RowProblem,
    Unusable,
)
from chalicelib.domain.import_statement import DocumentKind
from chalicelib.domain.import_values import Clock, Dates
from chalicelib.domain.import_verdicts import claimed_grade
from chalicelib.ports.imports import Table
from tests.support.import_files import mailchimp_account, mailchimp_list, read, vendor

NOW = 1_800_000_000_000
BRAND, LIST = BrandId("demo"), ListId("newsletter")
UTC = Clock(zone="utc", dates=None, now_ms=NOW)
STOCKHOLM = Clock(zone="Europe/Stockholm", dates=None, now_ms=NOW)


def one(header: str, *cells: str, part: Part | None = None, clock: Clock = UTC, **more):
    """The row of these cells, read as the product would."""
    found = remapped(detect(header.split("|"), part=part), **{"columns": {}, **more})
    return RowReader(found, clock, BRAND, LIST).read(Record(7, cells))


def all_of(data: bytes, clock: Clock = UTC) -> dict[str, ImportRow | Unusable]:
    """Every row of a file by its address, activity files apart."""
    rows = {}
    for table, records in read(data):
        if not isinstance(table, Table):
            continue
        found = detect(table.header.cells, part=part_of(table.path))
        if found.format is Format.MAILCHIMP_ACTIVITY:
            continue
        reader = RowReader(found, clock, BRAND, LIST)
        for record in (each for each in records if isinstance(each, Record)):
            row = reader.read(record)
            rows[row.address.normal if isinstance(row, ImportRow) else f"line {row.line}"] = row
    return rows


def test_the_whole_export_of_mailchimp_is_read():
    rows = all_of(mailchimp_list(), STOCKHOLM)
    assert {name: row.status for name, row in rows.items()} == {
        "visitor@example.org": "subscribed",
        "imported@example.org": "subscribed",
        "same-time@example.org": "subscribed",
        "left@example.org": "opted-out",
        "angry@example.org": "complained",
        "gone@example.org": "bounced",
        "buyer@example.org": "not-subscribed",
    }
    person = rows["visitor@example.org"]
    assert person.tags == ("Customer", "Spring, early")
    assert person.attributes == {"first_name": 'First "A"', "last_name": "Åkerström"}
    assert (person.country, person.zone) == ("SE", "utc")
    assert (person.optin_ms, person.confirm_ms) == (1_580_702_706_000, 1_580_702_828_000)
    assert (person.optin_ip, person.confirm_ip) == ("192.0.2.10", "192.0.2.11")
    assert person.history == History(rating=4)
    assert rows["left@example.org"].ended_ms == 1_643_767_322_000
    assert rows["left@example.org"].ended_campaign == "Spring sale"
    assert rows["gone@example.org"].ended_ms == 1_646_276_583_000


def test_a_confirm_time_of_mailchimp_without_an_earlier_opt_in_is_no_double_opt_in():
    rows = all_of(mailchimp_list())
    grades = {
        name: claimed_grade(rows[f"{name}@example.org"], frozenset())
        for name in ("visitor", "imported", "same-time")
    }
    assert grades == {"visitor": "B", "imported": "E", "same-time": "C"}
    worded = frozenset({DocumentKind.WORDING, DocumentKind.CONFIRMATION_MAIL})
    assert claimed_grade(rows["visitor@example.org"], worded) == "A"


def test_opens_and_clicks_of_an_account_export_add_up_in_any_order():
    seen = []
    for table, records in read(mailchimp_account()):
        part = part_of(table.path)
        if isinstance(table, Table) and part in (Part.OPENS, Part.CLICKS):
            reader = RowReader(detect(table.header.cells, part=part), UTC, BRAND, LIST)
            seen += [reader.activity(record) for record in records]
    for order in (seen, seen[::-1]):
        history = History(rating=4)
        for each in order:
            history = each.added_to(history)
        assert history == History(
            opens=2,
            clicks=1,
            rating=4,
            last_open_ms=1_617_350_400_000,
            last_click_ms=1_617_264_060_000,
        )


def test_activity_without_a_time_or_an_address_is_unusable():
    reader = RowReader(detect(["Email", "Timestamp"], part=Part.OPENS), UTC, BRAND, LIST)
    bad_time = reader.activity(Record(3, ("visitor@example.org", "soon")))
    assert bad_time == Unusable(line=3, problem=RowProblem.BAD_TIME, column=2)
    assert reader.activity(Record(3, ("", ""))).problem is RowProblem.NO_ADDRESS


def test_the_export_of_listmonk_is_read_and_created_at_is_no_opt_in():
    rows = all_of(vendor("listmonk.csv"))
    assert [row.status for row in rows.values()] == [
        "subscribed",
        "opted-out",
        "opted-out",
        "subscribed",
    ]
    person = rows["visitor@example.org"]
    assert person.attributes == {
        "city": "Exampleton",
        "orders": "3",
        "name": "First Åkerström",
    }
    assert person.optin_ms is None
    assert claimed_grade(person, frozenset()) == "E"


def test_the_export_of_brevo_is_read_in_its_account_s_zone_and_order():
    clock = Clock(zone="Europe/Paris", dates=Dates.DAY_FIRST, now_ms=NOW)
    rows = all_of(vendor("brevo_cp1252.csv"), clock)
    assert [row.status for row in rows.values()] == ["subscribed", "opted-out", "unconfirmed"]
    person = rows["visitor@example.org"]
    assert person.attributes == {"first_name": "First", "last_name": "Åkerström"}
    assert (person.optin_ms, person.zone) == (1_613_170_800_000, "assumed Europe/Paris")
    assert claimed_grade(person, frozenset()) == "B"


def test_when_a_contact_was_added_to_brevo_is_no_opt_in_by_itself():
    header = "EMAIL|ADDED_TIME|DOUBLE_OPT-IN|OPT_IN"
    bare = one(header, "visitor@example.org", "2021-01-02", "", "")
    assert (bare.optin_ms, bare.status) == (None, FileStatus.SUBSCRIBED)
    single = one(header, "visitor@example.org", "2021-01-02", "", "true")
    assert (single.optin_ms, single.double_opt_in) == (1_609_545_600_000, False)


def test_kvitto_s_own_file_is_read_and_a_row_of_another_list_is_left_out():
    rows = all_of(vendor("kvitto.csv"))
    assert rows["visitor@example.org"].status is FileStatus.SUBSCRIBED
    assert rows["visitor@example.org"].double_opt_in
    assert rows["second@example.org"].status is FileStatus.OPTED_OUT
    third = rows["line 4"]
    assert third.problem is RowProblem.BAD_ATTRIBUTES
    header = "kvitto_export|email|status|brand|list"
    assert one(header, "1", "a@example.org", "subscribed", "demo", "").status == "subscribed"
    for brand, list_id in (("other", ""), ("demo", "events")):
        row = one(header, "1", "a@example.org", "subscribed", brand, list_id)
        assert row.problem is RowProblem.OTHER_LIST


@pytest.mark.parametrize("word", STATUS_WORDS)
def test_every_word_of_a_status_is_understood_in_any_case(word):
    row = one("email|status", "visitor@example.org", word.replace("-", "_").upper())
    assert row.status is STATUS_WORDS[word]


def test_a_status_nobody_knows_is_no_subscription():
    row = one("email|status", "visitor@example.org", "maybe")
    assert row == Unusable(line=7, problem=RowProblem.UNKNOWN_STATUS, column=2)


@pytest.mark.parametrize("cell", ["1", "yes", "TRUE", "2024-01-02", "hard bounce"])
def test_whatever_a_column_of_blocked_people_says_but_no_is_an_opt_out(cell):
    row = one("EMAIL|EMAIL_BLACKLISTED|OPT_IN", "visitor@example.org", cell, "1")
    assert row.status is FileStatus.OPTED_OUT


@pytest.mark.parametrize(
    "header",
    [
        "EMAIL|OPTIN_TIME|EMAIL_BLACKLISTED",
        "email|signup_date|blocklisted",
        "email|signup_date|unsubscribed",
        "email|signup_date|Opt-out",
        "EMAIL|OPT_IN|opted_out",
    ],
)
def test_a_column_of_who_is_out_counts_in_a_list_of_any_origin(header):
    cells = ["visitor@example.org", "2021-03-04" if "OPT_IN|" not in header else "1"]
    assert one(header, *cells, "1").status is FileStatus.OPTED_OUT
    for no in ("no", "NULL", " - ", "None"):
        assert one(header, *cells, no).status is FileStatus.SUBSCRIBED


@pytest.mark.parametrize("said", [("1", ""), ("", "1"), ("0", "1"), ("1", "0")])
def test_of_two_columns_of_who_is_out_either_counts(said):
    for header in ("email|unsubscribed|opt_out", "EMAIL|EMAIL_BLACKLISTED|OPT_IN|unsubscribed"):
        cells = said if header.startswith("email") else (said[0], "1", said[1])
        assert one(header, "visitor@example.org", *cells).status is FileStatus.OPTED_OUT


@pytest.mark.parametrize(
    ("header", "said", "status"),
    [
        ("email|unsubscribed|status", "bounced", "bounced"),
        ("email|unsubscribed|status", "complained", "complained"),
        ("email|unsubscribed|status", "subscribed", "opted-out"),
        ("email|unsubscribed|status", "maybe", "opted-out"),
        ("email|unsubscribed|unsub_reason", "marked as spam", "complained"),
    ],
)
def test_who_is_out_by_a_column_keeps_the_heavier_end_that_another_tells(header, said, status):
    assert one(header, "visitor@example.org", "1", said).status == status


def test_a_column_of_who_is_out_that_is_mapped_counts_in_a_file_of_mailchimp():
    header, cells = "email|LEID|EUID|Out", ("visitor@example.org", "1", "a", "x")
    row = one(header, *cells, part=Part.SUBSCRIBED, columns={"Out": "blocked"})
    assert row.status is FileStatus.OPTED_OUT


@pytest.mark.parametrize("cell", ["", "0", "No", "false"])
def test_who_is_not_blocked_is_subscribed(cell):
    row = one("EMAIL|EMAIL_BLACKLISTED|OPT_IN", "visitor@example.org", cell, "1")
    assert row.status is FileStatus.SUBSCRIBED


@pytest.mark.parametrize(
    ("header", "cells", "status"),
    [
        (
            "email|status|tags|attributes|unsub_time",
            ("unsubscribed", '"open', "{broken", "one day"),
            "opted-out",
        ),
        ("email|status|optin_time|optin_ip", ("bounced", "soon", "nowhere"), "bounced"),
        ("email|unsub_time", ("one day",), "opted-out"),
        ("email|status|unsub_reason", ("unsubscribed", "Marked as SPAM"), "complained"),
        ("EMAIL|EMAIL_BLACKLISTED|DOUBLE_OPT-IN", ("1", "perhaps"), "opted-out"),
        ("email|LEID|EUID|CLEAN_TIME|TAGS", ("1", "a", "soon", '"x'), "bounced"),
        ("email|LEID|EUID|UNSUB_TIME|TAGS", ("1", "a", "soon", '"x'), "opted-out"),
        ("email|LEID|EUID|UNSUB_REASON", ("1", "a", "Reported as abuse"), "complained"),
    ],
)
def test_an_end_is_taken_however_much_of_its_row_cannot_be_read(header, cells, status):
    """listmonk overwrote opt-outs and Keila left such rows out: here an end always wins."""
    row = one(header, "visitor@example.org", *cells)
    assert row.status == status
    assert row.status in ENDS
    assert row.is_end


def test_of_a_row_of_mailchimp_that_no_column_tells_of_the_file_s_name_does():
    header, cells = "email|LEID|EUID", ("visitor@example.org", "1", "a")
    parts = {part: one(header, *cells, part=part).status for part in (None, *Part)}
    assert parts == {
        None: "not-subscribed",
        Part.SUBSCRIBED: "subscribed",
        Part.UNSUBSCRIBED: "opted-out",
        Part.CLEANED: "bounced",
        Part.NONSUBSCRIBED: "not-subscribed",
        Part.OPENS: "not-subscribed",
        Part.CLICKS: "not-subscribed",
    }


@pytest.mark.parametrize(
    ("optin", "confirm", "status"),
    [
        ("2020-02-03 04:05:06", "2020-02-03 04:07:08", "subscribed"),
        ("2020-02-03 04:05:06", "2020-02-03 04:05:06", "subscribed"),
        ("2020-02-03 04:05:06", "", "not-subscribed"),
        ("", "2020-02-03 04:07:08", "not-subscribed"),
        ("2020-02-03 04:05:06", "soon", "not-subscribed"),
    ],
)
def test_a_row_of_mailchimp_without_a_file_name_is_subscribed_by_both_its_times_alone(
    optin, confirm, status
):
    header = "email|LEID|EUID|OPTIN_TIME|CONFIRM_TIME"
    assert one(header, "visitor@example.org", "1", "a", optin, confirm).status == status


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("status", ExportStatus)
def test_a_file_we_wrote_for_mailchimp_says_without_its_name_how_somebody_stands(status, waits):
    told = ExportRow(
        uid=SubjectId("A" * 22),
        email="visitor@example.org",
        status=status,
        optin_ms=1_600_000_000_000 if waits else None,
        confirm_ms=1_600_000_060_000 if waits else None,
    )
    (file,) = (each for each in FILES[ExportFormat.MAILCHIMP] if status in each.statuses)
    rows = all_of(file.head() + file.row(told))
    expected = FileStatus.NOT_SUBSCRIBED if status is ExportStatus.WAITING else status
    assert rows["visitor@example.org"].status == expected


def test_a_mapped_status_of_mailchimp_is_read_and_an_unknown_word_subscribes_nobody():
    header, cells = "email|LEID|EUID|Stand", ("visitor@example.org", "1", "a")
    columns = {"Stand": "status"}
    assert one(header, *cells, "subscribed", columns=columns).status == "subscribed"
    assert one(header, *cells, "pending", columns=columns).status == "unconfirmed"
    odd = one(header, *cells, "maybe", columns=columns)
    assert odd.problem is RowProblem.UNKNOWN_STATUS


@pytest.mark.parametrize(
    ("header", "cells", "problem", "column"),
    [
        ("email|name", (" ", "x"), RowProblem.NO_ADDRESS, 1),
        ("email|name", ("not an address", "x"), RowProblem.MALFORMED_ADDRESS, 1),
        ("email|tags|x", ("a@example.org", '"x', ""), RowProblem.BAD_TAGS, 2),
        ("email|name|attributes", ("a@example.org", "", "[1]"), RowProblem.BAD_ATTRIBUTES, 3),
        ("email|DOUBLE_OPT-IN", ("a@example.org", "perhaps"), RowProblem.UNKNOWN_STATUS, 2),
        ("email|OPT_IN", ("a@example.org", "perhaps"), RowProblem.UNKNOWN_STATUS, 2),
    ],
)
def test_a_row_that_cannot_be_used_says_which_column_and_why(header, cells, problem, column):
    assert one(header, *cells) == Unusable(line=7, problem=problem, column=column)


@pytest.mark.parametrize("problem", RowProblem)
def test_every_problem_has_a_sentence(problem):
    assert SENTENCES[problem].endswith(".")


def test_attributes_are_kept_by_choice_and_have_a_length():
    header, person = "email|Shoe size|colour", "visitor@example.org"
    assert one(header, person, "44", "red").attributes == {}
    kept = one(header, person, "44", "red", keep=["Shoe size"])
    assert kept.attributes == {"shoe_size": "44"}
    long = one(header, person, "4" * 2_501, "", keep=["Shoe size"])
    assert long.problem is RowProblem.TOO_LONG
    ended = one(f"{header}|status", person, "4" * 2_501, "", "bounced", keep=["Shoe size"])
    assert (ended.status, ended.attributes) == (FileStatus.BOUNCED, {})


def test_what_cannot_be_read_of_somebody_used_is_noted_and_left_out():
    header = "email|optin_time|optin_ip|country|opens|attributes|x"
    row = one(header, "a@example.org", "soon", "here", "Atlantis", "many", '{"a":{"b":1}}', "")
    assert row.notes == set(Note)
    assert (row.optin_ms, row.optin_ip, row.country, row.history) == (None, "", None, None)


def test_a_time_whose_day_nobody_told_is_left_out_and_lowers_the_grade():
    header = "email|optin_time|source"
    unclear = one(header, "a@example.org", "03-04-2021", "shop")
    assert (unclear.optin_ms, unclear.notes) == (None, {Note.TIME})
    told = Clock(zone="utc", dates=Dates.DAY_FIRST, now_ms=NOW)
    clear = one(header, "a@example.org", "03-04-2021", "shop", clock=told)
    grades = [claimed_grade(row, frozenset()) for row in (unclear, clear)]
    assert grades == ["E", "C"]


def test_the_sale_of_a_row_is_read():
    header = "email|order|product|order_date|objection_how|objection_time"
    sale = one(header, "a@example.org", "17", "tools", "2021-01-02", "box", "2021-01-02").sale
    assert (sale.reference, sale.product, sale.objection_how) == ("17", "tools", "box")
    assert sale.at_ms == sale.objection_at_ms == 1_609_545_600_000
    assert one(header, "a@example.org", "", "", "", "", "").sale is None


def test_a_language_is_a_tag_or_nothing():
    tags = [one("email|language", "a@example.org", x).language for x in ("sv_SE", "DE", "<b>", "")]
    assert tags == ["sv-se", "de", "", ""]


HEADERS = (
    "Email Address|OPTIN_TIME|CONFIRM_TIME|UNSUB_TIME|CLEAN_TIME|MEMBER_RATING|LEID|EUID|CC|TAGS",
    "uuid|email|name|attributes|status",
    "EMAIL|DOUBLE_OPT-IN|OPT_IN|EMAIL_BLACKLISTED|ADDED_TIME",
    "email|status|optin_time|country|tags|attributes|order|order_date",
)
CELLS = st.one_of(
    st.sampled_from(
        ["", "visitor@example.org", "1", "2", "0", "2021-01-02", "13-02-2021", "{}", '"a","b"']
    ),
    st.text(max_size=30),
)


@given(st.sampled_from(HEADERS), st.data())
def test_whatever_stands_in_a_row_is_a_row_or_a_reason_and_never_an_error(header, data):
    cells = [data.draw(CELLS) for _ in header.split("|")]
    row = one(header, *cells)
    if isinstance(row, Unusable):
        assert row.line == 7
        assert row.column is None or 1 <= row.column <= len(cells)
    else:
        assert row.address.typed in cells or row.address.typed in map(str.strip, cells)
        assert "visitor@" not in repr(row)


def test_what_we_exported_of_somebody_who_waits_is_read_as_what_was_claimed_of_them():
    header = "kvitto_export|email|status|claimed_status|optin_time|zone|attributes"
    told = "1|visitor@example.org|waiting|{}|2024-05-01T00:00:00.000Z|{}|"
    for claimed, status in (
        ("subscribed", FileStatus.SUBSCRIBED),
        ("not-subscribed", FileStatus.NOT_SUBSCRIBED),
        ("", FileStatus.UNCONFIRMED),
        ("nonsense", FileStatus.UNCONFIRMED),
    ):
        row = one(header, *told.format(claimed, "assumed Europe/Stockholm").split("|"))
        assert (row.status, row.zone) == (status, "assumed Europe/Stockholm")
    assert one(header, *told.format("", "somewhere").split("|")).zone == "utc"


def test_an_attribute_of_the_json_stays_where_no_column_of_its_own_says_otherwise():
    said = '{"first_name":"Anna","name":"Anna A"}'
    row = one(
        "kvitto_export|email|status|attributes", "1", "visitor@example.org", "subscribed", said
    )
    assert row.attributes == {"first_name": "Anna", "name": "Anna A"}
    row = one(
        "uuid|email|name|attributes|status", "1", "visitor@example.org", "Bo", said, "enabled"
    )
    assert row.attributes == {"first_name": "Anna", "name": "Bo"}
