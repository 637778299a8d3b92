# SPDX-License-Identifier: Apache-2.0
"""A mail goes out as its sender wrote it, and what SES refuses is refused."""

import base64

import pytest

from infra.local.ses_errors import SesError
from infra.local.ses_message import (
    Destination,
    Draft,
    Mail,
    check_address,
    read_headers,
    read_raw,
    read_tags,
)
from infra.local.ses_template import RenderingError, UnsupportedError, data_of, render

LINK = "<https://news.example.org/unsubscribe/" + "x" * 300 + ">"


def mail(draft: Draft) -> Mail:
    return Mail(
        message_id="0110018c3f0e9a21-5b6d8a4e-6f2b-4f0c-9d55-3a7c2f1e8b90-000000",
        draft=draft,
        tags={},
        configuration_set=None,
        operation="SendEmail",
        region="eu-north-1",
        accepted_ms=0,
    )


def draft(**changed: object) -> Draft:
    given = {
        "sender": "news@example.com",
        "destination": Destination(to=("visitor@example.org",)),
        "subject": "Höstens brev",
        "text": "Hej å\nrad två",
        "html": "<p>Hej å</p>\n" + "lång rad " * 200,
        "headers": (("List-Unsubscribe", LINK),),
    }
    return Draft(**(given | changed))  # type: ignore[arg-type]


def test_text_html_and_subject_come_back_as_given() -> None:
    sent = mail(draft())
    assert sent.body("plain") == "Hej å\nrad två"
    assert sent.body("html") == draft().html
    assert sent.header("subject") == "Höstens brev"
    assert max(len(line) for line in sent.raw.split(b"\r\n")) <= 998


def test_a_long_own_header_goes_out_unencoded_and_unbroken() -> None:
    sent = mail(draft())
    assert f"List-Unsubscribe: {LINK}\r\n".encode() in sent.raw
    assert sent.header("List-Unsubscribe") == LINK


def test_an_attachment_rides_beside_both_bodies() -> None:
    attached = {
        "FileName": "a.txt",
        "ContentType": "text/plain",
        "RawContent": base64.b64encode(b"hej"),
    }
    sent = mail(draft(attachments=(attached,)))
    assert sent.body("html") is not None
    (part,) = sent.parsed.iter_attachments()
    assert part.get_filename() == "a.txt"


def test_a_raw_message_keeps_its_headers_and_loses_only_what_ses_writes() -> None:
    raw = (
        b"From: news@example.com\r\nTo: visitor@example.org\r\nBcc: secret@example.org\r\n"
        b"Message-ID: <mine@example.com>\r\nX-SES-MESSAGE-TAGS: c=one, r=two\r\n"
        b"X-SES-CONFIGURATION-SET: kvitto\r\nX-Own: yes\r\nSubject: s\r\n\r\nbody\xff\r\n"
    )
    read, tags, configuration_set = read_raw(base64.b64encode(raw).decode(), Destination(), None)
    assert read.destination.addresses == ("visitor@example.org", "secret@example.org")
    assert tags == {"c": "one", "r": "two"}
    assert configuration_set == "kvitto"
    sent = mail(read)
    assert sent.header("X-Own") == "yes"
    assert "mine@example.com" not in sent.header("Message-ID")
    assert sent.header("Bcc") == ""
    assert b"body\xff" in sent.raw


@pytest.mark.parametrize(
    "headers",
    [
        [{"Name": "X", "Value": "å"}],
        [{"Name": "X", "Value": "a" * 996}],
        [{"Name": "X", "Value": "a\r\nBcc: b@example.org"}],
        [{"Name": "Bad name", "Value": "a"}],
        [{"Name": "Message-ID", "Value": "a"}],
        [{"Name": f"X-{n}", "Value": "a"} for n in range(16)],
    ],
)
def test_headers_ses_refuses_are_refused(headers: list[dict[str, str]]) -> None:
    with pytest.raises(SesError):
        read_headers(headers)


@pytest.mark.parametrize("address", ["", "nobody", "å@example.org", "a@", "a b@example.org\n"])
def test_addresses_ses_refuses_are_refused(address: str) -> None:
    with pytest.raises(SesError):
        check_address(address)


def test_tags_hold_only_what_ses_allows() -> None:
    assert read_tags([{"Name": "r", "Value": "a-_9"}]) == {"r": "a-_9"}
    with pytest.raises(SesError):
        read_tags([{"Name": "r", "Value": "visitor@example.org"}])


def test_templates_replace_names_without_escaping() -> None:
    assert render("{{a}} {n} {{n}}{{n}} \\ } {", {"a": "<i>{{n}}", "n": 2}) == (
        "<i>{{n}} {n} 22 \\ } {"
    )


def test_an_entry_s_data_replace_the_template_s_as_a_whole() -> None:
    assert data_of('{"a": "1", "b": "2"}', '{"a": "3"}') == {"a": "3"}
    assert data_of('{"a": "1"}', "{}") == data_of('{"a": "1"}', None) == {"a": "1"}
    for text in ("[]", "{"):
        with pytest.raises(RenderingError):
            data_of(None, text)


@pytest.mark.parametrize(
    "template",
    [
        *("{{#each a}}{{/each}}", "{{a.b}}", "{{ a }}", "{{{a}}}", "{{{a}}", "{{a}}}", "{{å}}"),
        *("{{", "}}", "{{a", "{{a}", "{{1}}", "{{}}", "@media{p{x:y}}", "\\{{a}}", "{{a}}\\{{a}}"),
    ],
)
def test_templates_hold_names_and_nothing_else(template: str) -> None:
    with pytest.raises(UnsupportedError):
        render(template, {"a": "x", "1": "x", "å": "x"})


def test_templates_fail_on_what_the_data_lack() -> None:
    with pytest.raises(RenderingError, match="'missing' is not present"):
        render("{{a}}{{missing}}", {"a": "x"})
