# SPDX-License-Identifier: Apache-2.0
"""How a subscriber comes to every page in every state: leaving, choosing, rights, receipts.

Each story yields when a page is shown; what it yields names the state in the approved tree of the
page (tests/browser/trees).
"""

from collections.abc import Iterator

from chalicelib.domain.catalog import UnsubscribeScope
from chalicelib.domain.durations import DAY_MS
from chalicelib.domain.ids import BrandId, SubjectId
from chalicelib.domain.rights import Right
from chalicelib.services.access_links import LIFE_MS
from chalicelib.services.ledger import Draft
from chalicelib.vocabulary import EventType
from tests.support.shop import placed
from tests.support.tour import Tour
from tests.support.world import READER

EMAIL = "visitor@example.org"
DEMO = BrandId("demo")


def _sid(tour: Tour) -> SubjectId:
    (sid,) = tour.world.rows.vault
    return sid


def fresh_link(tour: Tour) -> str:
    """The path of a link to the reader's own page."""
    return f"/preferences/{tour.world.access_links.make(_sid(tour), DEMO, tour.language)}"


def _linked(tour: Tour, path: str) -> str:
    """The path of the first link on the shown page below ``path``."""
    found = tour.page.locator(f"a[href^='{path}/']").first.get_attribute("href")
    assert found
    return found


def _campaign(tour: Tour, path: str) -> str:
    """Mail a campaign; the path of its link to ``path``, in the tour's language."""
    tour.world.campaign()
    tour.world.settle()
    return f"{tour.mailed(path)}?language={tour.language}"


def unsubscribe(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    link = _campaign(tour, "/unsubscribe")
    tour.show(link)
    yield "before"
    tour.send(link)
    yield "after"
    for reason in ("never-signed-up", "other"):
        tour.send(link.partition("?")[0] + "/reason", reason=reason)
        yield f"reason {reason}"


def unsubscribe_from_a_list(tour: Tour) -> Iterator[str]:
    tour.world.setup.change_brand("demo", {"unsubscribe_scope": UnsubscribeScope.LIST})
    tour.world.setup.add_list("events", "demo", "Events & fairs")
    tour.subscribe(EMAIL)
    link = _campaign(tour, "/unsubscribe")
    tour.show(link)
    yield "before"
    tour.send(link)
    yield "after"
    tour.send(link, everything="yes")
    yield "after, everything"
    tour.send(link.partition("?")[0] + "/reason")
    yield "no reason chosen"


def preferences_door(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    link = _campaign(tour, "/preferences")
    tour.show(link)
    yield "from a mail's footer"
    tour.send(link, act="mail")
    yield "a link was mailed"
    fresh = fresh_link(tour)
    tour.world.time.advance(LIFE_MS)
    tour.show(fresh)
    yield "after its hour"


def _box(tour: Tour, **fields: str) -> dict[str, str]:
    """What the page as shown would post, nothing ticked."""
    mark = tour.page.locator("[name=mark]").get_attribute("value") or ""
    told = {"act": "save", "mark": mark, "mail_language": tour.language, "per_week": ""}
    return told | {"pause": "", "a-first_name": "Ada"} | fields


def preferences(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL, first_name="Ada")
    fresh = fresh_link(tour)
    tour.show(fresh)
    yield "as it is"
    wrong = {"a-first_name": "x" * 300, "newsletter.newsletter": "1"}
    tour.send(fresh, **_box(tour, pause="2020-01-01", **wrong))
    yield "with errors"


def preferences_saved(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL, first_name="Ada")
    fresh = fresh_link(tour)
    tour.show(fresh)
    news, measured = "newsletter.newsletter", "newsletter.measurement"
    kept = _box(tour, **{news: "1"})
    tour.send(fresh, **kept)
    yield "nothing was changed"
    tour.send(fresh, **kept | {measured: "1", "per_week": "2", "a-first_name": "Grace"})
    yield "more was given"
    tour.send(fresh, **kept | {"per_week": "1", "pause": "2026-12-01"})
    yield "the page is out of date"
    tour.show(fresh)
    tour.send(fresh, **_box(tour, pause="2026-12-01", mail_language="sv"))
    yield "all was taken"
    tour.show(fresh)
    yield "with nothing given"


def preferences_barred(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    fresh, ledger, sid = fresh_link(tour), tour.world.ledger, _sid(tour)
    tour.send(fresh, act="unsubscribe")
    yield "everything stopped"
    objected = Draft(type=EventType.OBJECTION_RECORDED, brand=DEMO, via="page")
    ledger.append(ledger.open(sid), [objected])
    tour.show(fresh)
    yield "objected"
    blocked = Draft(type=EventType.SUPPRESSION_ADDED, reason="manual")
    ledger.append(ledger.open(sid), [blocked])
    tour.show(fresh)
    yield "suppressed"
    tour.send(fresh, **_box(tour, **{"newsletter.newsletter": "1"}))
    yield "suppressed, and a box ticked"
    held = Draft(type=EventType.SUBJECT_RESTRICTED, channel=None, reason="accuracy-contested")
    ledger.append(ledger.open(sid), [held])
    tour.show(fresh)
    yield "restricted"


def own_data(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL, first_name="Ada")
    tour.world.campaign()
    tour.world.settle()
    told = placed("e1", "4711", 129_900, email=EMAIL)
    assert tour.world.customer_events.take(told).status == "kept"
    tour.send(fresh_link(tour), act="access")
    yield "everything"


def own_rights(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    fresh = fresh_link(tour)
    tour.send(fresh, act="address", email="visitor@")
    yield "a malformed address"
    tour.send(fresh, act="address", email=EMAIL)
    yield "the address it is already"
    tour.send(fresh, act="address", email="new@example.org")
    yield "a link to a new address"
    tour.send(fresh, act="object")
    yield "objected"
    tour.send(fresh, act="restrict")
    yield "no ground for a restriction"
    tour.send(fresh, act="restrict", ground="accuracy-contested")
    yield "restricted"
    for _ in range(5):
        tour.send(fresh, act="address", email="newer@example.org")
    yield "too many changes of address"
    tour.show(f"{fresh}?part=erasure")
    yield "before an erasure"


def _to_new_address(tour: Tour, fresh: str, email: str) -> str:
    told = {"act": "address", "email": email, "language": tour.language}
    assert tour.web.post(fresh, form=told).status == 200
    tour.world.settle()
    return tour.mailed("/address")


def new_address(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    fresh = fresh_link(tour)
    tour.subscribe("known@example.org")
    overtaken = _to_new_address(tour, fresh, "new@example.org")
    link = _to_new_address(tour, fresh, "newer@example.org")
    tour.show(link)
    yield "is it yours"
    tour.send(link)
    yield "it holds"
    tour.show(overtaken)
    yield "overtaken"
    tour.send(_to_new_address(tour, fresh, "known@example.org"))
    yield "known already"
    late = _to_new_address(tour, fresh, "latest@example.org")
    tour.world.time.advance(DAY_MS)
    tour.show(late)
    yield "expired"


def rights(tour: Tour) -> Iterator[str]:
    tour.show("/rights/demo")
    yield "asked"
    tour.send("/rights/demo", email="visitor@")
    yield "with an error"
    tour.send("/rights/demo", email=EMAIL)
    yield "a link was mailed"


def receipt(tour: Tour) -> Iterator[str]:
    tour.world.settle()
    tour.send(tour.sign_up(EMAIL), answer="confirm")
    path = _linked(tour, "/receipt")
    tour.show(path)
    yield "being written"
    tour.world.settle()
    tour.show(path)
    tour.page.locator("#checked").wait_for()
    yield "of a sign-up"
    tour.send(_campaign(tour, "/unsubscribe"))
    left = _linked(tour, "/receipt")
    tour.world.settle()
    tour.show(left)
    tour.page.locator("#checked").wait_for()
    yield "of an unsubscribe"
    tour.world.shredder.shred(_sid(tour), "withdrawn", suppress=False)
    tour.show(path)
    yield "of a person who was erased"


def certificate(tour: Tour) -> Iterator[str]:
    tour.subscribe(EMAIL)
    made = tour.world.rights.by_person(_sid(tour), "demo", Right.ERASURE, READER)
    path = f"/certificates/{made.erasure}?language={tour.language}"
    tour.show(path)
    yield "under way"
    tour.world.settle()
    tour.show(path)
    yield "done"
