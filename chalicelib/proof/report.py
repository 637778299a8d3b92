# SPDX-License-Identifier: Apache-2.0
"""The bundle's reading aids: `report.html` for people and courts, and `README.txt`.

Guarantees self-contained pages (no script, no external resource) built only from parsed leaves and
opened disclosures, with every value escaped. Refuses to judge: verdicts are the verifier's.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final

from chalicelib.proof import report_words as words
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.checkpoint import Checkpoint
from chalicelib.proof.disclosure import CLAIM_NAMES, open_disclosure
from chalicelib.proof.evidence import Evidence, NoticeFile, ProvenEntry
from chalicelib.proof.leaf import ParsedLeaf
from chalicelib.proof.note import parse_note
from chalicelib.vocabulary import EventType

_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENDINGS: Final = frozenset(
    {
        EventType.CONSENT_WITHDRAWN,
        EventType.CONSENT_REFUSED,
        EventType.CONSENT_EXPIRED,
        EventType.CONSENT_INVALIDATED,
        EventType.OBJECTION_RECORDED,
    }
)
_STYLE: Final = """
body{font:16px/1.5 Georgia,serif;color:#1a1a1a;background:#fff;max-width:60em;margin:2em auto;
padding:0 1em}h1{font-size:1.8em}h2{font-size:1.25em;margin-top:2em;border-bottom:1px solid #999}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em;margin:0}dt{color:#555}
dd{margin:0;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;border-top:1px solid #bbb;padding:.5em .6em .5em 0}
td dl{font-size:.9em}pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #bbb;
padding:1em;font:14px/1.45 monospace}.wrap{overflow-x:auto}
@media print{body{margin:0;max-width:none}tr,pre{break-inside:avoid}}
"""


def limits(language: str) -> tuple[str, ...]:
    """What a bundle cannot prove, one sentence each."""
    return words.LIMITS.get(language, words.LIMITS["en"])


def readme(evidence: Evidence) -> bytes:
    """README.txt: what is inside, how to verify with and without our verifier, and the limits."""
    return words.README.format(
        bundle_id=evidence.bundle_id,
        subject=evidence.subject,
        controller=evidence.controller,
        origin=_tree(evidence).origin,
        limits="\n".join(f"- {sentence}" for sentence in limits(evidence.language)),
    ).encode("utf-8")


def render(evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> bytes:
    """report.html for the chain `leaves`, which `evidence.entries` hold in the same order."""
    say = _Sayer(evidence.language)
    body = "".join(
        (
            _header(say, evidence),
            _summary(say, evidence, leaves),
            _notices(say, evidence),
            _timeline(say, evidence, leaves),
            _section(say("limits"), _bullets(limits(evidence.language))),
            _section(say("check"), f"<p>{escape(say('check_text'))}</p>"),
        )
    )
    return (
        f'<!doctype html>\n<html lang="{escape(say.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(say('title'))}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    ).encode()


class _Sayer:
    """Looks words up in one language, English where that lacks one."""

    def __init__(self, language: str) -> None:
        self.language = language if language in words.WORDS else "en"

    def __call__(self, word: str) -> str:
        return words.of(words.WORDS, self.language, word)

    def event(self, kind: str) -> str:
        return words.of(words.EVENTS, self.language, kind)

    def via(self, via: str) -> str:
        return words.of(words.VIAS, self.language, via)

    def claim(self, name: str) -> str:
        return words.of(words.CLAIMS, self.language, name)


def _tree(evidence: Evidence) -> Checkpoint:
    return Checkpoint.parse(parse_note(evidence.checkpoint).text)


def _utc(ms: int) -> str:
    # Exact to the millisecond: float seconds would round.
    moment = _UNIX_EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d} UTC"


def _header(say: _Sayer, evidence: Evidence) -> str:
    tree = _tree(evidence)
    asked = ", ".join((*sorted(evidence.lists), *sorted(evidence.purposes))) or say("all")
    rows = [
        (say("about"), evidence.subject),
        (say("controller"), evidence.controller),
        (say("made"), _utc(evidence.created_ms)),
        (say("exporter"), evidence.exporter),
        (say("asked"), asked),
        (say("entries"), str(len(evidence.entries))),
        (say("log"), f"{tree.origin}, {tree.size}"),
    ]
    if evidence.recipient is not None:
        rows.append((say("recipient"), evidence.recipient))
    if evidence.reason is not None:
        rows.append((say("reason"), evidence.reason))
    return f"<h1>{escape(say('title'))}</h1>{_pairs(rows)}"


def _summary(say: _Sayer, evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> str:
    rows: list[tuple[str, str]] = []
    endings: list[tuple[str, str]] = []
    for entry, parsed in zip(evidence.entries, leaves, strict=True):
        kind = parsed.fields.type
        if kind is EventType.CONSENT_REQUESTED:
            rows.append((say("request"), _act(say, entry, parsed)))
        elif kind is EventType.CONSENT_CONFIRMED:
            rows.append((say("confirmation"), _act(say, entry, parsed)))
        elif kind in _ENDINGS:
            endings.append((say("withdrawal"), _act(say, entry, parsed)))
    rows += endings or [(say("withdrawal"), say("none"))]
    return _section(say("summary"), _pairs(rows))


def _act(say: _Sayer, entry: ProvenEntry, parsed: ParsedLeaf) -> str:
    """One act in words: time, what, how, and the address it came from if that is opened."""
    opened = dict(open_disclosure(text) for text in entry.disclosures)
    source = say("closed_value")
    if "session" in opened:
        source = str((opened["session"] or {}).get("ip", say("empty")))
    parts = [_utc(parsed.fields.ts_ms), say.event(parsed.fields.type)]
    if parsed.fields.via is not None:
        parts.append(say.via(parsed.fields.via))
    return "; ".join((*parts, f"{say('origin')}: {source}"))


def _notices(say: _Sayer, evidence: Evidence) -> str:
    return _section(
        say("shown"), "".join(_notice(say, notice) for notice in evidence.notices) or _none(say)
    )


def _notice(say: _Sayer, notice: NoticeFile) -> str:
    name = f"notices/{notice.sha256}.html"
    link = f'<p>{escape(say("shown_page"))} <a href="{name}">{name}</a>.</p>'
    if notice.text is None or notice.publication is None:
        return f"{link}<p>{escape(say('no_text'))}</p>"
    return f"{link}<pre>{escape(notice.text.decode('utf-8', 'replace'))}</pre>"


def _timeline(say: _Sayer, evidence: Evidence, leaves: tuple[ParsedLeaf, ...]) -> str:
    head = "".join(
        f"<th>{escape(say(word))}</th>" for word in ("time", "what", "scope", "details", "position")
    )
    rows = "".join(
        _row(say, entry, parsed) for entry, parsed in zip(evidence.entries, leaves, strict=True)
    )
    table = f'<div class="wrap"><table><tr>{head}</tr>{rows}</table></div>'
    return _section(say("timeline"), table)


def _row(say: _Sayer, entry: ProvenEntry, parsed: ParsedLeaf) -> str:
    fields = parsed.fields
    what = say.event(fields.type)
    if fields.via is not None:
        what = f"{what}, {say.via(fields.via)}"
    if fields.reason is not None:
        what = f"{what} ({fields.reason})"
    scope = "; ".join(
        part for part in (fields.brand, ", ".join(fields.lists), ", ".join(fields.purposes)) if part
    )
    cells = (
        escape(_utc(fields.ts_ms)),
        escape(what),
        escape(scope),
        _opened(say, entry),
        str(entry.index),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _opened(say: _Sayer, entry: ProvenEntry) -> str:
    opened = dict(open_disclosure(text) for text in entry.disclosures)
    rows = [(say.claim(name), _value(say, opened[name])) for name in CLAIM_NAMES if name in opened]
    closed = [say.claim(name) for name in CLAIM_NAMES if name not in opened]
    if closed:
        rows.append((say("closed"), ", ".join(closed)))
    return _pairs(rows)


def _value(say: _Sayer, value: Mapping[str, JsonValue] | None) -> str:
    if not value:
        return say("empty")
    return "; ".join(f"{name}: {value[name]}" for name in sorted(value))


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}"


def _none(say: _Sayer) -> str:
    return f"<p>{escape(say('empty'))}</p>"


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(a)}</dt><dd>{escape(b)}</dd>' for a, b in rows)}</dl>"


def _bullets(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"
