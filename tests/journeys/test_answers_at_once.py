# SPDX-License-Identifier: Apache-2.0
"""Many answers to one confirmation link in the same moment, on the running stack."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from chalicelib.services.entries import event_of_leaf
from tests.support.expiry import let_expire
from tests.support.stack import link_in
from tests.support.stored import chains

AT_ONCE = 8


def at_once(acts):
    """Run all of them at the same time and return what they gave."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [running.result() for running in [pool.submit(act) for act in acts]]


def types_of(stack, address):
    """How many entries of each type somebody's chain has."""
    leaves = chains(stack.settled())[stack.subscriber(address)["id"]]
    return Counter(str(event_of_leaf(leaf).type) for leaf in leaves)


def test_a_link_confirmed_many_times_at_once_is_one_entry(stack):
    address = stack.address("eager")
    stack.sign_up(address)
    link = stack.confirm_link(address)
    answers = at_once([lambda: stack.post_form(link, {"answer": "confirm"})] * AT_ONCE)
    assert {answer.status for answer in answers} <= {200, 409}
    assert any("Thank you" in answer.text for answer in answers)
    assert types_of(stack, address)["consent.confirmed"] == 1


def test_an_expired_link_asked_again_many_times_at_once_is_one_request(stack):
    address = stack.address("impatient")
    stack.sign_up(address)
    link = stack.confirm_link(address)
    let_expire(stack, link)
    answers = at_once([lambda: stack.post_form(link, {"answer": "again"})] * AT_ONCE)
    assert {answer.status for answer in answers} <= {200, 409}
    assert any("Check your mail" in answer.text for answer in answers)
    types = types_of(stack, address)
    assert (types["consent.requested"], types["consent.mail_sent"]) == (2, 1)


def test_whatever_comes_beside_an_unsubscribe_consent_does_not_outlive_it(stack):
    """A known person asks for more, and stops it all in the moment of confirming."""
    address = stack.address("torn")
    stack.subscribe(address)
    stack.finished(stack.send_campaign("Torn", "<p>News</p>"))
    leave = link_in(stack.wait_mail(address, "Torn")["text"], "/unsubscribe")
    at_once(
        [lambda: stack.post_form(leave, {"List-Unsubscribe": "One-Click"})] * 2
        + [lambda: stack.post_form(stack.confirm_link(address), {"answer": "confirm"})] * 4
        + [lambda: stack.post_form(stack.confirm_link(address), {"answer": "again"})] * 4
    )
    stack.post_form(stack.confirm_link(address), {"answer": "confirm"})
    stack.post_form(stack.confirm_link(address), {"answer": "again"})
    seen = stack.subscriber(address)
    assert [item["status"] for item in seen["lists"]] == ["withdrawn"]
    assert types_of(stack, address)["consent.requested"] == 1
