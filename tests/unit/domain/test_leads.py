# SPDX-License-Identifier: Apache-2.0
"""Leads: a token comes out whole whatever was done to its link, and junk is only junk."""

import base64
import re
from email.message import EmailMessage
from urllib.parse import quote

import pytest

from chalicelib.domain.leads import (
    MAX_CONFIRMATIONS,
    MAX_LINKS,
    MAX_MESSAGE_IDS,
    Leads,
    LinkKind,
    LinkLead,
    of_link,
    of_mail,
    of_message_id,
)
from chalicelib.errors import InputError

BASE = "https://mail.example.org"
LETTERS = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_"
WIDTHS = {
    "unsubscribe": (LinkKind.UNSUBSCRIBE, 66),
    "preferences": (LinkKind.PREFERENCES, 66),
    "receipt": (LinkKind.RECEIPT, 66),
    "view": (LinkKind.VIEW, 87),
    "o": (LinkKind.OPEN, 87),
    "c": (LinkKind.CLICK, 90),
    "confirm": (LinkKind.CONFIRM, 43),
}
SES_ID = "0102018f2f7c3a4b-0a1b2c3d-1111-2222-3333-0123456789ab-000000"
LEAVE = LinkLead(kind=LinkKind.UNSUBSCRIBE, token=(LETTERS * 3)[:66])
LEAVE_URL = f"{BASE}/unsubscribe/{LEAVE.token}"


def url(path, width):
    return f"{BASE}/{path}/{(LETTERS * 3)[:width]}"


@pytest.mark.parametrize("path", WIDTHS)
def test_every_kind_of_link_is_known_by_its_path(path):
    kind, width = WIDTHS[path]
    assert of_link(url(path, width)).links == (LinkLead(kind=kind, token=(LETTERS * 3)[:width]),)


def proofpoint_2(link):
    written = quote(link, safe="").replace("-", "-2D").replace("_", "-5F")
    return written.replace("%2F", "_").replace("%", "-")


@pytest.mark.parametrize(
    "text",
    [
        f"<{LEAVE_URL}>",
        f"  {LEAVE_URL}>, <mailto:leave@example.org>",
        f"{LEAVE_URL}?utm_source=x#top",
        f"{LEAVE_URL}/",
        f"{LEAVE_URL}.",
        LEAVE_URL[:90] + "\r\n " + LEAVE_URL[90:],
        LEAVE_URL[:90] + "\n> " + LEAVE_URL[90:],
        LEAVE_URL[:90] + "=\n" + LEAVE_URL[90:],
        LEAVE_URL[:90] + "\u200b" + LEAVE_URL[90:],
        LEAVE_URL.removeprefix("https://"),
        LEAVE_URL.replace(BASE, "http://old-address.example.org/stage"),
        f"https://eu.safelinks.example.org/?url={quote(LEAVE_URL, safe='')}&data=05%7C02",
        f"https://example.org/l?u={quote(quote(LEAVE_URL, safe=''), safe='')}",
        f"https://urldefense.example.org/v3/__{LEAVE_URL}__;!!Abc123$",
        f"https://urldefense.example.org/v2/url?u={proofpoint_2(LEAVE_URL)}&d=DwMF",
        f"Unsubscribe ( {LEAVE_URL} )",
        f'<a href="{LEAVE_URL}&amp;x=1">leave</a>',
    ],
)
def test_a_link_survives_what_hangs_on_it_and_what_it_was_wrapped_in(text):
    assert LEAVE in of_link(text).links


def test_a_bare_token_may_be_of_any_kind_of_its_width():
    kinds = {lead.kind for lead in of_link(f" {LEAVE.token}\n").links}
    assert kinds == {LinkKind.UNSUBSCRIBE, LinkKind.PREFERENCES, LinkKind.RECEIPT}


@pytest.mark.parametrize(
    "text", ["", "nothing", BASE, LEAVE_URL[:-1], f"{BASE}/unsubscribe/", "x" * 100_000, "%" * 999]
)
def test_what_holds_no_whole_token_gives_no_lead(text):
    assert of_link(text).links == ()


@pytest.mark.parametrize(
    "text",
    [
        SES_ID,
        f"<{SES_ID}@eu-north-1.amazonses.com>",
        f"Message-ID: <{SES_ID}@email.amazonses.com>",
        f"message-id:\r\n <{SES_ID}@eu-north-1.amazonses.com>\r\n",
        f"{SES_ID}@eu-north-1.amazonses.com",
    ],
)
def test_a_message_id_is_ses_own_part_of_it(text):
    assert of_message_id(text).message_ids == (SES_ID,)


def test_no_message_id_gives_no_lead():
    assert of_message_id("  ").message_ids == ()


def original(text=f"Hello\n{LEAVE_URL}\n", html=None):
    mail = EmailMessage()
    mail["Subject"] = "News"
    mail["Message-ID"] = f"<{SES_ID}@eu-north-1.amazonses.com>"
    mail["List-Unsubscribe"] = f"<{LEAVE_URL}>"
    mail.set_content(text, cte="quoted-printable")
    if html:
        mail.add_alternative(html, subtype="html", cte="base64")
    return mail


def forwarded(mail, how):
    outer = EmailMessage()
    outer["Subject"] = "Fwd: News"
    outer["Message-ID"] = "<complaint@example.com>"
    if how == "attached":
        outer.set_content("See the mail attached.")
        outer.add_attachment(mail)
    elif how == "as a file":
        outer.set_content("See the file.")
        outer.add_attachment(
            mail.as_bytes(), maintype="application", subtype="octet-stream", filename="mail.eml"
        )
    elif how == "inline":
        quoted = "\n".join(f"> {line}" for line in mail.get_content().splitlines())
        outer.set_content(f"---- Forwarded ----\n{quoted}\n", cte="quoted-printable")
    elif how == "as html in base64":
        outer.set_content(f'<p><a href="{LEAVE_URL}">x</a></p>', subtype="html", cte="base64")
    elif how == "replied to":
        outer["In-Reply-To"] = mail["Message-ID"]
        outer.set_content("Why do I get this?")
    return outer.as_string()


@pytest.mark.parametrize("how", ["attached", "as a file", "inline", "as html in base64"])
def test_a_link_is_found_however_the_mail_was_forwarded(how):
    assert LEAVE in of_mail(forwarded(original(), how)).links


@pytest.mark.parametrize("how", ["attached", "as a file", "replied to"])
def test_the_message_id_of_the_mail_itself_comes_before_the_complaints(how):
    assert of_mail(forwarded(original(), how)).message_ids[0] == SES_ID


def test_the_header_of_the_original_is_enough():
    found = of_mail(original("no link here").as_string())
    assert found.links == (LEAVE,)
    assert found.message_ids == (SES_ID,)


def test_a_mail_attached_in_base64_against_the_standard_is_read():
    encoded = base64.encodebytes(original().as_bytes()).decode()
    raw = (
        "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}\n--b--\n"
    )
    assert LEAVE in of_mail(raw).links


def test_two_people_in_two_headers_are_both_found():
    other = LEAVE.token[::-1]
    raw = f"List-Unsubscribe: <{LEAVE_URL}>\nList-Unsubscribe: <{BASE}/unsubscribe/{other}>\n\nhi"
    assert {lead.token for lead in of_mail(raw).links} == {LEAVE.token, other}


def test_only_the_body_is_enough():
    assert of_mail(f"you wrote:\n{LEAVE_URL}").links == (LEAVE,)
    broken = re.sub("(.{60})", r"\1=\n", LEAVE_URL)
    assert of_mail(f"you wrote:\n{broken}").links == (LEAVE,)


class TestHostileMails:
    """None of them costs more than a moment or raises anything but a sentence."""

    def test_one_of_ten_thousand_parts_is_refused(self):
        parts = "".join(
            f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(10_000)
        )
        with pytest.raises(InputError, match="parts"):
            of_mail(parts)

    def test_one_that_nests_as_deep_as_is_let_through_is_read(self):
        parts = "".join(
            f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(190)
        )
        assert LEAVE in of_mail(f"{parts}Content-Type: text/plain\n\n{LEAVE_URL}").links

    def test_one_of_many_parts_and_endless_lines_is_refused(self):
        head = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n' for n in range(100))
        with pytest.raises(InputError, match="parts"):
            of_mail(head + "\n" * 500_000)

    def test_one_over_a_mebibyte_is_refused(self):
        with pytest.raises(InputError, match="1 MiB"):
            of_mail("x" * ((1 << 20) + 1))

    def test_mails_in_mails_in_mails_end_somewhere(self):
        inner = original().as_bytes()
        for _ in range(8):
            outer = EmailMessage()
            outer.add_attachment(
                inner, maintype="application", subtype="octet-stream", filename="m.eml"
            )
            inner = outer.as_bytes()
        assert of_mail(inner.decode()) == Leads()

    @pytest.mark.parametrize(
        "raw",
        [
            "",
            "\n",
            ":::\n\n",
            "Content-Type: text/plain; charset=no-such-charset\n\nhi",
            "Content-Type: text/plain; charset*=x'y'%ff%fe\n\nhi",
            "Content-Type: multipart/mixed\n\nno boundary",
            "Content-Type: multipart/mixed; boundary=\n\n--\n",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n!!!!",
            "Content-Transfer-Encoding: uuencode\n\nbegin 666 x\n????\n",
            "List-Unsubscribe: =?utf-8?q?=FF=FE?=\nMessage-ID: <" + "<" * 5_000 + "\n\nhi",
            "Subject: \udcff \ud800\n\nhi",
            "A: " + "x " * 400_000 + "\n\nhi",
            "<" * 500_000,
            "unsubscribe/" * 80_000,
            "=\n" * 400_000,
            "%25" * 300_000,
            "?u=" + "a" * 900_000,
        ],
    )
    def test_nonsense_gives_nothing_and_raises_nothing(self, raw):
        found = of_mail(raw)
        assert found.links == ()
        assert len(found.message_ids) <= MAX_MESSAGE_IDS

    def test_in_a_charset_nobody_knows_a_link_is_found(self):
        raw = f"Content-Type: text/plain; charset=no-such-charset\n\n{LEAVE_URL}\n"
        assert LEAVE in of_mail(raw).links
        wide = base64.encodebytes(LEAVE_URL.encode("utf-16")).decode()
        head = "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64"
        assert LEAVE in of_mail(f"{head}\n\n{wide}").links

    def test_there_is_an_end_to_leads(self):
        many = "\n".join(
            f"{BASE}/{path}/{n:0{width}d}"
            for n in range(1_000)
            for path, width in (("confirm", 43), ("unsubscribe", 66))
        )
        ids = " ".join(f"<{n}@example.org>" for n in range(1_000))
        found = of_mail(f"References: {ids}\n\n{many}")
        kinds = [lead.kind for lead in found.links]
        assert kinds.count(LinkKind.CONFIRM) == MAX_CONFIRMATIONS
        assert len(kinds) == MAX_LINKS + MAX_CONFIRMATIONS
        assert len(found.message_ids) == MAX_MESSAGE_IDS
