# SPDX-License-Identifier: Apache-2.0
"""Addresses that look mistyped: the well-known mail domain that was probably meant.

Guarantees that a well-known domain is never called a mistake, and that nothing is changed: a
suggestion is shown, the person decides.
"""

from chalicelib.domain.addresses import Address

WELL_KNOWN = (
    *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"),
    *("yahoo.com", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "mail.com"),
    *("email.com", "protonmail.com", "proton.me", "pm.me", "tutanota.com", "tuta.io"),
    *("fastmail.com", "hey.com", "zoho.com", "yandex.com", "gmx.com", "gmx.net", "inbox.com"),
    *(
        "gmx.de",
        "gmx.at",
        "gmx.ch",
        "web.de",
        "mail.de",
        "t-online.de",
        "freenet.de",
        "mailbox.org",
    ),
    *("posteo.de", "hotmail.de", "outlook.de", "yahoo.de", "live.de", "arcor.de", "bluewin.ch"),
    *("hotmail.se", "live.se", "outlook.se", "yahoo.se", "telia.com", "telia.se", "bredband.net"),
    *("comhem.se", "spray.se", "tele2.se", "bahnhof.se", "hotmail.no", "hotmail.dk", "live.dk"),
    *("orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "hotmail.fr", "live.fr"),
    *("outlook.fr", "yahoo.fr", "gmx.fr", "neuf.fr", "bbox.fr", "numericable.fr", "skynet.be"),
    *("hotmail.co.uk", "live.co.uk", "yahoo.co.uk", "btinternet.com", "sky.com", "virginmedia.com"),
)
"""Domains at which very many people have their mail."""
LEAST_CHARS = 5
"""Shorter names have too many real neighbours."""


def suggest(address: Address) -> str | None:
    """Return the address that was probably meant, or None when nothing looks mistyped.

    Example:
        >>> from chalicelib.domain.addresses import parse_address
        >>> suggest(parse_address("visitor@gmial.con"))
        'visitor@gmail.com'
        >>> suggest(parse_address("visitor@mail.com")) is None
        True
    """
    local, _, domain = address.deliverable.rpartition("@")
    if domain in WELL_KNOWN:
        return None
    meant = next((known for known in WELL_KNOWN if _is_slip(domain, known)), None)
    return f"{local}@{meant}" if meant else None


def _is_slip(typed: str, known: str) -> bool:
    """Whether one slip in the name, one in ``com``, or one in each makes ``typed`` of ``known``.

    Two country's domains are never taken for each other.
    """
    name, _, rest = typed.partition(".")
    known_name, _, known_rest = known.partition(".")
    if len(known_name) < LEAST_CHARS or not _within_one_slip(name, known_name):
        return False
    return rest == known_rest or (known_rest == "com" and _within_one_slip(rest, known_rest))


def _within_one_slip(typed: str, meant: str) -> bool:
    """Whether they are equal but for one letter more, less or another, or two swapped."""
    while typed and meant and typed[0] == meant[0]:
        typed, meant = typed[1:], meant[1:]
    while typed and meant and typed[-1] == meant[-1]:
        typed, meant = typed[:-1], meant[:-1]
    swapped = len(typed) == len(meant) == 2 and typed == meant[::-1]  # noqa: PLR2004  # a pair
    return swapped or (len(typed) <= 1 and len(meant) <= 1)
