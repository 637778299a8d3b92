# SPDX-License-Identifier: Apache-2.0
"""The headers of a sent campaign mail, as a stranger's RFC 5322 parser reads them.

The parser is fast-mail-parser, Rust's mailparse: it shares nothing with Python's email package,
which the product and the local stack write mails with.
"""

import re

import pytest
from fast_mail_parser import parse_email

from tests.support.stack import FORM

ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def sent(stack):
    """A reader, and the headers of a campaign mail to them: name in small letters to values."""
    email = stack.address("reader")
    stack.subscribe(email)
    stack.finished(stack.send_campaign("Råd & rön", "<p>News</p>"))
    raw = stack.wait_mail(email, "Råd & rön")["raw"]
    parsed = parse_email(raw.encode("utf-8"))
    assert not parsed.warnings
    return email, {name.lower(): values for name, values in parsed.headers.items()}


def one(headers, name):
    """The only value of a header."""
    (value,) = headers[name]
    return value


def ways_out(headers):
    return [way.strip() for way in one(headers, "list-unsubscribe").split(",")]


def test_list_unsubscribe_names_one_https_page_first_and_one_address(stack, sent):
    _, headers = sent
    page, address = ways_out(headers)
    assert re.fullmatch(rf"<{re.escape(stack.base_url)}/unsubscribe/[A-Za-z0-9_-]{{66}}>", page)
    local, domain = re.fullmatch(r"<mailto:([a-z2-7]+)@([a-z.]+)>", address).groups()
    assert len(local) <= 64
    assert domain == "inbound.example.org"


def test_the_post_header_is_exactly_what_rfc_8058_says(sent):
    assert one(sent[1], "list-unsubscribe-post") == ONE_CLICK


def test_list_id_names_the_list_as_rfc_2919_does(sent):
    assert one(sent[1], "list-id") == "<newsletter.demo.127.0.0.1>"


def test_each_header_a_mail_has_once_stands_once_and_nothing_personal_in_ours(sent):
    email, headers = sent
    for name in ("from", "to", "subject", "date", "message-id", "mime-version"):
        assert len(headers[name]) == 1, name
    assert email in one(headers, "to")
    for name in ("list-unsubscribe", "list-unsubscribe-post", "list-id"):
        assert email.partition("@")[0] not in one(headers, name)


def test_both_ways_out_lead_out(stack, sent):
    email, headers = sent
    page, address = (way.strip("<>") for way in ways_out(headers))
    mail = {"from": email, "to": address.removeprefix("mailto:"), "subject": ""}
    assert stack.post_form("/local/inbound", mail).status == 200
    stack.settled()
    assert [entry["status"] for entry in stack.subscriber(email)["lists"]] == ["withdrawn"]
    again = stack.ask("POST", page, ONE_CLICK.encode(), {"Content-Type": FORM})
    assert again.status == 200
