# SPDX-License-Identifier: Apache-2.0
"""The confirmation mail exactly as it was sent, and the receiving server's answer, for a proof.

Guarantees that the document is one canonical sequence of bytes (docs/spec/proof-bundle.md
section 1.1), and that what is stored opens with the person's own key alone and tells by its length
no more than a bucket of 256 bytes.
"""

from dataclasses import dataclass
from typing import Final

from chalicelib.errors import Malformed
from chalicelib.ports.mails import StoredMail
from chalicelib.ports.sending import Message
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.packed_mails import pack, unpack

REQUEST_TAG: Final = "m"
"""The message tag that holds the event id of the request a mail answers (docs/spec/sending.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAnswer:
    """What became of a confirmation mail, as SES told it.

    Attributes:
        event: SES's event type.
        at_ms: when, Unix milliseconds.
        message_id: SES's id of the mail it is about.
        said: the receiving server's words, or None.
    """

    event: str
    at_ms: int
    message_id: str
    said: str | None


def mail_document(sender: str, message: Message) -> bytes:
    """Return the mail as the canonical JSON whose SHA-256 its ledger entry commits to."""
    return canonical.encode(
        {
            "from": sender,
            "headers": [list(pair) for pair in message.headers],
            "html": message.html,
            "subject": message.subject,
            "text": message.text,
            "to": message.to,
        }
    )


def seal_mail(keys: SubjectKeys, request: int, document: bytes, nonce: bytes) -> bytes:
    """Return the document compressed, padded and sealed to its place in the chain."""
    return keys.seal_event(_mail_row(request), pack(document), nonce)


def open_mail(keys: SubjectKeys, stored: StoredMail) -> bytes | None:
    """Return the document given to `seal_mail`; None when there is none.

    Raises:
        EvidenceError: it is another person's or another request's, or was altered.
    """
    if stored.sealed is None:
        return None
    return unpack(keys.open_event(_mail_row(stored.request), stored.sealed))


def seal_answer(keys: SubjectKeys, request: int, answer: MailAnswer, nonce: bytes) -> bytes:
    """Return the answer padded and sealed to its place in the chain."""
    document: dict[str, JsonValue] = {
        "at": answer.at_ms,
        "event": answer.event,
        "message_id": answer.message_id,
        "said": answer.said,
    }
    return keys.seal_event(_answer_row(request), pack(canonical.encode(document)), nonce)


def open_answer(keys: SubjectKeys, stored: StoredMail) -> MailAnswer | None:
    """Return the answer given to `seal_answer`; None when there is none. Raises as `open_mail`."""
    if stored.answer is None:
        return None
    document = canonical.decode(unpack(keys.open_event(_answer_row(stored.request), stored.answer)))
    match document:
        case {"at": int(at_ms), "event": str(event), "message_id": str(message_id), "said": said}:
            said = None if said is None else str(said)
            return MailAnswer(event=event, at_ms=at_ms, message_id=message_id, said=said)
    raise Malformed("a stored answer has an unknown form")


def _mail_row(request: int) -> bytes:
    return f"M#{request:010d}".encode()


def _answer_row(request: int) -> bytes:
    return f"M#{request:010d}#A".encode()
