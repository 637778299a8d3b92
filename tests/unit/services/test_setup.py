# SPDX-License-Identifier: Apache-2.0
"""Setting up: what is published is stored and committed to the ledger before anybody sees it."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.domain.catalog import LANGUAGES, UnsubscribeScope
from chalicelib.domain.ids import BrandId, FormId
from chalicelib.errors import Conflict, InputError, KvittoError, NotFound
from chalicelib.services.entries import open_claims
from infra.local.demo_data import DEMO_BRAND
from tests.support.faults import FailOnce, Moment, no_faults
from tests.support.world import World

SECOND = replace(DEMO_BRAND, id=BrandId("second"), code="0000beef", name="Second Brand")


@pytest.fixture
def world():
    return World()


def choice(world, email="visitor@example.org"):
    """What the sign-up of ``email`` sealed as chosen."""
    sid = world.rows.lookups[world.ledger.mac(email)]
    chain = world.ledger.open(sid)
    return open_claims(chain.keys, world.store.history(sid)[0]).choice


def logged(world):
    """Every entry of nobody, read from the outbox."""
    return [json.loads(item.leaf) for item in world.rows.outbox.values() if item.sid is None]


def test_the_privacy_page_is_stored_by_its_hash_and_committed_to_in_every_language(world):
    world.settle()
    brand = world.setup.add_brand(SECOND)
    assert world.brands.get("second") == brand
    assert tuple(brand.privacy) == LANGUAGES
    entries = [leaf for leaf in logged(world) if leaf["typ"] == "policy.changed"]
    assert {leaf["cnt"] for leaf in entries} == set(brand.privacy.values())
    assert {leaf["brd"] for leaf in entries} == {"second"}
    for language, named in brand.privacy.items():
        html = world.blobs.get(f"privacy/{named}.html").data
        assert sha256(html).hexdigest() == named
        assert f'lang="{language}"'.encode() in html
        assert b"Second Brand" in html
        kept = json.loads(world.blobs.get(f"privacy/{named}.published").data)
        assert json.loads(kept["leaf"])["cnt"] == named


def test_a_brand_is_there_only_once_its_pages_are(world):
    world.faults = FailOnce("Blobs.put_new", Moment.BEFORE, nth=3)
    with pytest.raises(KvittoError):
        world.setup.add_brand(SECOND)
    world.faults = no_faults
    assert world.brands.get("second") is None
    assert world.setup.add_brand(SECOND).privacy


def test_an_id_that_is_taken_publishes_nothing(world):
    world.settle()
    with pytest.raises(Conflict):
        world.setup.add_brand(replace(DEMO_BRAND, code="0000beef"))
    assert logged(world) == []


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "UTC\0"])
def test_a_time_zone_nobody_knows_is_refused(world, name):
    with pytest.raises(InputError):
        world.setup.add_brand(replace(SECOND, time_zone=name))


@pytest.mark.parametrize("local", ["noreply", "do-not-reply", "inget-svar"])
def test_a_sender_that_tells_people_not_to_answer_is_refused_with_the_reason(world, local):
    world.settle()
    with pytest.raises(InputError, match="somebody reads") as raised:
        world.setup.add_brand(replace(SECOND, from_address=f"{local}@example.org"))
    assert raised.value.code == "no_reply_sender"
    assert logged(world) == []


@pytest.mark.parametrize(
    ("language", "zone"),
    [("en", "UTC"), ("sv", "Europe/Stockholm"), ("de", "Europe/Berlin"), ("fr", "Europe/Paris")],
)
def test_a_brand_without_a_time_zone_has_that_of_its_languages_country(language, zone):
    assert replace(SECOND, default_language=language).zone == zone
    named = replace(SECOND, default_language=language, time_zone="Europe/Helsinki")
    assert named.zone == "Europe/Helsinki"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sign_up_seals_which_privacy_page_was_linked(world, language):
    world.sign_up("visitor@example.org", language=language)
    assert choice(world)["privacy"] == world.brands.get("demo").privacy[language]


def test_a_page_of_the_controllers_own_is_not_taken_for_ours(world):
    row = world.catalog_rows.brands["demo"]
    elsewhere = replace(row, privacy_url="https://example.org/privacy")
    world.catalog_rows.brands["demo"] = elsewhere
    world.sign_up("visitor@example.org")
    assert "privacy" not in choice(world)


def test_a_published_notice_keeps_its_entry_and_text_in_one_object(world):
    (ref, *_) = world.forms.get("demo").notices
    kept = json.loads(world.blobs.get(f"notice/{ref.sha256}.published").data)
    assert sha256(kept["text"].encode()).hexdigest() == ref.text_sha256
    assert json.loads(kept["leaf"])["ntc"] == ref.sha256


class TestChangingABrand:
    def test_what_the_page_says_is_published_anew_and_the_old_page_stays(self, world):
        before = world.brands.get("demo")
        after = world.setup.change_brand("demo", {"postal_address": "2 Example Street"})
        assert after == world.brands.get("demo")
        assert set(after.privacy.values()).isdisjoint(before.privacy.values())
        committed = {leaf["cnt"] for leaf in logged(world) if leaf["typ"] == "policy.changed"}
        for language in LANGUAGES:
            assert after.privacy[language] in committed
            assert b"2 Example Street" in world.setup.privacy_page(after, language)
            assert world.blobs.get(f"privacy/{before.privacy[language]}.html") is not None

    def test_what_the_page_does_not_say_publishes_nothing(self, world):
        world.settle()
        before = world.brands.get("demo")
        changes = {"unsubscribe_scope": UnsubscribeScope.LIST, "time_zone": "Europe/Helsinki"}
        after = world.setup.change_brand("demo", changes)
        assert (after.privacy, after.revision) == (before.privacy, before.revision + 1)
        assert not logged(world)

    def test_orders_are_named_on_the_page_while_they_are_kept(self, world):
        words = {"en": b"6(1)(f)", "sv": b"6.1 f", "de": b"lit. f", "fr": b"point f)"}
        before = world.brands.get("demo")
        after = world.setup.change_brand("demo", {"keep_orders": False})
        assert set(after.privacy.values()).isdisjoint(before.privacy.values())
        for language in LANGUAGES:
            assert words[language] in world.setup.privacy_page(before, language)
            assert words[language] not in world.setup.privacy_page(after, language)

    def test_the_same_again_changes_nothing(self, world):
        before = world.brands.get("demo")
        assert world.setup.change_brand("demo", {"name": before.name}) == before
        assert world.brands.get("demo").revision == before.revision

    def test_going_back_publishes_the_earlier_page_anew(self, world):
        before = world.brands.get("demo")
        world.setup.change_brand("demo", {"postal_address": "2 Example Street"})
        world.settle()
        back = world.setup.change_brand("demo", {"postal_address": before.postal_address})
        assert back.privacy == before.privacy
        committed = {leaf["cnt"] for leaf in logged(world) if leaf["typ"] == "policy.changed"}
        assert committed == set(before.privacy.values())

    def test_of_two_at_once_the_second_is_a_conflict(self, world):
        raced = []

        def race(call, moment):
            if call == "Brands.replace" and moment is Moment.BEFORE:
                world.faults = no_faults
                raced.append(world.setup.change_brand("demo", {"name": "First"}))

        world.faults = race
        with pytest.raises(Conflict):
            world.setup.change_brand("demo", {"name": "Second"})
        assert world.brands.get("demo").name == "First"

    def test_a_bad_value_or_brand_is_refused_and_publishes_nothing(self, world):
        world.settle()
        for changes in ({"name": " "}, {"time_zone": "Europe/Nowhere"}):
            with pytest.raises(InputError):
                world.setup.change_brand("demo", changes)
        with pytest.raises(NotFound):
            world.setup.change_brand("none", {"name": "x"})
        assert not logged(world)


def test_a_brand_with_another_name_gets_its_forms_published_anew(world):
    before = world.forms.get("demo")
    world.settle()
    for _ in range(2):
        world.setup.change_brand("demo", {"controller_name": "Another Controller"})
    after = world.forms.get("demo")
    assert (before.version, after.version) == (1, 2)
    assert world.forms.get("demo", 1) == before
    assert len([leaf for leaf in logged(world) if leaf["typ"] == "notice.published"]) == 4
    for ref in after.notices:
        page = world.blobs.get(f"notice/{ref.sha256}.html").data
        assert b"Another Controller" in page
        assert json.loads(world.blobs.get(f"forms/{ref.form_sha256}.json").data)["version"] == 2


def test_what_no_form_shows_publishes_no_form(world):
    world.setup.change_brand("demo", {"default_language": "de"})
    assert world.forms.get("demo").version == 1


def test_what_a_form_shows_is_stored_before_the_entry_that_commits_to_it(world):
    world.settle()
    form = replace(world.forms.get("demo"), title={"en": "Letters"}, notices=())
    world.faults = FailOnce("Blobs.put_new", Moment.BEFORE)
    with pytest.raises(KvittoError):
        world.setup.replace_form(form)
    world.faults = no_faults
    assert logged(world) == []
    assert world.forms.get("demo").version == 1
    assert world.setup.replace_form(form).version == 2


def test_two_who_publish_over_the_same_version_do_not_overwrite_each_other(world):
    form = replace(world.forms.get("demo"), notices=())
    world.setup.replace_form(replace(form, title={"en": "One"}))
    with pytest.raises(Conflict):
        world.setup.replace_form(replace(form, title={"en": "Other"}))
    assert world.forms.get("demo").title == {"en": "One"}


def test_a_text_without_a_word_is_none(world):
    form = replace(world.forms.get("demo"), id=FormId("other"), notices=())
    (first, *rest) = form.boxes
    silent = replace(first, text={**first.text, "sv": " ", "de": "\u00a0…"})
    made = world.setup.add_form(replace(form, boxes=(silent, *rest)))
    assert {ref.language for ref in made.notices} == {"en", "fr"}
    silent = replace(first, text=dict.fromkeys(LANGUAGES, " "))
    with pytest.raises(InputError):
        world.setup.add_form(replace(form, id=FormId("mute"), boxes=(silent, *rest)))
