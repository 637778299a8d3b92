# SPDX-License-Identifier: Apache-2.0
"""Words, times and scopes in one report's language and time zone.

Guarantees that a sentence's fixed words and the values set into it stay apart: values are escaped.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.errors import Malformed
from chalicelib.proof.canonical import JsonValue
from chalicelib.proof.evidence import Evidence
from chalicelib.proof.leaf import MAX_TS_MS, LeafFields
from chalicelib.proof.report.html import Markup, element, join, text
from chalicelib.proof.story import Told, shown_sentence
from chalicelib.proof.words import TABLES

_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTH: Final = {True: "yes", False: "no"}


class Sayer:
    """Puts things of one evidence into words."""

    def __init__(self, evidence: Evidence) -> None:
        """Look up language and zone.

        Raises:
            Malformed: the zone is unknown.
        """
        self._words = TABLES[evidence.language]
        self._evidence = evidence
        self.language = evidence.language
        self._zone = _zone(evidence.zone)
        self.city = evidence.zone.rpartition("/")[2].replace("_", " ")

    def __call__(self, key: str, **values: str | int) -> Markup:
        """The sentence `key` with these values set into it."""
        return Markup(
            text(self._words[key]).format_map(
                {
                    name: text(str(value) if isinstance(value, int) else value)
                    for name, value in values.items()
                }
            )
        )

    @property
    def is_erased(self) -> bool:
        """Whether the person's data was erased."""
        return self._evidence.erased

    @property
    def closed(self) -> str:
        """What is said of a value that is not opened here."""
        return self._words["erased" if self._evidence.erased else "closed"]

    @property
    def has_zone(self) -> bool:
        """Whether times are said in a second zone as well."""
        return self._zone is not None

    def at(self, ms: int) -> Markup:
        """A time in UTC to the millisecond, and in the second zone; no line breaks inside one."""
        # Exact to the millisecond: float seconds would round.
        moment = _UNIX_EPOCH + timedelta(milliseconds=ms)
        utc = element("time", f"{moment:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d} UTC")
        if self._zone is None:
            return utc
        try:
            local = moment.astimezone(self._zone)
        except OverflowError:  # The last hours of the year 9999 have no local time.
            return utc
        name = self("time.local", city=self.city)
        said = element("time", join((f"{local:%Y-%m-%d %H:%M:%S}", name), " "))
        return join((utc, " (", said, ")"))

    def at_of(self, told: Told) -> Markup:
        """When an entry was made."""
        return self.at(told.fields.ts_ms)

    def event(self, fields: LeafFields) -> str:
        """What an entry records, and on what way it came."""
        return _event(self._words, fields)

    def reason(self, fields: LeafFields) -> str:
        """The reason of an entry, in words; "" where it names none."""
        return _reason(self._words, fields)

    def export_reason(self, reason: str) -> str:
        """Why a bundle was asked for, in words."""
        return self.known("reason", f"bundle.exported.{reason}", self.known("reason", reason))

    def known(self, family: str, value: str, otherwise: str | None = None) -> str:
        """The word for a value that may be any text: `otherwise`, or itself, if it has none."""
        return self._words.get(f"{family}.{value}", value if otherwise is None else otherwise)

    def brand(self, fields: LeafFields) -> str:
        """The brand's name, where it is known."""
        if fields.brand is None:
            return self._words["scope.every_brand"]
        party = self._evidence.party
        return party.brand if party.brand and fields.brand == party.brand_id else fields.brand

    def lists(self, ids: tuple[str, ...]) -> str:
        """Names of lists."""
        known = dict(self._evidence.party.list_names)
        said = (
            f"{known[item]} ({item})" if known.get(item, item) != item else item for item in ids
        )
        return ", ".join(said) or self._words["scope.all"]

    def purposes(self, ids: tuple[str, ...]) -> str:
        """Ids of purposes."""
        return ", ".join(ids) or self._words["scope.all"]

    def sentences(self, told: Told) -> str:
        """Purposes of an entry, each with the sentence that was shown beside its box."""
        shown = {item: shown_sentence(self._evidence, told, item) for item in told.fields.purposes}
        return self._words["sep.part"].join(
            f"{self._words['quoted'].format(text=sentence)} ({item})" if sentence else item
            for item, sentence in shown.items()
        )

    def scope(self, fields: LeafFields) -> Markup:
        """Brand, lists and purposes of an entry."""
        return self(
            "scope",
            brand=self.brand(fields),
            lists=self.lists(fields.lists),
            purposes=self.purposes(fields.purposes),
        )

    def members(self, claim: Mapping[str, JsonValue]) -> tuple[tuple[str, str], ...]:
        """The members of an opened claim, one line each; a field of a form keeps its own name."""
        lines: list[tuple[str, str]] = []
        for name in sorted(claim):
            value = claim[name]
            if isinstance(value, dict):
                lines += [(inner, self._value(value[inner])) for inner in sorted(value)]
            elif name.endswith("_ts") and isinstance(value, int) and 0 < value <= MAX_TS_MS:
                lines.append((self.known("member", name), self.at(value)))
            else:
                lines.append((self.known("member", name), self._value(value)))
        return tuple(lines)

    def _value(self, value: JsonValue) -> str:
        if isinstance(value, bool):
            return self._words[_TRUTH[value]]
        if value in (None, "", [], {}):
            return self._words["nothing"]
        if isinstance(value, (list, tuple)):
            return ", ".join(self._value(item) for item in value)
        return str(value)


def entry_sentence(language: str, fields: LeafFields) -> str:
    """What a subject's entry says in plain sight, as one sentence with ids instead of names."""
    words = TABLES[language]
    said, reason = _event(words, fields), _reason(words, fields)
    said = f"{said} ({reason})" if reason else said
    if fields.brand is None and fields.channel is None:
        return f"{said}."
    scope = words["scope"].format(
        brand=fields.brand or words["scope.every_brand"],
        lists=", ".join(fields.lists) or words["scope.all"],
        purposes=", ".join(fields.purposes) or words["scope.all"],
    )
    return f"{said}{words['sep.part']}{scope}."


def _event(words: Mapping[str, str], fields: LeafFields) -> str:
    own = words.get(f"event.{fields.type}.{fields.via}")
    if own is not None:
        return own
    said = words[f"event.{fields.type}"]
    return f"{said}, {words[f'via.{fields.via}']}" if fields.via else said


def _reason(words: Mapping[str, str], fields: LeafFields) -> str:
    if fields.reason is None:
        return ""
    special = words.get(f"reason.{fields.type}.{fields.reason}")
    return special or words[f"reason.{fields.reason}"]


def _zone(name: str) -> ZoneInfo | None:
    if name == "UTC":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Malformed("a report's time zone is not known") from None
