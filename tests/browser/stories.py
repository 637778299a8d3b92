# SPDX-License-Identifier: Apache-2.0
"""How a visitor comes to every page in every state, from the form to the confirmation, and astray.

Each story yields when a page is shown; what it yields names the state in the approved tree of the
page (tests/browser/trees). The stories of subscribers are in reader_stories.py.
"""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.forms import Gift, Rule
from chalicelib.errors import Unavailable
from chalicelib.services.confirmation_mail import TOKEN_LIFE_MS
from tests.browser.reader_stories import EMAIL, fresh_link
from tests.support.form_examples import FULL_FORM
from tests.support.gate_cases import with_guard, with_limits
from tests.support.tour import Tour

SIGN_UP = {"email": EMAIL, "newsletter": "1", "first_name": "Ada"}
GIFT = Gift(
    name={"en": "the checklist", "sv": "checklistan", "de": "Checkliste", "fr": "la liste"},
    url="https://www.example.org/checklist.pdf",
)
ONWARD = "https://www.example.org/thanks"
EVERY_FIELD_WRONG = {
    "email": "visitor@",
    "beds": "120",
    "since": "yesterday",
    "zone": "9",
    "phone": "none",
    "site": "none",
}


def _change_form(tour: Tour, **changes: object) -> None:
    form = tour.world.forms.get("demo")
    tour.world.forms.publish(replace(form, version=form.version + 1, **changes))


def form(tour: Tour) -> Iterator[str]:
    tour.show("/forms/demo")
    yield "empty"
    tour.send("/forms/demo", email="visitor@", first_name="Ada")
    yield "with errors"
    tour.send("/forms/demo", **SIGN_UP, notice="0" * 64)
    yield "changed meanwhile"


def form_of_every_field(tour: Tour) -> Iterator[str]:
    tour.world.setup.add_form(FULL_FORM)
    tour.show("/forms/full")
    yield "empty"
    tour.send("/forms/full", **EVERY_FIELD_WRONG)
    yield "with errors"
    tour.send("/forms/full", newsletter="1", email="visitor@mailinator.com", zone="1", adult="1")
    yield "refused address"


def snippet(tour: Tour) -> Iterator[str]:
    tour.world.setup.add_form(FULL_FORM)
    key, _ = tour.world.key_ring.create("tests", ("read",))
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/forms/full/snippet?language={tour.language}"
    html = tour.web.get(path, headers=headers).json["html"]
    tour.page.set_content(
        f'<!doctype html><html lang="{tour.language}"><title>News</title>'
        f"<main><h1>News</h1>{html}</main></html>"
    )
    yield "on a page of somebody else"


def embed(tour: Tour) -> Iterator[str]:
    tour.world.setup.add_form(FULL_FORM)
    tour.embed("full")
    page = tour.page
    yield "on a page of somebody else"
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("alert").wait_for()
    yield "with errors"
    tour.embed("demo")
    page.locator("#f-email").fill("visitor@gmai.com")
    page.locator("#f-newsletter").check()
    page.locator("#f-leave_empty").evaluate("input => { input.value = 'x' }")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("button", name="Yes, sign up").wait_for()
    yield "one more step"
    page.get_by_role("button", name="Yes, sign up").click()
    page.get_by_role("heading", name="Check your mail").wait_for()
    yield "check your mail"


def extra_step(tour: Tour) -> Iterator[str]:
    tour.send("/forms/demo", **SIGN_UP, leave_empty="x")
    yield "a field nobody sees was filled in"
    with_guard(tour.world, disposable=Rule.STEP, role=Rule.STEP)
    tour.send("/forms/demo", **SIGN_UP | {"email": "visitor@hotmial.com"})
    yield "address thrown away after use, with a suggestion"
    tour.send("/forms/demo", **SIGN_UP | {"email": "info@example.org"})
    yield "address of several people"
    with_limits(tour.world, plain=0)
    tour.send("/forms/demo", **SIGN_UP)
    yield "many from this network"
    with_limits(tour.world, form=0)
    tour.send("/forms/demo", **SIGN_UP)
    yield "many at this form"


def busy(tour: Tour) -> Iterator[str]:
    with_limits(tour.world, network=0)
    tour.send("/forms/demo", **SIGN_UP)
    yield "over the budget"


def check_mail(tour: Tour) -> Iterator[str]:
    tour.send("/forms/demo", **SIGN_UP)
    yield "plain"
    tour.send("/forms/demo", **SIGN_UP | {"email": "visitor@gmai.com"})
    yield "with a suggestion"
    link = tour.sign_up("later@example.org")
    tour.world.time.advance(TOKEN_LIFE_MS)
    tour.send(link, answer="again")
    yield "for a new mail"


def confirm(tour: Tour) -> Iterator[str]:
    link = tour.sign_up(EMAIL)
    tour.show(link)
    yield "to confirm"
    tour.show(f"{link}?act=refuse")
    yield "to refuse"


def confirmed(tour: Tour) -> Iterator[str]:
    tour.send(tour.sign_up(EMAIL), answer="confirm")
    yield "plain"
    _change_form(tour, gift=GIFT, redirect_url=ONWARD)
    link = tour.sign_up("gifted@example.org")
    tour.send(link, answer="confirm")
    yield "with a gift and a page to go on to"
    tour.show(link)
    yield "again, with a gift and a page to go on to"


def confirmation_over(tour: Tour) -> Iterator[str]:
    link = tour.subscribe(EMAIL)
    tour.show(link)
    yield "confirmed already"
    tour.web.post(fresh_link(tour), form={"act": "unsubscribe"})
    tour.show(link)
    yield "overtaken"
    refused = tour.sign_up("stranger@example.org")
    tour.send(refused, answer="refuse")
    yield "refused"
    late = tour.sign_up("late@example.org")
    tour.world.time.advance(TOKEN_LIFE_MS)
    tour.show(late)
    yield "expired"
    _change_form(tour, promise={**tour.world.forms.get("demo").promise, "en": "Two mails a month."})
    tour.send(late, answer="again")
    yield "expired, and the form has changed"
    tour.show("/confirm/" + "A" * 43)
    yield "unknown"


def brand(tour: Tour) -> Iterator[str]:
    tour.show("/privacy/demo")
    yield "privacy notice"


def start(tour: Tour) -> Iterator[str]:
    tour.show("/")
    yield "the address alone"


def error(tour: Tour) -> Iterator[str]:
    for path, says in (
        ("/forms/none", "no such form"),
        ("/unsubscribe/" + "A" * 66, "no such unsubscribe link"),
        ("/preferences/" + "A" * 43, "no such link to one's own page"),
        ("/privacy/none", "no such brand"),
    ):
        tour.show(path)
        yield says
    link = tour.sign_up(EMAIL)
    tour.send(link, answer="maybe")
    yield "an answer nobody offered"
    tour.send("/forms/demo", email="a\0b")
    yield "characters nobody can type"
    tour.send("/privacy/demo")
    yield "a method the page does not have"

    def fail(_call: str, _moment: object) -> None:
        raise Unavailable("for the test")

    tour.world.faults = fail
    tour.show(link)
    yield "a service that does not answer"
