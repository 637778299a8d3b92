# SPDX-License-Identifier: Apache-2.0
"""The preference centre's service: what is sealed beside a choice, and what its page can tell."""

from dataclasses import replace

import pytest

from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId
from chalicelib.errors import Conflict, NotFound, Unavailable
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.services.preferences import Wish
from tests.support.faults import FailOnce, Moment
from tests.support.world import READER, World

DEMO = BrandId("demo")
NEWS, MEASURED = "newsletter.newsletter", "newsletter.measurement"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sid(world):
    return world.subscribe("visitor@example.org")


@pytest.fixture
def access(world, sid):
    return world.access_links.open(world.access_links.make(sid, DEMO, "en"))


def wish(world, access, *ticked, language="en", **changes):
    mark = world.preferences.show(access, language).mark
    values = {"ticked": set(ticked), "mark": mark, "language": "en", "frequency": Frequency()}
    return Wish(**(values | changes))


def save(world, access, *ticked, language="en", **changes):
    asked = wish(world, access, *ticked, language=language, **changes)
    return world.preferences.save(access, asked, READER, language)


def last(world, sid):
    """The newest entry of the chain, with its claims opened."""
    entry = world.store.history(sid)[-1]
    return event_of_leaf(entry.leaf), open_claims(world.ledger.open(sid).keys, entry)


def test_beside_a_box_newly_ticked_is_sealed_what_was_shown_and_how_access_was_had(
    world, sid, access
):
    saved = save(world, access, NEWS, MEASURED, language="sv")
    event, claims = last(world, sid)
    form = world.forms.latest("demo")
    assert event.notice == form.notice("sv").sha256
    assert set(event.purposes) == {"newsletter", "measurement"}
    assert claims.subject == {"email": "visitor@example.org"}
    assert claims.session["lang"] == "sv"
    assert claims.session["ip"] == READER.network
    assert claims.choice["fields"] == {MEASURED: "yes"}
    assert claims.choice["prechecked"] is False
    assert (claims.choice["form"], claims.choice["version"]) == ("demo", form.version)
    assert claims.choice["privacy"] == world.brands.get("demo").linked_privacy("sv")
    assert claims.link["access"] == access.token_sha256
    assert saved.entry == world.state(sid).entries - 1


def test_beside_a_box_unticked_is_sealed_which(world, sid, access):
    save(world, access)
    event, claims = last(world, sid)
    assert (event.type, event.notice, event.via) == ("consent.withdrawn", None, "page")
    assert claims.choice == {"fields": {}, "prechecked": False, "taken": [NEWS]}


def test_each_reason_quotes_the_sentence_it_was_given_with(world, sid, access):
    save(world, access, NEWS, MEASURED, language="sv")
    by_purpose = {each.purpose: each for each in world.preferences.show(access, "de").reasons}
    boxes = {box.purpose: box.text for box in world.forms.latest("demo").boxes}
    assert by_purpose["newsletter"].sentence == boxes["newsletter"]["en"]
    assert by_purpose["measurement"].sentence == boxes["measurement"]["sv"]
    assert by_purpose["measurement"].act == "consent.changed"


def test_every_reason_leads_to_a_receipt_of_its_entry(world, sid, access):
    world.settle()
    for reason in world.preferences.show(access, "en").reasons:
        receipt = world.receipts.read(reason.receipt.rpartition("/")[2])
        assert receipt.entry.event.type == reason.act


def test_what_is_no_longer_asked_for_can_be_taken_back(world, sid, access):
    form = world.forms.latest("demo")
    boxes = tuple(replace(box, purpose="other") for box in form.boxes[:1])
    world.forms.publish(replace(form, version=form.version + 1, boxes=boxes))
    centre = world.preferences.show(access, "en")
    left = {offer.name: offer.given for offer in centre.offers}
    assert left == {"newsletter.other": False, NEWS: True}
    assert centre.reasons[0].sentence == form.boxes[0].text["en"]
    save(world, access)
    assert world.types(sid)[-1] == "consent.withdrawn"


def test_of_two_pages_saved_at_once_the_second_is_stale(world, sid, access):
    first = wish(world, access, MEASURED)
    second = wish(world, access, NEWS, MEASURED)
    assert world.preferences.save(access, first, READER, "en").is_changed
    assert world.preferences.save(access, second, READER, "en").is_stale


def test_a_chain_that_keeps_moving_changes_nothing(world, sid, access, monkeypatch):
    asked = wish(world, access)

    def always(append):
        raise Conflict("the chain moved on")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "commit", always)
        with pytest.raises(Conflict):
            world.preferences.save(access, asked, READER, "en")
    assert "consent.withdrawn" not in world.types(sid)


@pytest.mark.parametrize(
    "call", ["FrequencyStore.put", "LedgerStore.commit", "AudienceStore.member"]
)
def test_saving_again_after_a_failure_leads_to_what_was_wished(world, sid, access, call):
    changes = {"frequency": Frequency(max_per_week=1), "told": {"first_name": "Ada"}}
    asked = wish(world, access, NEWS, MEASURED, **changes)
    world.faults = FailOnce(call, Moment.BEFORE)
    with pytest.raises(Unavailable):
        world.preferences.save(access, asked, READER, "en")
    world.faults = lambda *_: None
    world.preferences.save(access, asked, READER, "en")
    centre = world.preferences.show(access, "en")
    assert [offer.given for offer in centre.offers] == [True, True]
    assert centre.frequency == Frequency(max_per_week=1)
    assert centre.attributes == {"first_name": "Ada"}


def test_a_rhythm_is_no_entry_of_the_ledger(world, sid, access):
    before = world.types(sid)
    saved = save(world, access, NEWS, frequency=Frequency(max_per_week=3))
    assert saved.frequency == Frequency(max_per_week=3)
    assert world.types(sid) == before


def test_after_an_erasure_nothing_is_shown_or_saved(world, sid, access):
    asked = wish(world, access)
    world.shredder.shred(sid, "withdrawn", suppress=False)
    with pytest.raises(NotFound):
        world.preferences.show(access, "en")
    with pytest.raises(NotFound):
        world.preferences.save(access, asked, READER, "en")
    with pytest.raises(NotFound):
        world.preferences.stop(access, READER)
