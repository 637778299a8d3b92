# SPDX-License-Identifier: Apache-2.0
"""Mails as SES accepts and sends them: RFC 5322 messages with everything their sender asked for.

It guarantees that headers, text, HTML and raw messages go out as given, under a Message-ID made of
the SES message id.
It refuses what SES refuses: more than 15 own headers, values outside printable ASCII, addresses
outside ASCII.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Message.html
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.encoders import encode_base64
from email.header import Header
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses, parseaddr
from threading import Lock
from typing import Any

from infra.local.ses_errors import bad_request

MAX_HEADERS = 15
MAX_HEADER_VALUE = 995
_HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE = re.compile(rf"[ -~]{{1,{MAX_HEADER_VALUE}}}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_MAX_LINE = 990
_MIME = policy.SMTP.clone(refold_source="none", max_line_length=_MAX_LINE)
# What SES writes itself and takes from nobody.
_OWN_HEADERS = frozenset(
    {"bcc", "message-id", "return-path", "x-ses-configuration-set", "x-ses-message-tags"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Who a message goes to; every entry is one address as the caller wrote it."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every recipient's bare address."""
        return tuple(parseaddr(written)[1] for written in (*self.to, *self.cc, *self.bcc))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message accepted but not yet written out.

    Args:
        raw: a complete message from the caller; the other parts are then unused.
    """

    sender: str
    destination: Destination
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()
    raw: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Mail:
    """One accepted message. It is written out when it is first looked at, off the sender's path.

    Args:
        message_id: the id SES returned.
        operation: API operation that brought it.
        accepted_ms: Unix time in milliseconds.
        tags: name to value, in the sender's order.
    """

    message_id: str
    draft: Draft
    tags: dict[str, str]
    configuration_set: str | None
    operation: str
    region: str
    accepted_ms: int
    outcome: str = "Send"
    _raw: bytes | None = None
    _parsed: EmailMessage | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def accepted_at(self) -> datetime:
        """When SES accepted the message."""
        return datetime.fromtimestamp(self.accepted_ms / 1000, UTC)

    @property
    def raw(self) -> bytes:
        """The message as it went out."""
        with self._lock:
            if self._raw is None:
                self._raw = compose(self)
            return self._raw

    @property
    def parsed(self) -> EmailMessage:
        """The message as a reader's mail program sees it."""
        raw = self.raw
        with self._lock:
            if self._parsed is None:
                self._parsed = message_from_bytes(raw, policy=policy.default)
            return self._parsed

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header in order, values decoded and unfolded."""
        parsed = BytesHeaderParser(policy=policy.default).parsebytes(self.raw)
        return tuple((name, str(value)) for name, value in parsed.items())

    def header(self, name: str) -> str:
        """Return a header decoded and unfolded, or an empty text."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def body(self, kind: str) -> str | None:
        """Return the `plain` or `html` body decoded, or None."""
        part = self.parsed.get_body(preferencelist=(kind,))
        if part is None:
            return None
        content = part.get_content()
        return content.replace("\r\n", "\n") if isinstance(content, str) else None


def compose(mail: Mail) -> bytes:
    """Return the message SES would send for an accepted mail.

    The caller's own headers go out as they were given: the standard library's generator would turn
    a long List-Unsubscribe into encoded words, which no mail program follows.
    """
    message_id = f"<{mail.message_id}@{mail.region}.amazonses.com>"
    if mail.draft.raw is not None:
        return _with_own_headers(mail, message_id)
    draft = mail.draft
    given = [
        ("From", draft.sender),
        ("Reply-To", ", ".join(draft.reply_to)),
        ("To", ", ".join(draft.destination.to)),
        ("Cc", ", ".join(draft.destination.cc)),
        ("Subject", _encoded(draft.subject)),
        ("Message-ID", message_id),
        ("Date", format_datetime(mail.accepted_at)),
        *draft.headers,
        ("MIME-Version", "1.0"),
    ]
    lines = [_folded(f"{name}: {value}") for name, value in given if value]
    boundary = f"----=_Part_{mail.message_id[4:16]}_{mail.message_id[17:25]}"
    bodies = [_part("plain", draft.text)] if draft.text is not None else []
    if draft.html is not None:
        bodies.append(_part("html", draft.html))
    content = bodies[0] if len(bodies) == 1 else _multipart("alternative", f"{boundary}_a", bodies)
    if draft.attachments:
        attached = [_attachment(attachment) for attachment in draft.attachments]
        content = _multipart("mixed", f"{boundary}_m", [content, *attached])
    return "".join(f"{line}\r\n" for line in lines).encode("ascii") + content


def _with_own_headers(mail: Mail, message_id: str) -> bytes:
    """Return a caller's complete message with the headers that are SES's to write."""
    message = message_from_bytes(mail.draft.raw or b"", policy=_MIME)
    for name in _OWN_HEADERS:
        del message[name]
    message["Message-ID"] = message_id
    if "Date" not in message:
        message["Date"] = format_datetime(mail.accepted_at)
    return message.as_bytes()


def _encoded(text: str) -> str:
    """Return a header's text, in encoded words when it is not ASCII."""
    if text.isascii():
        return text
    return Header(text, "utf-8", maxlinelen=70, header_name="Subject").encode(linesep="\r\n")


def _folded(line: str) -> str:
    """Return a header, folded where a line of it is longer than RFC 5322 allows, and as it was."""
    return "\r\n".join(_cut(each) for each in line.split("\r\n"))


def _cut(line: str) -> str:
    parts = []
    while len(line) > _MAX_LINE:
        cut = line.rfind(" ", 1, _MAX_LINE)
        if cut <= 0:
            break
        parts.append(line[:cut])
        line = line[cut:]
    return "\r\n".join([*parts, line])


def _part(subtype: str, text: str) -> bytes:
    """Return one text part, quoted-printable, with its headers."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8"), istext=True)
    return (
        (
            f"Content-Type: text/{subtype}; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode("ascii")
        + encoded
        + b"\r\n"
    )


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    """Return parts joined as one multipart, with its headers."""
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    separator = f"--{boundary}\r\n".encode("ascii")
    joined = b"".join(separator + part for part in parts)
    return head + joined + f"--{boundary}--\r\n".encode("ascii")


def _attachment(attachment: dict[str, Any]) -> bytes:
    """Return one attachment of the API's shape as a part."""
    part = MIMEBase(*attachment.get("ContentType", "application/octet-stream").split("/", 1))
    del part["MIME-Version"]
    part.set_payload(base64.b64decode(attachment["RawContent"]))
    encode_base64(part)
    disposition = attachment.get("ContentDisposition", "ATTACHMENT").lower()
    part.add_header("Content-Disposition", disposition, filename=attachment["FileName"])
    if "ContentId" in attachment:
        part.add_header("Content-ID", f"<{attachment['ContentId']}>")
    return part.as_bytes(policy=policy.SMTP) + b"\r\n"


def read_destination(body: dict[str, Any]) -> Destination:
    """Return the destination of an API body.

    Raises:
        SesError: an address is missing, outside ASCII or without a domain.
    """
    destination = Destination(
        to=tuple(body.get("ToAddresses") or ()),
        cc=tuple(body.get("CcAddresses") or ()),
        bcc=tuple(body.get("BccAddresses") or ()),
    )
    for written in (*destination.to, *destination.cc, *destination.bcc):
        check_address(written)
    return destination


def check_address(written: str) -> str:
    """Return the bare address of what the caller wrote.

    Raises:
        SesError: it is not one ASCII address with a domain.
    """
    address = parseaddr(written)[1]
    if not written.isascii() or not written.isprintable():
        raise bad_request("Address contains control or non-ASCII characters.")
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or " " in address:
        raise bad_request("Missing final '@domain'")
    return address


def read_headers(listed: list[dict[str, str]] | None) -> tuple[tuple[str, str], ...]:
    """Return the caller's own headers.

    Raises:
        SesError: more than 15, or a name or value SES does not take.
    """
    headers = tuple((item["Name"], item["Value"]) for item in listed or ())
    if len(headers) > MAX_HEADERS:
        raise bad_request(f"The number of headers exceeds the maximum of {MAX_HEADERS}.")
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise bad_request(f"Invalid header name: {name[:126]!r}.")
        if not _HEADER_VALUE.fullmatch(value):
            raise bad_request(f"Invalid value of header {name}.")
    return headers


def read_tags(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Return message tags by name.

    Raises:
        SesError: a name or value outside letters, digits, hyphen and underscore, or too long.
    """
    tags = {item["Name"]: item["Value"] for item in listed or ()}
    for name, value in tags.items():
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise bad_request("Tags may hold only letters, digits, underscores and hyphens.")
    return tags


def read_raw(
    encoded: str, destination: Destination, sender: str | None
) -> tuple[Draft, dict[str, str], str | None]:
    """Return a raw message as a draft, with the tags and the configuration set its headers name.

    Raises:
        SesError: the message is not base64, or names no sender or no recipient.
    """
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_request("Raw.Data is not base64.") from error
    message = message_from_bytes(raw, policy=policy.default)
    sender = sender or str(message.get("From", ""))
    if not destination.addresses:
        destination = Destination(
            **{
                field_name: tuple(
                    address
                    for _, address in getaddresses(
                        [str(v) for v in message.get_all(field_name, [])]
                    )
                )
                for field_name in ("to", "cc", "bcc")
            }
        )
    tags = {}
    for pair in str(message.get("X-SES-MESSAGE-TAGS", "")).split(","):
        name, separator, value = pair.strip().partition("=")
        if separator:
            tags[name.strip()] = value.strip()
    configuration_set = message.get("X-SES-CONFIGURATION-SET")
    draft = Draft(
        sender=sender, destination=destination, subject=str(message.get("Subject", "")), raw=raw
    )
    return draft, tags, str(configuration_set) if configuration_set else None
