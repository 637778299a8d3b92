# SPDX-License-Identifier: Apache-2.0
"""The preference page as a decision: which boxes it shows, and what a saved page changes.

Guarantees that a box names one purpose of one list, that only a box shown unticked and sent
ticked gives consent, and that taking away always works. Refuses to give where only the operator
or the end of a restriction could let mail go again.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from chalicelib.domain.events import EMAIL
from chalicelib.domain.forms import Form
from chalicelib.domain.frequency import Frequency
from chalicelib.domain.ids import BrandId, FormId, ListId, PurposeId
from chalicelib.domain.state import ConsentKey, ConsentStatus, Scope, SubjectState
from chalicelib.domain.suppression_rules import is_barred
from chalicelib.errors import InputError

RHYTHMS = (1, 2, 3, 7)
"""The caps the page offers, mails a week; any other wish is no cap."""
MAX_PAUSE_DAYS = 365


class Bar(StrEnum):
    """Why a ticked box gives nothing now."""

    RESTRICTED = "restricted"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One box of the page.

    Attributes:
        text: the very sentence of the form, by language; empty when no form asks for it any more.
        given: the consent stands: the box is shown ticked.
        form, version, notice, descriptor: what asks for it and the notice (SHA-256, hex) in the
            page's language; None where it can only be kept or taken away.
    """

    list: ListId
    purpose: PurposeId
    given: bool
    text: Mapping[str, str] = field(default_factory=dict)
    form: FormId | None = None
    version: int = 0
    notice: str | None = None
    descriptor: str = ""

    @property
    def name(self) -> str:
        """The box's HTTP parameter: no slug has a dot."""
        return f"{self.list}.{self.purpose}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one entry is to say of one list.

    Attributes:
        standing: every purpose of the list that stands afterwards; empty: the list has ended.
        given: boxes newly ticked, all of one notice; empty where something is taken away.
        taken: boxes no longer ticked; empty where something is given.
    """

    list: ListId
    standing: tuple[PurposeId, ...]
    given: tuple[Offer, ...] = ()
    taken: tuple[Offer, ...] = ()

    @property
    def notice(self) -> str | None:
        """The notice that the newly ticked boxes were shown with."""
        return self.given[0].notice if self.given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a saved page does. ``barred`` are boxes that were ticked and give nothing."""

    changes: tuple[Change, ...] = ()
    barred: tuple[Offer, ...] = ()

    @property
    def given(self) -> tuple[Offer, ...]:
        """Every box newly ticked."""
        return tuple(offer for change in self.changes for offer in change.given)

    @property
    def taken(self) -> tuple[Offer, ...]:
        """Every box no longer ticked."""
        return tuple(offer for change in self.changes for offer in change.taken)


def offers(
    forms: Iterable[Form], state: SubjectState, scope: Scope, language: str
) -> tuple[Offer, ...]:
    """Return the page's boxes: what the brand's published forms ask for, and what else stands.

    Where several forms ask for the same, the one whose notice the person agreed to speaks, else
    the first by id.
    """
    found: dict[tuple[ListId, PurposeId], Offer] = {}
    for form in sorted(forms, key=lambda form: form.id):
        for offer in _asked(form, language):
            key = (offer.list, offer.purpose)
            held = state.consents.get(ConsentKey(*scope, *key))
            given = held is not None and held.status is ConsentStatus.GIVEN
            shown = held is not None and held.notice in {ref.sha256 for ref in form.notices}
            if key not in found or (given and shown):
                found[key] = replace(offer, given=given)
    for kept, consent in sorted(state.consents.items()):
        if (kept.brand, kept.channel) == scope and consent.status is ConsentStatus.GIVEN:
            key = (kept.list, kept.purpose)
            found.setdefault(key, Offer(list=kept.list, purpose=kept.purpose, given=True))
    lists = list(dict.fromkeys(offer.list for offer in found.values()))
    return tuple(sorted(found.values(), key=lambda offer: lists.index(offer.list)))


def _asked(form: Form, language: str) -> Iterable[Offer]:
    ref = form.notice(language)
    if ref is None:
        return
    for list_id in form.lists:
        for box in form.boxes:
            yield Offer(
                list=list_id,
                purpose=box.purpose,
                given=False,
                text=box.text,
                form=form.id,
                version=form.version,
                notice=ref.sha256,
                descriptor=ref.form_sha256,
            )


def mark(shown: Iterable[Offer]) -> str:
    """Return a digest of the boxes as shown: it travels with the page and tells a stale one."""
    rows = [[offer.name, offer.notice, offer.given] for offer in shown]
    return sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def bar(state: SubjectState, brand: BrandId) -> Bar | None:
    """Return why nothing new can be given now, or None."""
    if state.restricted:
        return Bar.RESTRICTED
    return Bar.SUPPRESSED if is_barred(state, Scope(brand, EMAIL)) else None


def closed(state: SubjectState, brand: BrandId, shown: Iterable[Offer]) -> frozenset[ListId]:
    """Return the lists of the page to which no mail goes, whatever is ticked."""
    scope = Scope(brand, EMAIL)
    return frozenset(x.list for x in shown if is_barred(state, scope, (x.list,)))


def decide(
    shown: Sequence[Offer],
    ticked: Collection[str],
    barrier: Bar | None,
    shut: Collection[ListId] = (),
) -> Decision:
    """Return what a page with ``shown`` boxes changes when those named in ``ticked`` are ticked.

    Args:
        shut: lists of which nothing new can be given (`closed`).
    """
    changes: list[Change] = []
    barred: list[Offer] = []
    for list_id in dict.fromkeys(offer.list for offer in shown):
        boxes = [offer for offer in shown if offer.list == list_id]
        new = [box for box in boxes if box.name in ticked and not box.given and box.notice]
        if barrier is not None or list_id in shut:
            barred += new
            new = []
        changes += _of_list(list_id, boxes, new, ticked)
    return Decision(changes=tuple(changes), barred=tuple(barred))


def _of_list(
    list_id: ListId, boxes: Sequence[Offer], new: Sequence[Offer], ticked: Collection[str]
) -> Iterable[Change]:
    """What is taken away first, then one change for each notice that new boxes were shown with."""
    taken = tuple(box for box in boxes if box.given and box.name not in ticked)
    standing = {box.purpose for box in boxes if box.given and box.name in ticked}
    if taken:
        yield Change(list=list_id, standing=tuple(sorted(standing)), taken=taken)
    for notice in dict.fromkeys(box.notice for box in new):
        given = tuple(box for box in new if box.notice == notice)
        standing |= {box.purpose for box in given}
        yield Change(list=list_id, standing=tuple(sorted(standing)), given=given)


def read_frequency(per_week: str, pause: str, zone: str, now_ms: int) -> Frequency:
    """Return the wish that the page's two inputs state.

    Args:
        per_week: one of `RHYTHMS` as text; anything else is no cap.
        pause: ISO 8601 day on which mail may start again, or empty.
        zone: IANA name of the brand's time zone, in which that day begins.

    Raises:
        InputError: the day is none, over, or more than a year ahead (code ``bad_pause``).
    """
    cap = int(per_week) if per_week in {str(each) for each in RHYTHMS} else None
    if not pause:
        return Frequency(max_per_week=cap)
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date()
    try:
        day = date.fromisoformat(pause)
    except ValueError:
        day = today
    if not today < day <= today + timedelta(days=MAX_PAUSE_DAYS):
        raise InputError(
            code="bad_pause", detail="A pause ends on a day after today, within one year."
        )
    start = datetime.combine(day, time(), ZoneInfo(zone))
    return Frequency(max_per_week=cap, paused_until_ms=int(start.timestamp()) * 1000)


def pause_day(frequency: Frequency, zone: str, now_ms: int) -> str:
    """Return the ISO day a running pause ends on, as `read_frequency` takes it; else empty."""
    until_ms = frequency.paused_until_ms
    if until_ms is None or until_ms <= now_ms:
        return ""
    return (
        datetime.fromtimestamp(until_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
    )


def pause_bounds(zone: str, now_ms: int) -> tuple[str, str]:
    """Return the first and the last ISO day a pause may end on."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date()
    first, last = today + timedelta(days=1), today + timedelta(days=MAX_PAUSE_DAYS)
    return first.isoformat(), last.isoformat()
