# SPDX-License-Identifier: Apache-2.0
"""What a process remembers of the catalogue: its own changes at once, others' within seconds."""

from dataclasses import replace

import pytest

from chalicelib.adapters.recent import (
    KEPT_MS,
    MAX_KEPT,
    Recent,
    RecentBrands,
    RecentForms,
    RecentLists,
)
from infra.local.demo_data import DEMO_BRAND, DEMO_FORM, DEMO_LIST
from tests.support.clock import FakeClock
from tests.support.faults import Moment
from tests.support.memory_catalog import CatalogRows, MemoryBrands, MemoryForms, MemoryLists

LATER = replace(DEMO_FORM, version=DEMO_FORM.version + 1)


class Calls(list):
    """The store's calls, by name."""

    def __call__(self, call, moment):
        if moment is Moment.BEFORE:
            self.append(call)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def rows():
    return CatalogRows()


@pytest.fixture
def forms(rows, calls, clock):
    made = RecentForms(MemoryForms(rows, calls), clock)
    made.create(DEMO_FORM)
    return made


def test_a_brand_and_a_list_are_read_once_in_five_seconds(rows, calls, clock):
    brands = RecentBrands(MemoryBrands(rows, calls), clock)
    lists = RecentLists(MemoryLists(rows, calls), clock)
    brands.create(DEMO_BRAND)
    lists.create(DEMO_LIST)
    calls.clear()
    for _ in range(3):
        assert brands.get(DEMO_BRAND.id) == DEMO_BRAND
        assert brands.by_code(DEMO_BRAND.code) == DEMO_BRAND
        assert lists.get(DEMO_LIST.id) == DEMO_LIST
    assert calls == ["Brands.get", "Brands.by_code", "Lists.get"]
    clock.advance(KEPT_MS)
    assert brands.get(DEMO_BRAND.id) == DEMO_BRAND
    assert calls[3:] == ["Brands.get"]
    assert brands.page(None, 1).items == (DEMO_BRAND,)
    assert lists.page(None, 1).items == (DEMO_LIST,)


def test_what_is_not_there_is_asked_for_again(rows, calls, clock):
    brands = RecentBrands(MemoryBrands(rows, calls), clock)
    assert brands.get(DEMO_BRAND.id) is None
    MemoryBrands(rows).create(DEMO_BRAND)
    assert brands.get(DEMO_BRAND.id) == DEMO_BRAND


def test_a_process_sees_the_brand_and_the_list_it_changed_at_once(rows, calls, clock):
    brands = RecentBrands(MemoryBrands(rows, calls), clock)
    lists = RecentLists(MemoryLists(rows, calls), clock)
    brands.create(DEMO_BRAND)
    assert brands.all() == (DEMO_BRAND,)
    assert lists.of_brand(DEMO_BRAND.id) == ()
    brands.by_code(DEMO_BRAND.code)
    changed = brands.replace(replace(brands.latest(DEMO_BRAND.id), name="Renamed"))
    lists.create(DEMO_LIST)
    assert brands.get(DEMO_BRAND.id) == brands.by_code(DEMO_BRAND.code) == changed
    assert brands.all() == (changed,)
    calls.clear()
    for _ in range(2):
        assert lists.of_brand(DEMO_BRAND.id) == (DEMO_LIST,)
        assert brands.all() == (changed,)
    assert calls == ["Lists.of_brand"]


def test_a_process_sees_the_form_it_published_at_once(forms):
    assert forms.get(DEMO_FORM.id) == DEMO_FORM
    forms.publish(LATER)
    assert forms.get(DEMO_FORM.id) == LATER
    assert forms.page(None, 1).items == (LATER,)


def test_another_process_sees_it_within_seconds_or_when_it_asks_for_the_latest(forms, rows, clock):
    assert forms.get(DEMO_FORM.id) == DEMO_FORM
    MemoryForms(rows).publish(LATER)
    assert forms.get(DEMO_FORM.id) == DEMO_FORM
    assert forms.latest(DEMO_FORM.id) == LATER
    assert forms.get(DEMO_FORM.id) == LATER
    MemoryForms(rows).publish(replace(LATER, version=LATER.version + 1))
    clock.advance(KEPT_MS)
    assert forms.get(DEMO_FORM.id).version == LATER.version + 1


def test_a_version_of_a_form_is_read_once_for_ever(forms, calls, clock):
    calls.clear()
    for _ in range(2):
        assert forms.get(DEMO_FORM.id, DEMO_FORM.version) == DEMO_FORM
        clock.advance(100 * KEPT_MS)
    assert calls == ["Forms.get"]


def test_a_clock_that_is_set_back_makes_nothing_younger(clock):
    recent = Recent(clock)
    recent.get("a", lambda: 1)
    clock.advance(-1)
    assert recent.get("a", lambda: 2) == 2


def test_what_changed_while_it_was_read_is_read_again(clock):
    recent = Recent(clock)

    def read():
        recent.forget("a")
        return 1

    assert recent.get("a", read) == 1
    assert recent.get("a", lambda: 2) == 2


def test_no_more_is_held_than_the_bound_and_the_oldest_goes_first(clock):
    recent = Recent(clock)
    for number in range(MAX_KEPT + 1):
        recent.get(number, lambda: "old")
    assert recent.get(1, lambda: "new") == "old"
    assert recent.get(0, lambda: "new") == "new"
