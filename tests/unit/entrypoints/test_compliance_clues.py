# SPDX-License-Identifier: Apache-2.0
"""The one search box: every text is exactly one kind of clue."""

import pytest

from chalicelib.entrypoints.compliance_clues import clue_of

SES_ID = "0102018c2f5ca1b2-6f1c0ffe-1111-2222-3333-abcdefabcdef-000000"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("visitor@example.org", "email"),
        ("  Visitor <visitor@example.org>\r\n", "email"),
        ("nonsense", "email"),
        ("D" * 21 + "A", "subscriber"),
        (f" {'D' * 21}A\r\n", "subscriber"),
        ("https://mail.example.org/unsubscribe/" + "A" * 66, "link"),
        ("<https://mail.example.org/unsubscribe/" + "A" * 40 + "\r\n" + "A" * 26 + ">", "link"),
        ("/confirm/" + "A" * 43, "link"),
        ("A" * 66, "link"),
        (SES_ID, "message_id"),
        (f"<{SES_ID}@eu-north-1.amazonses.com>", "message_id"),
        (f"Message-ID: <{SES_ID}@example.org>", "message_id"),
        ("From: a@example.org\r\nSubject: x\r\n\r\nHello", "eml"),
        (f"Message-ID: <{SES_ID}@example.org>\nA: b\nC: d\nE: f\n\nHello", "eml"),
        ("From MAILER Thu Jan  1\nReceived: x\n\nHello", "eml"),
        ("Hello,\n\nsee below\n\n> a link\n> https://mail.example.org/c/x", "eml"),
    ],
)
def test_the_shape_tells_the_kind(text, kind):
    assert set(clue_of(text)) == {kind}


def test_an_address_comes_out_bare():
    assert clue_of("Visitor <visitor@example.org>") == {"email": "visitor@example.org"}


def test_a_pasted_mail_stays_as_it_was():
    mail = "From: a@example.org\r\n\r\nHello\r\n"
    assert clue_of(mail) == {"eml": mail}
