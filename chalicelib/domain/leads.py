# SPDX-License-Identifier: Apache-2.0
"""What a complainant has, read for what can lead to a person: links of ours and Message-IDs.

Guarantees that whatever mail programs, forwarders and link scanners did to a link, its token comes
out whole or not at all, and that the number of leads is bounded. Refuses nothing: whether a token
was minted here is for who holds the keys to say.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from chalicelib.domain.raw_mail import read_mail
from chalicelib.errors import NotFound

MAX_LINKS: Final = 200
MAX_CONFIRMATIONS: Final = 5
"""Confirmation links are looked up one by one."""
MAX_MESSAGE_IDS: Final = 20
MAX_TEXT_CHARS: Final = 8 << 20
"""Of all spellings of a mail's texts together."""


class LinkKind(StrEnum):
    """Kinds of links in our mails (docs/spec/tokens.md)."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    VIEW = "view"
    CLICK = "click"
    OPEN = "open"
    RECEIPT = "receipt"
    MAILTO = "mailto"
    CONFIRM = "confirm"


class Miss(StrEnum):
    """Why a clue leads to nobody; pages turn it into a sentence in the reader's language."""

    NOBODY = "nobody"
    SUPPRESSED = "suppressed"
    NO_LINK = "no_link"
    LEADS_NOWHERE = "leads_nowhere"
    NO_MAIL = "no_mail"
    NOTHING_IN_IT = "nothing_in_it"
    NO_PERSON = "no_person"


class NobodyFound(NotFound):
    """A clue leads to nobody; ``miss`` says why."""

    def __init__(self, miss: Miss, sentence: str) -> None:
        """Keep the reason for the page beside the sentence."""
        super().__init__(sentence)
        self.miss = miss


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLead:
    """A text that may be a token of one kind."""

    kind: LinkKind
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leads:
    """Everything found, the most telling first, each once."""

    links: tuple[LinkLead, ...] = ()
    message_ids: tuple[str, ...] = ()


_PLACES: Final = {
    "unsubscribe": (LinkKind.UNSUBSCRIBE, 66),
    "preferences": (LinkKind.PREFERENCES, 66),
    "receipt": (LinkKind.RECEIPT, 66),
    "view": (LinkKind.VIEW, 87),
    "o": (LinkKind.OPEN, 87),
    "c": (LinkKind.CLICK, 90),
    "confirm": (LinkKind.CONFIRM, 43),
}
"""Last part of the path before the token -> kind, and characters of its token."""
_IN_ADDRESS: Final = (LinkKind.MAILTO, 60)
"""Before the ``@`` of an unsubscribe address, in any case."""
_ADDRESS: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{60}(?=@)")
_LINK: Final = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(_PLACES)})/([A-Za-z0-9_-]{{43,200}})")
_BARE: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43,90}(?![A-Za-z0-9_-])")
_WRAP: Final = re.compile(r"=?\r?\n[ \t]*(?:[>|][ \t>|]*)?")
"""A line broken inside a link: by quoted-printable, or by quoting in a reply."""
_HIDDEN: Final = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_PROOFPOINT: Final = re.compile(r"[?&]u=([A-Za-z0-9_.-]{40,2000})")
"""URL Defense version 2 writes `%` as `-` and `/` as `_`."""
_SES_ID: Final = re.compile(r"\b[0-9a-f]{16}(?:-[0-9a-f]{4,12}){5}-[0-9]{6}\b")
"""Source: Message-IDs as Amazon SES makes them; undocumented, so used in free text only."""
_ANGLED: Final = re.compile(r"<\s*([!-;=?-~]{1,200}?)(?:@[^<>\s]{0,200})?\s*>")
_ID_HEADERS: Final = ("message-id", "in-reply-to", "references", "x-ses-message-id")


def of_link(text: str) -> Leads:
    """Return the leads in a link, whole or its token alone, with whatever hangs on to it."""
    squeezed = re.sub(r"(?:=\r?\n|[\s<>\"'])+", "", _HIDDEN.sub("", text))
    links = [*_links(_spellings(squeezed)), *_links([text])]
    if not links:
        links = [
            LinkLead(kind=kind, token=token)
            for token in _BARE.findall(unquote(squeezed))
            for kind, width in (*_PLACES.values(), _IN_ADDRESS)
            if len(token) == width
        ]
    return Leads(links=_bounded(links))


def of_message_id(text: str) -> Leads:
    """Return the lead in a Message-ID header, or in the id that SES gave.

    Example:
        >>> of_message_id("Message-ID: <0102-a@eu-north-1.amazonses.com>").message_ids
        ('0102-a',)
    """
    bare = re.sub(r"(?i)^\s*message-id\s*:", "", text)
    found = _ANGLED.findall(bare) or [bare.strip().partition("@")[0]]
    return Leads(message_ids=tuple(name for name in found[:1] if name))


def of_mail(raw: str) -> Leads:
    """Return the leads in a mail's source: List-Unsubscribe, links of its texts, Message-IDs.

    Raises:
        InputError: it is too large, or has too many parts (`raw_mail.read_mail`).
    """
    mail = read_mail(raw)
    listed = [value for name, value in mail.headers if name == "list-unsubscribe"]
    links = [lead for value in listed for lead in of_link(value).links]
    links += _links(_within(mail.texts))
    named = [value for name, value in mail.headers if name in _ID_HEADERS]
    ids = [found for value in named for found in _ANGLED.findall(value)]
    ids += [found for text in mail.texts for found in _SES_ID.findall(text)]
    # Ids in SES's own form first: a long thread names many others.
    ids.sort(key=lambda name: _SES_ID.fullmatch(name) is None)
    unique = tuple(dict.fromkeys(ids))
    return Leads(links=_bounded(links), message_ids=unique[:MAX_MESSAGE_IDS])


def _within(texts: Iterable[str]) -> Iterator[str]:
    """Every spelling of the texts, up to `MAX_TEXT_CHARS` together."""
    left = MAX_TEXT_CHARS
    for text in texts:
        for spelling in (text, _WRAP.sub("", text)):
            for each in _spellings(_HIDDEN.sub("", spelling)):
                yield each[:left]
                left -= len(each)
                if left <= 0:
                    return


def _spellings(text: str) -> Iterator[str]:
    """The text, and what it says once link scanners' and HTML's ways of writing are undone."""
    seen = html.unescape(text)
    yield seen
    for _ in range(3):
        plain = unquote(seen)
        if plain == seen:
            break
        yield plain
        seen = plain
    for wrapped in _PROOFPOINT.findall(text):
        yield unquote(wrapped.replace("-", "%").replace("_", "/"))


def _links(texts: Iterable[str]) -> list[LinkLead]:
    found = []
    for text in texts:
        for place, run in _LINK.findall(text):
            kind, width = _PLACES[place]
            if len(run) >= width:
                found.append(LinkLead(kind=kind, token=run[:width]))
        found += [
            LinkLead(kind=LinkKind.MAILTO, token=local.lower()) for local in _ADDRESS.findall(text)
        ]
    return found


def _bounded(links: Iterable[LinkLead]) -> tuple[LinkLead, ...]:
    unique = dict.fromkeys(links)
    asked = [lead for lead in unique if lead.kind is LinkKind.CONFIRM][:MAX_CONFIRMATIONS]
    minted = [lead for lead in unique if lead.kind is not LinkKind.CONFIRM][:MAX_LINKS]
    return (*minted, *asked)
