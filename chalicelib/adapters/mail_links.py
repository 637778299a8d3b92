# SPDX-License-Identifier: Apache-2.0
"""The links of a mail that are counted: found, numbered, and the list of where they lead.

Guarantees that every link to a fixed web address is counted, in all branches and loops of the
template; that the same address has the same number; and that no address is on the list which a
redirect could not hold or which pretends to be another (`domain.measurement.require_target`).
Refuses, with the line, a link whose site a template fills in: its reader, or who filled in a form
in their name, could choose where our mail leads. Leaves comments for Outlook as they are.

Source: WHATWG HTML, 13.2.5.73 "Named character reference state"; WHATWG URL, 4.4.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from html.entities import html5
from typing import Final
from urllib.parse import quote

from chalicelib.adapters.jinja_masks import MARK, Masked, number
from chalicelib.adapters.mail_edits import TOKEN, Edit
from chalicelib.adapters.markup import Attribute, Kind, scan
from chalicelib.adapters.template_rules import broken
from chalicelib.domain.content import Finding, FindingCode, Part, finding
from chalicelib.domain.measurement import MAX_ALL_CHARS, MAX_TARGETS, require_target
from chalicelib.errors import InputError
from chalicelib.proof.tokens import link_text

Line = Callable[[int, str], int | None]
"""The author's line of what stands at an offset of the markup."""

MAX_SHOWN: Final = 80
_LINKS: Final = frozenset({"a", "area"})
_REFERENCE: Final = re.compile(r"&(#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*)(;?)")
_WAY: Final = re.compile(r"\{\{-?\s*(?:unsubscribe_url|preferences_url)\s*-?\}\}")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB: Final = re.compile(
    r"(?P<site>https?://(?P<host>[^/?#]*))(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_BREAK: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IGNORED: Final = re.compile("[\t\n\r]")
_BLANK: Final = "".join(map(chr, range(0x21)))
_KEPT: Final = "%!$&'()*+,;=:@/?#[]~-._"
_REFUSED: Final = frozenset({"blob", "data", "file", "javascript", "vbscript"})
HOST: Final = (
    "The template fills in the site of a link. Write the site out, as in "
    "https://example.org/{{ … }}; to choose between two, put {% if %} around the whole element."
)
_FAULTS: Final = (
    (_BREAK, "A line break or another control character stands in the address of a link."),
    (re.compile(r"\\"), "A backslash stands in the address of a link. Write / instead."),
    (
        re.compile(r"https?://[^/?#]*@", re.IGNORECASE),
        "What stands before an @ in the address of a link looks like its site. Leave it out.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLink:
    """One counted link: where its address stands, what it is as written, its number."""

    at: Attribute
    address: str
    number: int

    def edit(self, value: str) -> Edit:
        """Return the edit that puts ``value`` in place of the address, in quotes."""
        quoted = value if self.at.quoted else f'"{value}"'
        return Edit(self.at.start, self.at.end, quoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The links of a mail."""

    counted: tuple[CountedLink, ...]
    targets: tuple[str, ...]
    findings: tuple[Finding, ...]


def counted_address(base_url: str, link: int) -> str:
    """Return the address of a counted link, with a mark for the token."""
    return f"{base_url}/c/{TOKEN}{link_text(link)}"


def read_links(masked: Masked, line: Line) -> Links:
    """Return the links of a mail.

    Raises:
        InputError: an address cannot be used, its site is filled in, or there are too many.
    """
    reader = _Reader(masked, line)
    for piece in scan(masked.text):
        if piece.kind is Kind.START and piece.name.lower() in _LINKS:
            at = next((each for each in piece.attributes if each.name.lower() == "href"), None)
            if at is not None:
                reader.add(at)
    if len(reader.numbers) > MAX_TARGETS or sum(map(len, reader.numbers)) > MAX_ALL_CHARS:
        raise broken(
            f"A mail has at most {MAX_TARGETS} different links, of {MAX_ALL_CHARS:,} characters "
            "together.",
            masked.part,
        )
    return Links(
        counted=tuple(reader.counted),
        targets=tuple(reader.numbers),
        findings=tuple(reader.findings),
    )


class _Reader:
    """Sorts links: counted, left as they are, told of, refused."""

    def __init__(self, masked: Masked, line: Line) -> None:
        self.numbers: dict[str, int] = {}
        self.counted: list[CountedLink] = []
        self.findings: list[Finding] = []
        self._masked = masked
        self._line = line

    def add(self, at: Attribute) -> None:
        """Read one address.

        Raises:
            InputError: it cannot be used.
        """
        raw = self._masked.text[at.start : at.end]
        address = decoded(raw).strip(_BLANK)
        filled = MARK.search(address)
        fixed = address[: filled.start()] if filled else address
        scheme = _SCHEME.match(_IGNORED.sub("", fixed))
        if scheme and scheme[1].lower() in _REFUSED:
            raise self._fault(f"Mail programs open no link to {scheme[1].lower()}:", at, raw)
        if scheme and scheme[1].lower() in {"http", "https"}:
            self._web(at, address, fixed, is_filled=filled is not None)
        elif is_site_filled(address, self._masked):
            raise self._fault(HOST, at, raw)
        elif not filled and not scheme and address and not address.startswith("#"):
            self._tell(FindingCode.LINK_INCOMPLETE, at, address)

    def _web(self, at: Attribute, address: str, fixed: str, *, is_filled: bool) -> None:
        raw = self._masked.text[at.start : at.end]
        for pattern, sentence in _FAULTS:
            if pattern.search(fixed):
                raise self._fault(sentence, at, raw)
        if is_site_filled(address, self._masked):
            raise self._fault(HOST, at, raw)
        try:
            target = target_of(fixed)
        except InputError as error:
            raise self._fault(f"“{_shown(address)}”: {error.detail}", at, raw) from None
        if is_filled:
            self._tell(FindingCode.LINK_NOT_COUNTED, at, address)
            return
        link = self.numbers.setdefault(target, len(self.numbers))
        if link < MAX_TARGETS:
            self.counted.append(CountedLink(at=at, address=address, number=link))

    def _tell(self, code: FindingCode, at: Attribute, address: str) -> None:
        raw = self._masked.text[at.start : at.end]
        line = self._line(at.start, raw)
        self.findings.append(finding(code, Part.HTML, line, _shown(address)))

    def _fault(self, sentence: str, at: Attribute, raw: str) -> InputError:
        return broken(sentence, self._masked.part, self._line(at.start, raw))


def is_site_filled(value: str, masked: Masked) -> bool:
    """Say whether a template fills in where an address leads, be it a part of its site.

    Args:
        value: of an attribute, decoded.
    """
    address = value.strip(_BLANK)
    filled = MARK.search(address)
    if filled is None:
        return False
    fixed = address[: filled.start()]
    scheme = _SCHEME.match(_IGNORED.sub("", fixed))
    if scheme is None:
        return not fixed.startswith("#") and not _is_way(address, masked)
    if scheme[1].lower() in {"http", "https"}:
        parts = _WEB.fullmatch(fixed)
        return parts is None or not parts["rest"]
    return scheme[1].lower() in _REFUSED


def _is_way(address: str, masked: Masked) -> bool:
    """Say whether an address is one of the two ways out, as they stand in the footer."""
    mark = MARK.match(address)
    if mark is None or not _WAY.fullmatch(masked.tags[number(mark)].source):
        return False
    return mark.end() == len(address) or address[mark.end()] in "#?"


def target_of(address: str) -> str:
    """Return a web address as a redirect can hold it: other letters encoded as browsers do.

    Example:
        >>> target_of("https://www.example.org/å b?q=c#d")
        'https://www.example.org/%C3%A5%20b?q=c#d'

    Raises:
        InputError: it is no absolute web address, see `domain.measurement.require_target`.
    """
    parts = _WEB.fullmatch(address)
    if parts is None or _BREAK.search(address):
        return require_target(address if address.isascii() else "")
    site = parts["site"] if parts["site"].isascii() else _ascii_site(parts["site"], parts["host"])
    return require_target(site + quote(parts["rest"], safe=_KEPT))


def _ascii_site(site: str, host: str) -> str:
    import idna

    name, colon, port = host.partition(":")
    try:
        encoded = idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
    return f"{site[: -len(host)]}{encoded}{colon}{port}"


def decoded(value: str) -> str:
    """Return the value of an attribute with its character references read, as browsers do."""
    if "&" not in value:
        return value

    def read(found: re.Match[str]) -> str:
        name, end = found[1], found[2]
        if name.startswith("#"):
            return unescape(found[0])
        if not end and value[found.end() : found.end() + 1] == "=":
            return found[0]  # As in ?a=b&copy=c: a parameter.
        return html5.get(name + end, found[0])

    return _REFERENCE.sub(read, value)


def _shown(address: str) -> str:
    plain = " ".join(MARK.sub("…", address).split())
    return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}…"
