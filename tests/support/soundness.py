# SPDX-License-Identifier: Apache-2.0
"""What every page of a visitor must be beyond what axe-core finds: ordered, named, operable.

`tree` is the page as assistive technology gets it, with what differs from run to run masked.
"""

import json
import re
from itertools import pairwise
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.browser import DESK, PHONE, SMALL_PHONE, assert_fits

_OUTLINE = """() => {
  const shown = each => each.checkVisibility();
  const all = selector => [...document.querySelectorAll(selector)].filter(shown);
  const ids = [...document.querySelectorAll('[id]')].map(each => each.id);
  const by = each => (each.getAttribute('aria-describedby') || '').split(' ').filter(Boolean);
  const said = id => (document.getElementById(id) || {textContent: ''}).textContent.trim();
  return {
    language: document.documentElement.lang,
    title: document.title,
    mains: all('main').length,
    headers: all('header').length,
    twice: ids.filter((id, at) => ids.indexOf(id) !== at),
    headings: all('h1,h2,h3,h4,h5,h6').filter(each => !each.closest('[role=alert]'))
      .map(each => Number(each.tagName[1])),
    fields: all('input,select,textarea').map(each => [each.name, each.type,
      each.getAttribute('autocomplete'), each.required, by(each).map(said).join(' ')]),
    wrong: all('[aria-invalid=true]').map(each => [each.id, by(each).map(said)]),
    alerts: all('[role=alert]').map(each => [
      each === document.activeElement, [...each.querySelectorAll('a')].map(
        link => link.getAttribute('href'))]),
    astray: all('a[href^="#"]').map(each => each.getAttribute('href').slice(1))
      .filter(id => !ids.includes(id)),
    styled: [...document.querySelectorAll('[onclick],[onsubmit],[onload]')].length,
  };
}"""
_UNSEEN_FOCUS = """() => {
  const found = [];
  const can = 'a[href],button,input:not([type=hidden]),select,textarea,summary';
  for (const each of document.querySelectorAll(can)) {
    if (!each.checkVisibility()) continue;
    each.focus({ focusVisible: true });
    const style = getComputedStyle(each);
    const ring = style.outlineStyle === 'auto'
      || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
    if (document.activeElement !== each || !ring) found.push(each.outerHTML.slice(0, 120));
  }
  document.activeElement.blur();
  return found;
}"""
FACTS = {"email": "email", "tel": "tel", "url": "url"}
"""Type of an input -> the autocomplete it must have: the reader's own."""
FREELY = ("text", "number", "date", "select-one", "textarea", "search")
"""Types whose purpose only the form knows: they must state one, or that they have none."""
_ALL = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All rules, and that of WCAG 2.2 for what is pressed, which axe-core leaves out by default."""
_COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}

_MASKS = (
    (r"/(confirm|unsubscribe|preferences|receipt|certificates|address)/[\w-]{20,}", r"/\1/<token>"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?(\+00:00)?)?", "<time>"),
    (r"\d{4}-\d\d-\d\d", "<day>"),
    (r"\b[0-9a-f]{32,}\b", "<hash>"),
    (r'(?m)^( *- text: ": )(?=[\w-]*[A-Z0-9])[\w-]{22}"$', r'\1<id>"'),
    (r"(?m)^( *- code: )(?![a-z][a-z_.]+$).+$", r"\1<code>"),
)


def tree(page: Page) -> str:
    """Title, accessibility tree, and what it leaves out of fields; what a run brings is masked."""
    found = page.locator("body").aria_snapshot()
    for name, kind, autocomplete, required, described in page.evaluate(_OUTLINE)["fields"]:
        needed = "required " if required else ""
        found += f"\n- field {json.dumps(name)}: {needed}{kind}, autocomplete {autocomplete}"
        found += f", described as {json.dumps(described, ensure_ascii=False)}" if described else ""
    for pattern, mask in _MASKS:
        found = re.sub(pattern, mask, found)
    return f"- title: {json.dumps(page.title(), ensure_ascii=False)}\n{found}\n"


def assert_sound(page: Page, language: str) -> None:
    """Language, title, landmarks, headings, names of inputs, errors, focus, no wide content."""
    _await_focus(page)
    seen = page.evaluate(_OUTLINE)
    where = f"{page.url} ({language})"
    assert seen["language"] == language, where
    assert seen["title"], where
    assert seen["mains"] == 1, where
    assert seen["twice"] == [], where
    assert seen["astray"] == [], where
    assert seen["styled"] == 0, where
    _headings(seen["headings"], where)
    _fields(seen["fields"], where)
    _errors(seen, where)
    assert page.evaluate(_UNSEEN_FOCUS) == [], f"no visible focus: {where}"
    assert_fits(page)


def assert_sound_at_every_size(page: Page, language: str) -> None:
    """Sound, in English accessible by day and night, and no wider than any screen."""
    assert_sound(page, language)
    if language == "en":
        assert_accessible_by_day_and_night(page)
    for width, height in (PHONE, DESK, SMALL_PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert_fits(page)


def _await_focus(page: Page) -> None:
    """Wait for what the page wants focused: a browser does it some frames after loading."""
    if page.locator("[autofocus]").count():
        page.wait_for_function("document.activeElement === document.querySelector('[autofocus]')")


def _headings(levels: list[int], where: str) -> None:
    """One first heading, and none skips a level; an error summary stands before them by itself."""
    assert levels[:1] == [1], (where, levels)
    assert levels.count(1) == 1, (where, levels)
    for before, after in pairwise(levels):
        assert after <= before + 1, (where, levels)


def _fields(fields: list[tuple[str, str, str | None, bool, str]], where: str) -> None:
    for name, kind, autocomplete, *_ in fields:
        if kind in FACTS:
            assert autocomplete == FACTS[kind], (where, name)
        elif kind in FREELY:
            assert autocomplete, (where, name)


def _errors(seen: dict[str, Any], where: str) -> None:
    """A page with errors begins with a focused summary that links to each; each is told beside."""
    linked = [href for _, links in seen["alerts"] for href in links]
    assert len(seen["alerts"]) <= 1, where
    assert all(focused for focused, _ in seen["alerts"]), f"the alert has no focus: {where}"
    for name, texts in seen["wrong"]:
        assert f"#{name}" in linked, (where, name)
        assert any(texts), (where, name)
    assert len(linked) == len(seen["wrong"]), where


def assert_accessible_by_day_and_night(page: Page) -> None:
    """axe-core finds nothing serious or critical, nor in the dark, which changes colours alone."""
    _axe(page, _ALL)
    page.emulate_media(color_scheme="dark")
    _axe(page, _COLOURS)
    page.emulate_media(color_scheme="light")


def _axe(page: Page, options: dict[str, Any]) -> None:
    if page.evaluate("() => typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    grave = [
        (rule["id"], [node["failureSummary"] + node["html"][:150] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert not grave, f"{page.url}: {grave}"
