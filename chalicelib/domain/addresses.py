# SPDX-License-Identifier: Apache-2.0
"""E-mail addresses: parse strictly, normalise for the keyed index.

Guarantees one normal form: domain in lower-case A-labels, local part NFC and casefolded. Refuses
dot and plus tricks, so that two mailboxes are never taken for one; `alike` only counts doubles.
"""

import unicodedata
from dataclasses import dataclass

from chalicelib.errors import InputError

MAX_ADDRESS_CHARS = 254
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


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

    @property
    def domain(self) -> str:
        """What stands after the @, in lower-case A-labels."""
        return self.normal.rpartition("@")[2]


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


def alike(normal: str) -> str:
    """Return what normal forms of probably one mailbox have in common; good for counting alone.

    The local part before a plus, and at Gmail without its dots.

    Example:
        >>> alike("vi.sitor+news@googlemail.com"), alike("vi.sitor+news@example.org")
        ('visitor@gmail.com', 'vi.sitor@example.org')
    """
    local, _, domain = normal.rpartition("@")
    # A local part that begins with a plus has nothing before it to go by.
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        return f"{local.replace('.', '') or local}@gmail.com"
    return f"{local}@{domain}"
