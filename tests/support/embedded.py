# SPDX-License-Identifier: Apache-2.0
"""What a visitor does with a form on a page of somebody else, and what stands there afterwards."""

from playwright.sync_api import Locator

from tests.support.browser import assert_focused

LOOSE_ENDS = """host => {
  const root = host.shadowRoot, ids = [...root.querySelectorAll('[id]')].map(each => each.id);
  const named = [...root.querySelectorAll('[for],[aria-describedby],[aria-labelledby]')].flatMap(
    each => ['for', 'aria-describedby', 'aria-labelledby'].flatMap(
      name => (each.getAttribute(name) || '').split(' ').filter(Boolean)));
  return [...named.filter(id => !root.getElementById(id)),
          ...ids.filter((id, at) => ids.indexOf(id) !== at),
          ...root.querySelectorAll('[style],style,[onclick],[onsubmit]')].map(String);
}"""
"""A script: what an embedded form names that is not there, has twice, or styles and runs inline."""


def fill(embedded: Locator, address: str) -> None:
    """Type the address and tick the newsletter."""
    embedded.locator("#f-email").fill(address)
    embedded.locator("#f-newsletter").check()


def send(embedded: Locator) -> None:
    """Press the form's own button."""
    embedded.locator("button[type=submit]").click()


def heading(embedded: Locator) -> Locator:
    """The title of what stands there now."""
    return embedded.locator("h2")


def sent_to(embedded: Locator, title: str = "Check your mail") -> str:
    """The address that a mail is said to go to."""
    embedded.locator("h2", has_text=title).wait_for()
    assert_focused(heading(embedded))
    return embedded.locator(".quote").inner_text()
