# SPDX-License-Identifier: Apache-2.0
"""The consent rules: a pure fold of a subject's events, and what each act may do to it.

Guarantees that only the person's own new act (a confirmed request, or a change on their
preference page) brings consent to life again after a withdrawal, an objection or a suppression.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from chalicelib.domain.events import (
    CONTROLLER_ONLY,
    RESTRICTION_ENDED,
    Event,
    Via,
)
from chalicelib.domain.ids import BrandId, ListId, PurposeId
from chalicelib.domain.state import (
    Consent,
    ConsentKey,
    ConsentStatus,
    Grade,
    Membership,
    Scope,
    SubjectState,
    consent_keys,
)
from chalicelib.domain.suppression_rules import has_complained, is_barred, lifted, suppressed
from chalicelib.errors import FatalError
from chalicelib.vocabulary import EventType

MAILS_REMEMBERED = 3
"""Confirmation mails the state remembers: the rule for a fourth looks at the last three."""

_LIVE = (ConsentStatus.GIVEN, ConsentStatus.REQUESTED)
ENDABLE = (*_LIVE, ConsentStatus.EXPIRED)
"""What an end covers: an expired consent could be renewed, so a withdrawal must reach it too."""
_STATUS_AFTER = {
    EventType.CONSENT_WITHDRAWN: ConsentStatus.WITHDRAWN,
    EventType.CONSENT_REFUSED: ConsentStatus.REFUSED,
    EventType.CONSENT_EXPIRED: ConsentStatus.EXPIRED,
    EventType.CONSENT_INVALIDATED: ConsentStatus.INVALIDATED,
}


def fold(events: Iterable[Event], state: SubjectState | None = None) -> SubjectState:
    """Return the state after ``events``, in chain order, on top of ``state`` (default: nothing).

    Example:
        >>> fold([]).entries
        0

    Raises:
        FatalError: an event belongs to no subject's chain, or follows the chain's erasure.

    """
    current = state or SubjectState()
    for event in events:
        current = _step(current, event)
    return current


def _step(state: SubjectState, event: Event) -> SubjectState:
    if event.type in CONTROLLER_ONLY:
        raise FatalError(f"{event.type} cannot stand in a subject's chain")
    if state.erased:
        raise FatalError(f"{event.type} follows an erasure in the same chain")
    rule = _RULES.get(event.type)
    changed = rule(state, event) if rule else state
    return replace(changed, entries=state.entries + 1, last_ms=event.at_ms)


def _scope(event: Event) -> Scope:
    if event.brand is None or event.channel is None:
        raise FatalError(f"{event.type} names no brand or channel")
    return Scope(event.brand, event.channel)


def _named(event: Event) -> tuple[ConsentKey, ...]:
    return consent_keys(_scope(event), event.lists, event.purposes)


def _covered(state: SubjectState, event: Event) -> list[ConsentKey]:
    """Existing consents an event covers: empty lists or purposes mean all of them."""
    scope = _scope(event)
    return [
        key
        for key in state.consents
        if (key.brand, key.channel) == scope
        and (not event.lists or key.list in event.lists)
        and (not event.purposes or key.purpose in event.purposes)
    ]


def _with_consents(state: SubjectState, changes: Mapping[ConsentKey, Consent]) -> SubjectState:
    return replace(state, consents={**state.consents, **changes})


def _requested(state: SubjectState, event: Event) -> SubjectState:
    changes = {}
    for key in _named(event):
        old = state.consents.get(key)
        if old is None or old.status is not ConsentStatus.GIVEN:
            changes[key] = Consent(
                status=ConsentStatus.REQUESTED,
                since_ms=event.at_ms,
                entry=state.entries,
                notice=event.notice,
                stopped=old.stopped if old else None,
            )
    return replace(_with_consents(state, changes), last_request=state.entries)


def _mail_sent(state: SubjectState, event: Event) -> SubjectState:
    mails = (*state.mails_ms, event.at_ms)[-MAILS_REMEMBERED:]
    return replace(state, last_mail=state.entries, mails_ms=mails)


def _is_given(state: SubjectState, key: ConsentKey) -> bool:
    held = state.consents.get(key)
    return held is not None and held.status is ConsentStatus.GIVEN


def _give(state: SubjectState, event: Event, grade: Grade) -> SubjectState:
    changes = {}
    for key in _named(event):
        old = state.consents.get(key)
        changes[key] = Consent(
            status=ConsentStatus.GIVEN,
            since_ms=event.at_ms,
            entry=state.entries,
            notice=event.notice or (old.notice if old else None),
            grade=grade,
            stopped=old.stopped if old else None,
        )
    return _with_consents(state, changes)


def _renewed(state: SubjectState, event: Event) -> SubjectState:
    """A renewal prolongs what stands or ran out; it is no way back from a withdrawal."""
    given = _give(state, event, Grade.B).consents
    return _with_consents(
        state, {key: given[key] for key in _named(event) if _renewable(state, key)}
    )


def _renewable(state: SubjectState, key: ConsentKey) -> bool:
    held = state.consents.get(key)
    if held is None or held.status not in (ConsentStatus.GIVEN, ConsentStatus.EXPIRED):
        return False
    return state.stops.get(Scope(key.brand, key.channel), -1) <= held.entry


def _confirmed(state: SubjectState, event: Event) -> SubjectState:
    given = _give(state, event, Grade.B)
    return _freed(given, _scope(event), event.lists)


def _freed(state: SubjectState, scope: Scope, lists: Collection[ListId]) -> SubjectState:
    """What the person's own new act for lists of a brand ends besides what it gives."""
    left = {key: entry for key, entry in state.objections.items() if key != scope}
    return replace(lifted(state, scope, lists), objections=left)


def _changed(state: SubjectState, event: Event) -> SubjectState:
    """Preference page: in the lists named, the purposes named are given, all others withdrawn."""
    scope = _scope(event)
    # A box that was left as it stood is no new act: its consent keeps its own evidence, and
    # somebody who only takes purposes away has agreed to nothing, which lifts nothing.
    new = [key for key in _named(event) if not _is_given(state, key)]
    given = state
    if new:
        given = _with_consents(
            _give(state, event, Grade.B),
            {key: state.consents[key] for key in _named(event) if key not in new},
        )
        given = _freed(given, scope, {key.list for key in new})
    dropped = {
        key: replace(
            consent,
            status=ConsentStatus.WITHDRAWN,
            since_ms=event.at_ms,
            entry=state.entries,
            stopped=state.entries,
        )
        for key, consent in given.consents.items()
        if (key.brand, key.channel) == scope
        and key.list in event.lists
        and key.purpose not in event.purposes
        and consent.status in ENDABLE
    }
    return _with_consents(given, dropped)


def _stopped(state: SubjectState, event: Event) -> SubjectState:
    status = _STATUS_AFTER[event.type]
    if status is ConsentStatus.WITHDRAWN and event.via is Via.OPERATOR:
        status = ConsentStatus.REVOKED
    stopped = _with_consents(state, _ended(state, event, status))
    if not event.lists:
        return _end_scope(stopped, event)
    whole = status in (ConsentStatus.WITHDRAWN, ConsentStatus.REVOKED) and not event.purposes
    return _end_lists(stopped, event) if whole else stopped


def _ended(state: SubjectState, event: Event, status: ConsentStatus) -> dict[ConsentKey, Consent]:
    """What an end covers, with its status; a withdrawal that names a consent never seen stays too.

    Else an import that comes after it would find nothing in its way.
    """
    # "This was not me" answers a request; what the person gave themselves stays.
    ends = (ConsentStatus.REQUESTED,) if status is ConsentStatus.REFUSED else ENDABLE
    covered = {key for key in _covered(state, event) if state.consents[key].status in ends}
    if status in (ConsentStatus.WITHDRAWN, ConsentStatus.REVOKED, ConsentStatus.REFUSED):
        covered |= {key for key in _named(event) if key not in state.consents}
    fresh = Consent(status=status, since_ms=event.at_ms, entry=state.entries)
    return {
        key: replace(
            state.consents.get(key, fresh),
            status=status,
            since_ms=event.at_ms,
            entry=state.entries,
            stopped=state.entries,
        )
        for key in covered
    }


def _end_lists(state: SubjectState, event: Event) -> SubjectState:
    """A whole list withdrawn: a purpose of it that was never seen is covered, too."""
    ended = {Membership(*_scope(event), list_id): state.entries for list_id in event.lists}
    return replace(
        state,
        list_stops={**state.list_stops, **ended},
        soft_lists={key: n for key, n in state.soft_lists.items() if key not in ended},
    )


def _end_scope(state: SubjectState, event: Event) -> SubjectState:
    scope = _scope(event)
    return replace(
        state,
        stops={**state.stops, scope: state.entries},
        soft_opt_ins={key: entry for key, entry in state.soft_opt_ins.items() if key != scope},
        soft_lists={key: n for key, n in state.soft_lists.items() if key[:2] != scope},
    )


def _objected(state: SubjectState, event: Event) -> SubjectState:
    """An objection ends every consent of the scope: a later one brings back only what it names."""
    everything = replace(event, lists=(), purposes=())
    ended = _with_consents(state, _ended(state, everything, ConsentStatus.WITHDRAWN))
    return replace(
        _end_scope(ended, event), objections={**state.objections, _scope(event): state.entries}
    )


def _said_no(state: SubjectState, scope: Scope) -> bool:
    """Whether the person objected, stopped the brand's mail or complained, and it still stands."""
    return has_complained(state, scope) or scope in state.objections or scope in state.stops


def _has_left(state: SubjectState, key: Membership) -> bool:
    """Whether the person left the whole list, or complained of it, and it still stands."""
    return key in state.list_stops or has_complained(state, Scope(*key[:2]), key.list)


def _imported(state: SubjectState, event: Event) -> SubjectState:
    """A claim from elsewhere gives consent only where nothing of the person's own stands.

    One attested by another system of the controller (via ``api``) names notice, boxes, time and
    origin: grade C, and it replaces an import of less. A file's claim is grade D where documents
    are committed to beside it, else E. A claim the controller holds back (via ``operator``) gives
    nothing and stands in the way of nothing (docs/adr/0025).
    """
    if event.via is Via.OPERATOR or _said_no(state, _scope(event)):
        return state
    documented = Grade.D if event.content else Grade.E
    grade = Grade.C if event.via is Via.API else documented
    changes = {
        key: Consent(
            status=ConsentStatus.GIVEN,
            since_ms=event.at_ms,
            entry=state.entries,
            notice=event.notice,
            grade=grade,
        )
        for key in _named(event)
        if not _has_left(state, Membership(*key[:3]))
        and (key not in state.consents or _is_weaker(state.consents[key], grade))
    }
    return _with_consents(state, changes)


def _is_weaker(held: Consent, grade: Grade) -> bool:
    """Whether a consent stands that was only claimed, with less evidence than ``grade``."""
    standing = held.status is ConsentStatus.GIVEN and held.stopped is None
    return standing and (held.grade or Grade.E) > grade


def _soft_opt_in(state: SubjectState, event: Event) -> SubjectState:
    """A sale never lifts an objection or a withdrawal (promise 10, docs/architecture.md)."""
    scope = _scope(event)
    if _said_no(state, scope):
        return state
    named = (Membership(*scope, list_id) for list_id in event.lists)
    joined = {key: state.entries for key in named if not _has_left(state, key)}
    return replace(
        state,
        soft_opt_ins={**state.soft_opt_ins, scope: state.entries},
        soft_lists={**state.soft_lists, **joined},
    )


def _released(state: SubjectState, event: Event) -> SubjectState:
    """The end of a restriction brings back what stood before it, and nothing that was ended."""
    return replace(state, restricted=False) if event.reason == RESTRICTION_ENDED else state


_RULES: Mapping[EventType, Callable[[SubjectState, Event], SubjectState]] = {
    EventType.CONSENT_REQUESTED: _requested,
    EventType.CONSENT_MAIL_SENT: _mail_sent,
    EventType.CONSENT_CONFIRMED: _confirmed,
    EventType.CONSENT_RENEWED: _renewed,
    EventType.CONSENT_CHANGED: _changed,
    EventType.CONSENT_IMPORTED: _imported,
    EventType.BASIS_RECORDED: _soft_opt_in,
    EventType.OBJECTION_RECORDED: _objected,
    EventType.SUPPRESSION_ADDED: suppressed,
    EventType.SUBJECT_RESTRICTED: lambda state, _: replace(state, restricted=True),
    EventType.HOLD_RELEASED: _released,
    EventType.SUBJECT_ERASED: lambda state, _: replace(state, erased=True),
    **dict.fromkeys(_STATUS_AFTER, _stopped),
}
"""Events without a rule (rights, exports, unsealings) leave the consent as it is."""


def may_confirm(
    state: SubjectState,
    request_entry: int,
    brand: BrandId,
    channel: str,
    lists: Iterable[ListId],
    purposes: Iterable[PurposeId],
) -> bool:
    """Say whether a confirmation link made for entry ``request_entry`` may still give consent.

    It may not once anything it asked for was withdrawn, refused or objected to after the request:
    an old link never resurrects consent. Nor may it while a suppression stands that only the
    operator can lift: the page must not promise what the ledger would not honour.
    """
    scope, lists = Scope(brand, channel), tuple(lists)
    if state.restricted or state.erased or is_barred(state, scope, lists):
        return False
    if max(state.stops.get(scope, -1), state.objections.get(scope, -1)) > request_entry:
        return False
    wanted = consent_keys(scope, lists, purposes)
    stopped = (state.consents[key].stopped for key in wanted if key in state.consents)
    return all(entry is None or entry < request_entry for entry in stopped)


def acts_of_withdrawal(state: SubjectState, scope: Scope) -> tuple[EventType, ...]:
    """Return what stopping all of a brand's mail amounts to; empty when it is stopped already.

    A withdrawal where consent was given, asked for or ran out, an objection where soft opt-in was
    the basis (GDPR Art. 7(3), 21(3)). With neither, a withdrawal all the same: the person's word
    must stand in the way of a later import, purchase or renewal.
    """
    acts = []
    if any(
        (key.brand, key.channel) == scope and consent.status in ENDABLE
        for key, consent in state.consents.items()
    ):
        acts.append(EventType.CONSENT_WITHDRAWN)
    if scope in state.soft_opt_ins:
        acts.append(EventType.OBJECTION_RECORDED)
    if not acts and scope not in state.stops:
        acts.append(EventType.CONSENT_WITHDRAWN)
    return tuple(acts)
