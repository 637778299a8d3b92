# SPDX-License-Identifier: Apache-2.0
"""A service's message as its row keeps it, from when it is taken in until it went.

Guarantees that it opens with the person's own key and in its own row alone, and that its length
tells no more than a bucket of 256 bytes.
"""

from chalicelib.domain.messages import ServiceMessage
from chalicelib.errors import Malformed
from chalicelib.ports.sending import Rendered
from chalicelib.proof import canonical
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.packed_mails import pack, unpack


def seal_message(keys: SubjectKeys, message_id: str, mail: Rendered, nonce: bytes) -> bytes:
    """Return a filled message, sealed to its row; its length tells a bucket of 256 bytes."""
    document: dict[str, JsonValue] = {
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
    }
    return keys.seal_event(_row(message_id), pack(canonical.encode(document)), nonce)


def open_message(keys: SubjectKeys, message: ServiceMessage) -> Rendered:
    """Return the mail given to `seal_message`.

    Raises:
        EvidenceError: it is another person's or another message's, was altered, or is gone.
    """
    if message.sealed is None:
        raise Malformed("the message has no text any more")
    match canonical.decode(unpack(keys.open_event(_row(message.id), message.sealed))):
        case {"subject": str(subject), "html": str(html), "text": str(text)}:
            return Rendered(subject=subject, html=html, text=text)
    raise Malformed("a stored message has an unknown form")


def _row(message_id: str) -> bytes:
    return f"MSG#{message_id}".encode()
