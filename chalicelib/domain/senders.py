# SPDX-License-Identifier: Apache-2.0
"""Addresses that tell people not to answer.

Guarantees that an address whose first half says so in one of the languages below is found, with
digits, dots or dashes between, before or after the words; and that a word which merely ends like
them (``casino-reply``) is not.

Why they are refused: people answer mails to leave (ePrivacy Directive Art. 13(4) asks for a valid
address to do so), to ask and to use their rights (GDPR Art. 12(2)).
"""

import re
import unicodedata
from typing import Final

from chalicelib.domain.content import Finding, FindingCode, Part, finding
from chalicelib.errors import InputError

NO_REPLY: Final = (
    "no reply", "no replies", "no answer", "no response", "not reply", "dont reply",
    "never reply", "unmonitored", "inget svar", "svara ej", "svara inte", "ej svar", "utan svar",
    "ikke svar", "svar ikke", "ei vastausta", "keine antwort", "nicht antworten",
    "nicht beantworten", "antworten nicht", "pas repondre", "pas de reponse", "sans reponse",
    "no respond", "no contestar", "nao respond", "non rispondere", "niet beantwoorden",
    "niet antwoorden", "geen antwoord",
)  # fmt: skip
"""What such addresses say, in English, Swedish, Danish, Norwegian, Finnish, German, French and
other languages of the Union, without accents."""
_SAYS: Final = re.compile(
    r"(?<![a-z])(?:(?:bitte|do|ne|please|vanligen)[^a-z]*)*(?:"
    + "|".join(words.replace(" ", "[^a-z]*") for words in NO_REPLY)
    + ")"
)


def is_no_reply(address: str) -> bool:
    """Say whether an e-mail address tells people not to answer.

    Example:
        >>> is_no_reply("do-not.reply_2@example.org"), is_no_reply("casino-reply@example.org")
        (True, False)
    """
    local = unicodedata.normalize("NFKD", address.rpartition("@")[0].lower())
    return _SAYS.search("".join(x for x in local if not unicodedata.combining(x))) is not None


def sender_findings(address: str) -> tuple[Finding, ...]:
    """Return an error if mails from ``address`` tell people not to answer."""
    if not is_no_reply(address):
        return ()
    return (finding(FindingCode.NO_REPLY_SENDER, Part.SENDER, None),)


def require_answerable(address: str) -> None:
    """Refuse an address that tells people not to answer as the sender of a brand.

    Raises:
        InputError: with the reason and what to do.
    """
    for found in sender_findings(address):
        raise InputError(code=found.code.value, detail=found.sentence)
