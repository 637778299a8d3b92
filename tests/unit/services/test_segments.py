# SPDX-License-Identifier: Apache-2.0
"""What a segment may ask about depends on the brand's lists, forms and campaigns, and on time."""

from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import CampaignStatus, Content
from chalicelib.domain.catalog import Brand
from chalicelib.domain.forms import Box, Field, FieldType
from chalicelib.domain.ids import BrandId, CampaignId, FormId, PurposeId
from chalicelib.domain.lifecycle import DEFAULT_RULES, dump_rules
from chalicelib.domain.segments import SegmentError
from chalicelib.errors import Conflict, InputError, NotFound
from chalicelib.services.segments import RESERVED
from infra.local.demo_data import DEMO_FORM
from tests.support.catalog_examples import CAMPAIGN
from tests.support.form_examples import FULL_FORM
from tests.support.world import World

BUYERS = {"fact": "orders.count", "op": "gte", "value": 2}
SECOND = Brand(
    id=BrandId("second"),
    code="0b1c2d3e",
    name="Second",
    controller_name="Example Controller",
    postal_address="1 Example Street",
    contact_address="privacy@example.org",
    from_address="second@example.org",
)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def segments(world):
    return world.segments


def fact(name, op, *value, **qualifiers):
    return {"fact": name, "op": op, **({"value": value[0]} if value else {}), **qualifiers}


def problems(segments, where, brand="demo"):
    with pytest.raises(SegmentError) as refused:
        segments.check(brand, where)
    return refused.value.problems


def codes(found):
    return [(each.place, str(each.code)) for each in found]


def republish(world, form, **changes):
    """Publish a form anew a minute later."""
    world.time.advance(60_000)
    world.setup.replace_form(replace(form, notices=(), **changes))


def box(name):
    return Box(name=name, purpose=PurposeId(name), text=DEMO_FORM.boxes[0].text)


class TestWhatIsKnown:
    def test_a_field_has_the_type_it_has_in_the_brands_forms(self, world, segments):
        world.setup.add_form(FULL_FORM)
        assert segments.check("demo", fact("field.beds", "gte", 3)) == ()
        asked = {"any": [fact("field.beds", "eq", "3"), fact("field.zone", "lt", "2")]}
        assert problems(segments, asked) == {
            "where.any[0].value": "wrong_type",
            "where.any[1].op": "unknown_op",
        }

    def test_of_several_forms_the_one_published_last_says_the_type(self, world, segments):
        beds = Field(name="beds", type=FieldType.TEXT, label=FULL_FORM.title)
        world.setup.add_form(FULL_FORM)
        world.time.advance(1_000)
        fields = (*DEMO_FORM.fields, beds)
        world.setup.add_form(replace(DEMO_FORM, id=FormId("another"), fields=fields))
        assert segments.check("demo", fact("field.beds", "starts_with", "3")) == ()
        republish(world, FULL_FORM)
        assert segments.check("demo", fact("field.beds", "gte", 3)) == ()

    def test_the_mail_address_is_no_fact(self, segments):
        assert problems(segments, fact("field.email", "exists")) == {"where.fact": "unknown_fact"}

    def test_lists_are_those_of_the_brand(self, world, segments):
        world.setup.add_brand(SECOND)
        world.setup.add_list("letters", "second", "Letters")
        assert segments.check("demo", fact("since", "exists", list="newsletter")) == ()
        for name in ("letters", "nowhere"):
            asked = fact("since", "exists", list=name)
            assert problems(segments, asked) == {"where.list": "unknown_list"}
        assert segments.check("second", fact("since", "exists", list="letters")) == ()

    def test_purposes_are_those_any_version_of_a_form_ever_asked_for(self, world, segments):
        def asked(purpose):
            return fact("consent", "eq", "given", list="newsletter", purpose=purpose)

        assert segments.check("demo", asked("measurement")) == ()
        assert problems(segments, asked("surveys")) == {"where.purpose": "unknown_purpose"}
        republish(world, DEMO_FORM, boxes=(*DEMO_FORM.boxes, box("surveys")))
        republish(world, replace(DEMO_FORM, version=2))
        assert segments.check("demo", asked("surveys")) == ()
        assert problems(segments, asked("others")) == {"where.purpose": "unknown_purpose"}

    def test_without_a_form_every_purpose_may_come(self, world, segments):
        world.setup.add_brand(SECOND)
        world.setup.add_list("letters", "second", "Letters")
        asked = fact("consent", "eq", "given", list="letters", purpose="letters")
        assert segments.check("second", asked) == ()

    def test_campaigns_are_those_of_the_brand(self, world, segments):
        world.setup.add_brand(SECOND)
        content = Content(subject="Hello", html="<p>Hello</p>")
        ours, theirs = (
            replace(CAMPAIGN, id=CampaignId(letter * 21 + "A"), brand=BrandId(brand))
            for letter, brand in (("A", "demo"), ("B", "second"))
        )
        for each in (ours, theirs):
            world.campaign_rows.create(each, content)
        asked = fact("mail.opened.campaigns", "contains_any", [ours.id, theirs.id, "gone"])
        assert problems(segments, asked) == {
            "where.value[1]": "unknown_campaign",
            "where.value[2]": "unknown_campaign",
        }

    def test_a_brand_must_exist_and_its_name_be_one(self, segments):
        for brand in ("nobody", "no body", "x" * 4_000):
            with pytest.raises(InputError) as refused:
                segments.check(brand, BUYERS)
            assert refused.value.code == "unknown_brand"


class TestStored:
    def test_what_a_form_says_later_warns_and_changes_no_segment(self, world, segments):
        world.setup.add_form(FULL_FORM)
        made = segments.create(
            segment_id="gardeners", brand_id="demo", name="G", where=fact("field.beds", "gte", 3)
        )
        assert made.warnings == ()
        fields = tuple(each for each in FULL_FORM.fields if each.name != "beds")
        beds = Field(name="beds", type=FieldType.TEXT, label=FULL_FORM.title)
        republish(world, FULL_FORM, fields=(*fields, beds))
        seen = segments.get("gardeners")
        assert codes(seen.warnings) == [("where", "mixed_types")]
        assert seen.segment == made.segment
        republish(world, FULL_FORM, version=2, fields=fields)
        assert codes(segments.get("gardeners").warnings) == [("where", "no_such_field")]

    def test_a_change_is_read_with_the_types_of_its_day(self, world, segments):
        world.setup.add_form(FULL_FORM)
        segments.create(
            segment_id="gardeners", brand_id="demo", name="G", where=fact("field.beds", "gte", 3)
        )
        fields = tuple(each for each in FULL_FORM.fields if each.name != "beds")
        republish(world, FULL_FORM, fields=fields)
        with pytest.raises(SegmentError):
            segments.replace("gardeners", version=1, name="G", where=fact("field.beds", "gte", 3))
        assert segments.get("gardeners").segment.version == 1

    def test_a_day_is_judged_in_the_brands_zone(self, world, segments):
        world.setup.change_brand("demo", {"time_zone": "Pacific/Kiritimati"})
        # It is the next day there already: nobody's last order is of a day to come.
        today = {"all": [fact("orders.last", "gt", {"ago": {"days": 0}}),
                         fact("orders.last", "lt", {"ago": {"days": 0}})]}  # fmt: skip
        assert codes(segments.check("demo", today)) == [("where.all[1]", "never_true")]

    @pytest.mark.parametrize("status", CampaignStatus)
    def test_it_is_not_deleted_while_a_campaign_waits_for_it(self, world, segments, status):
        segments.create(segment_id="buyers", brand_id="demo", name="B", where=BUYERS)
        named = replace(CAMPAIGN, segment="buyers", status=status)
        world.campaign_rows.create(named, Content(subject="Hello", html="<p>Hello</p>"))
        if status in (CampaignStatus.SENT, CampaignStatus.CANCELLED):
            segments.delete("buyers")
            with pytest.raises(NotFound):
                segments.get("buyers")
            return
        with pytest.raises(Conflict, match=named.id):
            segments.delete("buyers")
        assert segments.get("buyers").segment.version == 1

    def test_campaigns_in_the_way_are_named_three_at_most(self, world, segments):
        segments.create(segment_id="buyers", brand_id="demo", name="B", where=BUYERS)
        ids = [letter * 21 + "A" for letter in "ABCD"]
        for each in ids:
            named = replace(CAMPAIGN, id=CampaignId(each), segment="buyers")
            world.campaign_rows.create(named, Content(subject="Hello", html="<p>Hello</p>"))
        with pytest.raises(Conflict) as refused:
            segments.delete("buyers")
        assert ", ".join(ids[:3]) + " …" in str(refused.value)
        assert ids[3] not in str(refused.value)

    def test_a_campaign_names_one_of_its_own_brand(self, world, segments):
        world.setup.add_brand(SECOND)
        made = segments.create(segment_id="buyers", brand_id="demo", name="B", where=BUYERS)
        assert segments.named_by(BrandId("demo"), "buyers") == made.segment
        for brand, name, code in (
            ("demo", "nobody", "unknown_segment"),
            ("second", "buyers", "segment_of_another_brand"),
        ):
            with pytest.raises(InputError) as refused:
                segments.named_by(BrandId(brand), name)
            assert refused.value.code == code


class TestLifeCycle:
    def test_the_fields_it_names_are_those_that_are_warned_about(self, world, segments):
        asked = fact("person.age", "gte", 30)
        assert codes(segments.check("demo", asked)) == [("where", "no_such_field")]
        world.setup.add_form(FULL_FORM)
        rules = {**dump_rules(DEFAULT_RULES), "facts": {"birth_date": "since"}}
        segments.change_lifecycle("demo", rules)
        assert segments.check("demo", asked) == ()

    def test_rules_are_the_default_until_there_are_others(self, segments):
        assert segments.rules("demo") == DEFAULT_RULES
        changed = segments.change_lifecycle("demo", {"version": 0, "stage": [], "activity": []})
        assert changed.rules.version == 1
        assert segments.rules("demo") == changed.rules


@pytest.mark.parametrize("taken", sorted(RESERVED))
def test_an_id_that_is_an_address_of_ours_is_refused(segments, taken):
    with pytest.raises(InputError, match="bad_id"):
        segments.create(segment_id=taken, brand_id="demo", name="Buyers", where=BUYERS)
