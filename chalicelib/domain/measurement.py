# SPDX-License-Identifier: Apache-2.0
"""What a link of a mail leads to, and whose clicks and opens may be remembered.

Guarantees that a list of targets holds nothing but plain web addresses that fit into a header
line, so that a link of ours leads to no place and says nothing that its campaign's author did not
write. Refuses anything else when the list is made, not when somebody clicks.

Specification: docs/spec/measurement.md.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from chalicelib.domain.ids import BrandId, CampaignId, DeliveryId, ListId
from chalicelib.domain.state import MEASUREMENT, ConsentKey, ConsentStatus, Scope, SubjectState
from chalicelib.errors import InputError

HIT_DAYS: Final = 180
"""How long after the first one a person's clicks on a link, or opens of a mail, are kept."""
MAX_TARGETS: Final = 500
MAX_TARGET_CHARS: Final = 2_000
MAX_ALL_CHARS: Final = 350_000
"""Characters in all targets of a campaign: they are one row of at most 400 KB."""
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII without the backslash, which browsers take for a slash."""
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""A host and perhaps a port. No user: what stands before an @ pretends to be the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Where the links of a campaign lead; frozen with its content.

    Attributes:
        urls: a link's number is its place here, from 0.

    Raises:
        InputError: too many, too long, or one that is no plain address (`require_target`).
    """

    brand: BrandId
    list: ListId
    urls: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what no link of ours may lead to."""
        if len(self.urls) > MAX_TARGETS or sum(map(len, self.urls)) > MAX_ALL_CHARS:
            raise InputError(
                code="too_many_links",
                detail=f"A mail has at most {MAX_TARGETS} different links, of {MAX_ALL_CHARS} "
                "characters together. Leave some out, or shorten them.",
            )
        for url in self.urls:
            require_target(url)


def require_target(url: str) -> str:
    r"""Return ``url`` when it is an absolute http or https address in plain ASCII.

    Example:
        >>> require_target("https://www.example.org/a?b=c#d")
        'https://www.example.org/a?b=c#d'

    Raises:
        InputError: another scheme, no host or an odd one, a user name before the host, a
            backslash, white space, a control character, anything beyond ASCII, or too long.
    """
    if len(url) <= MAX_TARGET_CHARS and _PLAIN.fullmatch(url) and _leads_somewhere(url):
        return url
    raise InputError(
        code="bad_link",
        detail="A link leads to an address that begins with http:// or https:// and a host, has "
        f"no user name, no spaces, no backslash and no letters beyond ASCII, and at most "
        f"{MAX_TARGET_CHARS} characters. Write other letters percent-encoded.",
    )


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and port_is_one
        and _AUTHORITY.fullmatch(parts.netloc) is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What was clicked or opened: one link of one person's mail; ``link`` None is the mail."""

    campaign: CampaignId
    delivery: DeliveryId
    link: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """That a person clicked or opened: when first, Unix milliseconds, and how often by now."""

    spot: Spot
    first_ms: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How often a link was followed, or mails opened.

    Attributes:
        personal: mails from which it was done by people who consent to measurement, each once.
        unmeasured: every time it was done by anybody else.
    """

    personal: int = 0
    unmeasured: int = 0


def may_remember(state: SubjectState | None, scope: Scope, list_id: ListId) -> bool:
    """Say whether what a person does with a mail of the list may be kept with their id.

    Args:
        state: read strongly at the click; None when the subject no longer exists.

    Source: GDPR Art. 6(1)(a), 7(3), 18(1), 21(3); ePrivacy Directive Art. 5(3).
    """
    if state is None or state.erased or state.restricted or scope in state.objections:
        return False
    consent = state.consents.get(ConsentKey(*scope, list_id, MEASUREMENT))
    return consent is not None and consent.status is ConsentStatus.GIVEN
