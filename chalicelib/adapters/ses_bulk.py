# SPDX-License-Identifier: Apache-2.0
"""The requests of SES v2 that carry mail, written as JSON once.

Guarantees that each entry is in one request at most, that a request is no larger than SES takes,
and that every key of a template is given for every entry: SES does not say whether its defaults
fill in single keys, and finds one that is missing only after it took the mail. Refuses nothing by
itself: whose data are longer than an entry may hold goes by ``SendEmail``.

Values go in as they are, because SES "doesn't escape HTML content when rendering the HTML template
for a message".
Source: Amazon SES Developer Guide, "Advanced email personalization"
(docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html); limits: "Using
templates to send personalized email" and the API reference v2, SendBulkEmail.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from chalicelib.adapters.static_text import keys_of, texts_and_keys
from chalicelib.ports.sending import BulkEntry, BulkMail, InlineTemplate, Message

MAX_CALL_BYTES: Final = 900_000
"""SES takes 1 MB of JSON; the rest is room for what a proxy or SES itself may count besides."""
MAX_DATA_CHARS: Final = 262_144
"""Longest ReplacementTemplateData (SES v2 service model); a longer mail goes by SendEmail."""

_KEPT_HEADS: Final = 8
_TAIL: Final = b"]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One bulk request: its JSON, and the places of its entries in the mail."""

    places: tuple[int, ...]
    body: bytes


def keys(static: InlineTemplate) -> frozenset[str]:
    """Return the keys of a template.

    Raises:
        FatalError: it holds more than places.
    """
    return keys_of(static.subject) | keys_of(static.html) | keys_of(static.text)


def requests(
    sender: str, configuration_set: str, mail: BulkMail, places: Iterable[int]
) -> Iterator[Request]:
    """Yield what carries the entries at ``places``, in order, in as few requests as may be.

    An entry that is too long for any request is in none.
    """
    static = mail.static
    head = _head(sender, configuration_set, static.subject, static.html, static.text)
    taken: list[int] = []
    parts: list[bytes] = []
    total = empty = len(head) + len(_TAIL)
    for place in places:
        part = _entry(mail.entries[place])
        if part is None or empty + len(part) > MAX_CALL_BYTES:
            continue
        if parts and total + len(part) + 1 > MAX_CALL_BYTES:
            yield _request(head, taken, parts)
            taken, parts, total = [], [], empty
        taken.append(place)
        parts.append(part)
        total += len(part) + 1
    if parts:
        yield _request(head, taken, parts)


def single(sender: str, configuration_set: str, message: Message) -> bytes:
    """Return the JSON of one ``SendEmail`` request."""
    content = {
        "Subject": _text(message.subject),
        "Body": {"Text": _text(message.text), "Html": _text(message.html)},
        "Headers": _pairs(message.headers),
    }
    return orjson.dumps(
        {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [message.to]},
            "Content": {"Simple": content},
            "EmailTags": _pairs(message.tags),
            "ConfigurationSetName": configuration_set,
        }
    )


def filled_single(
    sender: str, configuration_set: str, static: InlineTemplate, entry: BulkEntry
) -> bytes:
    """Return the JSON of one ``SendEmail`` request, with the mail put together in it.

    A text's JSON is that of its parts, one after the other; so what a call shares is escaped once.

    Raises:
        KeyError: the entry's data lack a key of the template.
    """
    parts, keys = _shared(sender, configuration_set, static.subject, static.html, static.text)
    personal = {key: _inside(entry.data[key]) for key in frozenset(keys)}
    filled = list(parts)
    filled[1::2] = [personal[key] for key in keys]
    filled += (b'}},"Headers":', orjson.dumps(_pairs(entry.headers)))
    filled += (b'}},"Destination":{"ToAddresses":[', orjson.dumps(entry.to))
    filled += (b']},"EmailTags":', orjson.dumps(_pairs(entry.tags)), b"}")
    return b"".join(filled)


@lru_cache(maxsize=_KEPT_HEADS)
def _shared(
    sender: str, configuration_set: str, subject: str, html: str, text: str
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return a single mail's JSON up to its headers, empty at its places, and the keys of those."""
    head = orjson.dumps({"FromEmailAddress": sender, "ConfigurationSetName": configuration_set})
    parts = [head[:-1] + b',"Content":{"Simple":{"Subject":{"Charset":"UTF-8","Data":"']
    keys: list[str] = []
    for template, after in (
        (subject, b'"},"Body":{"Text":{"Charset":"UTF-8","Data":"'),
        (text, b'"},"Html":{"Charset":"UTF-8","Data":"'),
        (html, b'"'),
    ):
        texts, found = texts_and_keys(template)
        first, *others = map(_inside, texts)
        parts[-1] += first
        for other in others:
            parts += (b"", other)
        parts[-1] += after
        keys += found
    return tuple(parts), tuple(keys)


@lru_cache(maxsize=_KEPT_HEADS)
def _head(sender: str, configuration_set: str, subject: str, html: str, text: str) -> bytes:
    """Return everything before the entries. A campaign's calls share a few of these."""
    names = sorted(keys_of(subject) | keys_of(html) | keys_of(text))
    template = {
        "TemplateContent": {"Subject": subject, "Html": html, "Text": text},
        "TemplateData": orjson.dumps(dict.fromkeys(names, "")).decode(),
    }
    head = {
        "FromEmailAddress": sender,
        "ConfigurationSetName": configuration_set,
        "DefaultContent": {"Template": template},
    }
    return orjson.dumps(head)[:-1] + b',"BulkEmailEntries":['


def _entry(entry: BulkEntry) -> bytes | None:
    """Return an entry's JSON, or None when its data are too long for an entry."""
    data = orjson.dumps(dict(entry.data))
    if _is_too_long(data):
        return None
    return orjson.dumps(
        {
            "Destination": {"ToAddresses": [entry.to]},
            "ReplacementTags": _pairs(entry.tags),
            "ReplacementHeaders": _pairs(entry.headers),
            "ReplacementEmailContent": {
                "ReplacementTemplate": {"ReplacementTemplateData": data.decode()}
            },
        }
    )


def _is_too_long(data: bytes) -> bool:
    """Say whether data have more characters than an entry may.

    SES does not say what a character is; the larger count is taken, two for one beyond the first
    plane, as Java and JavaScript count.
    """
    if len(data) <= MAX_DATA_CHARS:
        return False
    return len(data.decode().encode("utf-16-le")) > 2 * MAX_DATA_CHARS


def _request(head: bytes, places: Sequence[int], parts: Sequence[bytes]) -> Request:
    return Request(places=tuple(places), body=b"".join((head, b",".join(parts), _TAIL)))


def _inside(text: str) -> bytes:
    """Return what is between the quotation marks of a text's JSON."""
    return orjson.dumps(text)[1:-1]


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value} for name, value in pairs]
