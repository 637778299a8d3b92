# SPDX-License-Identifier: Apache-2.0
"""The frozen form of what a campaign says, as it is stored by its hash and proved later.

Guarantees one byte string for one content: RFC 8785 JSON, with all that decides what people get
and who of them may, so that a hash in the ledger commits to all of it. Documents of version 1,
which held the sources alone, are read as well and never written again.

Specification: docs/spec/content.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from chalicelib.domain.content import CompiledContent, ContentKind
from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import Grade
from chalicelib.errors import FatalError, InputError

DOCUMENT_VERSION: Final = 2
_UNKNOWN: Final = "a frozen content has a form this code does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenContent:
    """What a started campaign says, to whom, for what.

    Attributes:
        html: compiled; in a version 1 document, as written.
        text: compiled; None only in a version 1 document: it is made from the HTML.
        source_html: as its author wrote it, HTML or MJML.
        targets: where its counted links lead; the number of a link is its place here.
        list: None, as are the next four, in a version 1 document: the entry beside it says them.
        segment: which one, and the hash of its definition (`frozen_segment.SegmentReference`);
            None: the whole list.
        can_fail: whether somebody's mail could turn out not to be renderable.
        fields: names the brand's forms asked for then, in order: who left one out has none of it,
            whatever becomes of the forms; None: not frozen, as in documents that do not name them.
    """

    subject: str
    html: str
    text: str | None
    source_html: str
    kind: ContentKind = ContentKind.HTML
    targets: tuple[str, ...] = ()
    list: ListId | None = None
    purpose: PurposeId | None = None
    minimum_grade: Grade | None = None
    segment: Mapping[str, object] | None = None
    language: str | None = None
    can_fail: bool = True
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Whom a campaign is for, and on which grounds; see `FrozenContent`."""

    list: ListId
    purpose: PurposeId
    minimum_grade: Grade = Grade.E
    segment: Mapping[str, object] | None = None


def frozen(
    compiled: CompiledContent,
    kind: ContentKind,
    source: str,
    aim: Aim,
    fields: Iterable[str],
) -> FrozenContent:
    """Return what is frozen when a campaign that says ``compiled`` starts.

    Args:
        fields: names the brand's forms ask for.
    """
    return FrozenContent(
        kind=kind,
        subject=compiled.subject,
        html=compiled.html,
        text=compiled.text,
        source_html=source,
        targets=compiled.targets,
        list=aim.list,
        purpose=aim.purpose,
        minimum_grade=aim.minimum_grade,
        segment=aim.segment,
        language=compiled.language,
        can_fail=compiled.can_fail,
        fields=tuple(sorted(fields)),
    )


def dump_content(content: FrozenContent) -> bytes:
    """Return the version 2 document of ``content``.

    Raises:
        InputError: a text in it is no Unicode text, and has no bytes.
        FatalError: the segment holds what has no single JSON form.
    """
    document = {
        "v": DOCUMENT_VERSION,
        "kind": content.kind.value,
        "subject": content.subject,
        "html": content.html,
        "text": content.text,
        "source_html": content.source_html,
        "targets": list(content.targets),
        "list": content.list,
        "purpose": content.purpose,
        "minimum_grade": content.minimum_grade and content.minimum_grade.value,
        "segment": content.segment and _plain(content.segment),
        "language": content.language,
        "can_fail": content.can_fail,
    }
    if content.fields is not None:
        document["fields"] = list(content.fields)
    try:
        # Names are ASCII, and numbers whole: then sorted orjson is RFC 8785.
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as error:
        raise InputError("bad_template", "The mail holds half a character.") from error


def load_content(data: bytes) -> FrozenContent:
    """Return what `dump_content`, or version 1 of it, wrote.

    Raises:
        FatalError: the document has another form.
    """
    try:
        stored = orjson.loads(data)
        if "v" not in stored:
            return _version_1(stored)
        if stored["v"] != DOCUMENT_VERSION:
            raise FatalError(_UNKNOWN)
        grade = stored["minimum_grade"]
        return FrozenContent(
            kind=ContentKind(stored["kind"]),
            subject=stored["subject"],
            html=stored["html"],
            text=stored["text"],
            source_html=stored["source_html"],
            targets=tuple(stored["targets"]),
            list=stored["list"],
            purpose=stored["purpose"],
            minimum_grade=grade and Grade(grade),
            segment=stored["segment"],
            language=stored["language"],
            can_fail=stored["can_fail"],
            fields=tuple(stored["fields"]) if "fields" in stored else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FatalError(_UNKNOWN) from error


def _version_1(stored: Mapping[str, Any]) -> FrozenContent:
    return FrozenContent(
        subject=stored["subject"],
        html=stored["html"],
        text=stored["text"],
        source_html=stored["html"],
    )


def _plain(value: object) -> object:
    """Return ``value`` as plain JSON with a single form: no fractions, names in ASCII."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping) and all(isinstance(x, str) and x.isascii() for x in value):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    raise FatalError("a segment holds what has no single form in JSON")
