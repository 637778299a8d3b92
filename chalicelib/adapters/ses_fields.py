# SPDX-License-Identifier: Apache-2.0
"""What may stand in the fields of a message, checked before any request.

Guarantees that no address, subject, header or tag can break out of its field. Refuses lengths and
counts beyond what SES takes, because SES would refuse a whole call for one of them.
Source: SES API reference v2, SendEmail, MessageHeader and MessageTag; the service model's patterns.
"""

import re
from collections.abc import Sequence
from email.utils import formataddr, parseaddr
from typing import Final

from chalicelib.errors import InputError
from chalicelib.ports.sending import Message, Outcome, Sent

MAX_HEADERS: Final = 15

_HEADER_NAME: Final = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE: Final = re.compile(r"[ -~]{1,995}")
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS: Final = re.compile(r"(?=.{3,320}\Z)[!-~]+@[!-~]+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")

Pairs = Sequence[tuple[str, str]]


def malformed(message: Message) -> Sent | None:
    """Return the rejection of a message that must not reach SES, or None when it may."""
    reason = bad_subject(message.subject)
    reason = bad_envelope(message.to, message.headers, message.tags) or reason
    if not reason and not all(sendable(text) for text in (message.html, message.text)):
        reason = "malformed_text"
    return Sent(outcome=Outcome.REJECTED, reason=reason) if reason else None


def bad_envelope(to: str, headers: Pairs, tags: Pairs) -> str | None:
    """Return what is wrong with what surrounds a mail's content, or None."""
    if not _ADDRESS.fullmatch(to):
        return "malformed_address"
    if len(headers) > MAX_HEADERS:
        return "malformed_header"
    for name, value in headers:
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            return "malformed_header"
    for name, value in tags:
        if not (_TAG.fullmatch(name) and _TAG.fullmatch(value)):
            return "malformed_tag"
    return None


def bad_subject(subject: str) -> str | None:
    """Return what is wrong with a subject, or None."""
    bad = not subject.strip() or _CONTROLS.search(subject) or not sendable(subject)
    return "malformed_subject" if bad else None


def sendable(text: str) -> bool:
    """Say whether a text can be written as UTF-8; half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_value(sender: str) -> str:
    """Return the From value with a name outside ASCII encoded (RFC 2047).

    Raises:
        InputError: ``sender`` is not a name and one address.
    """
    name, address = parseaddr(sender)
    if _CONTROLS.search(sender) or not _ADDRESS.fullmatch(address):
        raise InputError(code="bad_sender", detail="A sender is a name and one e-mail address.")
    return formataddr((name, address), "utf-8")
