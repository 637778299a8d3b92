# SPDX-License-Identifier: Apache-2.0
"""Every page of a visitor in every state: sound, and read to assistive technology as approved.

What was approved stands in tests/browser/trees, a file a story (stories.py, reader_stories.py).
`make trees` writes them anew; whoever does that reads the difference as one reads code: are the
headings in order, has every input its name, is what changed said in words?
"""

from difflib import unified_diff
from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.domain.catalog import LANGUAGES
from tests.browser import reader_stories as reader
from tests.browser import stories as visitor
from tests.support.soundness import assert_accessible_by_day_and_night, assert_sound, tree
from tests.support.tour import Tour
from tests.support.world import World

TREES = Path(__file__).parent / "trees"
DIFFERS = "another accessibility tree; if that is meant, run `make trees` and read the difference"

MAIN = (
    visitor.form,
    visitor.check_mail,
    visitor.confirm,
    visitor.confirmed,
    reader.unsubscribe,
    reader.preferences,
)
"""In four languages; all others in English."""
STORIES = (
    *MAIN,
    visitor.form_of_every_field,
    visitor.snippet,
    visitor.embed,
    visitor.extra_step,
    visitor.busy,
    visitor.confirmation_over,
    visitor.brand,
    visitor.start,
    visitor.error,
    reader.unsubscribe_from_a_list,
    reader.preferences_door,
    reader.preferences_saved,
    reader.preferences_barred,
    reader.own_data,
    reader.own_rights,
    reader.new_address,
    reader.rights,
    reader.receipt,
    reader.certificate,
)


def seen(story, tour):
    """Tell a story; return the tree of each state, every page having been judged on the way."""
    found = []
    for state in story(tour):
        found.append(f"--- # {state}, {tour.language}\n{tree(tour.page)}")
        assert_sound(tour.page, tour.language)
        if tour.language == "en":  # Colours and names of inputs are those of every language.
            assert_accessible_by_day_and_night(tour.page)
    tour.close()
    return found


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_page_is_sound_and_read_as_approved(browser, monkeypatch, request, story):
    trees = []
    for language in LANGUAGES if story in MAIN else ("en",):
        world = World()
        monkeypatch.setattr(bootstrap, "container", lambda world=world: world)
        trees += seen(story, Tour(browser, world, language))
    approved = TREES / f"{story.__name__}.yaml"
    if request.config.getoption("--approve-trees"):
        approved.write_text("".join(trees), encoding="utf-8")
    before, now = approved.read_text("utf-8").splitlines(), "".join(trees).splitlines()
    difference = list(unified_diff(before, now, "approved", "now", lineterm=""))
    assert not difference, "\n".join([DIFFERS, *difference])


def test_no_approved_tree_is_left_of_a_page_that_went():
    assert {path.stem for path in TREES.iterdir()} == {story.__name__ for story in STORIES}
