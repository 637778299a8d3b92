# SPDX-License-Identifier: Apache-2.0
import pytest

from chalicelib.domain.import_formats import Field, Format, Layout, Part, detect, part_of, remapped
from chalicelib.errors import InputError
from tests.support.import_files import read, vendor

PEOPLE = [["visitor@example.org", "x"], ["second@example.org", "y"]]


def layout(header: str, **more) -> Layout:
    return detect(header.split(","), **more)


@pytest.mark.parametrize(
    ("header", "format_"),
    [
        ("kvitto_export,email,status", Format.KVITTO),
        ("Email Address,First Name,LEID,EUID,TAGS", Format.MAILCHIMP),
        ("E-mail,MEMBER_RATING,OPTIN_TIME,OPTIN_IP", Format.MAILCHIMP),
        ("uuid,email,name,attributes,status,created_at,updated_at", Format.LISTMONK),
        ("email,name,attributes", Format.LISTMONK),
        ("email,name", Format.LISTMONK),
        ("EMAIL,FIRSTNAME,DOUBLE_OPT-IN,OPT_IN", Format.BREVO),
        ("email,added_time,modified_time", Format.BREVO),
        ("EMAIL,Email Blacklisted", Format.BREVO),
        ("email", Format.PLAIN),
        ("E-postadress,Förnamn,Land", Format.PLAIN),
        ("Adresse e-mail,Prénom,Pays", Format.PLAIN),
        ("E-Mail-Adresse,Vorname,Status", Format.PLAIN),
    ],
)
def test_a_format_is_told_by_its_columns(header, format_):
    found = layout(header)
    assert found.format is format_
    assert found.place(Field.EMAIL) is not None


def test_the_name_of_a_file_makes_no_format():
    assert layout("email,country", part=Part.UNSUBSCRIBED).part is None
    activity = layout("Email,Timestamp,IP", part=Part.OPENS)
    assert (activity.format, activity.part) == (Format.MAILCHIMP_ACTIVITY, Part.OPENS)
    assert layout("Email,Timestamp,IP").format is Format.PLAIN


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("lists/News/subscribed_members_export_1.csv", Part.SUBSCRIBED),
        ("unsubscribed_members_export_1.csv", Part.UNSUBSCRIBED),
        ("cleaned_members_export_1.csv", Part.CLEANED),
        ("nonsubscribed_members_export_1.csv", Part.NONSUBSCRIBED),
        ("a/transactional_members.csv", Part.NONSUBSCRIBED),
        ("x/spring_granular_activity/opens/1.csv", Part.OPENS),
        ("granular_activity/clicks/1.csv", Part.CLICKS),
        ("granular_activity/bounces/1.csv", None),
        ("campaigns.csv", None),
    ],
)
def test_the_name_of_a_file_tells_its_part(name, part):
    assert part_of(name) is part


def test_the_column_of_addresses_is_found_by_what_is_in_it():
    found = detect(["who", "what"], PEOPLE)
    assert found.place(Field.EMAIL) == 0
    mostly = [PEOPLE[0]] * 9 + [["nobody", "z"]]
    assert detect(["who", "what"], mostly).place(Field.EMAIL) == 0


@pytest.mark.parametrize(
    ("header", "rows", "code"),
    [
        (["who", "what"], [], "no_address_column"),
        (["who", "what"], [["x", "y"]], "no_address_column"),
        (["who", "what"], [["a@example.org", "b@example.org"]], "no_address_column"),
        (["who", "what"], [PEOPLE[0]] * 8 + [["x", "y"]] * 2, "no_address_column"),
        (["visitor@example.org", "x"], PEOPLE, "no_header"),
        (["", " "], PEOPLE, "no_header"),
        (["email"], [["ab" * 32]], "hashed_addresses"),
        (["AB" * 32], [], "hashed_addresses"),
    ],
)
def test_a_file_that_is_no_list_of_addresses_is_refused_in_words(header, rows, code):
    with pytest.raises(InputError, match="Nothing was imported") as refused:
        detect(header, rows)
    assert refused.value.code == code


def test_of_two_columns_for_the_same_the_first_counts():
    found = layout("email,e-mail,language,lang")
    assert found.fields == (Field.EMAIL, None, Field.LANGUAGE, None)


def test_a_column_is_left_out_unless_it_is_known_or_chosen():
    found = layout("email,colour,Shoe size")
    assert found.fields == (Field.EMAIL, None, None)
    chosen = remapped(found, {"colour": "country"}, keep=["Shoe size"])
    assert chosen.fields == (Field.EMAIL, Field.COUNTRY, Field.KEEP)
    assert chosen.kept == ("Shoe size",)
    assert remapped(chosen, {"colour": ""}).fields == (Field.EMAIL, None, Field.KEEP)


@pytest.mark.parametrize(
    ("columns", "keep"),
    [
        ({"nothing": "email"}, ()),
        ({"colour": "smell"}, ()),
        ({"colour": "email"}, ()),
        ({"email": ""}, ()),
        ({}, ("nothing",)),
    ],
)
def test_a_mapping_that_fits_no_file_is_refused(columns, keep):
    with pytest.raises(InputError, match="bad_mapping"):
        remapped(layout("email,colour"), columns, keep)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("kvitto.csv", Format.KVITTO),
        ("listmonk.csv", Format.LISTMONK),
        ("brevo_cp1252.csv", Format.BREVO),
        ("plain_bom.csv", Format.PLAIN),
        ("plain_utf16.csv", Format.PLAIN),
        ("plain_one_column.csv", Format.PLAIN),
        ("mailchimp/lists/newsletter/unsubscribed_members_export.csv", Format.MAILCHIMP),
    ],
)
def test_every_tool_s_own_file_is_known(name, format_):
    ((table, _),) = read(vendor(name))
    assert detect(table.header.cells).format is format_
