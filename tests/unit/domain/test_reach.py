# SPDX-License-Identifier: Apache-2.0
import pytest

from chalicelib.domain.events import EMAIL
from chalicelib.domain.ids import BrandId, ListId
from chalicelib.domain.reach import EVERYWHERE, Reach, reach_of, wanted_reach
from chalicelib.domain.state import Scope
from chalicelib.errors import InputError

DEMO, OTHER = BrandId("demo"), BrandId("other")
WEEKLY, DAILY = ListId("weekly"), ListId("daily")
BY_MAIL, BY_PHONE = Scope(DEMO, EMAIL), Scope(DEMO, "phone")


@pytest.mark.parametrize(
    ("reach", "scope", "list_id", "covered"),
    [
        (EVERYWHERE, BY_MAIL, None, True),
        (EVERYWHERE, BY_MAIL, WEEKLY, True),
        (EVERYWHERE, BY_PHONE, WEEKLY, False),
        (Reach(DEMO), BY_MAIL, None, True),
        (Reach(DEMO), BY_MAIL, DAILY, True),
        (Reach(OTHER), BY_MAIL, DAILY, False),
        (Reach(DEMO, "phone"), BY_MAIL, DAILY, False),
        (Reach(DEMO, "phone"), BY_PHONE, None, True),
        (Reach(DEMO, EMAIL, WEEKLY), BY_MAIL, WEEKLY, True),
        (Reach(DEMO, EMAIL, WEEKLY), BY_MAIL, DAILY, False),
        (Reach(DEMO, EMAIL, WEEKLY), BY_MAIL, None, False),
        (Reach(OTHER, EMAIL, WEEKLY), BY_MAIL, WEEKLY, False),
        (Reach(DEMO, "phone", WEEKLY), BY_MAIL, WEEKLY, False),
    ],
)
def test_a_reach_covers_its_own_mail_and_no_other(reach, scope, list_id, covered):
    assert reach.covers(scope, list_id) is covered


def test_of_several_lists_one_is_enough():
    reach = Reach(DEMO, EMAIL, WEEKLY)
    assert reach.covers_any(BY_MAIL, [DAILY, WEEKLY])
    assert not reach.covers_any(BY_MAIL, [DAILY])
    assert not reach.covers_any(BY_MAIL, [])
    assert EVERYWHERE.covers_any(BY_MAIL, [])


def test_a_brand_alone_means_all_its_mail_and_none_everybodys():
    assert reach_of(None) == EVERYWHERE
    assert reach_of(DEMO) == Reach(DEMO, EMAIL, None)
    assert reach_of(Reach(DEMO, EMAIL, DAILY)) == Reach(DEMO, EMAIL, DAILY)


def test_wider_reaches_come_first():
    reaches = [Reach(DEMO, EMAIL, WEEKLY), Reach(OTHER), Reach(DEMO), EVERYWHERE]
    assert sorted(reaches, key=lambda reach: reach.order) == [
        EVERYWHERE,
        Reach(DEMO),
        Reach(DEMO, EMAIL, WEEKLY),
        Reach(OTHER),
    ]


def test_what_is_asked_for_becomes_a_reach():
    assert wanted_reach(None, None) == EVERYWHERE
    assert wanted_reach("demo", None) == Reach(DEMO)
    assert wanted_reach("demo", "weekly") == Reach(DEMO, EMAIL, WEEKLY)


@pytest.mark.parametrize("asked", [(None, "weekly", EMAIL), ("demo", None, "phone")])
def test_a_list_without_its_brand_and_a_channel_there_is_not_are_refused(asked):
    with pytest.raises(InputError) as refused:
        wanted_reach(*asked)
    assert refused.value.code == "bad_reach"
