# SPDX-License-Identifier: Apache-2.0
"""What may be asked of an import: the brand's own where nothing is said, and refusals in words."""

from dataclasses import replace

import pytest

from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.ids import ListId
from chalicelib.domain.import_formats import Field, detect
from chalicelib.domain.import_found import ReadFile, TableSeen
from chalicelib.domain.import_statement import Basis
from chalicelib.domain.import_values import Dates
from chalicelib.domain.import_wishes import (
    NewImport,
    Remap,
    asked_to_judge,
    asked_to_read,
    judged_otherwise,
    mapped,
    read_otherwise,
    target_of,
)
from chalicelib.domain.imports import JudgedBy, Mode, OptOuts, ReadAs
from chalicelib.errors import InputError
from infra.local.demo_data import DEMO_BRAND

LIST = ListId("newsletter")
HEADERS = ("Email", "Shoe", "Country")


def asked(**said):
    return NewImport(brand="demo", list="newsletter", **said)


def seen(headers=HEADERS):
    layout = detect(headers)
    return TableSeen(
        format=layout.format,
        headers=headers,
        fields=tuple(str(field or "") for field in layout.fields),
    )


FILE = ReadFile(mac="m", tables=(seen(), seen(("Email", "Hat"))))


def refusal(make, *args):
    with pytest.raises(InputError) as refused:
        make(*args)
    assert refused.value.detail
    return refused.value.code


def test_what_is_not_said_is_the_brands_own():
    target = target_of(asked(), DEMO_BRAND, LIST)
    assert (target.purposes, target.mode) == (("newsletter",), Mode.IMPORT)
    assert target.opt_outs is OptOuts.BRAND
    assert asked_to_read(asked(), DEMO_BRAND).zone == "utc"
    in_paris = replace(DEMO_BRAND, time_zone="Europe/Paris")
    assert asked_to_read(asked(), in_paris).zone == "Europe/Paris"
    alone = replace(DEMO_BRAND, unsubscribe_scope=UnsubscribeScope.LIST)
    assert target_of(asked(), alone, LIST).opt_outs is OptOuts.LIST


def test_what_is_said_stands():
    said = asked(
        purposes=("offers", "offers"),
        opt_outs=OptOuts.LIST,
        zone="UTC",
        dates=Dates.DAY_FIRST,
        keep=("Shoe",),
        columns={"Mail": "email"},
    )
    target, read_as = target_of(said, DEMO_BRAND, LIST), asked_to_read(said, DEMO_BRAND)
    assert (target.purposes, target.opt_outs) == (("offers",), OptOuts.LIST)
    assert read_as == ReadAs(
        zone="utc", dates=Dates.DAY_FIRST, columns={"Mail": "email"}, keep=("Shoe",)
    )


@pytest.mark.parametrize(
    "purposes",
    [("measurement",), ("newsletter", "profiling"), (), tuple(f"p{n}" for n in range(11))],
)
def test_no_file_gives_measuring_profiling_nothing_or_too_much(purposes):
    assert refusal(target_of, asked(purposes=purposes), DEMO_BRAND, LIST) == "bad_purpose"


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc", "x" * 300])
def test_a_zone_that_does_not_exist_is_refused(zone):
    assert refusal(asked_to_read, asked(zone=zone), DEMO_BRAND) == "unknown_time_zone"


@pytest.mark.parametrize(
    "said",
    [
        {"country": "XX"},
        {"basis": Basis.SOFT_OPT_IN},
        {"basis": Basis.CONSENT, "objection_at_ms": 1},
    ],
)
def test_a_basis_and_a_country_must_hold_together(said):
    assert refusal(asked_to_judge, asked(**said)) == "bad_statement"


def test_a_change_leaves_what_it_does_not_name():
    held = ReadAs(zone="Europe/Berlin", dates=Dates.DAY_FIRST, keep=("Shoe",))
    assert read_otherwise(held, Remap(), FILE) == held
    changed = read_otherwise(held, Remap(zone="Europe/Paris", columns={"Shoe": ""}), FILE)
    assert changed == replace(held, zone="Europe/Paris", columns={"Shoe": ""})


def test_a_change_of_the_basis_takes_the_objection_with_it():
    sold = JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=5, country="SE")
    assert judged_otherwise(sold, Remap(country="DE")) == replace(sold, country="DE")
    assert judged_otherwise(sold, Remap(basis=Basis.CONSENT)) == JudgedBy(country="SE")
    assert judged_otherwise(JudgedBy(), Remap(basis=Basis.SOFT_OPT_IN, objection_at_ms=7)) == (
        JudgedBy(basis=Basis.SOFT_OPT_IN, objection_at_ms=7)
    )
    assert refusal(judged_otherwise, JudgedBy(), Remap(basis=Basis.SOFT_OPT_IN)) == "bad_statement"


@pytest.mark.parametrize(
    "said",
    [
        Remap(columns={"Nothing": "name"}),
        Remap(keep=("Nothing",)),
        Remap(columns={"Shoe": "no-field"}),
        Remap(columns={"Shoe": "country"}),
        Remap(columns={"Email": ""}),
    ],
)
def test_columns_no_table_has_and_fields_no_column_can_be_are_refused(said):
    assert refusal(read_otherwise, ReadAs(), said, FILE) == "bad_mapping"


def test_no_more_columns_are_chosen_than_a_record_holds():
    many = {f"{number:03}" + "é" * 150: "" for number in range(500)}
    assert refusal(asked_to_read, asked(columns=many), DEMO_BRAND) == "bad_mapping"
    assert refusal(read_otherwise, ReadAs(), Remap(keep=tuple(many)), None) == "bad_mapping"


def test_before_the_file_is_read_nobody_can_tell_which_columns_it_has():
    said = Remap(columns={"Anything": "email"})
    assert read_otherwise(ReadAs(), said, None).columns == {"Anything": "email"}


def test_a_table_is_mapped_as_far_as_it_has_the_columns():
    read_as = ReadAs(columns={"Hat": "name"}, keep=("Shoe", "Glove"))
    layout = mapped(detect(HEADERS), read_as)
    assert layout.fields == (Field.EMAIL, Field.KEEP, Field.COUNTRY)
