# SPDX-License-Identifier: Apache-2.0
"""What the ledger holds of one person, as rows of an export: how they stand, and what shows it.

Guarantees that times, addresses of networks and grades are those of the entry that made it so: of
the person's own confirmation and the request it answered, or of a claim as it was taken in. Refuses
a row for whom nothing stands with the brand that is exported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from chalicelib.domain.audience_exports import AudienceWish, Place, lists_of, place_of
from chalicelib.domain.country_rules import country_code
from chalicelib.domain.events import Event, Via
from chalicelib.domain.export_rows import ExportRow, ExportStatus
from chalicelib.domain.ids import EventId, ListId, SubjectId
from chalicelib.domain.import_rows import NO_SUCH_COUNTRY, FileStatus, History, RowSale
from chalicelib.domain.state import ConsentStatus, Scope, SubjectState
from chalicelib.ports.ledger import StoredEntry
from chalicelib.proof.disclosure import Claims
from chalicelib.proof.sealing import SubjectKeys
from chalicelib.services.entries import event_of_leaf, open_claims
from chalicelib.vocabulary import EventType

UTC: Final = "utc"
SOFT_OPT_IN: Final = "soft-opt-in"
CONSENT: Final = "consent"
_GIVING: Final = frozenset(
    {
        EventType.CONSENT_CONFIRMED,
        EventType.CONSENT_RENEWED,
        EventType.CONSENT_CHANGED,
        EventType.CONSENT_IMPORTED,
    }
)
_NO_CLAIMS: Final = Claims()


class Story:
    """A person's entries; what is sealed beside one is opened when it is asked for."""

    def __init__(self, keys: SubjectKeys, entries: Sequence[StoredEntry]) -> None:
        """Take a whole chain, in its order."""
        self._keys = keys
        self._entries = entries
        self._opened: dict[int, Claims] = {}
        self.events = tuple(event_of_leaf(entry.leaf) for entry in entries)

    def claims(self, n: int) -> Claims:
        """Return what is sealed beside an entry; nothing where that is gone.

        Raises:
            EvidenceError: it is not of this person or not of this entry.
        """
        if n not in self._opened:
            entry = self._entries[n]
            self._opened[n] = _NO_CLAIMS if entry.sealed is None else open_claims(self._keys, entry)
        return self._opened[n]

    def number_of(self, event: object) -> int | None:
        """Return the number of the entry with this event id, if it is of this chain."""
        found = (n for n, entry in enumerate(self._entries) if entry.event == EventId(str(event)))
        return next(found, None)

    def latest(
        self, of: frozenset[EventType], scope: Scope, list_id: ListId | None
    ) -> Iterator[int]:
        """Yield the numbers of entries of these types that name the brand and list, latest first.

        With no list, those that name the brand.
        """
        for n in range(len(self.events) - 1, -1, -1):
            event = self.events[n]
            names = event.brand == scope.brand and (list_id is None or list_id in event.lists)
            if event.type in of and names:
                yield n


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whose data may be used.

    Attributes:
        profile: what is kept of them to write to them.
    """

    sid: SubjectId
    state: SubjectState
    profile: Mapping[str, Any]
    story: Story


def rows_of(person: Person, wish: AudienceWish) -> Iterator[ExportRow]:
    """Yield the person's rows: one for each list that is asked for and that something says.

    Raises:
        EvidenceError: what is sealed of them does not open.
    """
    state, scope = person.state, wish.scope
    if wish.list is not None:
        lists: tuple[ListId | None, ...] = (wish.list,)
    else:
        named = {*lists_of(state, scope), *_claimed_lists(person.story, scope)}
        lists = tuple(sorted(named)) or (None,)
    for list_id in lists:
        row = _row(person, scope, list_id)
        if row is not None and wish.wants(row.status):
            yield row


def may_have_rows(state: SubjectState, wish: AudienceWish) -> bool:
    """Say whether somebody may stand in an export, by the state alone; no costs a read less."""
    if wish.list is None or not wish.statuses:
        return True
    status = place_of(state, wish.scope, wish.list).status
    return wish.wants(status or ExportStatus.WAITING)


def _claimed_lists(story: Story, scope: Scope) -> Iterator[ListId]:
    for event in story.events:
        if event.type is EventType.CONSENT_IMPORTED and event.brand == scope.brand:
            yield from event.lists


def _row(person: Person, scope: Scope, list_id: ListId | None) -> ExportRow | None:
    place = place_of(person.state, scope, list_id)
    claim = next(_held_claims(person.story, scope, list_id), None)
    if place.status is None and claim is None:
        return None
    if not place.is_ours and claim is None and not _is_claimed_end(person.story, place, scope):
        return None
    status = place.status or ExportStatus.WAITING
    if status is ExportStatus.SUBSCRIBED:
        return _subscribed(person, scope, list_id, place)
    row = _bare(person, scope, list_id, status)
    if status is ExportStatus.WAITING:
        return _waiting(person, row, place, claim)
    return _ended(person, row, place, scope, list_id)


def _held_claims(story: Story, scope: Scope, list_id: ListId | None) -> Iterator[int]:
    """Claims that the controller holds back."""
    for n in story.latest(frozenset({EventType.CONSENT_IMPORTED}), scope, list_id):
        if story.events[n].via is Via.OPERATOR:
            yield n


def _is_claimed_end(story: Story, place: Place, scope: Scope) -> bool:
    """Whether a suppression for every brand came with a file of this one."""
    link = {} if place.entry is None else story.claims(place.entry).link or {}
    return link.get("brand") == scope.brand


def _bare(person: Person, scope: Scope, list_id: ListId | None, status: ExportStatus) -> ExportRow:
    """Whom it is about, without what shows it."""
    held = person.profile.get("attributes")
    said = held if isinstance(held, dict) else {}
    attributes = {str(name): _text(value) for name, value in said.items()}
    return ExportRow(
        uid=person.sid,
        email=_text(person.profile.get("email")),
        status=status,
        brand=scope.brand,
        list=list_id or "",
        language=_text(person.profile.get("language")),
        country=country_code(attributes.get("country", "")) or "",
        attributes={name: value for name, value in attributes.items() if value},
    )


def _subscribed(person: Person, scope: Scope, list_id: ListId | None, place: Place) -> ExportRow:
    row = _bare(person, scope, list_id, ExportStatus.SUBSCRIBED)
    entry = place.entry or 0
    if place.is_sale:
        purposes: tuple[str, ...] = tuple(person.story.events[entry].purposes)
        row = replace(row, basis=SOFT_OPT_IN, purposes=purposes)
    else:
        given = [
            str(key.purpose)
            for key, consent in person.state.consents.items()
            if key[:2] == scope and key.list == list_id and consent.status is ConsentStatus.GIVEN
        ]
        grade = place.held.grade if place.held else None
        row = replace(
            row, basis=CONSENT, purposes=tuple(sorted(given)), grade=str(grade) if grade else ""
        )
    return _shown(row, person.story, entry)


def _waiting(person: Person, row: ExportRow, place: Place, claim: int | None) -> ExportRow:
    """Who asked and has yet to confirm; whose consent ran out; or of whom a file claims it."""
    if place.held is not None and place.held.status is ConsentStatus.REQUESTED:
        event = person.story.events[place.held.entry]
        session = person.story.claims(place.held.entry).session or {}
        return replace(row, optin_ms=event.at_ms, optin_ip=_text(session.get("ip")), zone=UTC)
    if place.status is not None or claim is None:
        return replace(row, claimed_status=str(FileStatus.NOT_SUBSCRIBED))
    return _shown(row, person.story, claim)


def _ended(
    person: Person, row: ExportRow, place: Place, scope: Scope, list_id: ListId | None
) -> ExportRow:
    story, entry = person.story, place.entry or 0
    choice = story.claims(entry).choice or {}
    told = claimed(row, choice) if "status" in choice else None
    giving = story.latest(_GIVING, scope, list_id)
    before = next((n for n in giving if n < entry and not _is_held(story.events[n])), None)
    if told is not None and (before is None or told.optin_ms or told.confirm_ms):
        return told
    shown = row if before is None else _shown(row, story, before)
    if told is not None:
        return replace(
            shown,
            ended_ms=told.ended_ms,
            ended_reason=told.ended_reason,
            ended_campaign=told.ended_campaign,
            zone=told.zone or shown.zone,
        )
    event = story.events[entry]
    return replace(
        shown,
        ended_ms=event.at_ms,
        ended_reason=event.reason or (str(event.via) if event.via else ""),
        zone=shown.zone or UTC,
    )


def _is_held(event: Event) -> bool:
    return event.type is EventType.CONSENT_IMPORTED and event.via is Via.OPERATOR


def _shown(row: ExportRow, story: Story, n: int) -> ExportRow:
    """The row with what an entry shows of the act."""
    event, claims = story.events[n], story.claims(n)
    choice, session = claims.choice or {}, claims.session or {}
    if "status" in choice:
        return claimed(row, choice)
    if event.type is EventType.BASIS_RECORDED:
        return replace(row, sale=_sale(choice), zone=UTC)
    if event.type is EventType.CONSENT_IMPORTED:
        return replace(
            row,
            source=_origin(choice),
            optin_ms=_moment(choice.get("claimed_ts")),
            optin_ip=_text(session.get("ip")),
            zone=UTC,
        )
    acted, ip = event.at_ms, _text(session.get("ip"))
    request = story.number_of((claims.link or {}).get("request"))
    if event.type is not EventType.CONSENT_CONFIRMED or request is None:
        return replace(row, source=_origin(choice), optin_ms=acted, optin_ip=ip, zone=UTC)
    asked = story.claims(request)
    return replace(
        row,
        source=_origin(asked.choice or {}),
        optin_ms=story.events[request].at_ms,
        optin_ip=_text((asked.session or {}).get("ip")),
        confirm_ms=acted,
        confirm_ip=ip,
        zone=UTC,
    )


def claimed(row: ExportRow, choice: Mapping[str, Any]) -> ExportRow:
    """Return the row as the file told it, whose claim this is (docs/spec/imports.md section 6)."""
    past = choice.get("history")
    told = past if isinstance(past, dict) else {}
    said = choice.get("tags")
    tags = tuple(map(_text, said)) if isinstance(said, list) else ()
    attributes = dict(row.attributes)
    if tags and attributes.get("tags") == ", ".join(tags):
        del attributes["tags"]  # The import made it of them.
    country = _text(choice.get("country"))
    return replace(
        row,
        claimed_status=_text(choice.get("status")) if row.status is ExportStatus.WAITING else "",
        claimed_grade=_text(choice.get("claimed_grade")),
        source=_text(choice.get("source")),
        optin_ms=_moment(choice.get("optin_ts")),
        optin_ip=_text(choice.get("optin_ip")),
        confirm_ms=_moment(choice.get("confirm_ts")),
        confirm_ip=_text(choice.get("confirm_ip")),
        ended_ms=_moment(choice.get("ended_ts")),
        ended_reason=_text(choice.get("ended_reason")),
        ended_campaign=_text(choice.get("ended_campaign")),
        zone=_text(choice.get("zone")),
        sale=_sale(choice),
        history=History(
            opens=_moment(told.get("opens")),
            clicks=_moment(told.get("clicks")),
            rating=_moment(told.get("rating")),
            last_open_ms=_moment(told.get("last_open_ts")),
            last_click_ms=_moment(told.get("last_click_ts")),
        )
        if told
        else None,
        country=country if country == NO_SUCH_COUNTRY else country_code(country) or row.country,
        tags=tags,
        attributes=attributes,
    )


def _sale(choice: Mapping[str, Any]) -> RowSale | None:
    if not (choice.get("sale") or choice.get("sale_ts")):
        return None
    return RowSale(
        reference=_text(choice.get("sale")),
        product=_text(choice.get("product")),
        at_ms=_moment(choice.get("sale_ts")),
        objection_how=_text(choice.get("objection_how")),
        objection_at_ms=_moment(choice.get("objection_ts")),
    )


def _origin(choice: Mapping[str, Any]) -> str:
    """Where they signed up."""
    form = _text(choice.get("form"))
    return f"form {form}" if form else ""


def _moment(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A file with a NUL in it is refused whole by many readers, ours among them.
    return str(value).replace("\0", "") if isinstance(value, str | int | float) else ""
