# SPDX-License-Identifier: Apache-2.0
"""A scanner that runs scripts follows all of a person's mails: nothing is changed by looking."""

import time
from html import escape

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.kms import KmsLinkKeys
from chalicelib.adapters.system import SystemClock
from chalicelib.services.link_tokens import LinkTokens
from tests.support.browser import DESK, is_given
from tests.support.link_examples import TARGETS, click, pixel
from tests.support.scanner import Scanner, links_of
from tests.support.stack import REGION, link_in

CAMPAIGNS, ACTIVITY, AUDIENCE = "kvitto-campaigns", "kvitto-activity", "kvitto-audience"
COUNTERS, HITS = "LC#", "E#"
"""Rows that a click writes, and the only ones besides what is learned from them."""
MEASURED = "measurement"
FACTS = ("facts", "fv", "due")
"""The part of a person's row that clicks and opens change: facts, for segments."""
COUNTED = "".join(f'<p><a href="{escape(url)}">News</a></p>' for url in TARGETS.urls)
"""What a mail says whose counted links lead to `TARGETS`."""
KINDS = ("confirm", "unsubscribe", "preferences", "address")
ANCHORED, ANCHORS = "A#", "anchors/"
"""Rows and objects of time stamps, which the clock brings and no visitor."""


def stored(stack):
    """All rows and objects and the number of mails, once no work is left."""
    rows = {
        table: [
            without_facts(table, row)
            for row in rows
            if not row["pk"]["S"].startswith(ANCHORED)
            and not is_noted(table, row)
            and not is_learned(table, row)
        ]
        for table, rows in stack.settled().items()
    }
    objects = {key: data for key, data in stack.objects().items() if not key.startswith(ANCHORS)}
    return rows, objects, stack.get("/local/mailbox/count").body


def is_noted(table, row):
    """Whether a row is one that a click or an open writes."""
    counter = table == CAMPAIGNS and row["pk"]["S"].startswith(COUNTERS)
    return counter or (table == ACTIVITY and row["sk"]["S"].startswith(HITS))


def is_learned(table, row):
    """Whether a row says, sealed, what was learned from a click or an open."""
    return table == ACTIVITY and row.get("kind") == {"S": MEASURED}


def without_facts(table, row):
    """A person's row without the facts a click or an open adds to."""
    if table != AUDIENCE:
        return row
    return {name: value for name, value in row.items() if name not in FACTS}


def noted(stack):
    """How many rows clicks and opens have written at once, by table."""
    tables = stack.tables()
    return {
        table: sum(is_noted(table, row) for row in tables[table]) for table in (CAMPAIGNS, ACTIVITY)
    }


@pytest.fixture
def counted(stack, monkeypatch):
    """Make the counted links and pixels of a campaign's mails to some people, and to nobody."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.aws_url)
    clients.forget_clients()

    def made(campaign, *people):
        tokens = LinkTokens(
            KmsLinkKeys(key_id="alias/kvitto-links", campaigns_table=CAMPAIGNS, clock=SystemClock())
        )
        mine = [make(tokens, sid, campaign=campaign) for sid in people for make in (click, pixel)]
        return [*mine, click(tokens, campaign=campaign)]

    yield made
    clients.forget_clients()


def own_page(stack, address):
    """Ask for a link to one's own page by address; return its path."""
    answer = stack.post_form("/rights/demo", {"email": address, "language": "en"})
    assert answer.status == 200, answer.text
    return link_in(stack.wait_mail(address, "Your link")["text"], "/preferences")


def attested(stack, address):
    """Take somebody in who agreed elsewhere: a sign-up of theirs is answered with "already"."""
    body = {
        "basis": "attested",
        "email": address,
        "form": "demo",
        "boxes": {"newsletter": True, "measurement": False},
        "visitor": {"ip": "192.0.2.7"},
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60)),  # noqa: TID251
    }
    answer = stack.api("POST", "/subscribers", body)
    assert answer.status == 201, answer.text


@pytest.fixture
def told(stack):
    """A whole story: the reader, somebody who did not confirm, and a new address not answered."""
    reader, waiting, new = (stack.address(name) for name in ("scanned", "waiting", "moving"))
    attested(stack, reader)
    stack.sign_up(reader)
    stack.wait_mail(reader, "already")
    html = '<p>News, <a href="https://www.example.org/">elsewhere</a></p>'
    stack.finished(stack.send_campaign("To be scanned", html))
    stack.wait_mail(reader, "To be scanned")
    fresh = own_page(stack, reader)
    stack.post_form(fresh, {"act": "address", "email": new, "language": "en"})
    stack.wait_mail(new, "")
    stack.sign_up(waiting)
    stack.confirm_link(waiting)
    return reader, waiting, new


def test_a_scanner_that_runs_scripts_and_follows_every_link_changes_nothing(visit, stack, told):
    """Source: powermail issue 809, craft-campaign issue 169, Keila and Notifuse as read."""
    reader, waiting, new = told
    links = {link for person in told for mail in stack.mails(person) for link in links_of(mail)}
    found = {kind: [link for link in links if f"/{kind}/" in link] for kind in KINDS}
    assert all(found.values()), found
    before = stored(stack)

    scanner = Scanner(stack, visit(DESK, script=True))
    scanner.follow(sorted(links))

    assert scanner.methods == {"GET"}
    for kind in (*KINDS, "receipt", "rights", "privacy"):
        assert [path for path in scanner.opened if path.startswith(f"/{kind}/")], kind
    for wish in ("answer=confirm", "List-Unsubscribe=One-Click", "act=save", "act=erase"):
        assert any(wish in target for target in scanner.requested), wish
    assert stored(stack) == before

    stack.post_form(stack.confirm_link(waiting), {"answer": "confirm"})
    assert is_given(stack, waiting), "the scanner used the link up"

    moved = link_in(stack.mails(new)[-1]["text"], "/address")
    assert stack.post_form(moved, {"language": "en"}).status == 200
    left = link_in(stack.wait_mail(reader, "To be scanned")["text"], "/unsubscribe")
    assert stack.post_form(left, {"language": "en"}).status == 200
    assert not is_given(stack, new)


def test_counted_links_and_pixels_are_noted_and_change_nothing_else(visit, stack, counted):
    """Whoever follows them is counted, or kept with an id; consent, entries and mails stay."""
    measured = stack.subscribe(stack.address("measured"), measurement="yes")
    plain = stack.subscribe(stack.address("not-measured"))
    campaign = stack.send_campaign("To be counted", COUNTED)
    stack.finished(campaign)
    links = counted(campaign, measured["id"], plain["id"])
    before = stored(stack)

    scanner = Scanner(stack, visit(DESK, script=True))
    scanner.follow(links)

    assert scanner.requested == set(links)
    assert scanner.opened == [], "none of them is a page, so there is nothing to run"
    assert stored(stack) == before
    assert noted(stack)[ACTIVITY] == 2, "a click and an open, of who consents"
    assert noted(stack)[CAMPAIGNS] > 0


AUTOMATIC = {
    "after a while, by script": "setTimeout(() => fetch('', { method: 'POST' }), 180000)",
    "when the mouse comes near": "onmousemove = () => fetch('', { method: 'POST' })",
}


@pytest.mark.parametrize("how", AUTOMATIC)
def test_the_scanner_would_have_found_a_page_that_confirms_by_itself(visit, stack, how):
    """As Notifuse does by script, and Keila from the fourth minute on."""
    opened = visit(DESK, script=True)
    html = f"<h1>Confirm</h1><form><button>Yes</button></form><script>{AUTOMATIC[how]}</script>"
    opened.page.route(
        "**/privacy/demo", lambda route: route.fulfill(body=html, content_type="text/html")
    )
    scanner = Scanner(stack, opened)
    scanner.follow(["/privacy/demo"])
    assert "POST" in scanner.methods
