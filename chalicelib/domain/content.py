# SPDX-License-Identifier: Apache-2.0
"""What was found about the content of a campaign, for who wrote it.

Guarantees that a code always has one severity, that every finding says what is wrong and what to
do, and that a fault repeated a thousand times does not hide the others. An error keeps a campaign
from being tested, scheduled and sent; a warning does not.

Specification: docs/spec/content.md.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from chalicelib.errors import InputError

CLIP_BYTES: Final = 102_000
"""Size of the HTML above which Gmail shows the beginning only, and not the footer."""
MAX_PER_CODE: Final = 10
"""Different findings told of one code; errors beyond it are still errors."""


class Severity(StrEnum):
    """Whether a finding keeps a campaign from being sent."""

    ERROR = "error"
    WARNING = "warning"


class Part(StrEnum):
    """The member of a campaign, or its sender, in which something was found."""

    SUBJECT = "subject"
    HTML = "html"
    TEXT = "text"
    SENDER = "from"


class ContentKind(StrEnum):
    """What the source of a mail is written in; MJML is turned into HTML."""

    HTML = "html"
    MJML = "mjml"


class FindingCode(StrEnum):
    """What was found."""

    FOREIGN_MERGE_TAG = "foreign_merge_tag"
    IMG_WITHOUT_ALT = "img_without_alt"
    LINK_INCOMPLETE = "link_incomplete"
    NO_REPLY_SENDER = "no_reply_sender"
    CONTRAST_LOW = "contrast_low"
    DARK_MODE_UNSAFE = "dark_mode_unsafe"
    HEAD_INCOMPLETE = "head_incomplete"
    HEADING_SKIPPED = "heading_skipped"
    LANGUAGE_DIFFERS = "language_differs"
    LAYOUT_TABLE_UNMARKED = "layout_table_unmarked"
    LINK_NOT_COUNTED = "link_not_counted"
    LINK_WITHOUT_WORDS = "link_without_words"
    NO_HEADING = "no_heading"
    OVER_102_KB = "over_102_kb"
    RULE_BEATEN = "rule_beaten"
    UNKNOWN_FIELD = "unknown_field"
    WIDTH_OVER_320 = "width_over_320"


ERRORS: Final = frozenset(
    {FindingCode.FOREIGN_MERGE_TAG, FindingCode.IMG_WITHOUT_ALT, FindingCode.LINK_INCOMPLETE}
    | {FindingCode.NO_REPLY_SENDER}
)
SENTENCES: Final[Mapping[FindingCode, str]] = {
    FindingCode.FOREIGN_MERGE_TAG: ("“{}” is a tag of {}, which means nothing here. {}"),
    FindingCode.IMG_WITHOUT_ALT: (
        'The picture “{}” has no alternative text. Say in alt="…" what it tells, or write '
        'alt="" if it only decorates.'
    ),
    FindingCode.LINK_INCOMPLETE: (
        "The link to “{}” names no site, so it leads nowhere from a mail. Write its whole address, "
        "beginning with https://."
    ),
    FindingCode.NO_REPLY_SENDER: (
        "The address mails come from tells people not to answer. They answer to leave, to ask and "
        "to use their rights. Send from an address that somebody reads."
    ),
    FindingCode.CONTRAST_LOW: (
        "Text in {} on {} has a contrast of {}:1, and needs {}:1 to be read. {} would do."
    ),
    FindingCode.DARK_MODE_UNSAFE: (
        "The mail says it is made for dark mode, but {} on {} cannot be read there. Give the "
        "element both a color and a background, or neither."
    ),
    FindingCode.HEAD_INCOMPLETE: (
        "The mail does not say {}: it is added. Write it into the <head> if you want another."
    ),
    FindingCode.HEADING_SKIPPED: (
        "<h{}> stands where <h{}> is the deepest that can follow: people who listen think they "
        "missed something. Choose the level by meaning, and its size with font-size."
    ),
    FindingCode.LANGUAGE_DIFFERS: (
        "The mail says its language is “{}”, but the campaign is in “{}”: it would be read aloud "
        "in the wrong one. Correct the lang attribute."
    ),
    FindingCode.LAYOUT_TABLE_UNMARKED: (
        "A table without headings of rows or columns is taken for layout and marked with "
        'role="presentation". If it holds data, write its headings as <th>.'
    ),
    FindingCode.LINK_NOT_COUNTED: (
        "Clicks on the link to “{}” are not counted, because the template fills in a part of its "
        "address. Write the address out if they should be."
    ),
    FindingCode.LINK_WITHOUT_WORDS: (
        "The link to “{}” has no words, so nobody who listens knows where it leads. Write some "
        "into it, or into the alt of its picture."
    ),
    FindingCode.NO_HEADING: (
        "The mail has no heading, so people who listen cannot look through it. Make its title "
        "an <h1>."
    ),
    FindingCode.OVER_102_KB: (
        "The HTML has {} bytes with the footer. Gmail cuts off what is after {}, with the link to "
        "unsubscribe. Shorten it."
    ),
    FindingCode.RULE_BEATEN: (
        "The rule “{}” in {} sets {}, but the element's own style wins over it. Add !important "
        "to the value."
    ),
    FindingCode.UNKNOWN_FIELD: (
        "No form asks for “{}”, so nobody has it. Correct the name, or leave it out.{}"
    ),
    FindingCode.WIDTH_OVER_320: (
        "<{}> is {} pixels wide, and a phone may show 320. Write width:100%; max-width:{}px "
        "into its style."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Args:
        line: of the source, from 1; None where the whole part is meant, or where the source was
            compiled from another and its lines mean nothing to its author.
        sentence: one or two English sentences: what is wrong, what to do.
        times: how often the same was found; ``line`` is the first of them.
    """

    code: FindingCode
    severity: Severity
    part: Part
    line: int | None
    sentence: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledContent:
    """A mail ready to be filled for each of its readers: three templates, and what was found.

    Attributes:
        html: with ``{{ _m }}`` in every counted link and ``{{ _o }}`` where a pixel would stand;
            the footer takes its place when the mail is filled.
        text: likewise, without the pixel; as its author wrote it, or made from the HTML.
        targets: where the counted links lead; the number of a link is its place here, from 0.
        language: BCP 47 tag of the campaign.
        findings: errors first; with one of those it must be neither tested nor sent.
        can_fail: whether somebody's mail could turn out not to be renderable; if not, nobody's is.
    """

    subject: str
    html: str
    text: str
    targets: tuple[str, ...]
    language: str
    findings: tuple[Finding, ...]
    can_fail: bool


def finding(code: FindingCode, part: Part, line: int | None, *about: object) -> Finding:
    """Return a finding; ``about`` is what its sentence names."""
    return Finding(
        code=code,
        severity=Severity.ERROR if code in ERRORS else Severity.WARNING,
        part=part,
        line=line,
        sentence=SENTENCES[code].format(*about),
    )


def collected(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what is told: errors first, then as found; the same once; ten of a code."""
    first: dict[tuple[FindingCode, Part, str], Finding] = {}
    times: dict[tuple[FindingCode, Part, str], int] = {}
    for each in findings:
        key = (each.code, each.part, each.sentence)
        first.setdefault(key, each)
        times[key] = times.get(key, 0) + each.times
    of_code: dict[FindingCode, int] = {}
    told: list[Finding] = []
    for key, each in first.items():
        of_code[each.code] = of_code.get(each.code, 0) + 1
        if of_code[each.code] <= MAX_PER_CODE:
            told.append(replace(each, times=times[key]))
    return tuple(sorted(told, key=lambda each: each.severity is not Severity.ERROR))


def errors(findings: Collection[Finding]) -> tuple[Finding, ...]:
    """Return those that keep a campaign from being sent."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)


def refuse_errors(findings: Collection[Finding], kind: ContentKind = ContentKind.HTML) -> None:
    """Refuse a content with an error in it.

    Raises:
        InputError: there is one; the detail names the first and its place.
    """
    wrong = errors(findings)
    if wrong:
        first = wrong[0]
        raise InputError(code=first.code.value, detail=f"{_place(first, kind)}: {first.sentence}")


def _place(found: Finding, kind: ContentKind) -> str:
    if found.part is Part.SENDER:
        return "The brand's sender"
    part = kind.name if found.part is Part.HTML else found.part.value
    return f"Line {found.line} of the {part}" if found.line else f"The {part}"
