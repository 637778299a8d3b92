# SPDX-License-Identifier: Apache-2.0
"""Freezing: what a campaign says and whom it is for, each by its own hash."""

import hashlib
import json
from dataclasses import replace

import pytest

from chalicelib.domain.campaigns import Content
from chalicelib.domain.content import ContentKind
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.lifecycle import DEFAULT_RULES, dump_rules
from chalicelib.errors import FatalError, InputError, NotFound, NotTested
from chalicelib.services.frozen_contents import KEPT, FrozenContents, content_key, segment_key
from tests.support.planning import PLAIN, PlanWorld

ANNA = {"fact": "field.first_name", "op": "eq", "value": "Anna"}


@pytest.fixture
def world():
    return PlanWorld()


def stored(world, key):
    return world.outside_rows.blobs[key].data


def test_both_are_stored_under_the_hash_of_their_bytes(world):
    campaign = world.started(segment=world.segment(ANNA))
    document = stored(world, content_key(campaign.content_sha256))
    assert hashlib.sha256(document).hexdigest() == campaign.content_sha256
    reference = json.loads(document)["segment"]
    segment = stored(world, segment_key(reference["sha256"]))
    assert hashlib.sha256(segment).hexdigest() == reference["sha256"]
    assert (reference["id"], reference["version"]) == ("some", 1)
    frozen = json.loads(segment)
    assert frozen["now_ms"] == campaign.started_ms
    assert frozen["segment"]["where"] == ANNA
    assert frozen["lifecycle"] == dump_rules(DEFAULT_RULES)


def test_the_rule_itself_does_not_stand_in_what_goes_to_strangers(world):
    campaign = world.started(segment=world.segment(ANNA))
    assert b"Anna" not in stored(world, content_key(campaign.content_sha256))


def test_a_campaign_to_the_whole_list_freezes_no_segment(world):
    campaign = world.started()
    content = world.frozen_contents.of(campaign)
    assert content.segment is None
    assert world.frozen_contents.segment(content) is None
    assert not [key for key in world.outside_rows.blobs if key.startswith("segments/")]
    assert (content.list, content.purpose) == (campaign.list, campaign.purpose)


def test_the_brands_own_rules_are_frozen(world):
    own = {**dump_rules(DEFAULT_RULES), "activity": [{"is": "active"}]}
    world.segments.change_lifecycle("demo", own)
    loyal = {"fact": "lifecycle.activity", "op": "eq", "value": "active"}
    campaign = world.started(segment=world.segment(loyal))
    frozen = world.frozen_contents.segment(world.frozen_contents.of(campaign))
    assert (frozen.rules.version, len(frozen.rules.activities)) == (1, 1)


def test_mjml_is_compiled_before_it_is_frozen(world):
    source = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section>"
        "</mj-body></mjml>"
    )
    campaign_id = world.draft()
    campaign = world.campaign_rows.get(campaign_id)
    content = Content(subject="Hello", html=source, kind=ContentKind.MJML)
    brand = world.brands.latest(campaign.brand)
    frozen = world.freezer.as_it_is(campaign, content, brand, 1).content
    assert frozen.source_html == source
    assert "<mj-" not in frozen.html


def test_what_was_not_tested_is_not_frozen_for_a_start(world):
    campaign = world.campaign_rows.get(world.draft())
    brand = world.brands.latest(campaign.brand)
    content = Content(subject="Hello", html=PLAIN)
    with pytest.raises(NotTested):
        world.freezer.as_tested(campaign, content, brand, 1)
    assert world.freezer.as_it_is(campaign, content, brand, 1).content.can_fail is False


def test_content_with_an_error_is_not_frozen(world):
    campaign = world.campaign_rows.get(world.draft())
    brand = world.brands.latest(campaign.brand)
    content = Content(subject="Hello", html="<img src='https://example.org/a.png'>")
    with pytest.raises(InputError) as refused:
        world.freezer.as_it_is(campaign, content, brand, 1)
    assert refused.value.code == "img_without_alt"


class TestReading:
    def test_a_document_is_read_once_and_a_few_are_kept(self, world):
        campaign = world.started()
        contents = FrozenContents(blobs=world.blobs)
        with world.counting() as calls:
            first = contents.of(campaign)
            assert contents.of(campaign) is first
        assert calls["Blobs.get"] == 1
        for number in range(KEPT):
            made = world.freezer.as_it_is(
                campaign,
                Content(subject=f"Hello {number}", html=PLAIN),
                world.brands.latest(campaign.brand),
                1,
            )
            contents.read(made.sha256)
        assert contents.of(campaign) is not first

    def test_what_was_never_frozen_or_is_gone_is_not_found(self, world):
        draft = world.campaign_rows.get(world.draft())
        with pytest.raises(NotFound):
            world.frozen_contents.of(draft)
        campaign = world.started()
        del world.outside_rows.blobs[content_key(campaign.content_sha256)]
        with pytest.raises(NotFound):
            FrozenContents(blobs=world.blobs).of(campaign)

    @pytest.mark.parametrize(
        "other", [{"list": ListId("events")}, {"purpose": PurposeId("events")}, {"segment": "x"}]
    )
    def test_a_content_for_others_is_refused(self, world, other):
        with pytest.raises(FatalError, match="not for those"):
            world.frozen_contents.of(replace(world.started(), **other))
