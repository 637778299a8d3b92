# SPDX-License-Identifier: Apache-2.0
"""E-mail addresses: parse strictly, normalise for the keyed index.

Guarantees one normal form: domain in lower-case A-labels, local part NFC and casefolded. Refuses
dot and plus tricks, so that two mailboxes are never taken for one.
"""

import unicodedata
from dataclasses import dataclass

from chalicelib.errors import InputError

MAX_ADDRESS_CHARS = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as typed and in the normal form the keyed index uses.

    Attributes:
        typed: exactly as the person wrote it, without surrounding space.
        deliverable: what goes into the mail: local part as typed, domain in A-labels.
        normal: what the keyed MAC is computed over.

    """

    typed: str
    deliverable: str
    normal: str


def parse_address(text: str) -> Address:
    """Return the parsed address; syntax only, nothing is looked up.

    Raises:
        InputError: not one plain address, longer than 254 characters, or with a local part SES
            cannot send to (it must be ASCII: SES has no SMTPUTF8).

    Source: RFC 5321 §4.1.2, §4.5.3.1; RFC 5891.

    """
    # Imported here: the library is slow to load and most entry points never parse an address.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    typed = text.strip()
    try:
        if len(typed) > MAX_ADDRESS_CHARS:
            raise EmailNotValidError
        found = validate_email(
            typed,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,
        )
    except (EmailNotValidError, UnicodeError):
        raise InputError(
            code="malformed_address",
            detail="This is not an e-mail address we can write to. Check it for typing mistakes.",
        ) from None
    domain = (found.ascii_domain or found.domain).lower()
    local = unicodedata.normalize("NFC", found.local_part)
    return Address(
        typed=typed, deliverable=f"{local}@{domain}", normal=f"{local.casefold()}@{domain}"
    )
