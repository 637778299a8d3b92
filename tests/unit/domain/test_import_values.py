# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.import_values import (
    Clock,
    Dates,
    DateSigns,
    UnreadableError,
    attribute_name,
    date_signs,
    read_attributes,
    read_count,
    read_flag,
    read_ip,
    read_tags,
    short,
)

NOW = 1_800_000_000_000
MARCH_4 = 1_614_834_367_000  # 2021-03-04 05:06:07 UTC


def clock(zone: str = "utc", dates: Dates | None = None) -> Clock:
    return Clock(zone=zone, dates=dates, now_ms=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-04 05:06:07",
        "2021-03-04T05:06:07Z",
        "2021-03-04T06:06:07+01:00",
        " 2021-03-04  05:06:07 UTC ",
        "2021-03-04 05:06:07 +0000 UTC",
        "2021-03-04 07:06:07.000000 +0200 CEST",
        "2021-03-04 08:36:07.000999 +0330 +0330",
        "2021-03-04 05:06:07.0 +0000 UTC m=+0.003",
        "2021/03/04 05:06:07",
    ],
)
def test_a_time_of_any_tool_is_one_moment(text):
    assert clock().read(text) == MARCH_4


@pytest.mark.parametrize(
    "text", ["", "  ", "0000-00-00 00:00:00", "0001-01-01 00:00:00 +0000 UTC", "null", "N/A", "-"]
)
def test_an_empty_or_zero_time_is_none(text):
    assert clock().read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2021-13-04",
        "2021-02-30 00:00:00",
        "2021-03-04 25:00:00",
        "1985-01-01",
        "2121-01-01",
        "04-03-21",
        "1614834367",
        "2021-03-04 05:06:07 somewhere",
        "9999-12-31 23:59:59-12:00",
        "٢٠٢١-03-04 05:06:07 x",
    ],
)
def test_what_is_no_time_lies_in_the_future_or_before_1990_is_none_that_is_guessed(text):
    with pytest.raises(UnreadableError):
        clock().read(text)


def test_a_time_without_a_zone_is_read_in_the_zone_stated_and_known_to_be():
    stockholm = clock("Europe/Stockholm")
    assert stockholm.read("2021-03-04 06:06:07") == MARCH_4
    assert stockholm.is_assumed("2021-03-04 06:06:07")
    assert not stockholm.is_assumed("2021-03-04 06:06:07 +0100")
    assert not clock().is_assumed("2021-03-04 06:06:07")


@pytest.mark.parametrize("text", ["2021-10-31 02:30:00", "2021-03-28 02:30:00"])
def test_the_hour_that_is_twice_and_the_one_that_is_not_are_times_all_the_same(text):
    assert clock("Europe/Stockholm").read(text) is not None


def test_day_and_month_are_told_apart_or_are_no_time():
    both = {order: clock(dates=order).read("03-04-2021") for order in Dates}
    assert both[Dates.DAY_FIRST] == clock().read("2021-04-03")
    assert both[Dates.MONTH_FIRST] == clock().read("2021-03-04")
    assert clock().read("25-04-2021") == clock().read("04/25/2021") == clock().read("2021-04-25")
    assert clock().read("03.03.2021 07:08") == clock().read("2021-03-03 07:08:00")
    with pytest.raises(UnreadableError):
        clock().read("03-04-2021")
    with pytest.raises(UnreadableError):
        clock(dates=Dates.MONTH_FIRST).read("25-04-2021")


def test_one_day_above_twelve_decides_for_the_file_and_two_that_differ_ask():
    assert date_signs(["03-04-2021", "", "13-02-2021"]).order is Dates.DAY_FIRST
    assert date_signs(["03-04-2021", "02/13/2021"]).order is Dates.MONTH_FIRST
    for unclear in (["03-04-2021"], ["13-02-2021", "02-13-2021"]):
        assert date_signs(unclear).asks
    for none in ([], ["2021-03-04", "x"]):
        assert not date_signs(none).asks
    assert not date_signs(["13-02-2021"]).asks


@given(st.lists(st.sampled_from(["03-04-2021", "13-02-2021", "02-13-2021", "x"])), st.data())
def test_signs_of_a_file_read_in_pieces_are_those_of_the_whole(cells, data):
    at = data.draw(st.integers(0, len(cells)))
    assert date_signs(cells[:at]).joined(date_signs(cells[at:])) == date_signs(cells)
    assert DateSigns().joined(date_signs(cells)) == date_signs(cells)


def test_a_flag_is_yes_no_nothing_or_refused():
    assert [read_flag(x) for x in ("1", "Ja", " TRUE", "oui")] == [True] * 4
    assert [read_flag(x) for x in ("0", "Nein", "false ", "non")] == [False] * 4
    assert read_flag(" ") is None
    with pytest.raises(UnreadableError):
        read_flag("maybe")


def test_tags_are_a_quoted_list_in_a_cell():
    assert read_tags('"A","B, c"') == ("A", "B, c")
    assert read_tags('"say ""hi""", plain ,,plain') == ('say "hi"', "plain")
    assert read_tags("one; two") == ("one; two",)
    assert read_tags("") == ()


@pytest.mark.parametrize("text", ['"A","B', '"A"b', ",".join(map(str, range(101)))])
def test_tags_whose_quotes_do_not_match_or_that_are_too_many_are_refused(text):
    with pytest.raises(UnreadableError):
        read_tags(text)


def test_attributes_are_the_plain_members_of_an_object():
    assert read_attributes('{"City":"X","n":3,"ok":true}') == (
        {"city": "X", "n": "3", "ok": "yes"},
        False,
    )
    assert read_attributes('{"a":"b","deep":{"x":1},"gone":null}') == ({"a": "b"}, True)
    assert read_attributes("") == ({}, False)
    for bad in ("{", "[]", '"x"', "NaN", "=1+1"):
        with pytest.raises(UnreadableError):
            read_attributes(bad)


def test_addresses_of_networks_and_counts_are_read_or_refused():
    assert read_ip(" 192.0.2.7 ") == "192.0.2.7"
    assert read_ip("2001:DB8:0:0::1") == "2001:db8::1"
    assert (read_ip(""), read_count(""), read_count("12")) == ("", None, 12)
    for read, bad in ((read_ip, "192.0.2"), (read_count, "-1"), (read_count, "9" * 10)):
        with pytest.raises(UnreadableError):
            read(bad)


def test_names_and_texts_are_kept_short():
    assert attribute_name("  Favourite-Colour! ") == "favourite_colour"
    assert len(short("x" * 5_000)) == 1_000
